"""Which upstream serves a call? The main one, or that of the API under whose prefix the path stands."""

from types import TracebackType

from keystead.gateway.proxy import Upstream
from keystead.gateway.routing import Routing


class Upstreams:
    """The upstreams of this process, each behind a pool of its own that opens with the first call."""

    def __init__(self, main: str | None, routing: Routing) -> None:
        self._main = None if main is None else main.rstrip("/")
        self._routing = routing
        self._open: dict[str, Upstream] = {}

    async def __aenter__(self) -> "Upstreams":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for upstream in self._open.values():
            await upstream.__aexit__(kind, value, trace)
        self._open.clear()

    def origin_of(self, path: str) -> str | None:
        """Return the origin of the upstream that serves a path, None when none does."""
        api = self._routing.api_of(path)
        return self._main if api is None else api.upstream

    async def of(self, path: str, forwarded: str) -> tuple[Upstream, str] | None:
        """Return the upstream that serves a path, and the path as it goes there; None when none serves it.

        ``path`` is the path in normal form, ``forwarded`` as it was written. A prefix that is to come off and stands
        there in escapes leads nowhere: what was judged must be what arrives.
        """
        api = self._routing.api_of(path)
        origin = self._main if api is None else api.upstream
        if origin is None:
            return None
        upstream = self._open.get(origin)
        if upstream is None:
            upstream = self._open[origin] = await Upstream(origin).__aenter__()
        if api is not None and api.strips_prefix:
            if not api.holds(forwarded):
                return None
            forwarded = forwarded[len(api.prefix) :] or "/"
        return upstream, forwarded
