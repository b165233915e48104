"""Who answers a call: Keystead itself, or its upstream? The most specific template says so."""

from keystead.core.routes import RouteMatch, RouteTable
from keystead.gateway.call import ApiCall

_OURS = "/api/keystead/"


class OwnPaths:
    """The operations, as verb and template, that Keystead answers."""

    def __init__(self, table: RouteTable, routes: frozenset[tuple[str, str]]) -> None:
        self._table = table
        self._own = frozenset(at for at, one in enumerate(table.routes) if (one.verb, one.template) in routes)

    def has(self, call: ApiCall) -> bool:
        """Whether Keystead answers this path, with or without a final slash."""
        _, match = self.match(call)
        return self.has_path(call.plain, match)

    def has_path(self, path: str, match: RouteMatch) -> bool:
        """Whether Keystead answers a path without a final slash, given what it matches."""
        return path.startswith(_OURS) if match.index is None else match.index in self._own

    def match(self, call: ApiCall) -> tuple[str, RouteMatch]:
        """Return the path that is answered, without a final slash, and what it matches."""
        if call.plain_match.route is None and call.plain.endswith("/"):
            return call.plain[:-1], self._table.match(call.verb, call.plain[:-1])
        return call.plain, call.plain_match
