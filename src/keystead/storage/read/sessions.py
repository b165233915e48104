"""Whose browser is this?"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select

from keystead.core.errors import NotFound
from keystead.core.ids import AccountId, UserId
from keystead.core.instants import Instant
from keystead.storage.read.pages import Listing, Window, listing
from keystead.storage.schema import sessions
from keystead.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser's session; nobody is signed in while ``user_id`` is None. ``pending`` is its authorization request.

    ``seen_at`` and ``address`` are of its last use, to within ten minutes; ``browser`` is its name for people.
    """

    id: int
    account_id: AccountId
    csrf: str
    user_id: UserId | None
    real_user_id: UserId | None
    pending: dict[str, Any] | None
    flash: str | None
    signed_in_at: Instant | None
    created_at: Instant
    expires_at: Instant
    seen_at: Instant | None = None
    address: str | None = None
    browser: str | None = None

    def __repr__(self) -> str:
        return f"Session(id={self.id}, user_id={self.user_id})"


def find_session(tx: Transaction, session_id: str) -> Session | None:
    """Return the session that has not expired, or None."""
    row = tx.connection.execute(
        select(sessions).where(
            sessions.c.digest.in_(tx.vault.sessions.digests(session_id)), sessions.c.expires_at > tx.now
        )
    ).first()
    return None if row is None else _session(row)


def list_sessions(tx: Transaction, user_id: int, window: Window) -> Listing[Session]:
    """Return where a person is signed in, the last used first."""
    chosen = select(sessions).where(sessions.c.user_id == user_id, sessions.c.expires_at > tx.now)
    last_used = func.coalesce(sessions.c.seen_at, sessions.c.created_at)
    return listing(tx, chosen, window, order=(last_used.desc(), sessions.c.id.desc()), make=_session)


def get_of_user(tx: Transaction, user_id: int, session_id: int) -> Session:
    """Return a person's session. Raises NotFound."""
    row = tx.connection.execute(
        select(sessions).where(sessions.c.id == session_id, sessions.c.user_id == user_id)
    ).first()
    if row is None:
        raise NotFound
    return _session(row)


def _session(row: Row[Any]) -> Session:
    return Session(
        id=row.id,
        account_id=AccountId(row.account_id),
        csrf=row.csrf,
        user_id=row.user_id,
        real_user_id=row.real_user_id,
        pending=row.pending,
        flash=row.flash,
        signed_in_at=row.signed_in_at,
        created_at=Instant(row.created_at),
        expires_at=Instant(row.expires_at),
        seen_at=row.seen_at,
        address=row.address,
        browser=row.browser,
    )
