"""What is remembered of a refused call, so that somebody can look up why? A port, and the values that go through it."""

from dataclasses import dataclass
from typing import Protocol

from keystead.core.instants import Instant
from keystead.gateway.call import ApiCall
from keystead.gateway.verdicts import Denied

HEADER = "x-keystead-decision"
LONGEST_PATH = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One refused call. It has no query, no body and no credential; ``address`` is cut to its network."""

    id: str
    at: Instant
    verb: str
    path: str
    route: str | None
    host: str
    reason: str
    missing_scope: str | None
    key_id: int | None
    token_id: int | None
    user_id: int | None
    account_id: int | None
    root_id: int | None
    address: str | None
    request_id: str


class RefusalSink(Protocol):
    """Who remembers refused calls."""

    def note(self, call: ApiCall, denied: Denied, *, address: str | None, request_id: str) -> str:
        """Remember one, and return the id by which it can be looked up; must return at once."""
