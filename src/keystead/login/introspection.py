"""What may a client know of a token, and how does it give one back? Introspection (RFC 7662), revocation (RFC 7009).

Introspection is asked as often as calls are made, so it stands before the routes of the pages and waits for no thread
where the facts can be had without.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from keystead.actions import tokens as act
from keystead.core.ids import parse_id
from keystead.core.instants import NEVER, Instant
from keystead.core.keys import Key
from keystead.core.parameters import MalformedParameters, pairs
from keystead.core.tokens import TokenState
from keystead.gateway.facts import FactsUnavailable
from keystead.gateway.memory import Known
from keystead.login import replies
from keystead.login.attempts import Failures, Tally
from keystead.login.tokens import WRONG_SECRETS
from keystead.oauth import client
from keystead.oauth.errors import NO_TOKEN, TOKEN_IN_QUERY, UNKNOWN_CLIENT, OAuthError, unreadable
from keystead.oauth.parameters import Parameters, read_parameters
from keystead.oauth.replies import Live, introspection_reply, may_know_of
from keystead.storage.facts import StoredFacts
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read import tokens as read_tokens
from keystead.storage.read import users as read_users
from keystead.storage.transaction import StorageUnavailable, Transaction
from keystead.web.surface import Surface, origin_of, read_pairs

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

PATH = b"/login/oauth2/introspect"
_INACTIVE = b'{"active":false}'
_DEPENDS = b'{"active":false,"depends_on_address":true}'
_IN_BODY = frozenset({"token", "client_secret"})
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"pragma", b"no-cache"),
]


class Introspection:
    """``/login/oauth2/introspect`` as an ASGI application, and the route of ``/login/oauth2/revoke``."""

    def __init__(self, surface: Surface, source: StoredFacts, failures: Failures, clock: Callable[[], Instant]) -> None:
        self._surface = surface
        self._source = source
        self._failures = failures
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the routes that the pages' router serves."""
        return [Route("/login/oauth2/revoke", self.revoke, methods=["POST"])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one question about a token (ASGI)."""
        request = Request(scope, receive)
        if request.method != "POST":
            return await replies.plain("Method Not Allowed", 405, allow="POST")(scope, receive, send)
        try:
            answer = await self._answer(request)
        except (FactsUnavailable, StorageUnavailable):
            told = {"error": "temporarily_unavailable", "error_description": "Try again."}
            answer = JSONResponse(told, status_code=503, headers=replies.NO_STORE)
        if isinstance(answer, Response):
            return await answer(scope, receive, send)
        headers = [*_HEADERS, (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        return await send({"type": "http.response.body", "body": answer, "more_body": False})

    async def revoke(self, request: Request) -> Response:
        """End a token of the client that asks. What is not one of its tokens is answered the same."""
        asked = await self._asked(request, may_omit_secret=True)
        if isinstance(asked, Response):
            return asked
        key, credential, _ = asked

        def work(tx: Transaction) -> None:
            held = read_keys.find_key(tx, key.id)
            if held is not None and held.is_active:
                act.revoke_for_client(tx, held, credential)

        await self._surface.in_transaction(request, work, surface="oauth")
        return JSONResponse({}, headers=replies.NO_STORE)

    async def _answer(self, request: Request) -> bytes | Response:
        asked = await self._asked(request, may_omit_secret=False)
        if isinstance(asked, Response):
            return asked
        key, credential, address = asked
        host = origin_of(request).domain
        known = await self._surface.judge.known(credential, host)
        facts, live = known.facts, None
        if facts.token is None:
            live = await self._surface.reading(lambda tx: _live_refresh(tx, key, credential, host))
        elif _acts_for(known, key, self._clock()):
            if known.ranges and address is None:
                return _DEPENDS
            live = _live_access(known) if not known.ranges or known.admits(address) else None
        if live is None:
            return _INACTIVE
        told = introspection_reply(live, self._surface.public_origin(request))
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()

    async def _asked(self, request: Request, *, may_omit_secret: bool) -> tuple[Key, str, str | None] | Response:
        """Return the client that asks, the credential it asks about and the address that this came from, where it says
        so; or what it is told instead.
        """
        given = await _read(request)
        if isinstance(given, OAuthError):
            return replies.refused(given)
        key = await self._client(request, given, may_omit_secret=may_omit_secret)
        if isinstance(key, Response):
            return key
        credential = given.get("token")
        return replies.refused(NO_TOKEN) if credential is None else (key, credential, given.get("address"))

    async def _client(self, request: Request, given: Parameters, *, may_omit_secret: bool) -> Key | Response:
        """Return the client that asks, or the refusal of one that does not prove itself."""
        shown = client.presented(given, request.headers.get("authorization"))
        key_id = parse_id(shown.client_id) if shown.client_id and shown.client_id.isdigit() else None
        key = None if key_id is None else self._source.key_now(key_id)
        if key is None and key_id is not None:
            key = await self._surface.reading(lambda tx: read_keys.find_key(tx, key_id))
        now = self._clock()
        if key is None:
            return replies.refused(client.objection(key, shown, may_omit_secret=False, now=now) or UNKNOWN_CLIENT)
        tally = Tally(limit=WRONG_SECRETS, whose=(str(key.id), origin_of(request).address or "unknown"))
        if self._failures.are_too_many(tally):
            return replies.slow_down(WRONG_SECRETS.most.get_expiry())
        refused = client.objection(key, shown, may_omit_secret=may_omit_secret, now=now)
        if refused is not None:
            self._failures.note(tally)
            return replies.refused(refused)
        if client.uses_former_secret(key, shown, now):
            self._surface.usage.former_secret_used(key.id, now)
        return key


async def _read(request: Request) -> Parameters | OAuthError:
    try:
        given = read_parameters(pairs(request.scope["query_string"]), await read_pairs(request))
    except MalformedParameters as wrong:
        return unreadable(str(wrong))
    if isinstance(given, Parameters) and not given.in_query.isdisjoint(_IN_BODY):
        return TOKEN_IN_QUERY
    return given


def _acts_for(known: Known, asking: Key, now: Instant) -> bool:
    """Whether a token acts now, from some addresses at least, and the client that asks may know that."""
    key = known.facts.key
    if known.allowed is None or now >= known.until or key is None:
        return False
    return may_know_of(asking, key, known.facts.domain_root.id)


def _live_access(known: Known) -> Live | None:
    token, key = known.facts.token, known.facts.key
    if token is None or key is None:
        return None
    until = None if known.until == NEVER else Instant(known.until)
    return Live(token=token, key=key, login=known.facts.login, until=until)


def _live_refresh(tx: Transaction, asking: Key, credential: str, host: str) -> Live | None:
    """Return the token whose refresh credential this is, when it could be used now and the client may know of it."""
    token = read_tokens.find_by_refresh(tx, credential)
    key = None if token is None else read_keys.find_key(tx, token.key_id)
    if token is None or key is None or not key.is_active or not may_know_of(
        asking, key, read_accounts.root_for_host(tx, host).id
    ):  # fmt: skip
        return None
    user = read_users.find_user(tx, token.user_id)
    if token.state is not TokenState.ACTIVE or token.expired_at(tx.now) or user is None or not user.is_active:
        return None
    return Live(token=token, key=key, login=None, until=token.expires_at, is_refresh=True)
