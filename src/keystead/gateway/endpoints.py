"""The door of the gateway: every call under ``/api/`` is judged here, then answered by Keystead or its upstream."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from keystead.core.credentials import Secret
from keystead.core.instants import Instant
from keystead.core.parameters import MalformedParameters, Tree, filter_query, parse_form, read_query
from keystead.core.paths import OVERRIDE_HEADERS, Target, TargetReason, TargetRefusal, effective_method, read_target
from keystead.core.reasons import Reason
from keystead.core.routes import Route, RouteMatch
from keystead.gateway import replies
from keystead.gateway.bodies import BodyRefused, Inspected, inspect
from keystead.gateway.call import ApiCall
from keystead.gateway.facts import Facts, FactsUnavailable
from keystead.gateway.identity import Identities
from keystead.gateway.judge import Allowed, Denied, Judge
from keystead.gateway.line import Line
from keystead.gateway.origin import RequestOrigin, header, headers_named
from keystead.gateway.proxy import ClientGone, Forwarded, Upstream, UpstreamUnreachable
from keystead.observability.logs import log
from keystead.observability.metrics import DECISIONS, UNMAPPED_CALLS

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CALL = "keystead.call"
ORIGIN = "keystead.origin"
_SAID_ONCE = (b"content-type", b"content-encoding", b"content-length")


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
        upstream: Upstream | None,
        public_url: str | None,
        clock: Callable[[], Instant],
    ) -> None:
        self._judge = judge
        self._identities = identities
        self._own = own
        self._own_routes = own_routes
        self._upstream = upstream
        self._public_url = public_url
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge and answer one call (ASGI)."""
        line = Line(receive)
        try:
            await self._serve(scope, line, receive, send)
        except BodyRefused as refused:
            await _answer(send, replies.error(refused.status, refused.words))
        except MalformedParameters as refused:
            await _answer(send, replies.error(400, str(refused)))
        except FactsUnavailable:
            log.error("call.unjudged", request=scope[ORIGIN].request_id)
            await _answer(send, replies.error(503, "The service cannot decide about this request now. Try again."))
        except ClientGone:
            log.info("call.abandoned", request=scope[ORIGIN].request_id)
        finally:
            line.close()

    async def _serve(self, scope: Scope, line: Line, receive: Receive, send: Send) -> None:
        target = read_target(scope["raw_path"], scope["query_string"])
        if isinstance(target, TargetRefusal):
            return await _answer(send, replies.error(_status_of(target), target.reason.words))
        method = effective_method(scope["method"])
        if isinstance(method, TargetRefusal):
            return await _answer(send, replies.error(_status_of(method), method.reason.words))
        if any(len(headers_named(scope, name)) > 1 for name in _SAID_ONCE):
            return await _answer(send, replies.error(400, "The request repeats a header that describes its body."))
        query = read_query(target.query)
        has_body = _has_body(scope)
        body = await inspect(
            header(scope, b"content-type") if has_body else None,
            line.chunks(),
            method=method,
            content_length=_length(scope),
            content_encoding=header(scope, b"content-encoding"),
        )
        overrides = [value for name in OVERRIDE_HEADERS for value in headers_named(scope, name.encode())]
        verb = effective_method(method, (*overrides, *query.method_overrides, *body.method_overrides))
        if isinstance(verb, TargetRefusal):
            return await _answer(send, replies.error(_status_of(verb), verb.reason.words))

        origin: RequestOrigin = scope[ORIGIN]
        credential, exposed = _credential(scope, query.access_tokens, body.access_tokens)
        as_user = next((value for value in (*body.as_user_ids, *query.as_user_ids) if value.strip()), None)
        call = self._read(verb, target, origin, credential, exposed=exposed, as_user=as_user)
        own = self._is_own(call)
        if credential is None and own:
            return await self._answer_own(scope, receive, send, call, target, body, facts=None, strip=False)
        verdict = await self._judge.judge(call)
        if isinstance(verdict, Denied):
            _note(call, verdict, origin)
            return await _answer(send, replies.denial(verdict))
        DECISIONS.labels(outcome="allowed", reason="").inc()
        if call.match.route is None:
            UNMAPPED_CALLS.inc()
        if own:
            strip = verdict.decision.strip_includes
            return await self._answer_own(scope, receive, send, call, target, body, facts=verdict.facts, strip=strip)
        return await self._forward(scope, line, send, call, target, body, verdict, has_body=has_body)

    def _read(
        self,
        verb: str,
        target: Target,
        origin: RequestOrigin,
        credential: Secret | None,
        *,
        exposed: bool,
        as_user: str | None,
    ) -> ApiCall:
        match = self._judge.table.match(verb, target.path)
        return ApiCall(
            verb=verb,
            path=target.path,
            plain=target.plain,
            host=origin.domain,
            credential=credential,
            exposed=exposed,
            as_user=as_user,
            match=match,
            plain_match=match if target.plain == target.path else self._judge.table.match(verb, target.plain),
        )

    def _is_own(self, call: ApiCall) -> bool:
        """Whether Keystead answers this path: the most specific template says so, with or without a final slash."""
        _, match = self._own_match(call)
        if match.route is not None:
            return (match.route.verb, match.route.template) in self._own_routes
        return call.plain.startswith("/api/keystead/")

    def _own_match(self, call: ApiCall) -> tuple[str, RouteMatch]:
        if call.plain_match.route is None and call.plain.endswith("/"):
            return call.plain[:-1], self._judge.table.match(call.verb, call.plain[:-1])
        return call.plain, call.plain_match

    async def _answer_own(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        call: ApiCall,
        target: Target,
        body: Inspected,
        *,
        facts: Facts | None,
        strip: bool,
    ) -> None:
        query = parse_form(filter_query(target.query, strip_includes=strip))
        parameters: Tree = {**query, **body.tree()}
        path, match = self._own_match(call)
        values = {} if match.index is None else self._judge.table.parameters(match.index, path)
        named = {name: unquote(value) for name, value in values.items()}
        inner = dict(scope) | {"method": call.verb}
        inner[CALL] = OwnCall(route=match.route, values=named, facts=facts, parameters=parameters, query=query)
        await self._own(inner, receive, send)

    async def _forward(
        self,
        scope: Scope,
        line: Line,
        send: Send,
        call: ApiCall,
        target: Target,
        body: Inspected,
        verdict: Allowed,
        *,
        has_body: bool,
    ) -> None:
        if self._upstream is None:
            return await _answer(send, replies.error(404, "The specified resource does not exist."))
        origin: RequestOrigin = scope[ORIGIN]
        public_origin = self._public_url or origin.url
        strip = verdict.decision.strip_includes
        stream, length = body.forward(strip_includes=strip)
        identity = self._identities.statement(
            verdict.facts, issuer=public_origin, audience=self._upstream.origin, now=self._clock()
        )
        forwarded = Forwarded(
            verb=call.verb,
            path=target.path,
            query=filter_query(target.query, strip_includes=strip),
            headers=list(scope["headers"]),
            body=stream,
            length=length,
            has_body=has_body,
            identity=identity,
            shows_length=call.verb != "HEAD" or scope["method"] == "HEAD",
        )
        try:
            await self._upstream.forward(
                forwarded, origin, send, public_origin=public_origin, is_dead=line.is_dead
            )  # fmt: skip
        except UpstreamUnreachable as failed:
            log.warning("upstream.unreachable", cause=str(failed), request=origin.request_id)
            await _answer(send, replies.error(502, "The service behind this gateway did not answer."))


