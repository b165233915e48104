"""The token endpoint: exchanges codes, refreshes and deletes tokens; JSON only, never stored by caches."""

from limits import parse as parse_limit
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from keystead.actions import tokens as act
from keystead.core.actors import Actor
from keystead.core.parameters import MalformedParameters, pairs
from keystead.core.routes import ALWAYS_COVERED, NO_MATCH
from keystead.gateway.call import ApiCall
from keystead.gateway.facts import FactsUnavailable
from keystead.gateway.reading import credential_of
from keystead.gateway.replies import denial
from keystead.gateway.replies import error as gateway_error
from keystead.gateway.verdicts import Denied
from keystead.login import replies
from keystead.login.attempts import Failures, Limit, Tally
from keystead.login.granting import find_client
from keystead.oauth import client
from keystead.oauth.errors import (
    NO_CODE,
    NO_REFRESH_TOKEN,
    UNKNOWN_CLIENT,
    UNSUPPORTED_GRANT,
    OAuthError,
    unreadable,
)
from keystead.oauth.grants import Grant, grant_asked_for
from keystead.oauth.parameters import Parameters, read_parameters
from keystead.oauth.replies import Issued, token_reply
from keystead.observability.metrics import COUNTS
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import tokens as read_tokens
from keystead.storage.transaction import Transaction
from keystead.web.surface import Surface, origin_of, read_pairs

NO_TOKEN_USED = "can't delete OAuth access token when not using an OAuth access token"  # noqa: S105  (words)

WRONG_SECRETS = Limit(what="secret", most=parse_limit("300 per 1 minute"))


class TokenEndpoint:
    """``/login/oauth2/token``."""

    def __init__(self, surface: Surface, failures: Failures) -> None:
        self._surface = surface
        self._failures = failures

    def routes(self) -> list[Route]:
        """Return the routes of this endpoint."""
        return [
            Route("/login/oauth2/token", self.issue, methods=["POST"]),
            Route("/login/oauth2/token", self.revoke, methods=["DELETE"]),
        ]

    async def issue(self, request: Request) -> Response:
        """Exchange a code or a refresh token."""
        try:
            given = read_parameters(pairs(request.scope["query_string"]), await read_pairs(request))
        except MalformedParameters as wrong:
            return replies.refused(unreadable(str(wrong)))
        if isinstance(given, OAuthError):
            return replies.refused(given)
        authorization = request.headers.get("authorization")
        return await self._surface.in_transaction(
            request, lambda tx: self._issue(tx, request, given, authorization), surface="oauth"
        )

    def _issue(self, tx: Transaction, request: Request, given: Parameters, authorization: str | None) -> Response:
        """Check in Canvas's order: the grant, the client, its secret, then what the grant itself asks."""
        grant = grant_asked_for(given)
        if isinstance(grant, OAuthError):
            return replies.refused(grant)
        shown = client.presented(given, authorization)
        key = find_client(tx, shown.client_id)
        origin = origin_of(request)
        if key is None:
            return replies.refused(client.objection(key, shown, may_omit_secret=False, now=tx.now) or UNKNOWN_CLIENT)
        tally = Tally(limit=WRONG_SECRETS, whose=(str(key.id), origin.address or "unknown"))
        if self._failures.are_too_many(tally):
            return replies.slow_down(WRONG_SECRETS.most.get_expiry())
        bare = grant is Grant.REFRESH or given.get("code_verifier") is not None
        refused = client.objection(key, shown, may_omit_secret=bare, now=tx.now)
        if refused is not None:
            self._failures.note(tally)
            return replies.refused(refused)
        if client.uses_former_secret(key, shown, tx.now):
            self._surface.usage.former_secret_used(key.id, tx.now)
        if shown.exposed:
            COUNTS.exposed_secrets += 1
        if key.is_strict and given.get("grant_type") is None:
            return replies.refused(UNSUPPORTED_GRANT)
        if grant is Grant.CODE:
            if given.get("code") is None:
                return replies.refused(NO_CODE)
            outcome = act.exchange_code(tx, key, given, self._surface.cluster)
        else:
            credential = given.get("refresh_token")
            if credential is None:
                return replies.refused(NO_REFRESH_TOKEN)
            root = read_accounts.root_for_host(tx, origin.domain)
            outcome = act.refresh(tx, key, credential, domain_root=root, cluster=self._surface.cluster)
        match outcome:
            case Issued():
                return JSONResponse(token_reply(outcome, key, tx.now), headers=replies.NO_STORE)
            case OAuthError():
                return replies.refused(outcome)

    async def revoke(self, request: Request) -> Response:
        """Delete the token this call is made with."""
        try:
            query = dict(pairs(request.scope["query_string"]))
            body = dict(await read_pairs(request))
        except MalformedParameters as wrong:
            return _json(400, {"message": str(wrong)})
        credential, exposed = credential_of(request.scope, _given(query), _given(body))
        if credential is None:
            return _json(400, {"message": NO_TOKEN_USED})
        origin = origin_of(request)
        call = ApiCall(
            verb="DELETE",
            path=ALWAYS_COVERED,
            plain=ALWAYS_COVERED,
            host=origin.domain,
            address=origin.address,
            credential=credential,
            exposed=exposed,
            as_user=None,
            match=NO_MATCH,
            plain_match=NO_MATCH,
        )
        try:
            verdict = await self._surface.judge.judge(call, note_use=False)
        except FactsUnavailable:
            unavailable = gateway_error(503, "The service is not available now. Try again.")
            return Response(unavailable.body, status_code=503, media_type="application/json")
        if isinstance(verdict, Denied):
            answer = denial(verdict)
            headers = dict(answer.headers) | replies.NO_STORE
            return Response(answer.body, answer.status, headers=headers, media_type="application/json")
        token = verdict.facts.token
        assert token is not None  # noqa: S101  (an allowed call has one)
        ends_sessions = ({**query, **body}).get("expire_sessions") in ("1", "true")

        def work(tx: Transaction) -> None:
            held = read_tokens.find_token(tx, token.id, for_change=True)
            if held is not None:
                acting = Actor(user_id=token.user_id, token_id=token.id, key_id=token.key_id)
                act.revoke_own(tx, held, acting=acting, ends_sessions=ends_sessions)

        await self._surface.in_transaction(request, work, surface="oauth")
        return _json(200, {})


def _given(parameters: dict[str, str]) -> tuple[str, ...]:
    return (parameters["access_token"],) if parameters.get("access_token") else ()


def _json(status: int, body: object) -> Response:
    return JSONResponse(body, status_code=status, headers=replies.NO_STORE)
