"""What is large or odd on the wire: two gigabytes pass in constant memory, WebSockets are refused in words."""

import socket
import threading
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest

from journeys.workers import BOOTSTRAP_TOKEN, Server
from ports import free_port

SIZE = 2 * 1024**3
PIECE = b"\0" * (1024 * 1024)
MOST_GROWTH = 96 * 1024
"""By how many KiB the server may grow while the upload passes."""


class Sink:
    """An upstream that reads a body to its end, counts it, and answers."""

    def __init__(self) -> None:
        self.received = 0
        self.listener = socket.create_server(("127.0.0.1", free_port()))
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(65_536)
                head, _, body = head.partition(b"\r\n\r\n")
                wanted = int(head.lower().partition(b"content-length:")[2].split()[0])
                self.received = len(body)
                while self.received < wanted:
                    self.received += len(connection.recv(1024 * 1024))
                connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    made = Sink()
    yield made
    made.listener.close()


@pytest.fixture(scope="module")
def server(sink: Sink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("upload")
    settings = {"KEYSTEAD_UPSTREAM_URL": sink.url}
    made = Server(home=home, database_url=f"sqlite:///{home}/keystead.db", count=1, settings=settings).start()
    yield made
    made.stop()


def memory_of(server: Server) -> int:
    """Return the largest memory the server has had, in KiB."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def connected(server: Server, *lines: str) -> socket.socket:
    """Send a head."""
    line = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    line.sendall("\r\n".join([*lines, "Host: localhost", f"Authorization: Bearer {BOOTSTRAP_TOKEN}", "", ""]).encode())
    return line


def answered(line: socket.socket) -> tuple[int, bytes]:
    """Return the status and the body of an answer read to its end, however many pieces it comes in."""
    with HTTPResponse(line) as response:
        response.begin()
        return response.status, response.read()


def test_two_gigabytes_pass_in_constant_memory(server: Server, sink: Sink) -> None:
    assert server.call("GET", "/api/v1/users/self").status_code == 200
    before = memory_of(server)

    with connected(
        server, "POST /api/v1/courses/1/files HTTP/1.1", f"Content-Length: {SIZE}", "Expect: 100-continue",
        "Content-Type: application/octet-stream",
    ) as line:  # fmt: skip
        assert line.recv(1024).startswith(b"HTTP/1.1 100 Continue")
        for _ in range(SIZE // len(PIECE)):
            line.sendall(PIECE)
        status, _ = answered(line)

    assert status == 201
    assert sink.received == SIZE
    assert memory_of(server) - before < MOST_GROWTH


def test_a_caller_who_waits_to_be_told_to_go_on_hears_the_refusal_instead(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(
            b"POST /api/v1/courses/1/files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
            b"Expect: 100-continue\r\nContent-Type: application/octet-stream\r\n\r\n"
        )

        assert line.recv(1024).startswith(b"HTTP/1.1 401")


def test_a_websocket_is_refused_in_words(server: Server) -> None:
    with connected(
        server, "GET /api/v1/live HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ) as line:  # fmt: skip
        status, body = answered(line)

    assert status == 501
    assert body == b'{"errors":[{"message":"WebSockets are not served here."}]}'
