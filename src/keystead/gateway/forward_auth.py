"""The second door: another proxy asks whether a call may pass, and serves it itself (docs/gateway.md, Forward-auth)."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace

from keystead.config import Network
from keystead.core.instants import Instant
from keystead.core.parameters import MalformedParameters, filter_query
from keystead.gateway import replies
from keystead.gateway.bodies import LIMIT, BodyRefused, inspect
from keystead.gateway.bodies.buffered import only, read_whole
from keystead.gateway.bodies.media import Kind, read_media
from keystead.gateway.endpoints import ORIGIN, Receive, Scope, Send
from keystead.gateway.facts import FactsUnavailable
from keystead.gateway.identity import Identities
from keystead.gateway.judge import Judge
from keystead.gateway.line import Line
from keystead.gateway.noting import count, note
from keystead.gateway.origin import RequestOrigin, header, is_within
from keystead.gateway.own import OwnPaths
from keystead.gateway.proxy import ClientGone
from keystead.gateway.reading import Asked, Reading, has_body, read_call
from keystead.gateway.refusals import RefusalSink
from keystead.gateway.routing import Routing
from keystead.gateway.throttle import Throttle, client_of, unthrottled
from keystead.gateway.told import PREFIX, Told, Untold, told_by
from keystead.gateway.verdicts import Allowed, Denied
from keystead.observability.logs import log
from keystead.observability.metrics import COUNTS

INCLUDES_IN_BODY = "The request body asks for includes that this key may not use."
_MAY_HAVE_NO_TYPE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def is_check(scope: Scope) -> bool:
    """Whether a request is meant for this door."""
    raw: bytes = scope["raw_path"]
    return raw == PREFIX or raw.startswith(PREFIX + b"/")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    """The body of the question: None when the proxy kept it, so that it can be neither heard nor cut here."""

    raw: bytes | None

    def stream(self) -> AsyncIterator[bytes]:
        return only(self.raw or b"")


class ForwardAuth:
    """Judges calls that another proxy serves. ``audience`` is the upstream's origin; None: the public origin."""

    def __init__(
        self,
        *,
        judge: Judge,
        identities: Identities,
        own_paths: OwnPaths,
        audience: str | None,
        routing: Routing,
        public_url: str | None,
        check_from: Sequence[Network],
        clock: Callable[[], Instant],
        throttle: Throttle | None = None,
        refusals: RefusalSink | None = None,
    ) -> None:
        self._refusals = refusals
        self._throttle = throttle or unthrottled()
        self._judge = judge
        self._identities = identities
        self._own_paths = own_paths
        self._audience = audience
        self._routing = routing
        self._public_url = public_url
        self._check_from = check_from
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one question (ASGI). Only the direct peer's address counts, no forwarded one."""
        peer = scope.get("client")
        if not is_within(None if not peer else str(peer[0]), self._check_from):
            return await replies.answer(send, replies.missing())
        try:
            reply = await self._reply(scope, Line(receive))
        except BodyRefused as refused:
            reply = replies.error(refused.status, refused.words)
        except MalformedParameters as refused:
            reply = replies.error(400, str(refused))
        except FactsUnavailable:
            COUNTS.unjudged += 1
            log.error("call.unjudged", request=scope[ORIGIN].request_id)
            reply = replies.undecided()
        except ClientGone:
            log.info("call.abandoned", request=scope[ORIGIN].request_id)
            return None
        if reply.status != replies.NO_CONTENT and header(scope, b"x-keystead-refusals") == "403":
            reply = replies.refused_without_words()
        if reply.status == replies.NO_CONTENT and header(scope, b"x-keystead-passes") == "200":
            reply = replace(reply, status=200)
        return await replies.answer(send, reply)

    async def _reply(self, scope: Scope, line: Line) -> replies.Reply:
        told = told_by(scope, scope[ORIGIN])
        if isinstance(told, Untold):
            return replies.error(400, told.words)
        origin: RequestOrigin = replace(scope[ORIGIN], scheme=told.scheme, host=told.host)
        body = await _body(scope, line)
        began = time.perf_counter()
        reading = await read_call(_asked(scope, told, origin, body), self._judge.table)
        if isinstance(reading, replies.Reply):
            return reading
        verdict = await self._judge.judge(reading.call)
        COUNTS.decision_times.note(time.perf_counter() - began)
        client = client_of(reading, verdict.facts, origin.address, self._judge.name_of)
        if (refused := self._throttle.refuses(client)) is not None:
            count(self._judge, reading.call, verdict, address=origin.address, throttled=True)
            return refused
        must_cut = False
        if isinstance(verdict, Allowed) and body.raw is not None:
            cut, without_includes = await _cut(scope, told, body)
            if verdict.decision.strip_includes and without_includes != cut:
                return replies.error(400, INCLUDES_IN_BODY)
            must_cut = cut != body.raw
        decision_id = note(
            reading.call, verdict, request_id=origin.request_id, address=origin.address, refusals=self._refusals,
            judge=self._judge,
        )  # fmt: skip
        if isinstance(verdict, Denied):
            return replies.denial(verdict, decision_id)
        return self._allowed(scope, origin, reading, verdict, body, must_cut=must_cut)

    def _allowed(
        self, scope: Scope, origin: RequestOrigin, reading: Reading, verdict: Allowed, body: _Body, *, must_cut: bool
    ) -> replies.Reply:
        strip = verdict.decision.strip_includes
        api = self._routing.api_of(reading.call.plain)
        issuer = self._public_url or origin.url
        identity = self._identities.statement(
            verdict.facts,
            issuer=issuer,
            audience=(self._audience if api is None else api.upstream) or issuer,
            now=self._clock(),
            sees_body=body.raw is not None or not strip,
        )
        # Only the other door can read a body first, and only where it has an upstream.
        unread = self._audience is not None and (must_cut or (body.raw is None and _may_speak(scope, reading)))
        return replies.nothing(
            ("x-keystead-identity", identity),
            ("x-keystead-method", reading.call.verb),
            ("x-keystead-query", filter_query(reading.target.query, strip_includes=strip).decode("ascii")),
            ("x-keystead-serves", "keystead" if unread or self._own_paths.has(reading.call) else "upstream"),
            ("cache-control", "no-store"),
        )


