"""Where is a person signed in, and how do they sign out elsewhere?"""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from keystead.actions import sessions as act
from keystead.console.manners import back_to, with_own_form
from keystead.core.errors import Forbidden
from keystead.core.instants import Instant
from keystead.core.parameters import Tree
from keystead.storage.read import sessions as read_sessions
from keystead.storage.read.pages import Window
from keystead.storage.read.sessions import Session
from keystead.storage.transaction import Transaction
from keystead.web.surface import Surface, Visitor, forget_session

PROFILE: Final = "/profile/settings"
SESSIONS: Final = f"{PROFILE}/sessions"
_MOST_SHOWN: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A browser in which the person is signed in. Without ``end_action`` it is the one that shows the page."""

    browser: str | None
    address: str | None
    signed_in_at: Instant | None
    seen_at: Instant
    end_action: str | None
    is_masked: bool = False


class Sessions:
    """``/profile/settings/sessions/…``; the list itself stands on the person's page."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of these forms."""
        return [
            Route(f"{SESSIONS}/end", self.end_all, methods=["POST"]),
            Route(SESSIONS + "/{session_id:int}/end", self.end, methods=["POST"]),
        ]

    async def end(self, request: Request) -> Response:
        """Sign the person out of one other browser."""

        def work(tx: Transaction, visitor: Visitor, _form: Tree) -> Response:
            _require_themselves(visitor)
            session = read_sessions.get_of_user(tx, visitor.acting.user_id, request.path_params["session_id"])
            act.end_session(tx, session, acting=visitor.acting)
            return back_to(tx, visitor, f"{PROFILE}#sessions", visitor.say("You are signed out there."))

        return await with_own_form(self._surface, request, work)

    async def end_all(self, request: Request) -> Response:
        """Sign the person out of every browser, also of this one."""

        def work(tx: Transaction, visitor: Visitor, _form: Tree) -> Response:
            _require_themselves(visitor)
            act.end_all_sessions(tx, visitor.domain_root, acting=visitor.acting)
            return forget_session(RedirectResponse("/login", 302), request)

        return await with_own_form(self._surface, request, work)


def session_rows(tx: Transaction, visitor: Visitor) -> tuple[SessionRow, ...]:
    """Return where the person is signed in, the browser that asks first. Somebody else behind their mask sees none."""
    if visitor.acting.is_masquerading:
        return ()
    found = read_sessions.list_sessions(tx, visitor.acting.user_id, Window(limit=_MOST_SHOWN)).items
    return tuple(_row(one, visitor) for one in sorted(found, key=lambda one: not _is_this(one, visitor)))


def _row(session: Session, visitor: Visitor) -> SessionRow:
    return SessionRow(
        browser=session.browser,
        address=session.address,
        signed_in_at=session.signed_in_at,
        seen_at=session.seen_at or session.created_at,
        end_action=None if _is_this(session, visitor) else f"{SESSIONS}/{session.id}/end",
        is_masked=session.real_user_id is not None,
    )


def _is_this(session: Session, visitor: Visitor) -> bool:
    return visitor.session is not None and session.id == visitor.session.id


def _require_themselves(visitor: Visitor) -> None:
    if visitor.acting.is_masquerading:
        raise Forbidden