def _credential(scope: Scope, in_query: tuple[str, ...], in_body: tuple[str, ...]) -> tuple[Secret | None, bool]:
    """Return what was presented, and whether it stood in the query. The header wins (docs/canvas-compat.md, Calls)."""
    lines = headers_named(scope, b"authorization")
    if len(lines) > 1:
        return Secret(""), False
    if lines and lines[0].startswith("Bearer "):
        return Secret(lines[0][len("Bearer ") :]), False
    for values, exposed in ((in_query, True), (in_body, False)):
        if values and values[-1]:
            return Secret(values[-1]), exposed
    return None, False


def _status_of(refusal: TargetRefusal) -> int:
    match refusal.reason:
        case TargetReason.PATH_TOO_LONG | TargetReason.QUERY_TOO_LONG:
            return 414
        case TargetReason.UNKNOWN_METHOD:
            return 405
        case _:
            return 400


def _has_body(scope: Scope) -> bool:
    length = header(scope, b"content-length")
    return header(scope, b"transfer-encoding") is not None or (length is not None and length.strip() != "0")


def _length(scope: Scope) -> int | None:
    length = header(scope, b"content-length")
    return int(length) if length is not None and length.isascii() and length.isdigit() else None


async def _answer(send: Send, reply: replies.Reply) -> None:
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.raw_headers()})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})


def _note(call: ApiCall, verdict: Denied, origin: RequestOrigin) -> None:
    reason: Reason = verdict.decision.reason
    DECISIONS.labels(outcome="denied", reason=reason.code).inc()
    facts = verdict.facts
    log.info(
        "call.denied",
        reason=reason.code,
        verb=call.verb,
        route=None if call.match.route is None else call.match.route.template,
        key=None if facts is None or facts.key is None else facts.key.id,
        account=None if facts is None else facts.account.id,
        request=origin.request_id,
    )
