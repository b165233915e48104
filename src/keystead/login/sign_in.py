"""Signs people in and out."""

from dataclasses import replace

from anyio import to_thread
from limits import parse as parse_limit
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import sessions as act
from keystead.core.browsers import browser_name
from keystead.core.credentials import Secret
from keystead.core.parameters import MalformedParameters, Tree
from keystead.login import replies
from keystead.login.attempts import Failures, Limit, Tally
from keystead.login.granting import resume
from keystead.login.pending import waiting_client
from keystead.login.views import LogoutView, SignInView
from keystead.storage.read import users as read_users
from keystead.storage.read.users import fold
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.sessions import CSRF_FIELD, comes_from_elsewhere, form_value, proves_itself
from keystead.web.surface import (
    Surface,
    Visitor,
    forget_session,
    give_session,
    origin_of,
    read_form,
    visitor_of,
)

WRONG = "Please verify your email or password and try again."
_LONGEST_LOGIN = 255
TOO_MANY = "Too many attempts. Wait five minutes and try again."
_PER_LOGIN = Limit(what="login", most=parse_limit("10 per 5 minutes"))
_PER_ADDRESS = Limit(what="address", most=parse_limit("100 per 5 minutes"))
# With "no-referrer" browsers send "Origin: null" with the form (Fetch, "append a request Origin header").
_FORM_TELLS_ITS_ORIGIN = "same-origin"


class SignIn:
    """``/login`` and ``/logout``."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface
        self._failures = Failures()

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        return [
            Route("/login", self.show, methods=["GET"]),
            Route("/login", self.sign_in, methods=["POST"]),
            Route("/logout", self.ask, methods=["GET"]),
            Route("/logout", self.sign_out, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the sign-in page; who is signed in already, with nothing waiting, goes home."""

        def work(tx: Transaction) -> Response:
            visitor = visitor_of(tx, request)
            waiting = visitor.session is not None and visitor.session.pending is not None
            if visitor.user is not None and not waiting:
                return replies.to("/")
            return self._page(tx, visitor, unique_id=_prefilled(request), error=None)

        return await self._surface.showing(request, work)

    async def sign_in(self, request: Request) -> Response:
        """Sign a person in, then go on with what waited."""
        if comes_from_elsewhere(request.scope, origin_of(request).url, self._surface.public_origin(request)):
            return replies.plain("This form must be sent from its own page", 403)
        try:
            form = await read_form(request)
        except MalformedParameters as wrong:
            return replies.plain(str(wrong))
        unique_id, password = _credentials(form)
        address = origin_of(request).address or "unknown"
        of_login = Tally(limit=_PER_LOGIN, whose=(fold(unique_id), address))
        of_address = Tally(limit=_PER_ADDRESS, whose=(address,))
        if self._failures.are_too_many(of_login, of_address):
            return await self._again(request, unique_id, TOO_MANY, 429)

        found = await self._surface.reading(
            lambda tx: read_users.find_sign_in(tx, unique_id, visitor_of(tx, request).domain_root)
        )
        if not await to_thread.run_sync(act.is_theirs, found, password) or found is None:
            self._failures.note(of_login, of_address)
            return await self._again(request, unique_id, WRONG, 401)
        self._failures.forget(of_login)

        def work(tx: Transaction) -> Response:
            visitor = visitor_of(tx, request)
            browser = browser_name(request.headers.get("user-agent"))
            session, session_id = act.sign_in(tx, found.user, visitor.domain_root, visitor.session, browser=browser)
            signed_in = replace(visitor, session=session, user=found.user)
            onward = resume(tx, self._surface, request, signed_in) or replies.to("/")
            return give_session(onward, request, session, session_id)

        return await self._surface.in_transaction(request, work)

    async def ask(self, request: Request) -> Response:
        """Show the form that signs out."""

        def work(tx: Transaction) -> Response:
            visitor = visitor_of(tx, request)
            if visitor.session is None or visitor.user is None:
                return replies.to("/login")
            view = LogoutView(authenticity_token=form_value(visitor.session))
            return show(tx, self._surface.pages, visitor, view, "Log out")

        return await self._surface.showing(request, work)

    async def sign_out(self, request: Request) -> Response:
        """End the session, when the form is our own."""
        try:
            form = await read_form(request)
        except MalformedParameters as wrong:
            return replies.plain(str(wrong))

        def work(tx: Transaction) -> Response:
            visitor = visitor_of(tx, request)
            if visitor.session is None:
                return forget_session(replies.to("/login"), request)
            if not proves_itself(visitor.session, form.get(CSRF_FIELD)):
                return replies.plain("Invalid Authenticity Token", 422)
            act.sign_out(tx, visitor.session)
            return forget_session(replies.to("/login"), request)

        return await self._surface.in_transaction(request, work)

    async def _again(self, request: Request, unique_id: str, error: str, status: int) -> Response:
        def work(tx: Transaction) -> Response:
            return self._page(tx, visitor_of(tx, request), unique_id=unique_id, error=error, status=status)

        return await self._surface.showing(request, work)

    def _page(
        self, tx: Transaction, visitor: Visitor, *, unique_id: str, error: str | None, status: int = 200
    ) -> Response:
        waiting, targets = waiting_client(tx, visitor.session)
        view = SignInView(
            action="/login",
            unique_id=unique_id,
            error=None if error is None else visitor.say(error),
            account_name=visitor.domain_root.name,
            authenticity_token=None if visitor.session is None else form_value(visitor.session),
            app_name=None if waiting is None else waiting.name or "Third-Party Application",
        )
        page = show(tx, self._surface.pages, visitor, view, "Log in", status=status, form_targets=targets)
        page.headers["referrer-policy"] = _FORM_TELLS_ITS_ORIGIN
        return page


def _prefilled(request: Request) -> str:
    return request.query_params.get("unique_id", "")[:_LONGEST_LOGIN]


def _credentials(form: Tree) -> tuple[str, Secret]:
    given = form.get("pseudonym_session")
    group = given if isinstance(given, dict) else {}
    unique_id, password = group.get("unique_id"), group.get("password")
    return (
        unique_id[:_LONGEST_LOGIN] if isinstance(unique_id, str) else "",
        Secret(password[:1024] if isinstance(password, str) else ""),
    )
