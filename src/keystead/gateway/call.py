"""What was asked? One API call, read once and in exactly one way."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import unquote

from keystead.core.credentials import Secret
from keystead.core.routes import RouteMatch, RouteTable

_ACCOUNT_PATH = re.compile(r"/api/(?:v1|sis|keystead/v1)/accounts/([^/]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """One call as it is judged. ``verb`` is the effective one, ``path`` the very text that is forwarded.

    ``plain`` is the path with escapes of unreserved characters resolved (RFC 3986 section 6.2.2); a scope must cover
    both spellings. ``exposed`` says that the credential stood in the query. ``address`` is the caller's, by the rules
    of gateway.origin, None when it is not known.
    """

    verb: str
    path: str
    plain: str
    host: str
    credential: Secret | None
    exposed: bool
    as_user: str | None
    match: RouteMatch
    plain_match: RouteMatch
    table: RouteTable | None = None
    address: str | None = None

    def matched_by(self, table: RouteTable) -> "ApiCall":
        """Return the call as another table matches it: the catalogue may change while a call waits."""
        match = table.match(self.verb, self.path)
        plain = match if self.plain == self.path else table.match(self.verb, self.plain)
        return replace(self, match=match, plain_match=plain, table=table)

    @property
    def account_reference(self) -> str | None:
        """The account that the path names, as it names it."""
        found = _ACCOUNT_PATH.match(self.plain)
        return None if found is None else unquote(found.group(1)).removesuffix(".json")


def covers(call: ApiCall, one: Callable[[RouteMatch, str], bool]) -> bool:
    """Whether ``one`` spelling test holds for every spelling of the path."""
    if not one(call.match, call.path):
        return False
    return call.plain == call.path or one(call.plain_match, call.plain)
