"""Asks a person whether an application may act for them: authorize, confirm, accept, deny."""

from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import codes as act_codes
from keystead.actions import sessions as act_sessions
from keystead.core.accounts import Policy
from keystead.core.credentials import same
from keystead.core.ids import parse_id
from keystead.core.keys import OOB_URN, Key
from keystead.core.parameters import MalformedParameters, pairs
from keystead.core.scopes import ScopeSet
from keystead.login import replies
from keystead.login.views import ConsentView, OutOfBandView, grants_of
from keystead.oauth.authorize import (
    ACCESS_DENIED,
    NO_ACCESS,
    AuthorizationRequest,
    Step,
    consent_is_needed,
    next_step,
    objection,
    trusted_request,
)
from keystead.oauth.errors import OAuthError, RedirectError, unreadable
from keystead.oauth.parameters import Parameters, read_parameters
from keystead.oauth.redirect import Acceptance
from keystead.observability.metrics import LENIENT_REDIRECTS
from keystead.storage.read import keys as read_keys
from keystead.storage.read import tokens as read_tokens
from keystead.storage.read import users as read_users
from keystead.storage.read.admission import is_admitted
from keystead.storage.read.sessions import Session
from keystead.storage.transaction import Transaction
from keystead.storage.vault import new_form_value
from keystead.web.frames import show, show_bare
from keystead.web.html import form_target
from keystead.web.surface import Surface, Visitor, ensure_session, give_session, read_form, visitor_of

