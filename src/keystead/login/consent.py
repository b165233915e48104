"""Asks a person whether an application may act for them: authorize, confirm, accept, deny."""

from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import sessions as act_sessions
from keystead.core.accounts import Policy
from keystead.core.credentials import same
from keystead.core.keys import OOB_URN, Key
from keystead.core.parameters import MalformedParameters, Tree, pairs
from keystead.core.scopes import USERINFO, ScopeSet
from keystead.governance.vetting import reviewed_by
from keystead.login import pending, replies
from keystead.login.granting import find_client, grant, needs_consent, sent_back, turned_down
from keystead.login.pending import FORM_VALUE, Pending
from keystead.login.views import ConsentView, OutOfBandView, grants_of
from keystead.oauth.authorize import (
    ACCESS_DENIED,
    AuthorizationRequest,
    Step,
    next_step,
    objection,
    trusted_request,
)
from keystead.oauth.errors import UNKNOWN_CLIENT, OAuthError, RedirectError, unreadable
from keystead.oauth.parameters import Parameters, read_parameters
from keystead.oauth.redirect import Acceptance
from keystead.observability.metrics import COUNTS
from keystead.storage.read import keys as read_keys
from keystead.storage.read import users as read_users
from keystead.storage.read.admission import is_admitted
from keystead.storage.transaction import Transaction
from keystead.web.frames import show, show_bare
from keystead.web.surface import Surface, Visitor, ensure_session, give_session, read_form, visitor_of

NO_PENDING = "Invalid or missing session for oauth"
NO_FORM_VALUE = "Missing custom CSRF token"
WRONG_FORM_VALUE = "Invalid custom CSRF token"
ASK_AGAIN = "Must submit new OAuth2 request"
_FOREIGN_MODES = ("cors", "no-cors")
_CARRIED = ("unique_id", "canvas_login", "authentication_provider", "force_login")


