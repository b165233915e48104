"""Traces: a span for each call, which continues the caller's and which the upstream continues, without any secret."""

import asyncio
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from keystead.observability.traces import Traced, headers_for_upstream

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_call_is_a_span_of_the_caller_s_trace_and_says_no_secret() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    onward: dict[str, str] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        onward.update(headers_for_upstream())
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def nothing(*_: Any) -> Any:
        return {}

    scope = {
        "type": "http", "method": "GET", "raw_path": b"/api/v1/courses", "query_string": b"access_token=secret",
        "headers": [(b"traceparent", CALLER.encode()), (b"authorization", b"Bearer secret")],
    }  # fmt: skip
    asyncio.run(Traced(app, provider)(scope, nothing, nothing))

    (span,) = exporter.get_finished_spans()
    assert span.name == "GET"
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET", "url.path": "/api/v1/courses", "http.response.status_code": 401,
    }  # fmt: skip
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" in CALLER
    assert onward["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert onward["traceparent"] != CALLER
    assert "secret" not in span.to_json()
    assert headers_for_upstream() == []


def test_a_traced_application_has_no_short_way_past_its_spans() -> None:
    async def app(*_: Any) -> None: ...

    assert not hasattr(Traced(app, TracerProvider()), "at_once")
