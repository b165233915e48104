"""The sandbox as an ASGI application: every address in one table, one way from request to answer."""

import re
import urllib.parse
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox_lms import accounts, assignments, courses, files, media, migrations, pages, quizzes, topics, uploads
from sandbox_lms.body import Body, read_body
from sandbox_lms.call import Call, Paged
from sandbox_lms.downloads import download
from sandbox_lms.identity import HEADER, Identity, Keys, PublishedKeys, identify
from sandbox_lms.institution import ROOT_ID
from sandbox_lms.records import Person
from sandbox_lms.refusals import RefusalError, not_found, unauthenticated
from sandbox_lms.replies import Shape, reply
from sandbox_lms.state import State

Answer = Callable[[Call], Paged | Shape | list[Shape]]
ENDPOINTS: tuple[tuple[str, str, Answer], ...] = (
    ("GET", "/accounts", accounts.index),
    ("GET", "/accounts/{id}", accounts.show),
    ("GET", "/accounts/{account_id}/sub_accounts", accounts.sub_accounts),
    ("GET", "/accounts/{account_id}/courses", accounts.courses),
    ("GET", "/accounts/{account_id}/terms", accounts.terms),
    ("GET", "/courses", courses.index),
    ("GET", "/courses/{id}", courses.show),
    ("PUT", "/courses/{id}", courses.update),
    ("GET", "/courses/{course_id}/assignments", assignments.index),
    ("GET", "/courses/{course_id}/assignments/{id}", assignments.show),
    ("PUT", "/courses/{course_id}/assignments/{id}", assignments.update),
    ("GET", "/courses/{course_id}/blueprint_subscriptions", migrations.subscriptions),
    (
        "GET",
        "/courses/{course_id}/blueprint_subscriptions/{subscription_id}/migrations",
        migrations.blueprint_migrations,
    ),
    ("GET", "/courses/{course_id}/content_migrations", migrations.content_migrations),
    ("GET", "/courses/{course_id}/discussion_topics", topics.index),
    ("GET", "/courses/{course_id}/discussion_topics/{topic_id}", topics.show),
    ("PUT", "/courses/{course_id}/discussion_topics/{topic_id}", topics.update),
    ("GET", "/courses/{course_id}/files", files.index),
    ("GET", "/courses/{course_id}/files/{id}", files.show),
    ("GET", "/files/{id}", files.show_alone),
    ("PUT", "/files/{id}", files.update),
    ("DELETE", "/files/{id}", files.delete),
    ("GET", "/courses/{course_id}/media_objects", media.index),
    ("PUT", "/media_objects/{media_object_id}", media.update),
    ("GET", "/media_objects/{media_object_id}/media_tracks", media.tracks),
    ("PUT", "/media_objects/{media_object_id}/media_tracks", media.replace_tracks),
    ("GET", "/courses/{course_id}/pages", pages.index),
    ("GET", "/courses/{course_id}/pages/{url_or_id}", pages.show),
    ("PUT", "/courses/{course_id}/pages/{url_or_id}", pages.update),
    ("GET", "/courses/{course_id}/quizzes", quizzes.index),
    ("GET", "/courses/{course_id}/quizzes/{id}", quizzes.show),
    ("PUT", "/courses/{course_id}/quizzes/{id}", quizzes.update),
)
_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`audience` is the origin that the gateway names as its upstream; `issuer`, when set, the gateway's own."""

    jwks_url: str
    audience: str
    issuer: str | None = None


def create_app(
    settings: Settings, *, keys: Keys | None = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Starlette:
    """A sandbox with fresh sample data. `keys` replaces the published ones of the gateway."""
    front = _Front(settings, keys or PublishedKeys(settings.jwks_url), State(clock))
    create: Answer = partial(uploads.create, front.waiting)
    table = (*ENDPOINTS, ("POST", "/courses/{course_id}/files", create))
    routes = [
        Route(f"/api/v1{path}{ending}", partial(front.answer, answer), methods=[verb])
        for ending in ("", ".json")
        for verb, path, answer in table
    ]
    routes = [
        *sorted(routes, key=lambda route: not route.path.endswith(".json")),
        Route("/files_api/{word}", front.receive, methods=["POST"]),
        Route("/files/{id}/download", front.download, methods=["GET"]),
        Route("/healthz", _healthy, methods=["GET"]),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _unknown, RefusalError: _refused})
    app.router.redirect_slashes = False
    return app


class _Front:
    """What every request passes: who is it, what is asked, the answer as JSON."""

    def __init__(self, settings: Settings, keys: Keys, state: State) -> None:
        self._settings = settings
        self._keys = keys
        self._state = state
        self.waiting = uploads.Waiting()

    async def answer(self, answer: Answer, request: Request) -> Response:
        sent = request.headers.getlist(HEADER)
        identity = await identify(
            sent[0] if len(sent) == 1 else None,
            self._keys,
            audience=self._settings.audience,
            issuer=self._settings.issuer,
        )
        call = await self._call(request, self._person(identity), may_include=identity.includes)
        return _reply(answer(call), request)

    async def receive(self, request: Request) -> Response:
        if not self.waiting.is_known(request.path_params["word"]):
            raise not_found()
        call = await self._call(request, None, may_include=False)
        shape = uploads.receive(self.waiting, call)
        return reply(shape, status=201, headers={"Location": f"{call.origin}/api/v1/files/{shape['id']}"})

    async def download(self, request: Request) -> Response:
        return download(self._state, request.path_params["id"], request.query_params.get("verifier", ""))

    def _person(self, identity: Identity) -> Person | None:
        """Logins are unique in one root account only, so a like-named person of another one is a stranger here."""
        return self._state.person_by_login(identity.login) if identity.account_id == ROOT_ID else None

    async def _call(self, request: Request, person: Person | None, *, may_include: bool) -> Call:
        body = Body(tree={})
        if request.method in ("POST", "PUT"):
            body = await read_body(request.headers.get("content-type", ""), _chunks(request))
        origin = _origin(request.url.scheme, request.headers.get("host"), self._settings.audience)
        forwarded = request.headers.get("x-forwarded-proto", "http")
        return Call(
            state=self._state,
            person=person,
            path=urllib.parse.quote(request.url.path, safe="/:~@!$&'()*+,;="),
            params=request.path_params,
            query=request.query_params.multi_items(),
            body=body,
            origin=origin,
            public=_origin(forwarded, request.headers.get("x-forwarded-host"), origin),
            may_include=may_include,
        )


def _origin(scheme: str, host: str | None, otherwise: str) -> str:
    if host and _HOST.fullmatch(host) and scheme in ("http", "https"):
        return f"{scheme}://{host}"
    return otherwise


def _reply(answer: Paged | Shape | list[Shape], request: Request) -> Response:
    accept = request.headers.get("accept", "")
    if isinstance(answer, Paged):
        return reply(answer.content, headers={"Link": answer.link}, accept=accept)
    return reply(answer, accept=accept)


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect as error:
        raise unauthenticated() from error


async def _healthy(_request: Request) -> Response:
    return reply({"status": "ok"})


async def _unknown(_request: Request, _error: Exception) -> Response:
    refusal = not_found()
    return reply(refusal.body, status=refusal.status)


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RefusalError):
        raise error
    return reply(error.body, status=error.status, headers=error.headers)
