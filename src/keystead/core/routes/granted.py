"""Does what a token was granted cover this call? One AND for the scopes of the catalogue, a list for the others."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from keystead.core.routes.pattern import Pattern, RouteTemplateError, read_template
from keystead.core.routes.table import RouteMatch, RouteTable
from keystead.core.scopes import parse_route_scope

ALWAYS_COVERED: Final = "/login/oauth2/token"
"""Every token may be used on this path, whatever its scopes (``docs/canvas-compat.md``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeMatcher:
    """The scopes of one token, made ready against one table by ``compile_scopes``.

    ``mask`` holds the scopes that are routes of the table. ``beyond`` holds the patterns of the others, which a key
    that did not require scopes may have let through: they are tried one by one, so no set of them can cost more than
    its length.
    """

    mask: int
    beyond: dict[str, tuple[Pattern, ...]]

    def covers(self, found: RouteMatch, verb: str, path: str) -> bool:
        """Say whether any scope covers the call, of which ``found`` is the table's match. Any match is enough.

        How specific a scope is plays no part, as in Canvas. Verb and path are looked at only when the mask says no.
        """
        return bool(found.mask & self.mask) or path == ALWAYS_COVERED or self._covers_beyond(verb, path)

    def _covers_beyond(self, verb: str, path: str) -> bool:
        patterns = self.beyond.get("GET" if verb == "HEAD" else verb)
        if not patterns:
            return False
        parts = path.split("/")
        return any(pattern.align(parts) is not None for pattern in patterns)


def compile_scopes(scopes: Iterable[str], table: RouteTable) -> ScopeMatcher:
    """Make a token's stored scopes ready for the routes of this table.

    Scopes without a route cover no call, and neither does one whose template cannot be read.
    """
    stored = tuple(dict.fromkeys(scopes))
    beyond: dict[str, tuple[Pattern, ...]] = {}
    for text in stored:
        scope = None if table.number_of(text) is not None else parse_route_scope(text)
        if scope is None:
            continue
        try:
            patterns = read_template(scope.template)
        except RouteTemplateError:
            continue
        beyond[scope.verb] = (*beyond.get(scope.verb, ()), *patterns)
    return ScopeMatcher(mask=table.mask_for(stored), beyond=beyond)
