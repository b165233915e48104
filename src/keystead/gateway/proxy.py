"""How does an allowed call reach the upstream, and its answer the caller? Streamed both ways, nothing held."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from keystead.core.paths import OVERRIDE_HEADERS
from keystead.gateway.bodies import BodyRefused
from keystead.gateway.origin import RequestOrigin
from keystead.observability.metrics import COUNTS
from keystead.observability.traces import headers_for_upstream

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HOP_BY_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
_NOT_SENT = HOP_BY_HOP | {"authorization", "cookie", "host", "content-length", "expect", *OVERRIDE_HEADERS}
_NOT_RETURNED = HOP_BY_HOP | {"set-cookie", "set-cookie2", "date"}
_OURS = ("x-keystead-", "x-forwarded-", "x-request-id", "forwarded", "x-real-ip", "x-original-", "x-rewrite-")
_READ_HERE = frozenset({"content-type", "content-encoding"})
_WITHOUT_BODY = frozenset({204, 304})
_AUTOMATIC = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type", "Content-Length")
CHUNK = 64 * 1024


class UpstreamUnreachable(Exception):  # noqa: N818  (says what is the case)
    """The upstream did not answer, before anything was sent to the caller."""


class ClientGone(Exception):  # noqa: N818  (says what is the case)
    """The caller hung up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """One call as the upstream shall get it. ``shows_length`` False: a HEAD whose caller expects the answer's body."""

    verb: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: AsyncIterator[bytes]
    length: int | None
    has_body: bool
    identity: str
    shows_length: bool = True


class Upstream:
    """The one upstream, behind a pool of connections."""

    def __init__(self, origin: str) -> None:
        self.origin = origin.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Upstream":
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            connector=aiohttp.TCPConnector(limit=512, limit_per_host=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_AUTOMATIC,
            timeout=aiohttp.ClientTimeout(total=None, connect=10, sock_connect=5, sock_read=120),
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def forward(
        self, call: Forwarded, origin: RequestOrigin, send: Send, *, public_origin: str, is_dead: Callable[[], bool]
    ) -> int:
        """Send the call on and stream the answer back; return its status. ``is_dead``: the caller hung up.

        Raises UpstreamUnreachable or BodyRefused while nothing has been sent to the caller; afterwards a broken
        upstream breaks the answer off. Raises ClientGone at any time.
        """
        if self._session is None:
            raise UpstreamUnreachable("the upstream pool is not open")
        started = False
        began = time.perf_counter()
        try:
            async with self._session.request(
                call.verb,
                URL(self.origin + call.path + ("?" + call.query.decode("ascii") if call.query else ""), encoded=True),
                headers=self._headers_for(call, origin),
                data=call.body if call.has_body else None,
                allow_redirects=False,
            ) as answer:
                COUNTS.upstream_times.note(time.perf_counter() - began)
                headers = self._headers_from(answer.raw_headers, public_origin)
                if answer.status in _WITHOUT_BODY or not call.shows_length:
                    headers = [pair for pair in headers if pair[0] != b"content-length"]
                await send({"type": "http.response.start", "status": answer.status, "headers": headers})
                started = True
                async for chunk in answer.content.iter_chunked(CHUNK):
                    if is_dead():
                        raise ClientGone
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as failed:
            behind = _cause_of(failed)
            if isinstance(behind, ClientGone) or (behind is not None and not started):
                raise behind from None
            if started:
                raise
            raise UpstreamUnreachable(type(failed).__name__) from failed

    def _headers_for(self, call: Forwarded, origin: RequestOrigin) -> CIMultiDict[str]:
        named = _named_in_connection(call.headers)
        sent: CIMultiDict[str] = CIMultiDict()
        for raw_name, raw_value in call.headers:
            name = raw_name.decode("latin-1").lower()
            read_as = name.replace("_", "-")
            if read_as in _NOT_SENT or name in named or read_as.startswith(_OURS):
                continue
            if read_as in _READ_HERE and read_as != name:
                continue
            sent.add(name, raw_value.decode("latin-1"))
        if call.has_body and call.length is not None:
            sent["Content-Length"] = str(call.length)
        elif not call.has_body and call.verb in ("POST", "PUT", "PATCH"):
            sent["Content-Length"] = "0"
        sent["X-Keystead-Identity"] = call.identity
        sent["X-Request-Id"] = origin.request_id
        sent["X-Forwarded-Host"] = origin.host
        sent["X-Forwarded-Proto"] = origin.scheme
        if origin.address is not None:
            sent["X-Forwarded-For"] = origin.address
        for name, value in headers_for_upstream():
            sent[name] = value
        return sent

    def _headers_from(
        self, raw: Mapping[bytes, bytes] | tuple[tuple[bytes, bytes], ...], public_origin: str
    ) -> list[tuple[bytes, bytes]]:
        pairs = tuple(raw.items()) if isinstance(raw, Mapping) else raw
        named = _named_in_connection(list(pairs))
        kept = []
        for raw_name, value in pairs:
            name = raw_name.decode("latin-1").lower()
            if name in _NOT_RETURNED or name in named or name.startswith("x-keystead-"):
                continue
            kept.append((name.encode("latin-1"), self._turned(name, value, public_origin)))
        return kept

    def _turned(self, name: str, value: bytes, public_origin: str) -> bytes:
        """Return ``Link`` and ``Location`` with the upstream's origin turned to the public one."""
        if name == "link":
            return value.replace(b"<" + self.origin.encode() + b"/", b"<" + public_origin.encode() + b"/")
        if name in ("location", "content-location"):
            text = value.decode("latin-1")
            if (asked := _origin(text)) is not None and asked == _origin(self.origin):
                return (public_origin + text[len(_prefix(text)) :]).encode("latin-1")
        return value


def _origin(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts.scheme.lower(), parts.netloc.lower()


def _prefix(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _named_in_connection(headers: list[tuple[bytes, bytes]]) -> frozenset[str]:
    """Return the headers that ``Connection`` declares to be for this hop only (RFC 9110 section 7.6.1)."""
    return frozenset(
        word.strip().lower()
        for name, value in headers
        if name.lower() == b"connection"
        for word in value.decode("latin-1").split(",")
    )


def _cause_of(failed: BaseException) -> BodyRefused | ClientGone | None:
    """Return what the body's stream raised, behind the failure that came of it."""
    cause: BaseException | None = failed
    while cause is not None:
        if isinstance(cause, BodyRefused | ClientGone):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None
