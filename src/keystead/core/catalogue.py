"""Which scopes exist? The catalogue that keys choose from, built from data that somebody else reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from keystead.core.scopes import ELEVATED_PREFIX, PEER_SERVICES, USERINFO, RouteScope

_LEFT_OUT: Final = "/api/lti/"
_WRITES: Final = {"POST": "create", "PUT": "update", "PATCH": "update", "DELETE": "destroy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One scope that a key may carry.

    ``sensitivity`` is a hint that only loaded APIs give.

    Without a ``path`` it covers no route; without a ``resource_name`` it is legal but not listed, as Canvas treats
    routes without documentation.
    """

    resource: str
    resource_name: str | None
    verb: str
    scope: str
    path: str | None = None
    summary: str = ""
    deprecated: bool = False
    sensitivity: str | None = None

    @property
    def action(self) -> str:
        """Name what the route does, by its verb and by whether its path ends in a parameter or glob."""
        if self.verb != "GET":
            return _WRITES[self.verb]
        ending = (self.path or "").rpartition("/")[2]
        return "show" if ":" in ending or "*" in ending else "index"


def route_entry(
    *,
    resource: str,
    resource_name: str | None,
    verb: str,
    path: str,
    summary: str = "",
    deprecated: bool = False,
    sensitivity: str | None = None,
) -> Entry:
    """Make the entry of a route; its scope follows from verb and path."""
    return Entry(
        resource=resource,
        resource_name=resource_name,
        verb=verb,
        path=path,
        scope=str(RouteScope(verb=verb, template=path)),
        summary=summary,
        deprecated=deprecated,
        sensitivity=sensitivity,
    )


WITHOUT_ROUTE: Final = (
    Entry(resource="oauth2", resource_name="OAuth 2", verb="GET", scope=USERINFO),
    Entry(resource="peer_services", resource_name="Peer Services", verb="GET", scope=PEER_SERVICES),
)


class Catalogue:
    """The scopes that are legal on a key, in the order in which they are shown.

    Nothing changes after it is made. When a scope is given twice the first entry counts.
    """

    __slots__ = ("_by_scope", "_grouped", "_listing", "_routes", "entries")

    entries: tuple[Entry, ...]

    def __init__(self, entries: Iterable[Entry]) -> None:
        first: dict[str, Entry] = {}
        for entry in entries:
            first.setdefault(entry.scope, entry)
        self.entries = tuple(sorted(first.values(), key=_shown_order))
        self._by_scope = {entry.scope: entry for entry in self.entries}
        self._routes = tuple((entry.verb, entry.path) for entry in self.entries if entry.path is not None)
        self._listing: list[dict[str, str]] = []
        self._grouped: dict[str, list[dict[str, str]]] = {}
        for entry in self.entries:
            if entry.resource_name is not None:
                shown = _shown(entry, entry.resource_name)
                self._listing.append(shown)
                self._grouped.setdefault(entry.resource_name, []).append(shown)

    def listing(self) -> list[dict[str, str]]:
        """Every scope with a display name, ready for JSON. Made once and shared: not to be changed."""
        return self._listing

    def grouped(self) -> dict[str, list[dict[str, str]]]:
        """The listing by display name of the resource, in the same order. Made once and shared: not to be changed."""
        return self._grouped

    def routes(self) -> tuple[tuple[str, str], ...]:
        """Verb and template of every route, for ``compile_routes``."""
        return self._routes

    def find(self, scope: str) -> Entry | None:
        """The entry of a scope, or None when no such scope exists."""
        return self._by_scope.get(scope)

    def unknown(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """Those that are not legal on a key, in order, each once. Compared as whole strings, with case."""
        return tuple(dict.fromkeys(scope for scope in scopes if not self._is_legal(scope)))

    def _is_legal(self, scope: str) -> bool:
        return scope in self._by_scope and not scope.startswith(ELEVATED_PREFIX)


def from_entries(described: Iterable[Mapping[str, object]], *, own: Iterable[Entry] = ()) -> Catalogue:
    """Build the catalogue from Canvas's described routes and from the routes that Keystead answers itself.

    Routes under ``/api/lti`` are left out, as in Canvas, whose list covers ``/api/v1``, ``/api/sis`` and
    ``/api/quiz/v1`` (``docs/canvas-compat.md``). The two scopes without a route are always part of it.
    """
    read = (_entry(item) for item in described)
    kept = (entry for entry in read if entry.path is not None and not entry.path.startswith(_LEFT_OUT))
    return Catalogue([*kept, *WITHOUT_ROUTE, *own])


def _entry(described: Mapping[str, object]) -> Entry:
    entry = route_entry(
        resource=_text(described, "resource"),
        resource_name=_text(described, "resource_name"),
        verb=_text(described, "verb"),
        path=_text(described, "path"),
        summary=str(described.get("summary", "")),
        deprecated=described.get("deprecated") is True,
    )
    if described.get("scope", entry.scope) != entry.scope:
        raise ValueError(f"catalogue entry {described.get('scope')!r} does not agree with its verb and path")
    return entry


def _text(described: Mapping[str, object], name: str) -> str:
    value = described.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"catalogue entry without {name!r}: {dict(described)!r}")
    return value


def _shown_order(entry: Entry) -> tuple[str, str]:
    return (entry.resource_name or "").casefold(), entry.scope


def _shown(entry: Entry, resource_name: str) -> dict[str, str]:
    if entry.path is None:
        return {
            "resource": entry.resource,
            "verb": entry.verb,
            "scope": entry.scope,
            "resource_name": resource_name,
        }
    shown = {
        "resource": entry.resource,
        "resource_name": resource_name,
        "controller": entry.resource,
        "action": entry.action,
        "verb": entry.verb,
        "path": entry.path,
        "scope": entry.scope,
    }
    return shown if entry.sensitivity is None else shown | {"sensitivity": entry.sensitivity}
