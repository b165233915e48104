"""The one way in to our own API: who asks, in which transaction, and how answers and refusals are written."""

import json
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import replace
from typing import Any

from anyio import to_thread

from keystead.api.errors import ForgedForm, answer_to
from keystead.api.requests import Answer, ApiRoute, Ask, OwnRoute, World
from keystead.api.shapes import with_string_ids
from keystead.core.actors import Actor, User, UserState
from keystead.core.errors import NotFound, Unauthenticated
from keystead.core.ids import UserId
from keystead.gateway.endpoints import CALL, ORIGIN, OwnCall
from keystead.gateway.origin import RequestOrigin, header
from keystead.gateway.replies import JSON_TYPE
from keystead.observability.logs import log
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Database, Origin, StorageUnavailable, Transaction
from keystead.web.sessions import CSRF_FIELD, CSRF_HEADER, proves_itself, session_of

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_NOBODY = (
    Actor(user_id=UserId(0)),
    User(id=UserId(0), name="", short_name="", sortable_name="", state=UserState.DELETED),
)
"""Who has not said who they are: holds no right anywhere."""

STRING_IDS = "application/json+canvas-string-ids"


class OwnApi:
    """Answers judged calls of Keystead's own resources (ASGI, behind the gateway)."""

    def __init__(self, *, routes: Sequence[ApiRoute], database: Database, world: World) -> None:
        self._routes = {(route.verb, route.template): route for route in routes}
        self._database = database
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Answer one call in a worker thread, in one transaction."""
        answer = await to_thread.run_sync(self._answer, scope)
        string_ids = STRING_IDS in (header(scope, b"accept") or "")
        body = with_string_ids(answer.body) if string_ids else answer.body
        written = json.dumps(body, ensure_ascii=False, separators=(",", ":")) if answer.text is None else answer.text
        octets = written.encode()
        headers = {"content-type": JSON_TYPE, "content-length": str(len(octets)), "cache-control": "no-store"}
        raw = [(name.encode(), value.encode("latin-1")) for name, value in (headers | dict(answer.headers)).items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": octets, "more_body": False})

    def _answer(self, scope: Scope) -> Answer:
        origin: RequestOrigin = scope[ORIGIN]
        try:
            return self._in_transaction(scope, scope[CALL], origin)
        except StorageUnavailable:
            log.error("storage.unavailable", request=origin.request_id)
            return Answer(body={"errors": [{"message": "The service is not available now. Try again."}]}, status=503)
        except Exception as raised:
            answer = answer_to(raised)
            if answer is not None:
                return answer
            log.exception("api.failed", request=origin.request_id)
            failure = {"message": "An error occurred.", "error_code": "internal_server_error"}
            return Answer(body={"errors": [failure]}, status=500)

    def _in_transaction(self, scope: Scope, call: OwnCall, origin: RequestOrigin) -> Answer:
        reads = scope["method"] in ("GET", "HEAD", "OPTIONS")
        came_from = Origin(surface="api", address=origin.address, request_id=origin.request_id)
        route = None if call.route is None else self._routes.get((call.route.verb, call.route.template))
        own = route if isinstance(route, OwnRoute) else None
        only_reads = reads or (own is not None and own.only_reads)
        ahead = None
        if own is not None and own.ahead is not None:
            with self._database.read() as tx:
                make = own.ahead(self._ask(tx, scope, call, own, reads=reads))
            ahead = make()
        with self._database.read() if only_reads else self._database.write(came_from) as tx:
            ask = self._ask(tx, scope, call, own, reads=reads)
            if route is None:
                raise NotFound
            return route.handler(replace(ask, ahead=ahead))

    def _ask(self, tx: Transaction, scope: Scope, call: OwnCall, own: OwnRoute | None, *, reads: bool) -> Ask:
        origin: RequestOrigin = scope[ORIGIN]
        is_open = own is not None and own.is_public and call.facts is None
        acting, user = _NOBODY if is_open else self._who(tx, scope, call, reads=reads)
        public_origin = self._world.settings.public_url or origin.url
        return Ask(
            tx=tx,
            world=self._world,
            acting=acting,
            user=user,
            domain_root=read_accounts.root_for_host(tx, origin.domain),
            values=call.values,
            parameters=call.parameters,
            query=call.query,
            raw_query=scope["query_string"],
            url=public_origin + scope["raw_path"].decode("ascii"),
            public_origin=public_origin,
        )

    def _who(self, tx: Transaction, scope: Scope, call: OwnCall, *, reads: bool) -> tuple[Actor, User]:
        """Return who acts: the person judged with a token, else the person signed in in this browser."""
        facts = call.facts
        if facts is not None:
            if facts.user is None or facts.token is None:
                raise Unauthenticated
            real = None if facts.real_user is None else facts.real_user.id
            acting = Actor(
                user_id=facts.user.id, real_user_id=real, token_id=facts.token.id, key_id=facts.token.key_id
            )  # fmt: skip
            return acting, facts.user
        session = session_of(tx, scope)
        user = None if session is None else read_users.find_user(tx, session.user_id)
        if session is None or user is None or not user.is_active:
            raise Unauthenticated
        origin: RequestOrigin = scope[ORIGIN]
        if not read_users.has_login(tx, user.id, read_accounts.root_for_host(tx, origin.domain)):
            raise Unauthenticated
        if not reads:
            presented = header(scope, CSRF_HEADER) or call.parameters.get(CSRF_FIELD)
            if not proves_itself(session, presented):
                raise ForgedForm
        return Actor(user_id=user.id, real_user_id=session.real_user_id), user
