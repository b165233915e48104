"""Which browser asks? A random cookie, and beside it what this browser was told and must bring back."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from accessibility_checker.granting import Asked

COOKIE = "accessibility_checker"
MOST_SESSIONS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the next page tells at its top; `kind` is good or bad."""

    kind: str
    heading: str
    words: str = ""


@dataclass(slots=True, kw_only=True)
class Session:
    """`csrf` is in each form; `asked` is the question for consent that is under way."""

    name: str
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    asked: Asked | None = field(default=None, repr=False)
    said: Said | None = None

    def told(self) -> Said | None:
        """What to say now; said once."""
        said, self.said = self.said, None
        return said

    def answered(self, state: str) -> Asked | None:
        """The question to which this is the answer; None for a stranger's. A question is answered once."""
        asked, self.asked = self.asked, None
        if asked is None or not secrets.compare_digest(asked.state.encode(), state.encode()):
            return None
        return asked


class Sessions:
    """All sessions, in memory; the oldest go when there are too many."""

    def __init__(self, *, is_https: bool) -> None:
        self._is_https = is_https
        self._known: OrderedDict[str, Session] = OrderedDict()

    def of(self, request: Request) -> Session:
        """The browser's session, a new one when it has none."""
        session = self._known.get(request.cookies.get(COOKIE, ""))
        if session is None:
            session = Session(name=secrets.token_urlsafe(32))
            self._known[session.name] = session
            if len(self._known) > MOST_SESSIONS:
                self._known.popitem(last=False)
        return session

    def remember(self, session: Session, response: Response) -> None:
        """Gives the browser its cookie. Lax, since the browser comes back from Keystead by a link."""
        response.set_cookie(COOKIE, session.name, httponly=True, samesite="lax", secure=self._is_https, path="/")
