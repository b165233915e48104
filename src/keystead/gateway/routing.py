"""What can be called, and where does it lead? Scopes, their routes, and the APIs behind the gateway, as loaded now."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from keystead.core.apis import LoadedApi, api_of
from keystead.core.catalogue import Catalogue
from keystead.core.routes import RouteTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """One state of the catalogue. ``revision`` tells states apart; 0 while no API was ever loaded."""

    catalogue: Catalogue
    table: RouteTable
    apis: tuple[LoadedApi, ...] = field(default=())
    revision: int = 0


class Routing:
    """The newest state of the catalogue that this process has read. ``read`` reads and compiles it, and may wait."""

    def __init__(self, first: Routes, read: Callable[[], Routes]) -> None:
        self._read = read
        self._reading = threading.Lock()
        self.now = first

    def renew(self, revision: int | None = None) -> Routes:
        """Read the catalogue anew, unless it is of this revision or a newer one already; may wait."""
        with self._reading:
            if revision is None or self.now.revision < revision:
                self.now = self._read()
            return self.now

    def api_of(self, path: str) -> LoadedApi | None:
        """Return the API under whose prefix a path stands, None for the main one."""
        return api_of(self.now.apis, path) if self.now.apis else None


def fixed(table: RouteTable, catalogue: Catalogue | None = None) -> Routing:
    """Return a routing that never changes."""
    first = Routes(catalogue=catalogue or Catalogue([]), table=table)
    return Routing(first, lambda: first)