NO_PENDING = "Invalid or missing session for oauth"
ASK_AGAIN = "Must submit new OAuth2 request"
FORM_VALUE = "custom_csrf_token"
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
        if request.headers.get("sec-fetch-mode") in _FOREIGN_MODES:
            return replies.plain("This page must be opened in a browser window", 403)
        given = read_parameters(query)
        if isinstance(given, OAuthError):
            return replies.refused(given)
        return await self._surface.in_transaction(
            request, lambda tx: self._authorize(tx, request, given), surface="oauth"
        )  # fmt: skip

    def _authorize(self, tx: Transaction, request: Request, given: Parameters) -> Response:
        visitor = visitor_of(tx, request)
        key = find_client(tx, given.get("client_id"))
        exact_only = Policy.EXACT_REDIRECTS in visitor.domain_root.policies
        trusted = trusted_request(
            key, given, exact_only=exact_only, fetched_for=request.headers.get("sec-fetch-dest")
        )  # fmt: skip
        if isinstance(trusted, OAuthError) or key is None:
            return replies.refused(trusted if isinstance(trusted, OAuthError) else unreadable("client_id"))
        asked, how = trusted
        if how is Acceptance.LENIENT:
            LENIENT_REDIRECTS.inc()
        public_origin = self._surface.public_origin(request)
        admitted = is_admitted(tx, key, visitor.domain_root, self._surface.cluster)
        refused = objection(key, asked, given, admitted=admitted)
        if refused is not None:
            self._forget(tx, visitor.session)
            return replies.sent_back(asked, refused, public_origin)
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
        public_origin = self._surface.public_origin(request)
        asks = visitor.user is None or needs_consent(tx, key, asked, visitor)
        step = next_step(asked, signed_in=visitor.user is not None, needs_consent=asks)
        match step:
            case RedirectError():
                self._forget(tx, visitor.session)
                return replies.sent_back(asked, step, public_origin)
            case Step.GRANT:
                return grant(tx, self._surface, request, visitor, key, asked, remember=False, was_asked=False)
            case Step.ASK | Step.SIGN_IN:
                session, session_id = ensure_session(tx, visitor)
                act_sessions.keep_pending(tx, session, asked.as_stored())
                where = "/login/oauth2/confirm" if step is Step.ASK else _sign_in_address(given)
                return give_session(replies.to(where), request, session, session_id)

    async def confirm(self, request: Request) -> Response:
        """Show the consent page for the request that waits in this browser."""
        return await self._surface.in_transaction(request, lambda tx: self._confirm(tx, request), surface="oauth")

    def _confirm(self, tx: Transaction, request: Request) -> Response:
        visitor = visitor_of(tx, request)
        session = visitor.session
        if session is None or session.pending is None:
            session, session_id = ensure_session(tx, visitor)
            act_sessions.keep_flash(tx, session, ASK_AGAIN)
            return give_session(replies.to("/login"), request, session, session_id)
        if visitor.user is None:
            return replies.to("/login")
        asked, _ = _read_pending(session)
        key = read_keys.find_key(tx, asked.key_id)
        if key is None or not is_admitted(tx, key, visitor.domain_root, self._surface.cluster):
            self._forget(tx, session)
            return replies.sent_back(asked, NO_ACCESS, self._surface.public_origin(request))
        value = new_form_value()
        act_sessions.keep_pending(tx, session, asked.as_stored() | {FORM_VALUE: value})
        return self._consent_page(tx, visitor, key, asked, value)

    def _consent_page(
        self, tx: Transaction, visitor: Visitor, key: Key, asked: AuthorizationRequest, value: str
    ) -> Response:
        user = visitor.user
        assert user is not None  # noqa: S101  (others were sent to sign in)
        real = None if visitor.session is None else read_users.find_user(tx, visitor.session.real_user_id)
        names_only = ScopeSet.of(asked.scopes).is_userinfo_only
        view = ConsentView(
            app_name=key.name or key.email or "Third-Party Application",
            icon_url=key.icon_url,
            key_owner=None,
            user_name=user.short_name,
            user_email=user.email if user.email != user.short_name else None,
            custom_csrf_token=value,
            grants=grants_of(asked.scopes, self._surface.catalogue.find) if key.require_scopes else (),
            unlimited=not key.require_scopes and not names_only,
            only_identity=names_only,
            offers_remember=asked.scopes == ("/auth/userinfo",),
            redirect_host=_host_of(asked.redirect_uri),
            acting_for=None if real is None else real.name,
        )
        targets = _form_targets(asked.redirect_uri)
        return show(tx, self._surface.pages, visitor, view, "App Login", form_targets=targets)

    async def accept(self, request: Request) -> Response:
        """Give the client its code: the person has agreed, on our own page."""
        if request.headers.get("sec-fetch-mode") in _FOREIGN_MODES:
            return replies.plain("This form must be sent from its own page", 403)
        try:
            form = await read_form(request)
        except MalformedParameters as wrong:
            return replies.plain(str(wrong))
        presented = form.get(FORM_VALUE)
        remember = form.get("remember_access") in ("1", "true", "on")
        return await self._surface.in_transaction(
            request,
            lambda tx: self._accept(tx, request, presented if isinstance(presented, str) else "", remember=remember),
            surface="oauth",
        )

    def _accept(self, tx: Transaction, request: Request, presented: str, *, remember: bool) -> Response:
        visitor = visitor_of(tx, request)
        session = visitor.session
        if session is None or session.pending is None:
            return replies.plain(NO_PENDING)
        asked, expected = _read_pending(session)
        if not presented:
            return replies.plain("Missing custom CSRF token")
        if expected is None or not same(presented, expected):
            return replies.plain("Invalid custom CSRF token")
        if visitor.user is None:
            return replies.to("/login")
        key = read_keys.find_key(tx, asked.key_id)
        self._forget(tx, session)
        if key is None or not key.is_active or not is_admitted(tx, key, visitor.domain_root, self._surface.cluster):
            return replies.sent_back(asked, NO_ACCESS, self._surface.public_origin(request))
        remembers = remember and asked.scopes == ("/auth/userinfo",)
        return grant(tx, self._surface, request, visitor, key, asked, remember=remembers, was_asked=True)

    async def deny(self, request: Request) -> Response:
        """Tell the client that the person refused."""
        return await self._surface.in_transaction(request, lambda tx: self._deny(tx, request), surface="oauth")

    def _deny(self, tx: Transaction, request: Request) -> Response:
        visitor = visitor_of(tx, request)
        if request.method == "GET" and Policy.POST_ONLY_DENY in visitor.domain_root.policies:
            return replies.plain("This endpoint requires a POST request", 405)
        if visitor.session is None or visitor.session.pending is None:
            return replies.plain(NO_PENDING)
        asked, _ = _read_pending(visitor.session)
        self._forget(tx, visitor.session)
        return replies.sent_back(asked, ACCESS_DENIED, self._surface.public_origin(request))

    def _landing(self, told: dict[str, str]) -> Response:
        view = OutOfBandView(code=told.get("code"), error=told.get("error"))
        return show_bare(self._surface.pages, view, "App Login")

    def _forget(self, tx: Transaction, session: Session | None) -> None:
        if session is not None and session.pending is not None:
            act_sessions.keep_pending(tx, session, None)


