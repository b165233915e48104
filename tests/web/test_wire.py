import asyncio
import json
from collections.abc import Iterator

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from keystead.web.wire import Wire


class _Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.closed = True


async def _never_called(scope: object, receive: object, send: object) -> None:
    raise AssertionError("a call that should not have been one")


@pytest.fixture
def transport() -> _Transport:
    return _Transport()


@pytest.fixture
def wire(transport: _Transport) -> Iterator[Wire]:
    config = Config(_never_called, http=Wire, log_config=None)
    config.load()
    loop = asyncio.new_event_loop()
    made = Wire(config, ServerState(), {}, loop)
    made.connection_made(transport)
    yield made
    made.connection_lost(None)
    loop.close()


def _answer(wire: Wire, transport: _Transport, request_line: bytes) -> tuple[int, bytes, str]:
    wire.data_received(request_line + b"\r\nHost: keystead.test\r\n\r\n")
    head, _, body = transport.written.partition(b"\r\n\r\n")
    assert transport.closed
    assert b"content-type: application/json; charset=utf-8" in head
    assert f"content-length: {len(body)}".encode() in head
    (error,) = json.loads(body)["errors"]
    return int(head.split()[1]), head, str(error["message"])


@pytest.mark.parametrize("verb", [b"FOO", b"get", b"GETT", b"G"])
def test_a_verb_that_the_parser_does_not_know_is_405(wire: Wire, transport: _Transport, verb: bytes) -> None:
    status, head, message = _answer(wire, transport, verb + b" /api/v1/accounts HTTP/1.1")
    assert (status, message) == (405, "The request method is not known.")
    assert b"allow: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT" in head


@pytest.mark.parametrize("target", [b"/api/v1/accounts#x", b"/api/v1/accounts?a=1#x", b"/login#"])
def test_a_fragment_is_refused_and_not_cut_off_in_silence(wire: Wire, transport: _Transport, target: bytes) -> None:
    status, _, message = _answer(wire, transport, b"GET " + target + b" HTTP/1.1")
    assert (status, message) == (400, "The path or query contains a fragment.")


@pytest.mark.parametrize("line", [b"GET /api/v1/\x01 HTTP/1.1", b"GET /api/v1/a b HTTP/1.1"])
def test_bytes_that_are_no_request_are_refused_in_our_shape(wire: Wire, transport: _Transport, line: bytes) -> None:
    status, _, message = _answer(wire, transport, line)
    assert (status, message) == (400, "Invalid HTTP request received.")
