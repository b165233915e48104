"""The door of the gateway: every call under ``/api/`` is judged here, then answered by Keystead or its upstream."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import unquote

from keystead.core.instants import Instant
from keystead.core.parameters import MalformedParameters, Tree, filter_query, parse_form
from keystead.core.routes import Route
from keystead.core.usage import THROTTLED
from keystead.gateway import replies
from keystead.gateway.bodies import BodyRefused
from keystead.gateway.bodies.buffered import only
from keystead.gateway.facts import Facts, FactsUnavailable
from keystead.gateway.identity import Identities
from keystead.gateway.judge import Judge
from keystead.gateway.line import Line
from keystead.gateway.noting import count, note
from keystead.gateway.origin import RequestOrigin, header, headers_named
from keystead.gateway.own import OwnPaths
from keystead.gateway.plain import bearer_in
from keystead.gateway.proxy import ClientGone, Forwarded, UpstreamUnreachable
from keystead.gateway.reading import Asked, Reading, has_body, read_call
from keystead.gateway.refusals import RefusalSink
from keystead.gateway.throttle import Client, Throttle, client_of, unthrottled
from keystead.gateway.upstreams import Upstreams
from keystead.gateway.verdicts import Allowed, Denied
from keystead.observability.logs import log
from keystead.observability.metrics import COUNTS

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CALL = "keystead.call"
ORIGIN = "keystead.origin"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCall:
    """What Keystead's own API is handed: the route with its path's values, and who was judged.

    ``facts`` is None when no credential was presented: a browser's session may do. ``parameters`` joins query and body.
    """

    route: Route | None
    values: dict[str, str]
    facts: Facts | None
    parameters: Tree
    query: Tree


class Gateway:
    """Judges every API call. ``own`` answers Keystead's own resources, ``upstream`` everything else."""

    def __init__(
        self,
        *,
        judge: Judge,
        identities: Identities,
        own: App,
        own_routes: frozenset[tuple[str, str]],
        upstreams: Upstreams,
        public_url: str | None,
        clock: Callable[[], Instant],
        throttle: Throttle | None = None,
        refusals: RefusalSink | None = None,
    ) -> None:
        self._refusals = refusals
        self._judge = judge
        self._throttle = throttle or unthrottled()
        self._identities = identities
        self._own = own
        self._own_paths = OwnPaths(judge.table, own_routes)
        self._upstreams = upstreams
        self._public_url = public_url
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge and answer one call (ASGI)."""
        line = Line(receive)
        try:
            await self._serve(scope, line, receive, send)
        except BodyRefused as refused:
            await replies.answer(send, replies.error(refused.status, refused.words))
        except MalformedParameters as refused:
            await replies.answer(send, replies.error(400, str(refused)))
        except FactsUnavailable:
            COUNTS.unjudged += 1
            log.error("call.unjudged", request=scope[ORIGIN].request_id)
            await replies.answer(send, replies.undecided())
        except ClientGone:
            log.info("call.abandoned", request=scope[ORIGIN].request_id)
        finally:
            line.close()

    def renew(self, revision: int) -> None:
        """Judge by a catalogue of at least this revision from now on. May wait; raises FactsUnavailable."""
        self._judge.renew(revision)

    async def _serve(self, scope: Scope, line: Line, receive: Receive, send: Send) -> None:
        origin: RequestOrigin = scope[ORIGIN]
        if _asks_for_a_websocket(scope):
            return await replies.answer(send, replies.error(501, "WebSockets are not served here."))
        if await self._served_at_once(scope, line, send, origin):
            return None
        asked = Asked(
            method=scope["method"],
            path=scope["raw_path"],
            query=scope["query_string"],
            scope=scope,
            chunks=line.chunks(),
            has_body=has_body(scope),
            domain=origin.domain,
            address=origin.address,
        )
        began = time.perf_counter()
        reading = await read_call(asked, self._judge.table)
        if isinstance(reading, replies.Reply):
            return await replies.answer(send, reading)
        own = self._own_paths.has(reading.call)
        by_session = reading.call.credential is None and own
        verdict = None if by_session else await self._judge.judge(reading.call)
        COUNTS.decision_times.note(time.perf_counter() - began)
        toll = self._throttle.begin(self._client(scope, reading, None if verdict is None else verdict.facts))
        if isinstance(toll, replies.Reply):
            count(self._judge, reading.call, verdict, address=origin.address, throttled=True)
            return await replies.answer(send, toll)
        telling = toll.sending(send)
        try:
            if verdict is None:
                return await self._answer_own(scope, receive, telling, reading, facts=None, strip=False)
            decision_id = note(
                reading.call,
                verdict,
                request_id=origin.request_id,
                address=origin.address,
                refusals=self._refusals,
                judge=self._judge,
            )
            if isinstance(verdict, Denied):
                return await replies.answer(telling, replies.denial(verdict, decision_id))
            if own:
                strip = verdict.decision.strip_includes
                return await self._answer_own(scope, receive, telling, reading, facts=verdict.facts, strip=strip)
            return await self._forward(scope, line, telling, reading, verdict)
        finally:
            toll.settle()

    def _client(self, scope: Scope, reading: Reading, facts: Facts | None) -> Client:
        """Return whose bucket the call fills; a browser's session is not told."""
        client = client_of(reading, facts, scope[ORIGIN].address, self._judge.name_of)
        by_session = reading.call.credential is None and header(scope, b"cookie") is not None
        return replace(client, is_told=False) if by_session else client

    async def _answer_own(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        reading: Reading,
        *,
        facts: Facts | None,
        strip: bool,
    ) -> None:
        query = parse_form(filter_query(reading.target.query, strip_includes=strip))
        parameters: Tree = {**query, **reading.body.tree()}
        path, match = self._own_paths.match(reading.call)
        values = {} if match.index is None else self._judge.table.parameters(match.index, path)
        named = {name: unquote(value) for name, value in values.items()}
        inner = dict(scope) | {"method": reading.call.verb}
        inner[CALL] = OwnCall(route=match.route, values=named, facts=facts, parameters=parameters, query=query)
        await self._own(inner, receive, send)

    async def _served_at_once(self, scope: Scope, line: Line, send: Send, origin: RequestOrigin) -> bool:
        """Forward a plain call with a token that is remembered and stands well; tell whether it was one.

        Only where the full reading would do the same. What Keystead answers itself is left to it.
        """
        began = time.perf_counter()
        raw, query = scope["raw_path"], scope["query_string"]
        brought = bearer_in(scope["method"], scope["headers"])
        plain = None if brought is None else self._judge.targets.get(raw + b"?" + query if query else raw)
        if brought is None or plain is None:
            return False
        match = plain.match
        if self._own_paths.has_path(plain.path, match):
            return False
        now = self._clock()
        known = self._judge.standing(brought[0], origin.domain, match, now, origin.address)
        if known is None:
            return False
        COUNTS.decision_times.note(time.perf_counter() - began)
        key = known.facts.key
        client = Client(name=known.name, limits=known.facts.limits, is_strict=key is not None and key.is_strict)
        toll = self._throttle.begin(client)
        calls = self._judge.calls
        if isinstance(toll, replies.Reply):
            if calls is not None:
                calls.judged(
                    known.facts, match.scope, plain.path, source=origin.address, outcome=THROTTLED, now=now
                )  # fmt: skip
            await replies.answer(send, toll)
            return True
        if calls is not None:
            calls.passed(known, match.scope, plain.path, origin.address, now)
        try:
            async for _ in line.chunks():
                pass
            passing = _Passing(
                verb=scope["method"], plain=plain.path, path=plain.path, query=query, facts=known.facts, body=only(b""),
                length=None, has_body=False,
            )  # fmt: skip
            await self._send_on(scope, line, toll.sending(send), passing)
        finally:
            toll.settle()
        return True

    async def _forward(self, scope: Scope, line: Line, send: Send, reading: Reading, verdict: Allowed) -> None:
        strip = verdict.decision.strip_includes
        stream, length = reading.body.forward(strip_includes=strip)
        passing = _Passing(
            verb=reading.call.verb,
            plain=reading.call.plain,
            path=reading.target.path,
            query=filter_query(reading.target.query, strip_includes=strip),
            facts=verdict.facts,
            body=stream,
            length=length,
            has_body=has_body(scope),
        )
        return await self._send_on(scope, line, send, passing)

    async def _send_on(self, scope: Scope, line: Line, send: Send, passing: "_Passing") -> None:
        served = await self._upstreams.of(passing.plain, passing.path)
        if served is None:
            return await replies.answer(send, replies.missing())
        upstream, path = served
        origin: RequestOrigin = scope[ORIGIN]
        public_origin = self._public_url or origin.url
        identity = self._identities.statement(
            passing.facts, issuer=public_origin, audience=upstream.origin, now=self._clock()
        )
        forwarded = Forwarded(
            verb=passing.verb,
            path=path,
            query=passing.query,
            headers=scope["headers"],
            body=passing.body,
            length=passing.length,
            has_body=passing.has_body,
            identity=identity,
            shows_length=passing.verb != "HEAD" or scope["method"] == "HEAD",
        )
        try:
            await upstream.forward(
                forwarded, origin, send, public_origin=public_origin, is_dead=line.is_dead
            )  # fmt: skip
        except UpstreamUnreachable as failed:
            COUNTS.upstream_failures += 1
            log.warning("upstream.unreachable", cause=str(failed), request=origin.request_id)
            await replies.answer(send, replies.error(502, "The service behind this gateway did not answer."))


def _asks_for_a_websocket(scope: Scope) -> bool:
    """Whether both headers say so: ``Upgrade`` without ``Connection`` is for nobody here (RFC 9110 section 7.8)."""
    if (header(scope, b"upgrade") or "").strip().lower() != "websocket":
        return False
    return any("upgrade" in line.lower() for line in headers_named(scope, b"connection"))


class _Passing(NamedTuple):
    """A call that may pass, as it goes on."""

    verb: str
    plain: str
    path: str
    query: bytes
    facts: Facts
    body: AsyncIterator[bytes]
    length: int | None
    has_body: bool
