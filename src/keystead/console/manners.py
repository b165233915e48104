"""What do all pages for people share? One must be signed in, forms must be our own, refusals are pages."""

import gzip
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from keystead.actions import sessions as act
from keystead.core.errors import Forbidden, Invalid, NotFound, Refused
from keystead.core.parameters import InvalidParameter, MalformedParameters, Tree
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.html import MessageView
from keystead.web.sessions import CSRF_FIELD, proves_itself
from keystead.web.surface import Surface, Visitor, read_form, takes_gzip, visitor_of

NO_PERMISSION = "You don't have permission to access that page"
_WORTH_PACKING = 1024
Work = Callable[[Transaction, Visitor], Response]
FormWork = Callable[[Transaction, Visitor, Tree], Response]


async def signed_in(surface: Surface, request: Request, work: Work) -> Response:
    """Do the work for whoever is signed in; others are sent to sign in, refusals are shown as pages."""

    def run(tx: Transaction) -> Response:
        visitor = visitor_of(tx, request)
        if visitor.user is None:
            return RedirectResponse("/login", 302)
        return work(tx, visitor)

    return _packed(await _refusals_shown(surface, request, run), request)


async def with_own_form(
    surface: Surface,
    request: Request,
    work: FormWork,
    *,
    ahead: Callable[[Tree], Awaitable[None]] | None = None,
    read: Callable[[Request], Awaitable[Tree]] = read_form,
) -> Response:
    """Do the work of a form that our own page sent; one transaction, all or nothing.

    ``ahead`` is what takes long and is done before the transaction; it must see for itself whose form this is.
    ``read`` reads a form of another kind, and raises MalformedParameters.
    """
    try:
        form = await read(request)
    except MalformedParameters as wrong:
        words = str(wrong)
        return await surface.in_transaction(request, lambda tx: _message(tx, surface, request, words, 400))

    if ahead is not None:
        await ahead(form)

    def run(tx: Transaction) -> Response:
        visitor = visitor_of(tx, request)
        if visitor.user is None or visitor.session is None:
            return RedirectResponse("/login", 302)
        if not proves_itself(visitor.session, form.get(CSRF_FIELD)):
            return _message(tx, surface, request, "This form is too old. Go back, reload the page and try again.", 422)
        return work(tx, visitor, form)

    return await _refusals_shown(surface, request, run)


def back_to(tx: Transaction, visitor: Visitor, path: str, words: str | None = None) -> Response:
    """Return a redirect to one of our pages, which will say these words."""
    if words is not None and visitor.session is not None:
        act.keep_flash(tx, visitor.session, words)
    return RedirectResponse(path, 302)


async def _refusals_shown(surface: Surface, request: Request, run: Callable[[Transaction], Response]) -> Response:
    try:
        return await surface.in_transaction(request, run)
    except Forbidden:
        return await surface.in_transaction(request, lambda tx: _sent_home(tx, request))
    except NotFound:
        refusal = ("There is no such page.", 404)
    except (Invalid, Refused, InvalidParameter) as refused:
        refusal = (str(refused), 400)
    words, status = refusal
    return await surface.in_transaction(request, lambda tx: _message(tx, surface, request, words, status))


def _sent_home(tx: Transaction, request: Request) -> Response:
    visitor = visitor_of(tx, request)
    return back_to(tx, visitor, "/", visitor.say(NO_PERMISSION))


def _message(tx: Transaction, surface: Surface, request: Request, words: str, status: int) -> Response:
    visitor = visitor_of(tx, request)
    view = MessageView(
        heading=visitor.say("This did not work"),
        words=visitor.say(words),
        next_href="/",
        next_words=visitor.say("Go to the start page"),
    )
    return show(tx, surface.pages, visitor, view, "Keystead", status=status)


def _packed(page: Response, request: Request) -> Response:
    """Return a page packed, for browsers that can read it so. Answers to forms are never packed: they may show secrets
    beside words that somebody else chose.
    """
    page.headers["vary"] = "Accept-Encoding"
    if takes_gzip(request) and len(page.body) > _WORTH_PACKING:
        page.body = gzip.compress(page.body, 6, mtime=0)
        page.headers["content-encoding"] = "gzip"
        page.headers["content-length"] = str(len(page.body))
    return page
