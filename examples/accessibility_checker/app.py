"""The checker's pages: set-up, the way back from Keystead, the report, and the end."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from accessibility_checker.calls import calling
from accessibility_checker.connection import Connection, ConnectionFile
from accessibility_checker.granting import ask, exchange
from accessibility_checker.report import Report, walk
from accessibility_checker.scopes import SCOPES, named_in
from accessibility_checker.sessions import Said, Session, Sessions
from accessibility_checker.settings import Settings
from accessibility_checker.trouble import TroubleError, denied

LARGEST_FORM = 16_384
_CLIENT_ID = re.compile(r"[0-9]{1,20}")
_SECRET = re.compile(r"[\x21-\x7e]{1,256}")

Form = dict[str, str]
Page = Callable[[Request, Session], Awaitable[Response]]
Posted = Callable[[Session, Form], Awaitable[Response]]


def create_app(settings: Settings, home: Path) -> Starlette:
    """The whole application; `home` is where its templates and its style are."""
    checker = Checker(settings, home)
    routes = [
        Route("/", checker.page(checker.show), methods=["GET"]),
        Route("/key", checker.form(checker.save), methods=["POST"]),
        Route("/check", checker.form(checker.check), methods=["POST"]),
        Route("/oauth/callback", checker.page(checker.come_back), methods=["GET"]),
        Route("/report", checker.page(checker.show_report), methods=["GET"]),
        Route("/report", checker.form(checker.make_report), methods=["POST"]),
        Route("/disconnect", checker.form(checker.disconnect), methods=["POST"]),
        Mount("/static", StaticFiles(directory=home / "static")),
    ]
    # A page of another site must not reach this server under a name of its own.
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[settings.host])
    return Starlette(routes=routes, middleware=[hosts])


class Checker:
    """One institution's set-up, and one page for each thing a person can do with it."""

    def __init__(self, settings: Settings, home: Path) -> None:
        self._settings = settings
        self._file = ConnectionFile(settings.file)
        self._sessions = Sessions(is_https=settings.is_https)
        self._report: Report | None = None
        self._turn = asyncio.Lock()
        loader = FileSystemLoader(home / "templates")
        self._templates = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )

    def page(self, answer: Page) -> Callable[[Request], Awaitable[Response]]:
        """A page that is only looked at."""

        async def respond(request: Request) -> Response:
            session = self._sessions.of(request)
            response = await answer(request, session)
            self._sessions.remember(session, response)
            return response

        return respond

    def form(self, answer: Posted) -> Callable[[Request], Awaitable[Response]]:
        """A form of our own; others' are refused. What goes wrong is told at the top of the set-up page."""

        async def respond(request: Request) -> Response:
            session = self._sessions.of(request)
            form = await _form(request)
            if not secrets.compare_digest(form.get("csrf", "").encode(), session.csrf.encode()):
                session.said = Said(kind="bad", heading="The page was out of date", words="Please try again.")
                response: Response = _to("/")
            else:
                try:
                    async with self._turn:
                        response = await answer(session, form)
                except TroubleError as trouble:
                    response = self._troubled(session, trouble)
            self._sessions.remember(session, response)
            return response

        return respond

    async def show(self, _request: Request, session: Session) -> Response:
        return self._set_up(session)

    async def save(self, session: Session, form: Form) -> Response:
        """Keeps the key and sends the browser to ask for consent. An empty secret means the one that is kept."""
        kept = self._file.load()
        client_id, secret = form.get("client_id", "").strip(), form.get("client_secret", "").strip()
        if not secret and kept is not None and kept.client_id == client_id:
            secret = kept.client_secret
        wrong = {}
        if not _CLIENT_ID.fullmatch(client_id):
            wrong["client_id"] = "The client ID is a number."
        if not _SECRET.fullmatch(secret):
            wrong["client_secret"] = "Paste the secret from the key’s details."
        if wrong:
            return self._set_up(session, client_id=client_id[:40], wrong=wrong, status=422)
        connection = Connection(client_id=client_id, client_secret=secret)
        if kept is not None and kept.client_id == client_id:
            connection = replace(kept, client_secret=secret)
        self._file.save(connection)
        session.asked = await ask(self._settings, connection)
        return _to(session.asked.address)

    async def come_back(self, request: Request, session: Session) -> Response:
        """The end of the way over Keystead: a code, or a refusal. Only the browser that asked may bring it."""
        given = request.query_params
        asked, connection = session.answered(given.get("state", "")), self._file.load()
        if asked is None or connection is None:
            session.said = Said(
                kind="bad", heading="Nobody here asked for this", words="Use “Save and grant access” to begin again."
            )
            return _to("/")
        try:
            async with self._turn:
                if error := given.get("error"):
                    self._refused(connection, error, given.get("error_description", ""))
                token = await exchange(self._settings, connection, given.get("code", ""), asked.verifier)
                connection = replace(connection, token=token, missing=(), ended="")
                self._file.save(connection)
                return await self._check(session, connection)
        except TroubleError as trouble:
            return self._troubled(session, trouble)

    async def check(self, session: Session, _form: Form) -> Response:
        """Looks once more which scopes are there."""
        connection = self._file.load()
        return _to("/") if connection is None or not connection.is_granted else await self._check(session, connection)

    async def show_report(self, _request: Request, session: Session) -> Response:
        connection = self._file.load()
        return self._html("report.html", session, connection=connection, report=self._report)

    async def make_report(self, session: Session, _form: Form) -> Response:
        """Walks through the courses."""
        connection = self._file.load()
        if connection is None or not connection.is_granted:
            session.said = Said(kind="bad", heading="There is no access yet", words="Grant it first.")
            return _to("/")
        self._report = None
        async with calling(self._settings, connection, self._file) as calls:
            self._report = await walk(calls, connection.person)
        return _to("/report")

    async def disconnect(self, session: Session, _form: Form) -> Response:
        """Ends the token at Keystead, then forgets the key, the token and the report."""
        connection = self._file.load()
        ended = False
        if connection is not None and connection.is_granted:
            async with calling(self._settings, connection, self._file) as calls:
                ended = await calls.end()
        self._file.forget()
        self._report = None
        words = "The token was ended at Keystead, and" if ended else "There was no live token any more;"
        session.said = Said(kind="good", heading="Disconnected", words=f"{words} key, secret and report are forgotten.")
        return _to("/")

    async def _check(self, session: Session, connection: Connection) -> Response:
        async with calling(self._settings, connection, self._file) as calls:
            missing = await calls.missing()
        kept = self._file.load() or connection
        self._file.save(replace(kept, missing=tuple(scope.text for scope in missing), ended=""))
        if not missing:
            session.said = Said(
                kind="good",
                heading="The integration is configured correctly",
                words=f"All {len(SCOPES)} scopes are there. You can check your courses now.",
            )
        return _to("/")

    def _refused(self, connection: Connection, error: str, description: str) -> None:
        if error == "invalid_scope":
            missing = tuple(scope.text for scope in named_in(description))
            self._file.save(replace(connection, missing=missing))
            raise TroubleError("The key lacks scopes", "Keystead did not ask for your consent.", missing)
        raise denied(error, description[:300])

    def _troubled(self, session: Session, trouble: TroubleError) -> Response:
        connection = self._file.load()
        if connection is not None and trouble.missing:
            self._file.save(replace(connection, missing=trouble.missing))
        elif connection is not None and trouble.is_end:
            self._file.save(replace(connection, ended=trouble.words))
        else:
            session.said = Said(kind="bad", heading=trouble.heading, words=trouble.words)
        return _to("/")

    def _set_up(
        self, session: Session, *, client_id: str | None = None, wrong: Form | None = None, status: int = 200
    ) -> Response:
        connection = self._file.load()
        return self._html(
            "set_up.html",
            session,
            status=status,
            connection=connection,
            client_id=client_id if client_id is not None else connection.client_id if connection else "",
            wrong=wrong or {},
        )

    def _html(self, name: str, session: Session, *, status: int = 200, **values: object) -> Response:
        html = self._templates.get_template(name).render(
            settings=self._settings, scopes=SCOPES, csrf=session.csrf, said=session.told(), **values
        )
        return HTMLResponse(html, status_code=status, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        """Nothing from elsewhere, nothing inline. Keystead is a form's target, since saving leads there."""
        policy = (
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; "
            f"frame-ancestors 'none'; form-action 'self' {self._settings.keystead_url}"
        )
        return {
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }


async def _form(request: Request) -> Form:
    """The fields of a form; nothing of one that is too large."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return {}
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}


_to = partial(
    RedirectResponse, status_code=303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
)
