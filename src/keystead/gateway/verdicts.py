"""What can be said about one call?"""

from dataclasses import dataclass

from keystead.core.decision import Allow, Deny
from keystead.gateway.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The call passes, with these facts; ``decision`` says what must be cut from it."""

    facts: Facts
    decision: Allow


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """The call is refused. ``missing_scope`` names what would have covered it, where the catalogue knows."""

    decision: Deny
    missing_scope: str | None = None
    facts: Facts | None = None
