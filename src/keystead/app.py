"""Puts everything together; nothing else does."""

import asyncio
import gc
import re
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any

from anyio import to_thread
from starlette.applications import Starlette

from keystead.api import accounts, users
from keystead.api.endpoints import OwnApi
from keystead.api.operations import OWN_ROUTES, RESERVED, routing_of
from keystead.api.requests import World
from keystead.config import Settings, usage_url
from keystead.console.routes import console_routes
from keystead.gateway.at_once import AtOnce
from keystead.gateway.endpoints import ORIGIN, App, Gateway, Receive, Scope, Send
from keystead.gateway.facts import Cluster, FactsUnavailable
from keystead.gateway.forward_auth import ForwardAuth, is_check
from keystead.gateway.identity import Identities
from keystead.gateway.judge import Judge
from keystead.gateway.level_places import levels_of
from keystead.gateway.origin import origin_of
from keystead.gateway.own import OwnPaths
from keystead.gateway.routing import Routing
from keystead.gateway.throttle import Throttle
from keystead.gateway.told import PREFIX
from keystead.gateway.upstreams import Upstreams
from keystead.login.attempts import Failures
from keystead.login.consent import Consent
from keystead.login.introspection import PATH as INTROSPECT
from keystead.login.introspection import Introspection
from keystead.login.published import Published
from keystead.login.sign_in import SignIn
from keystead.login.tokens import TokenEndpoint
from keystead.observability.logs import log
from keystead.observability.metrics import COUNTS
from keystead.storage.clock import system_clock
from keystead.storage.counts import FLUSHED_EVERY, WrittenCounts, counts_for
from keystead.storage.facts import StoredFacts
from keystead.storage.figures import ProcessFigures
from keystead.storage.notices import Notices
from keystead.storage.read import apis as read_apis
from keystead.storage.refusals import Refusals
from keystead.storage.signing import SigningKeys
from keystead.storage.transaction import Database, StorageUnavailable, engine_for
from keystead.storage.upgrades import make_usage_tables
from keystead.storage.usage import Usage
from keystead.storage.usage_figures import UsageFigures
from keystead.storage.vault import Vault
from keystead.storage.watch_examples import WatchExamples
from keystead.web.background import Background
from keystead.web.frames import unknown_page
from keystead.web.html import Pages
from keystead.web.operations import REFUSALS, Operations
from keystead.web.surface import Surface

