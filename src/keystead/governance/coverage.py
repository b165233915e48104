"""Would a call that was counted under a scope still pass with another list of scopes?"""

import re
from collections.abc import Iterable
from typing import Final

from keystead.core.keys import Key
from keystead.core.routes import RouteTable
from keystead.core.usage import OTHER, UNMAPPED

_VARIES: Final = re.compile(r"[:*]\w+")


class Coverage:
    """What a list of scopes lets pass, by the rules of the key's profile (gateway.judge).

    A compatible key's call passes when any granted template matches it, so a call may be counted under a scope that is
    not granted and pass by one that overlaps.
    """

    def __init__(self, table: RouteTable, key: Key, scopes: Iterable[str]) -> None:
        self._table = table
        self._is_strict = key.is_strict
        self._granted = frozenset(scopes)

    def covers(self, scope: str) -> bool:
        """Whether calls that are counted under the scope pass."""
        return bool(self.covering(scope))

    def covering(self, scope: str) -> frozenset[str]:
        """Return by which of the scopes calls that are counted under this one pass."""
        if scope in self._granted:
            return frozenset({scope})
        verb, _, template = scope.removeprefix("url:").partition("|")
        if scope in (UNMAPPED, OTHER, "") or self._is_strict or not template.startswith("/api/"):
            return frozenset()
        match = self._table.match(verb, _VARIES.sub("1", template))
        numbers = ((one, self._table.number_of(one)) for one in self._granted)
        return frozenset(one for one, number in numbers if number is not None and match.mask >> number & 1)
