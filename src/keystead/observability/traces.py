"""Which calls are traced? All, where the operator wishes it and OpenTelemetry is installed (``keystead[tracing]``).

A span says method, path and status: never a query, a header or a body, since secrets may stand there. Where spans go is
said by OpenTelemetry's own ``OTEL_`` settings.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from keystead.config import SettingsError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TRACE_HEADERS = frozenset({b"traceparent", b"tracestate"})


class Traced:
    """An ASGI application whose HTTP calls are spans. No call is answered at once, so none is missed."""

    def __init__(self, app: App, provider: Any) -> None:
        from opentelemetry import propagate, trace

        self._app = app
        self._kind = trace.SpanKind.SERVER
        self._tracer = trace.get_tracer("keystead", tracer_provider=provider)
        self._provider = provider
        self._extract = propagate.extract

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call in a span (ASGI)."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            if scope["type"] == "lifespan":
                self._provider.shutdown()
            return
        carried = {name.decode(): value.decode("latin-1") for name, value in scope["headers"] if name in TRACE_HEADERS}
        with self._tracer.start_as_current_span(
            scope["method"], context=self._extract(carried), kind=self._kind
        ) as span:  # fmt: skip
            span.set_attribute("http.request.method", scope["method"])
            span.set_attribute("url.path", scope["raw_path"].decode("latin-1")[:512])

            async def sending(message: MutableMapping[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await self._app(scope, receive, sending)


def traced(app: App) -> Traced:
    """Return the application with its calls traced. Raises SettingsError when OpenTelemetry is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise SettingsError("KEYSTEAD_TRACING: OpenTelemetry is missing; install keystead[tracing]") from None
    provider = TracerProvider(resource=Resource.create({"service.name": "keystead"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Traced(app, provider)


def headers_for_upstream() -> list[tuple[str, str]]:
    """Return the headers that let the upstream's spans continue ours; none while nothing is traced."""
    try:
        from opentelemetry import propagate, trace
    except ImportError:
        return []
    if not trace.get_current_span().get_span_context().is_valid:
        return []
    carried: dict[str, str] = {}
    propagate.inject(carried)
    return list(carried.items())