"""In every which turn the counters are written: so many seconds of them a kill may lose."""
MOST_THREADS = 80
"""Several times as many as may wait to write, so that a database that is locked leaves threads for those who read."""
_FORWARDABLE = {"accounts": accounts.ROUTES, "users": users.ROUTES}
_DOT_SEGMENT = re.compile(rb"/\.{1,2}(?:[/;]|$)")
_HIDDEN = (b"//", b"\\", b"%2f", b"%2e")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an application is made of, for those who start and stop it."""

    settings: Settings
    database: Database
    usage: Usage
    refusals: Refusals
    notices: Notices
    examples: WatchExamples
    counts: WrittenCounts | None
    figures: ProcessFigures
    source: StoredFacts
    gateway: Gateway
    forward_auth: ForwardAuth
    at_once: AtOnce
    throttle: Throttle
    pages: App
    introspection: App
    signing: SigningKeys
    upstreams: Upstreams
    routing: Routing


class Application:
    """The whole service as one ASGI application."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.at_once = parts.at_once
        """For the server's protocol, which can write an answer without beginning a task (web.wire)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the lifespan and every request; WebSockets are refused."""
        if scope["type"] == "lifespan":
            return await self._lifespan(receive, send)
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return None
        request_id = self.at_once.request_ids.next().decode()
        if is_check(scope) and await self._answers_at_once(scope, send, request_id):
            return None
        scope[ORIGIN] = origin_of(scope, trusted=self._parts.settings.trusted_proxies, request_id=request_id)
        return await self._serving(scope)(scope, receive, _with_request_id(send, request_id))

    async def _answers_at_once(self, scope: Scope, send: Send, request_id: str) -> bool:
        """Answer a plain question to forward-auth, and tell whether that could be done (gateway.at_once)."""
        peer = scope.get("client")
        if scope["raw_path"] != PREFIX or scope["method"] != "GET" or not self.at_once.may_ask(peer and str(peer[0])):
            return False
        try:
            passing = self.at_once.answer(scope["headers"], scope["scheme"], peer and str(peer[0]))
        except FactsUnavailable:
            return False
        if passing is None:
            return False
        headers = [*passing.headers(), (b"x-request-id", request_id.encode())]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return True

    def _serving(self, scope: Scope) -> App:
        if is_check(scope):
            return self._parts.forward_auth
        if scope["raw_path"] == INTROSPECT:
            return self._parts.introspection
        path = scope["raw_path"].decode("latin-1")
        is_api = _is_api(scope) or self._parts.routing.api_of(path) is not None
        return self._parts.gateway if is_api else self._parts.pages

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._parts.upstreams)
            if self._parts.counts is not None:
                self._parts.counts.start()
            await stack.enter_async_context(self._background().running())
            with suppress(StorageUnavailable):
                await asyncio.to_thread(self._parts.signing.prepare)
            # What was made so far stays: it need not be looked through for garbage again and again.
            gc.collect()
            gc.freeze()
            to_thread.current_default_thread_limiter().total_tokens = MOST_THREADS
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await asyncio.to_thread(self._close)
        await send({"type": "lifespan.shutdown.complete"})

    def _look_for_apis(self) -> None:
        """Learn of prefixes that were loaded elsewhere; that known ones are up to date is seen to at each call."""
        with self._parts.database.read() as tx:
            revision = read_apis.revision(tx)
        self._parts.gateway.renew(revision)

    def _close(self) -> None:
        self._parts.source.close()
        try:
            if self._parts.counts is not None:
                self._parts.counts.stop()
            self._parts.refusals.flush()
            self._parts.figures.write(COUNTS.figures())
            self._parts.usage.close()
        except StorageUnavailable:
            log.error("usage.not_written")
        self._parts.database.close()
        self._parts.throttle.close()

    def _background(self) -> Background:
        parts = self._parts
        counted = () if parts.counts is None else (_every(FLUSHED_EVERY, parts.counts.flush),)
        telemetry = (
            self._look_for_apis,
            *counted,
            parts.usage.flush,
            parts.refusals.flush,
            lambda: parts.figures.write(COUNTS.figures()),
        )
        calls = None if parts.counts is None else parts.counts.calls
        return Background(
            parts.database,
            parts.notices,
            parts.settings,
            telemetry,
            calls=calls,
            examples=parts.examples,
            refusals=parts.refusals,
        )


def _every(turns: int, step: Callable[[], object]) -> Callable[[], None]:
    """Return what does a step in every so manieth turn only."""
    passed = count(1)

    def turn() -> None:
        if next(passed) % turns == 0:
            step()

    return turn


