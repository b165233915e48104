"""What do the pages and OAuth endpoints need besides the request? Made once, at start."""

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from keystead.actions import sessions as act
from keystead.config import Settings
from keystead.core.accounts import Account
from keystead.core.actors import Actor, User
from keystead.core.credentials import Secret
from keystead.core.parameters import MalformedParameters, Tree, pairs, parse_form, parse_json, read_json_members
from keystead.gateway.endpoints import ORIGIN
from keystead.gateway.facts import Cluster
from keystead.gateway.judge import Judge
from keystead.gateway.origin import RequestOrigin
from keystead.gateway.outside import Fetched, fetch
from keystead.gateway.routing import Routing
from keystead.storage.notices import Notices
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.read.sessions import Session
from keystead.storage.refusals import Refusals
from keystead.storage.signing import SigningKeys
from keystead.storage.transaction import Database, Origin, Transaction
from keystead.storage.usage import Usage
from keystead.storage.usage_figures import UsageFigures
from keystead.storage.watch_examples import WatchExamples
from keystead.web.html import Pages
from keystead.web.languages import ANYBODY, Reader, reader_of, words_in
from keystead.web.sessions import cookie_header, csrf_cookie_header, forget_cookie_headers, form_value, session_of

Result = TypeVar("Result")
LARGEST_FORM = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """The product's parts, as the pages and OAuth endpoints use them."""

    settings: Settings
    database: Database
    usage: Usage
    refusals: Refusals
    notices: Notices
    examples: WatchExamples
    pages: Pages
    judge: Judge
    signing: SigningKeys
    routing: Routing
    cluster: Cluster
    figures: UsageFigures
    fetch: Callable[[str], Coroutine[Any, Any, Fetched]] = fetch

    def public_origin(self, request: Request) -> str:
        """Return the origin that people and clients use."""
        return self.settings.public_url or origin_of(request).url

    async def in_transaction(
        self, request: Request, work: Callable[[Transaction], Result], *, surface: str = "console"
    ) -> Result:
        """Run the work in a worker thread, in one transaction that may write. It keeps the browser's session alive."""
        origin = origin_of(request)
        came_from = Origin(surface=surface, address=origin.address, request_id=origin.request_id)

        def run() -> Result:
            with self.database.write(came_from) as tx:
                session = session_of(tx, request.scope)
                if session is not None:
                    act.keep_alive(tx, session)
                return work(tx)

        return await to_thread.run_sync(run)

    async def showing(self, request: Request, work: Callable[[Transaction], Result]) -> Result:
        """Run work that only shows a page: it reads, unless the session has words to forget or must be kept alive."""

        def run() -> tuple[Result] | None:
            with self.database.read() as tx:
                session = session_of(tx, request.scope)
                if session is not None and (session.flash is not None or act.wants_noting(session, tx.now)):
                    return None
                return (work(tx),)

        shown = await to_thread.run_sync(run)
        return await self.in_transaction(request, work) if shown is None else shown[0]

    async def reading(self, work: Callable[[Transaction], Result]) -> Result:
        """Run the work in a worker thread, in one transaction that only reads."""

        def run() -> Result:
            with self.database.read() as tx:
                return work(tx)

        return await to_thread.run_sync(run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Whose browser asks, on which host's account. ``user`` is None while nobody is signed in."""

    session: Session | None
    user: User | None
    domain_root: Account
    reader: Reader = ANYBODY

    def say(self, message: str, **values: object) -> str:
        """Return a sentence in the visitor's language, with ``%(name)s`` filled in."""
        words = words_in(self.reader.language).gettext(message)
        return words % values if values else words

    @property
    def acting(self) -> Actor:
        """The person signed in, as whoever changes something. Only when there is one."""
        assert self.user is not None  # noqa: S101  (callers have sent others to sign in)
        real = None if self.session is None else self.session.real_user_id
        return Actor(user_id=self.user.id, real_user_id=real)

    @property
    def form_value(self) -> str:
        """The anti-forgery value for a form on a page; empty, and so refused, without a session."""
        return "" if self.session is None else form_value(self.session)


def origin_of(request: Request) -> RequestOrigin:
    """Return where the request comes from."""
    origin: RequestOrigin = request.scope[ORIGIN]
    return origin


def visitor_of(tx: Transaction, request: Request) -> Visitor:
    """Return whose browser asks. People who were suspended, or have no login on this host, are not signed in.

    A session counts on the hosts of the root account where it was opened, and nowhere else.
    """
    domain_root = read_accounts.root_for_host(tx, origin_of(request).domain)
    session = session_of(tx, request.scope)
    if session is not None and session.account_id != domain_root.id:
        session = None
    user = None if session is None else read_users.find_user(tx, session.user_id)
    if user is not None and not (user.is_active and read_users.has_login(tx, user.id, domain_root)):
        user = None
    locale, zone = (None, None) if user is None else (user.locale, user.time_zone)
    reader = reader_of(request.headers.get("accept-language"), locale, zone, domain_root.default_time_zone)
    return Visitor(session=session, user=user, domain_root=domain_root, reader=reader)


def ensure_session(tx: Transaction, visitor: Visitor) -> tuple[Session, Secret | None]:
    """Return the browser's session, opening one when it has none; the identifier is given for a new one only."""
    if visitor.session is not None:
        return visitor.session, None
    return act.open_session(tx, visitor.domain_root)


def give_session(response: Response, request: Request, session: Session, session_id: Secret | None) -> Response:
    """Put a session's cookies on a response; ``session_id`` is given when the session is new."""
    origin = origin_of(request)
    if session_id is not None:
        response.headers.append("set-cookie", cookie_header(session_id.reveal(), origin))
        response.headers.append("set-cookie", csrf_cookie_header(session, origin))
    return response


def forget_session(response: Response, request: Request) -> Response:
    """Take the session's cookies away."""
    for line in forget_cookie_headers(origin_of(request)):
        response.headers.append("set-cookie", line)
    return response


def takes_gzip(request: Request) -> bool:
    """Whether the browser can read what is packed with gzip."""
    asked = request.headers.get("accept-encoding", "")
    return any(one.strip().lower() == "gzip" for one in asked.split(","))


async def read_body(request: Request) -> bytes:
    """Return the whole small body. Raises MalformedParameters when it is too large or encoded."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise MalformedParameters("The request body must not be encoded")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise MalformedParameters("The request body is too large")
    return bytes(body)


async def read_form(request: Request) -> Tree:
    """Return a page's form. Raises MalformedParameters."""
    return parse_form(await read_body(request))


async def read_pairs(request: Request) -> Iterable[tuple[str, str]]:
    """Return the body's parameters, form or JSON, one by one as they stand. Raises MalformedParameters.

    A JSON object that names a member twice is refused: readers disagree about which one counts (RFC 8259 section 4).
    """
    body = await read_body(request)
    if not body:
        return ()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        members = parse_json(body)
        if any(len(values) > 1 for values in read_json_members(body, members).values()):
            raise MalformedParameters("A member of the JSON body is given more than once")
        return [(name, _text(name, value)) for name, value in members.items() if value is not None]
    if kind in ("", "application/x-www-form-urlencoded"):
        return pairs(body)
    raise MalformedParameters("The request body must be a form or JSON")


def _text(name: str, value: object) -> str:
    match value:
        case bool():
            return "1" if value else "0"
        case str() | int() | float():
            return str(value)
        case _:
            raise MalformedParameters(f"{name} must be a text")
