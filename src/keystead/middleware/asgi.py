"""How is an ASGI application protected from inside its own server?"""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from posixpath import normpath
from typing import Any
from urllib.parse import unquote

from keystead.core.parameters import MalformedParameters
from keystead.core.paths import OVERRIDE_HEADERS
from keystead.gateway import replies
from keystead.gateway.bodies import BodyRefused
from keystead.gateway.facts import FactsUnavailable
from keystead.gateway.line import Line
from keystead.gateway.proxy import ClientGone
from keystead.gateway.reading import Asked, has_body, read_call
from keystead.middleware.judge import Judge, Passed
from keystead.observability.logs import log

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

STATE = "keystead"
_TAKEN_OUT = frozenset({b"content-length"} | {name.encode() for name in OVERRIDE_HEADERS})
_HIDDEN = (b"%", b"//", b"/.", b"\\")
_MOST_LAYERS = 5


class KeysteadMiddleware:
    """Lets only those calls through to an application that the judge allows.

    Calls below one of ``paths`` are judged; all others pass as they are, and so do lifespan events. Behind it,
    ``scope["keystead"]`` is the ``Passed`` of the call. WebSockets below ``paths`` are closed: no scope names one.
    The server must tell ``raw_path``, and nothing may rewrite paths before: what is judged is the path as it was sent.
    """

    def __init__(self, app: App, *, judge: Judge, paths: tuple[str, ...] = ("/api/",)) -> None:
        self._app = app
        self._judge = judge
        self._paths = tuple(path.encode("ascii") for path in paths)
        self._cleaned = tuple(path.casefold() for path in paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one call, and hand it on or answer it (ASGI)."""
        raw: bytes | None = scope.get("raw_path")
        if raw is None or not raw.startswith(self._paths):
            if scope["type"] == "lifespan" or not self._is_judged(scope):
                return await self._app(scope, receive, send)
            raw = scope["raw_path"]
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        query, client = scope["query_string"], scope.get("client")
        target = raw + b"?" + query if query else raw
        passed = self._judge.standing(scope["method"], target, scope["headers"], client and client[0])
        if passed is None:
            return await self._in_full(scope, receive, send)
        scope[STATE] = passed
        return await self._app(scope, receive, send)

    def _is_judged(self, scope: Scope) -> bool:
        """Whether the application could take the path for one of those to protect: as sent, or cleaned up."""
        raw: bytes = scope.get("raw_path") or str(scope["path"]).encode()
        path = raw.decode("latin-1")
        if any(mark in raw for mark in _HIDDEN):
            for _ in range(_MOST_LAYERS):
                path = unquote(path)
            path = normpath("/" + path.replace("\\", "/").lstrip("/"))
        return f"{path.casefold()}/".startswith(self._cleaned)

    async def _in_full(self, scope: Scope, receive: Receive, send: Send) -> None:
        line = Line(receive)
        try:
            await self._judged(scope, line, send)
        except BodyRefused as wrong:
            await replies.answer(send, replies.error(wrong.status, wrong.words))
        except MalformedParameters as wrong:
            await replies.answer(send, replies.error(400, str(wrong)))
        except FactsUnavailable:
            log.error("call.unjudged")
            await replies.answer(send, replies.undecided())
        except ClientGone:
            log.info("call.abandoned")
        finally:
            line.close()

    async def _judged(self, scope: Scope, line: Line, send: Send) -> None:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"localhost")
        client = scope.get("client")
        asked = Asked(
            method=scope["method"], path=scope["raw_path"], query=scope["query_string"], scope=scope,
            chunks=line.chunks(), has_body=has_body(scope), domain=self._judge.domain_of(host),
            address=client[0] if client else None,
        )  # fmt: skip
        reading = await read_call(asked, self._judge.gateway.table)
        if isinstance(reading, replies.Reply):
            return await replies.answer(send, reading)
        verdict = await self._judge.gateway.judge(reading.call)
        said = self._judge.said(reading, verdict, asked.address)
        if not isinstance(said, Passed):
            return await _refuse(send, said.status, said.body, said.headers)
        stream, length = reading.body.forward(strip_includes=said.strips_includes)
        headers = [pair for pair in scope["headers"] if pair[0] not in _TAKEN_OUT]
        if length is not None and has_body(scope):
            headers.append((b"content-length", str(length).encode()))
        onward = {**scope, "method": said.verb, "query_string": said.query, "headers": headers, STATE: said}
        return await self._app(onward, _Body(stream, line).receive, send)


class _Body:
    """The body as it goes on to the application, and after it the news that the caller hung up."""

    def __init__(self, stream: AsyncIterator[bytes], line: Line) -> None:
        self._stream = stream
        self._line = line
        self._is_over = False

    async def receive(self) -> MutableMapping[str, Any]:
        if self._is_over:
            await self._line.gone()
            return {"type": "http.disconnect"}
        try:
            return {"type": "http.request", "body": await anext(self._stream), "more_body": True}
        except StopAsyncIteration:
            self._is_over = True
            return {"type": "http.request", "body": b"", "more_body": False}
        except (ClientGone, BodyRefused):
            self._is_over = True
            return {"type": "http.disconnect"}


async def _refuse(send: Send, status: int, body: bytes, headers: tuple[tuple[str, str], ...]) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})