def create_app(settings: Settings, vault: Vault, *, clock: Any = None) -> Application:
    """Return the application over a database whose schema is current. ``clock`` gives microseconds since 1970."""
    now = clock or system_clock
    cluster = Cluster(checks=settings.test_cluster_checks, is_test=settings.test_cluster)
    database = Database(settings.database_url.get_secret_value(), vault=vault, clock=now)
    usage_engine = engine_for(usage_url(settings))
    make_usage_tables(usage_engine)
    usage = Usage(usage_engine)
    refusals = Refusals(usage_engine, now)
    notices, examples = Notices(usage_engine), WatchExamples(usage_engine)
    figures = ProcessFigures(usage_engine, now)
    routing = routing_of(database)
    source = StoredFacts(database, cluster=cluster)
    counts = counts_for(usage_engine, usage, now, settings)
    usage_figures = UsageFigures(usage_engine, None if counts is None else counts.flush)
    calls = None if counts is None else counts.calls
    judge = Judge(routing=routing, source=source, usage=usage, clock=now, calls=calls)
    signing = SigningKeys(database)
    upstreams = Upstreams(settings.upstream_url, routing)
    identities, own_routes = Identities(signing), _own_routes(settings)
    throttle = Throttle(
        levels_of(settings),
        is_on=settings.throttle,
        nodes=settings.nodes,
        flat_cost=settings.throttle_check_cost,
        status=settings.throttle_status,
    )
    gateway = Gateway(
        judge=judge,
        identities=identities,
        own=OwnApi(
            routes=OWN_ROUTES,
            database=database,
            world=World(
                settings=settings,
                routing=routing,
                usage=usage,
                judge=judge,
                refusals=refusals,
                notices=notices,
                examples=examples,
                cluster=cluster,
                figures=usage_figures,
            ),
        ),
        own_routes=own_routes,
        upstreams=upstreams,
        public_url=settings.public_url,
        clock=now,
        throttle=throttle,
        refusals=refusals,
    )
    asked: Any = {
        "judge": judge,
        "identities": identities,
        "own_paths": OwnPaths(judge.table, own_routes),
        "audience": settings.upstream_url,
        "public_url": settings.public_url,
        "check_from": settings.check_from,
        "clock": now,
        "throttle": throttle,
    }
    forward_auth = ForwardAuth(**asked, routing=routing, refusals=refusals)
    at_once = AtOnce(**asked, trusted=settings.trusted_proxies)
    surface = Surface(
        settings=settings,
        database=database,
        usage=usage,
        refusals=refusals,
        notices=notices,
        examples=examples,
        pages=Pages(),
        judge=judge,
        signing=signing,
        routing=routing,
        cluster=cluster,
        figures=usage_figures,
    )
    failures = Failures()
    introspection = Introspection(surface, source, failures, now)
    return Application(
        Parts(
            settings=settings,
            database=database,
            usage=usage,
            refusals=refusals,
            notices=notices,
            examples=examples,
            counts=counts,
            figures=figures,
            source=source,
            gateway=gateway,
            forward_auth=forward_auth,
            at_once=at_once,
            throttle=throttle,
            pages=_pages(surface, introspection, failures, figures),
            introspection=introspection,
            signing=signing,
            upstreams=upstreams,
            routing=routing,
        )
    )


def _own_routes(settings: Settings) -> frozenset[tuple[str, str]]:
    """Return what Keystead answers itself; reads of nouns that the upstream owns are left to it."""
    left = {(route.verb, route.template) for noun in settings.upstream_owns for route in _FORWARDABLE[noun]}
    own = {(route.verb, route.template) for route in OWN_ROUTES}
    return frozenset(own | RESERVED) - {route for route in left if route[0] == "GET"}


def _pages(surface: Surface, introspection: Introspection, failures: Failures, figures: ProcessFigures) -> App:
    routes = [
        *SignIn(surface).routes(),
        *Consent(surface).routes(),
        *TokenEndpoint(surface, failures).routes(),
        *introspection.routes(),
        *Published(surface).routes(),
        *console_routes(surface),
        *Operations(surface, figures).routes(),
    ]
    pages = Starlette(routes=routes, exception_handlers=REFUSALS | {404: unknown_page(surface.pages)})
    pages.router.redirect_slashes = False
    return pages


def _is_api(scope: Scope) -> bool:
    raw: bytes = scope["raw_path"]
    return raw.startswith(b"/api/") or raw == b"/api" or not raw.startswith(b"/") or _hides_api(raw)


def _hides_api(raw: bytes) -> bool:
    """Whether a path could be read as one of the API's once it is cleaned up: the gateway refuses those."""
    return _DOT_SEGMENT.search(raw) is not None or any(hidden in raw.lower() for hidden in _HIDDEN)


def _with_request_id(send: Send, request_id: str) -> Send:
    async def sending(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = [(name, value) for name, value in message["headers"] if name != b"x-request-id"]
            message = {**message, "headers": [*headers, (b"x-request-id", request_id.encode())]}
        await send(message)

    return sending
