"""Baselines: an application that always answers 204, the same behind our middleware, and an upstream of a few bytes.

``python -m bench.constant KIND PORT [WORKERS]`` with ``bare``, ``ours`` (under our own protocol class), ``plain``
and ``judged`` (a small JSON answer, without and with the ASGI middleware), ``upstream``.
"""

import asyncio
import sys
from typing import Any

import uvicorn
import uvloop

BODY = b'{"id":1,"name":"a course"}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)


async def lifespan(receive: Any, send: Any) -> None:
    """Start and stop."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """Always answer 204."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    return await send({"type": "http.response.body", "body": b""})


async def small(scope: Any, receive: Any, send: Any) -> None:
    """Always answer a small JSON object, as the smallest application would."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    return await send({"type": "http.response.body", "body": BODY})


def judged() -> Any:
    """Return the small application behind the middleware."""
    from keystead.middleware import Judge, KeysteadMiddleware

    return KeysteadMiddleware(small, judge=Judge.open())


class Upstream(asyncio.Protocol):
    """Answers as fast as Python can."""

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every head that has come."""
        self._transport.write(ANSWER * data.count(b"\r\n\r\n"))


async def upstream(port: int) -> None:
    """Serve the upstream for ever."""
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


def main(kind: str, port: int, workers: int = 1) -> None:
    """Serve one kind."""
    if kind == "upstream":
        return uvloop.run(upstream(port))
    apps = {"bare": "nothing", "ours": "nothing", "plain": "small", "judged": "judged"}
    protocol = {"http": "keystead.cli.heads:BoundedHead"} if kind == "ours" else {}
    return uvicorn.run(
        f"bench.constant:{apps[kind]}", factory=kind == "judged", host="127.0.0.1", port=port, workers=workers,
        log_level="critical", access_log=False, ws="none", server_header=False, proxy_headers=False, **protocol,
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *map(int, sys.argv[3:]))
