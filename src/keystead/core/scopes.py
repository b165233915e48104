"""What may be asked for? The grammar of one scope, and sets of scopes as OAuth compares them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

USERINFO: Final = "/auth/userinfo"
"""Identity only: a token response for this scope alone carries no access token."""

PEER_SERVICES: Final = "cd2"
"""Access to peer services; covers no route."""

ELEVATED_PREFIX: Final = "https://canvas.instructure.com/elevated_operations/"
"""Scopes that start so are internal to Canvas and never legal on a key."""

VERBS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")

_ROUTE_PREFIX: Final = "url:"
_OTHER_BLANKS: Final = str.maketrans("\t\n\v\f\r", "     ")


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteScope:
    """A scope that covers calls: a verb and the template of a route, exactly as spelt."""

    verb: str
    template: str

    def __str__(self) -> str:
        return f"{_ROUTE_PREFIX}{self.verb}|{self.template}"


def parse_route_scope(text: str) -> RouteScope | None:
    """Read ``url:VERB|/api/…``; None for every other scope and for everything malformed.

    The verb is upper case and the template starts with ``/api/``; nothing is normalised, because scopes are compared
    as whole strings (``docs/canvas-compat.md``).
    """
    if not text.startswith(_ROUTE_PREFIX):
        return None
    verb, bar, template = text[len(_ROUTE_PREFIX) :].partition("|")
    if not bar or verb not in VERBS or not template.startswith("/api/"):
        return None
    if not template.isprintable() or " " in template or "|" in template:
        return None
    return RouteScope(verb=verb, template=template)


@lru_cache(maxsize=1024)
def stored_scopes(text: str) -> tuple[str, ...]:
    """Return the scopes of a stored text, which separates them by blanks. Equal texts give the same object."""
    return tuple(text.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeSet:
    """Scopes in the order they were first named, each once. Names are compared as whole strings, with case."""

    items: tuple[str, ...] = ()
    _members: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        unique = dict.fromkeys(self.items)
        object.__setattr__(self, "items", tuple(unique))
        object.__setattr__(self, "_members", frozenset(unique))

    @classmethod
    def of(cls, scopes: Iterable[str]) -> "ScopeSet":
        """Make a set of the scopes given, keeping their order."""
        return cls(items=tuple(scopes))

    @classmethod
    def parse(cls, text: str) -> "ScopeSet":
        """Read a ``scope`` parameter (RFC 6749 §3.3); runs of blanks, tabs and line ends separate."""
        return cls(items=tuple(word for word in text.translate(_OTHER_BLANKS).split(" ") if word))

    def __iter__(self) -> Iterator[str]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __contains__(self, scope: object) -> bool:
        return scope in self._members

    def __str__(self) -> str:
        return " ".join(self.items)

    def minus(self, other: "ScopeSet") -> "ScopeSet":
        """Keep what the other set lacks, in this set's order."""
        return ScopeSet(items=tuple(scope for scope in self.items if scope not in other))

    def union(self, other: "ScopeSet") -> "ScopeSet":
        """Put what only the other set has behind what this one has."""
        return ScopeSet(items=self.items + other.items)

    def intersection(self, other: "ScopeSet") -> "ScopeSet":
        """Keep what both have, in this set's order."""
        return ScopeSet(items=tuple(scope for scope in self.items if scope in other))

    def issubset(self, other: "ScopeSet") -> bool:
        """Say whether the other set has every scope of this one. The empty set is part of every set."""
        return self._members <= other._members

    @property
    def is_userinfo_only(self) -> bool:
        """Exactly one scope, and it ends in ``userinfo``: who signs in is told, and no API token is given."""
        return len(self.items) == 1 and self.items[0].endswith("userinfo")
