"""Whose browser is this?"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from keystead.core.ids import AccountId, UserId
from keystead.core.instants import Instant
from keystead.storage.schema import sessions
from keystead.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser's session; nobody is signed in while ``user_id`` is None. ``pending`` is its authorization request."""

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

    def __repr__(self) -> str:
        return f"Session(id={self.id}, user_id={self.user_id})"


def find_session(tx: Transaction, session_id: str) -> Session | None:
    """Return the session that has not expired, or None."""
    row = tx.connection.execute(
        select(sessions).where(
            sessions.c.digest.in_(tx.vault.sessions.digests(session_id)), sessions.c.expires_at > tx.now
        )
    ).first()
    if row is None:
        return None
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
    )
