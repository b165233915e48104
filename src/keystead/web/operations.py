"""What do operators and browsers ask besides pages? Health, figures, static files, and what to say when all fails."""

from typing import Any

from anyio import to_thread
from prometheus_client import CONTENT_TYPE_LATEST, PROCESS_COLLECTOR
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from keystead.core.credentials import same
from keystead.gateway.endpoints import ORIGIN
from keystead.gateway.origin import is_within
from keystead.observability.logs import log
from keystead.observability.metrics import COUNTS, exposition
from keystead.storage.figures import ProcessFigures
from keystead.storage.read import accounts as read_accounts
from keystead.storage.transaction import StorageUnavailable
from keystead.web.html import static_file
from keystead.web.surface import Surface, takes_gzip


class Operations:
    """``/healthz``, ``/readyz``, ``/metrics`` and ``/static/…``."""

    def __init__(self, surface: Surface, figures: ProcessFigures) -> None:
        self._surface = surface
        self._figures = figures

    def routes(self) -> list[Route]:
        """Return the routes of these."""
        return [
            Route("/static/{path:path}", _static, methods=["GET"]),
            Route("/healthz", _healthy, methods=["GET"]),
            Route("/readyz", self.ready, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
        ]

    async def ready(self, _: Request) -> Response:
        """Tell whether calls can be judged: the database can be read. That it can be written is not asked."""
        try:
            await self._surface.reading(read_accounts.is_empty)
        except StorageUnavailable:
            return PlainTextResponse("the database is not available", status_code=503)
        return PlainTextResponse("ok")

    async def metrics(self, request: Request) -> Response:
        """Give the figures of this node's processes to those who may see them: the holder of the token, if one is set,
        else those who may ask `/gateway/check` too. How much is refused is nobody else's business.
        """
        if not self._may_see(request):
            return PlainTextResponse("Not found", status_code=404)
        try:
            others = await to_thread.run_sync(self._figures.of_others)
        except StorageUnavailable:
            others = []
        body = await to_thread.run_sync(lambda: exposition([COUNTS.figures(), *others], PROCESS_COLLECTOR.collect))
        return Response(body, headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"})

    def _may_see(self, request: Request) -> bool:
        token = self._surface.settings.metrics_token
        if token is not None:
            presented = request.headers.get("authorization", "")
            return same(presented, f"Bearer {token.get_secret_value()}")
        return request.client is not None and is_within(request.client.host, self._surface.settings.check_from)


async def _healthy(_: Request) -> Response:
    return PlainTextResponse("ok")


async def _static(request: Request) -> Response:
    found = static_file(request.path_params["path"])
    if found is None:
        return PlainTextResponse("Not found", status_code=404)
    headers = {
        "cache-control": "public, max-age=31536000, immutable",
        "etag": found.etag,
        "vary": "Accept-Encoding",
        "x-content-type-options": "nosniff",
    }
    if not takes_gzip(request):
        return Response(found.content, headers=headers, media_type=found.content_type)
    headers["content-encoding"] = "gzip"
    return Response(found.compressed, headers=headers, media_type=found.content_type)


async def _abandoned(_: Request, __: Exception) -> Response:
    """Answer nobody: the client went away while it was still sending."""
    return Response(status_code=400)


async def _unavailable(request: Request, _: Exception) -> Response:
    log.error("storage.unavailable", request=request.scope[ORIGIN].request_id)
    return JSONResponse(
        {"error": "temporarily_unavailable", "error_description": "The service is not available now. Try again."},
        status_code=503,
        headers={"cache-control": "no-store"},
    )


async def _failed(request: Request, failed: Exception) -> Response:
    log.error("page.failed", kind=type(failed).__name__, request=request.scope[ORIGIN].request_id)
    return PlainTextResponse("An error occurred.", status_code=500)


REFUSALS: Any = {StorageUnavailable: _unavailable, ClientDisconnect: _abandoned, Exception: _failed}
