"""Whose browser is this? The session cookie, and the value that proves a form came from our own page."""

from http.cookies import CookieError, SimpleCookie
from secrets import token_bytes
from typing import Any

from keystead.core.credentials import same
from keystead.gateway.origin import RequestOrigin, header
from keystead.storage.read.sessions import Session, find_session
from keystead.storage.transaction import Transaction

COOKIE = "keystead_session"
CSRF_COOKIE = "_csrf_token"
CSRF_FIELD = "authenticity_token"
CSRF_HEADER = b"x-csrf-token"


def session_id_from(scope: Any) -> str | None:
    """Return the session identifier that the request carries, None when it carries none that can be read."""
    raw = header(scope, b"cookie")
    if raw is None or len(raw) > 16_384:
        return None
    try:
        morsel = SimpleCookie(raw).get(COOKIE)
    except CookieError:
        return None
    return None if morsel is None or len(morsel.value) > 128 else morsel.value


def session_of(tx: Transaction, scope: Any) -> Session | None:
    """Return the browser's session, None when it has none or it is over."""
    session_id = session_id_from(scope)
    return None if session_id is None else find_session(tx, session_id)


def cookie_header(session_id: str, origin: RequestOrigin) -> str:
    """Return the ``Set-Cookie`` value that gives the browser its session."""
    return f"{COOKIE}={session_id}; Path=/; HttpOnly; SameSite=Lax{_secure(origin)}"


def csrf_cookie_header(session: Session, origin: RequestOrigin) -> str:
    """Return the ``Set-Cookie`` value that lets our own pages' scripts prove themselves."""
    return f"{CSRF_COOKIE}={session.csrf}; Path=/; SameSite=Lax{_secure(origin)}"


def forget_cookie_headers(origin: RequestOrigin) -> tuple[str, str]:
    """Return the ``Set-Cookie`` values that take the session away."""
    gone = f"=; Path=/; Max-Age=0; SameSite=Lax{_secure(origin)}"
    return f"{COOKIE}{gone}; HttpOnly", f"{CSRF_COOKIE}{gone}"


def form_value(session: Session) -> str:
    """Return the anti-forgery value for a page, written differently each time.

    Compressed pages of the same length would give a fixed value away, letter by letter (BREACH).
    """
    plain = session.csrf.encode()
    mask = token_bytes(len(plain))
    return (mask + _crossed(plain, mask)).hex()


def proves_itself(session: Session, presented: object) -> bool:
    """Whether the anti-forgery value is the session's: as a page holds it, or as the cookie for scripts does."""
    if not isinstance(presented, str):
        return False
    if len(presented) == 4 * len(session.csrf):
        try:
            both = bytes.fromhex(presented)
        except ValueError:
            return False
        half = len(both) // 2
        presented = _crossed(both[:half], both[half:]).decode("latin-1")
    return same(presented, session.csrf)


def _crossed(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def comes_from_elsewhere(scope: Any, *ours: str) -> bool:
    """Whether a browser says that another site sent this form (``Sec-Fetch-Site``, else ``Origin``).

    Browsers send the first over HTTPS and to this very machine only. ``ours`` are the origins we are known by.
    """
    site = header(scope, b"sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    sender = header(scope, b"origin")
    return sender is not None and sender.lower() not in ours


def _secure(origin: RequestOrigin) -> str:
    return "; Secure" if origin.scheme == "https" else ""
