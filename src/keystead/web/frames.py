"""What stands around a page: who is signed in, where, and what was just said."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from keystead.actions import sessions as act
from keystead.core.actors import ROLE_READERS, Right
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction
from keystead.web.html import Frame, MessageView, Pages, page_headers
from keystead.web.sessions import form_value
from keystead.web.surface import Visitor

BARE = "Keystead"


def frame_for(tx: Transaction, visitor: Visitor, title: str) -> Frame:
    """Return the frame of a page for this visitor."""
    user, session, account = visitor.user, visitor.session, visitor.domain_root
    rights = frozenset() if user is None else read_users.rights_of(tx, user.id, account)
    return Frame(
        title=visitor.say(title),
        account_name=account.name,
        signed_in_as=None if user is None else user.short_name,
        csrf=None if session is None or user is None else form_value(session),
        flash=None if session is None else session.flash,
        account_id=account.id,
        sees_keys=Right.VIEW_DEVELOPER_KEYS in rights,
        reads_audit=Right.VIEW_DEVELOPER_KEY_AUDIT in rights,
        sees_roles=bool(rights & ROLE_READERS),
        reader=visitor.reader,
    )


def show(
    tx: Transaction,
    pages: Pages,
    visitor: Visitor,
    view: object,
    title: str,
    *,
    status: int = 200,
    form_targets: Sequence[str] = (),
) -> Response:
    """Return a page in its frame. Words kept for the next page are shown by this one, and then forgotten."""
    page = pages.render(_template(view), view, frame_for(tx, visitor, title))
    if visitor.session is not None and visitor.session.flash is not None:
        act.keep_flash(tx, visitor.session, None)
    return Response(page, status, headers=page_headers(form_targets=form_targets))


def show_bare(pages: Pages, view: object, title: str, *, status: int = 200) -> Response:
    """Return a page that knows nothing of who looks at it."""
    page = pages.render(_template(view), view, Frame(title=title, account_name=BARE))
    return Response(page, status, headers=page_headers())


def unknown_page(pages: Pages) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return who answers for paths that are no page of ours: a page for people, one plain line for programs."""

    async def answer(request: Request, _: Exception) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("Not Found", status_code=404)
        view = MessageView(
            heading="There is no such page",
            words="The address may be mistyped, or what it named may be gone.",
            next_href="/",
            next_words="Go to the start page",
        )
        return show_bare(pages, view, "There is no such page", status=404)

    return answer


def _template(view: object) -> str:
    return str(type(view).TEMPLATE)  # type: ignore[attr-defined]  # every view names its template
