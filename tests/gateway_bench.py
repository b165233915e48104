"""The gateway before an upstream that writes down, byte for byte, what reached it."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from databases import fresh_installation
from keys_bench import KeyBench
from keystead.api.operations import OWN_ROUTES
from keystead.config import LOOPBACK
from keystead.gateway.endpoints import ORIGIN
from keystead.gateway.forward_auth import ForwardAuth, is_check
from keystead.gateway.origin import origin_of
from keystead.gateway.own import OwnPaths
from keystead.storage.transaction import Database
from world import Clock

GONE = object()
Headers = Iterable[tuple[str, str]]


@dataclass(kw_only=True)
class Received:
    """One call as it reached the upstream; ``is_whole`` once its body has ended."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    is_whole: bool = False

    @property
    def target(self) -> str:
        """Path and query, as they stood in the request line."""
        return self.line.split(" ")[1]

    def named(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def identity(self) -> dict[str, Any]:
        """The claims of the identity statement, not verified."""
        (statement,) = self.named("x-keystead-identity")
        part = statement.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return claims


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What came back from the gateway: ``parts`` are the body's messages, one by one."""

    status: int
    headers: list[tuple[str, str]]
    parts: list[bytes]

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.parts)

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    def named(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key == name]


@dataclass(kw_only=True)
class Recorder:
    """The upstream. ``reply`` gives the raw bytes of each answer, in pieces."""

    received: list[Received] = field(default_factory=list)
    reply: Callable[[Received], AsyncIterator[bytes]] | bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    broken: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer calls on one connection until it ends."""
        try:
            while True:
                call = self._noted(await reader.readuntil(b"\r\n\r\n"))
                await self._read_body(call, reader)
                async for piece in self._answer(call):
                    writer.write(piece)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.broken += 1
        finally:
            writer.close()

    def _noted(self, head: bytes) -> Received:
        first, *lines = head.decode("latin-1")[:-4].split("\r\n")
        pairs = [line.split(": ", 1) if ": " in line else [line.rstrip(":"), ""] for line in lines]
        self.received.append(Received(line=first, headers=[(name, value) for name, value in pairs]))
        return self.received[-1]

    async def _read_body(self, call: Received, reader: asyncio.StreamReader) -> None:
        if call.named("transfer-encoding") == ["chunked"]:
            while size := int(await reader.readline(), 16):
                call.body += await reader.readexactly(size)
                await reader.readexactly(2)
            await reader.readline()
        else:
            left = int((call.named("content-length") or ["0"])[0])
            while left:
                piece = await reader.read(min(left, 65_536))
                if not piece:
                    raise ConnectionError
                call.body += piece
                left -= len(piece)
        call.is_whole = True

    async def _answer(self, call: Received) -> AsyncIterator[bytes]:
        if isinstance(self.reply, bytes):
            head, end, body = self.reply.partition(b"\r\n\r\n")
            yield head + end + (b"" if call.line.startswith("HEAD ") else body)
            return
        async for piece in self.reply(call):
            yield piece


class GatewayBench(KeyBench):
    """A KeyBench whose gateway has an upstream; ``up`` is what it wrote down."""

    def __init__(self, database: Database, clock: Clock, home: Path, *, is_up: bool = True, **settings: Any) -> None:
        self.up = Recorder()
        listener = socket.create_server(("127.0.0.1", 0))
        self.upstream_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        super().__init__(database, clock, home, upstream=self.upstream_url, **settings)
        self.gateway, self.check = self.app, self._forward_auth(clock, settings)
        self.app = lambda scope, *line: (self.check if is_check(scope) else self.gateway)(scope, *line)
        self._server: asyncio.Server | None = None
        if is_up:
            self._server = self._loop.run(asyncio.start_server(self.up.serve, sock=listener))
        else:
            listener.close()

    @property
    def last(self) -> Received:
        """The one call that reached the upstream since the last look."""
        (call,) = self.up.received
        self.up.received.clear()
        return call

    def ask(
        self,
        verb: str,
        target: str,
        *,
        token: str | None = None,
        headers: Headers = (),
        body: bytes | Iterable[object] | None = None,
        content_type: str | None = None,
        chunked: bool = False,
        host: str = "keystead.test",
        hang_up_after: int | None = None,
        peer: str = "127.0.0.1",
    ) -> Answered:
        """Make one call. ``body`` may be pieces, ``GONE`` being the caller's hanging up among them."""
        pieces = [] if body is None else [body] if isinstance(body, bytes) else list(body)
        raw = [("host", host), *headers]
        if token is not None:
            raw.append(("authorization", f"Bearer {token}"))
        if content_type is not None:
            raw.append(("content-type", content_type))
        if chunked:
            raw.append(("transfer-encoding", "chunked"))
        elif body is not None:
            whole = sum(len(piece) for piece in pieces if isinstance(piece, bytes))
            raw.append(("content-length", str(whole + 10 if GONE in pieces else whole)))
        path, _, query = target.partition("?")
        scope: dict[str, Any] = {
            "type": "http", "method": verb, "scheme": "http", "path": path, "client": (peer, 50_000),
            "raw_path": path.encode("latin-1"), "query_string": query.encode("latin-1"),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in raw],
        }  # fmt: skip
        scope[ORIGIN] = origin_of(scope, trusted=(), request_id="request-1")
        return self._loop.run(self._asked(scope, pieces, hang_up_after))

    def _forward_auth(self, clock: Clock, settings: dict[str, Any]) -> ForwardAuth:
        return ForwardAuth(
            judge=self.app._judge,
            identities=self.app._identities,
            own_paths=OwnPaths(self.app._judge.table, frozenset((route.verb, route.template) for route in OWN_ROUTES)),
            audience=self.upstream_url,
            routing=self.routing,
            public_url=settings.get("public_url"),
            check_from=LOOPBACK,
            clock=clock,
        )

    def close(self) -> None:
        """Give everything back."""
        self._loop.run(self.gateway._upstreams.__aexit__(None, None, None))
        if self._server is not None:
            self._server.close()
            self._loop.run(asyncio.sleep(0.01))
        super().close()

    async def _asked(self, scope: dict[str, Any], pieces: list[object], hang_up_after: int | None) -> Answered:
        sent: list[Any] = []
        over = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if pieces and pieces[0] is GONE:
                return {"type": "http.disconnect"}
            if pieces:
                return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}
            if not asked_once:
                asked_once.append(True)
                if had_none:
                    return {"type": "http.request", "body": b"", "more_body": False}
            await over.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)
            if hang_up_after is not None and len(sent) > hang_up_after:
                over.set()
            await asyncio.sleep(0)

        had_none = not pieces
        asked_once: list[bool] = []
        await asyncio.wait_for(self.app(scope, receive, send), 20)
        if not sent:
            return Answered(status=0, headers=[], parts=[])
        headers = [(name.decode(), value.decode("latin-1")) for name, value in sent[0]["headers"]]
        return Answered(status=sent[0]["status"], headers=headers, parts=[part["body"] for part in sent[1:]])


def gateways(home: Path, **settings: Any) -> Iterator[GatewayBench]:
    """Give one fresh installation with an upstream and root account 2, and close it."""
    clock = Clock()
    bench = GatewayBench(fresh_installation(home, clock), clock, home, **settings)
    assert bench.root_account("Root") == 2
    yield bench
    bench.close()
