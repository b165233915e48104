"""Stores browser sessions, their identifiers only as digests."""

from typing import Any

from sqlalchemy import delete, insert, null, update

from keystead.core.credentials import Secret
from keystead.core.instants import DAY, HOUR
from keystead.storage.schema import sessions
from keystead.storage.transaction import Transaction

LIFETIME = 12 * HOUR
IDLE = 2 * HOUR


def insert_session(tx: Transaction, session_id: Secret, **values: Any) -> int:
    """Store a new session and return its id; expired ones are forgotten on the way."""
    tx.connection.execute(delete(sessions).where(sessions.c.expires_at < tx.now - DAY))
    row = {"created_at": tx.now, "expires_at": tx.now + IDLE} | values
    if row.get("pending") is None:
        row["pending"] = null()
    row["digest"] = tx.vault.sessions.digest(session_id.reveal())
    return int(tx.connection.execute(insert(sessions).values(row).returning(sessions.c.id)).scalar_one())


def update_session(tx: Transaction, session_id: int, **values: Any) -> None:
    """Set columns of a session."""
    tx.connection.execute(update(sessions).where(sessions.c.id == session_id).values(values))


def keep_pending(tx: Transaction, session_id: int, pending: dict[str, Any]) -> None:
    """Let an authorization request wait in a session, in place of any other."""
    update_session(tx, session_id, pending=pending)


def take_pending(tx: Transaction, session_id: int) -> bool:
    """Let nothing wait any more; False when nothing did, whoever else asked at the same time."""
    done = tx.connection.execute(
        update(sessions).where(sessions.c.id == session_id, sessions.c.pending.is_not(null())).values(pending=null())
    )
    return done.rowcount == 1


def delete_session(tx: Transaction, session_id: int) -> None:
    """End a session."""
    tx.connection.execute(delete(sessions).where(sessions.c.id == session_id))


def delete_of_user(tx: Transaction, user_id: int) -> int:
    """End all of a person's sessions; return how many."""
    return tx.connection.execute(delete(sessions).where(sessions.c.user_id == user_id)).rowcount