class Consent:
    """The authorization endpoint and the consent page behind it."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of these endpoints."""
        return [
            Route("/login/oauth2/auth", self.authorize, methods=["GET"]),
            Route("/login/oauth2/confirm", self.confirm, methods=["GET"]),
            Route("/login/oauth2/accept", self.accept, methods=["POST"]),
            Route("/login/oauth2/deny", self.deny, methods=["GET", "POST"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """Check an authorization request, then grant, ask, or have the person sign in."""
        try:
            query = pairs(request.scope["query_string"])
        except MalformedParameters as wrong:
            return replies.refused(unreadable(str(wrong)))
        if any(name in ("code", "error") for name, _ in query):
            return self._landing(dict(query))
        if request.method == "HEAD":
            return replies.never_asked_for("GET")
        if request.headers.get("sec-fetch-mode") in _FOREIGN_MODES:
            return replies.plain("This page must be opened in a browser window", 403)
        given = read_parameters(query)
        if isinstance(given, OAuthError):
            return replies.refused(given)
        return await self._surface.in_transaction(
            request, lambda tx: self._authorize(tx, request, given), surface="oauth"
        )

    def _authorize(self, tx: Transaction, request: Request, given: Parameters) -> Response:
        visitor = visitor_of(tx, request)
        key = find_client(tx, given.get("client_id"))
        exact_only = Policy.EXACT_REDIRECTS in visitor.domain_root.policies
        trusted = trusted_request(
            key, given, exact_only=exact_only, fetched_for=request.headers.get("sec-fetch-dest")
        )  # fmt: skip
        if isinstance(trusted, OAuthError) or key is None:
            return replies.refused(trusted if isinstance(trusted, OAuthError) else UNKNOWN_CLIENT)
        asked, how = trusted
        if how is Acceptance.LENIENT:
            COUNTS.lenient_redirects += 1
        admitted = is_admitted(tx, key, visitor.domain_root, self._surface.cluster)
        refused = objection(key, asked, given, admitted=admitted)
        if refused is not None:
            pending.take(tx, visitor.session)
            return sent_back(self._surface, request, key, asked, refused)
        return self._proceed(tx, request, visitor, key, asked, given)

    def _proceed(
        self,
        tx: Transaction,
        request: Request,
        visitor: Visitor,
        key: Key,
        asked: AuthorizationRequest,
        given: Parameters,
    ) -> Response:
        asks = visitor.user is None or needs_consent(tx, key, asked, visitor)
        step = next_step(asked, signed_in=visitor.user is not None, needs_consent=asks)
        match step:
            case RedirectError():
                pending.take(tx, visitor.session)
                return sent_back(self._surface, request, key, asked, step)
            case Step.GRANT:
                return grant(tx, self._surface, request, visitor, key, asked, remember=False, was_asked=False)
            case Step.ASK | Step.SIGN_IN:
                session, session_id = ensure_session(tx, visitor)
                pending.keep(tx, session, asked)
                where = "/login/oauth2/confirm" if step is Step.ASK else _sign_in_address(given)
                return give_session(replies.to(where), request, session, session_id)

    async def confirm(self, request: Request) -> Response:
        """Show the consent page for the request that waits in this browser."""
        page = await self._surface.showing(request, lambda tx: self._consent_page(tx, request))
        if page is not None:
            return page
        return await self._surface.in_transaction(request, lambda tx: self._turn_away(tx, request), surface="oauth")

    def _consent_page(self, tx: Transaction, request: Request) -> Response | None:
        """Return the page, or where to sign in first; None when there is nothing to decide on."""
        visitor = visitor_of(tx, request)
        waiting = pending.pending_of(visitor.session)
        if waiting is None:
            return None
        asked = waiting.asked
        key = read_keys.find_key(tx, asked.key_id)
        if visitor.user is None or asked.wants_sign_in:
            return replies.to("/login")
        if key is None or turned_down(tx, self._surface, request, visitor, key, asked) is not None:
            return None
        view = self._question(tx, visitor, key, waiting)
        return show(tx, self._surface.pages, visitor, view, "App Login", form_targets=pending.form_targets(asked))

    def _question(self, tx: Transaction, visitor: Visitor, key: Key, waiting: Pending) -> ConsentView:
        user, asked = visitor.user, waiting.asked
        assert user is not None  # noqa: S101  (others were sent to sign in)
        real = None if visitor.session is None else read_users.find_user(tx, visitor.session.real_user_id)
        names_only = ScopeSet.of(asked.scopes).is_userinfo_only
        reviewed = reviewed_by(tx, visitor.domain_root, key, self._surface.routing.now.catalogue.find)
        return ConsentView(
            app_name=key.name or key.email or "Third-Party Application",
            icon_url=key.icon_url,
            key_owner=None,
            user_name=user.short_name,
            user_email=user.email if user.email != user.short_name else None,
            custom_csrf_token=waiting.form_value,
            grants=grants_of(asked.scopes, self._surface.routing.now.catalogue.find) if key.require_scopes else (),
            unlimited=not key.require_scopes and not names_only,
            only_identity=names_only,
            offers_remember=asked.scopes == (USERINFO,),
            redirect_host=_host_of(asked.redirect_uri),
            acting_for=None if real is None else real.name,
            reviewed_by=None if reviewed is None else reviewed[0].name,
            reviewed_at=None if reviewed is None else reviewed[1],
        )

    def _turn_away(self, tx: Transaction, request: Request) -> Response:
        visitor = visitor_of(tx, request)
        waiting = pending.pending_of(visitor.session)
        if waiting is None:
            session, session_id = ensure_session(tx, visitor)
            act_sessions.keep_flash(tx, session, ASK_AGAIN)
            return give_session(replies.to("/login"), request, session, session_id)
        key = read_keys.find_key(tx, waiting.asked.key_id)
        refusal = turned_down(tx, self._surface, request, visitor, key, waiting.asked)
        if refusal is None:
            return replies.to("/login/oauth2/confirm")
        pending.take(tx, visitor.session)
        return refusal

    async def accept(self, request: Request) -> Response:
        """Give the client its code: the person has agreed, on our own page."""
        if request.headers.get("sec-fetch-mode") in _FOREIGN_MODES:
            return replies.plain("This form must be sent from its own page", 403)
        try:
            form = await read_form(request)
        except MalformedParameters as wrong:
            return replies.plain(str(wrong))
        return await self._surface.in_transaction(request, lambda tx: self._accept(tx, request, form), surface="oauth")

    def _accept(self, tx: Transaction, request: Request, form: Tree) -> Response:
        visitor = visitor_of(tx, request)
        waiting = pending.pending_of(visitor.session)
        if waiting is None:
            return replies.plain(NO_PENDING)
        if not form.get(FORM_VALUE):
            return replies.plain(NO_FORM_VALUE)
        if not _is_ours(form, waiting):
            return replies.plain(WRONG_FORM_VALUE)
        asked = waiting.asked
        if visitor.user is None or asked.wants_sign_in:
            return replies.to("/login")
        key = read_keys.find_key(tx, asked.key_id)
        refusal = turned_down(tx, self._surface, request, visitor, key, asked)
        if refusal is not None or key is None:
            pending.take(tx, visitor.session)
            return refusal or replies.refused(UNKNOWN_CLIENT)
        if not pending.take(tx, visitor.session):
            return replies.plain(NO_PENDING)
        remember = form.get("remember_access") in ("1", "true", "on")
        return grant(tx, self._surface, request, visitor, key, asked, remember=remember, was_asked=True)

    async def deny(self, request: Request) -> Response:
        """Tell the client that the person refused."""
        if request.method == "HEAD":
            return replies.never_asked_for("GET, POST")
        try:
            form = await read_form(request)
        except MalformedParameters as wrong:
            return replies.plain(str(wrong))
        return await self._surface.in_transaction(request, lambda tx: self._deny(tx, request, form), surface="oauth")

    def _deny(self, tx: Transaction, request: Request, form: Tree) -> Response:
        visitor = visitor_of(tx, request)
        if request.method == "GET" and Policy.POST_ONLY_DENY in visitor.domain_root.policies:
            return replies.plain("This endpoint requires a POST request", 405, allow="POST")
        waiting = pending.pending_of(visitor.session)
        if waiting is None:
            return replies.plain(NO_PENDING)
        if FORM_VALUE in form and not _is_ours(form, waiting):
            return replies.plain(WRONG_FORM_VALUE)
        if not pending.take(tx, visitor.session):
            return replies.plain(NO_PENDING)
        key = read_keys.find_key(tx, waiting.asked.key_id)
        return sent_back(self._surface, request, key, waiting.asked, ACCESS_DENIED)

    def _landing(self, told: dict[str, str]) -> Response:
        view = OutOfBandView(code=told.get("code"), error=told.get("error"))
        return show_bare(self._surface.pages, view, "App Login")


def _is_ours(form: Tree, waiting: Pending) -> bool:
    presented = form.get(FORM_VALUE)
    return isinstance(presented, str) and same(presented, waiting.form_value)


def _sign_in_address(given: Parameters) -> str:
    carried = {name: given.values[name] for name in _CARRIED if given.get(name) is not None}
    return "/login" + ("?" + urlencode(carried) if carried else "")


def _host_of(redirect_uri: str) -> str:
    """Return what a person is told of where they go on to."""
    if redirect_uri == OOB_URN:
        return "a page on this site"
    parts = urlsplit(redirect_uri)
    return parts.hostname or parts.scheme