def find_client(tx: Transaction, client_id: str | None) -> Key | None:
    """Return the key a client id names: its local or global id, in digits."""
    return read_keys.find_key(tx, parse_id(client_id)) if client_id and client_id.isdigit() else None


def needs_consent(tx: Transaction, key: Key, asked: AuthorizationRequest, visitor: Visitor) -> bool:
    """Whether the person signed in must be asked."""
    acting = visitor.acting
    tokens = read_tokens.live_of_user(tx, acting.user_id, key.id)
    return consent_is_needed(key, asked, tokens, acting.real_user_id, tx.now)


def grant(
    tx: Transaction,
    surface: Surface,
    request: Request,
    visitor: Visitor,
    key: Key,
    asked: AuthorizationRequest,
    *,
    remember: bool,
    was_asked: bool,
) -> Response:
    """Make the code and send the browser to the client with it."""
    code = act_codes.grant(
        tx,
        key,
        asked,
        visitor.domain_root,
        remember_access=remember,
        asked=was_asked,
        acting=visitor.acting,
    )
    surface.usage.redirect_used(key.id, asked.redirect_uri, tx.now)
    public_origin = surface.public_origin(request)
    return replies.granted(
        asked, code.reveal(), public_origin, issuer=public_origin if key.is_strict else None
    )  # fmt: skip


def resume(tx: Transaction, surface: Surface, request: Request, visitor: Visitor) -> Response | None:
    """Go on with the request that waited for the sign-in; None when none did."""
    if visitor.session is None or visitor.session.pending is None or visitor.user is None:
        return None
    asked, _ = _read_pending(visitor.session)
    key = read_keys.find_key(tx, asked.key_id)
    if key is None or not key.is_active or needs_consent(tx, key, asked, visitor):
        return replies.to("/login/oauth2/confirm")
    act_sessions.keep_pending(tx, visitor.session, None)
    if not is_admitted(tx, key, visitor.domain_root, surface.cluster):
        return replies.sent_back(asked, NO_ACCESS, surface.public_origin(request))
    return grant(tx, surface, request, visitor, key, asked, remember=False, was_asked=False)


def pending_client(tx: Transaction, session: Session | None) -> tuple[Key | None, tuple[str, ...]]:
    """Return the key whose request waits in this browser, if any, and where a form may then lead on to."""
    if session is None or session.pending is None:
        return None, ()
    asked, _ = _read_pending(session)
    return read_keys.find_key(tx, asked.key_id), _form_targets(asked.redirect_uri)


def _read_pending(session: Session) -> tuple[AuthorizationRequest, str | None]:
    kept = dict(session.pending or {})
    value = kept.pop(FORM_VALUE, None)
    return AuthorizationRequest.from_stored(kept), value


def _sign_in_address(given: Parameters) -> str:
    carried = {name: given.values[name] for name in _CARRIED if given.get(name) is not None}
    return "/login" + ("?" + urlencode(carried) if carried else "")


def _host_of(redirect_uri: str) -> str:
    parts = urlsplit(redirect_uri)
    return parts.hostname or parts.scheme


def _form_targets(redirect_uri: str) -> tuple[str, ...]:
    target = None if redirect_uri == OOB_URN else form_target(redirect_uri)
    return () if target is None else (target,)