def _asked(scope: Scope, told: Told, origin: RequestOrigin, body: _Body) -> Asked:
    return Asked(
        method=told.method,
        path=told.path,
        query=told.query,
        scope=scope,
        chunks=body.stream(),
        has_body=body.raw is not None,
        domain=origin.domain,
        address=origin.address,
    )


async def _body(scope: Scope, line: Line) -> _Body:
    """Read the body of the question, where the proxy sends it whole (Envoy says so when it does not)."""
    is_partial = (header(scope, b"x-envoy-auth-partial-body") or "false").lower() != "false"
    if is_partial or not has_body(scope):
        return _Body(raw=None)
    return _Body(raw=await read_whole(line.chunks(), limit=LIMIT))


async def _cut(scope: Scope, told: Told, body: _Body) -> tuple[bytes, bytes]:
    """Return the body without what the gateway hears, and without includes too."""
    cuts = []
    for strip_includes in (False, True):
        inspected = await inspect(
            header(scope, b"content-type"),
            body.stream(),
            method=told.method,
            content_encoding=header(scope, b"content-encoding"),
        )
        stream, _ = inspected.forward(strip_includes=strip_includes)
        cuts.append(await read_whole(stream, limit=LIMIT))
    return cuts[0], cuts[1]


def _may_speak(scope: Scope, reading: Reading) -> bool:
    """Whether the body that the proxy kept could be a form or JSON, and so say ``_method`` or ``as_user_id``."""
    content_type = header(scope, b"content-type")
    if content_type is None:
        return reading.call.verb in _MAY_HAVE_NO_TYPE
    try:
        return read_media(content_type, header(scope, b"content-encoding")).kind is not Kind.OPAQUE
    except BodyRefused:
        return True
