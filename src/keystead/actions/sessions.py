"""Signs people in and out of browsers, and keeps a browser's pending authorization request."""

from typing import Any

from keystead.actions.passwords import is_password
from keystead.core.accounts import Account
from keystead.core.actors import Actor, User
from keystead.core.credentials import Secret
from keystead.core.instants import MINUTE, Instant
from keystead.storage.read.sessions import Session, find_session
from keystead.storage.read.users import SignIn
from keystead.storage.transaction import Transaction
from keystead.storage.vault import new_form_value, new_session_id
from keystead.storage.write import sessions as write_sessions
from keystead.storage.write.changes import record

NOTED_AGAIN_AFTER = 10 * MINUTE


def open_session(tx: Transaction, account: Account, **values: Any) -> tuple[Session, Secret]:
    """Start a browser session in which nobody is signed in; return it and the identifier for its cookie."""
    session_id = new_session_id()
    write_sessions.insert_session(tx, session_id, account_id=account.id, csrf=new_form_value(), **values)
    session = find_session(tx, session_id.reveal())
    if session is None:
        raise LookupError("a session vanished inside its own transaction")
    return session, session_id


def is_theirs(found: SignIn | None, password: Secret) -> bool:
    """Whether this is the password of somebody who may sign in. Slow on purpose: call it outside any transaction."""
    good = is_password(password.reveal(), None if found is None else found.password_hash)
    return found is not None and good and found.user.is_active


def sign_in(
    tx: Transaction, user: User, account: Account, before: Session | None, *, browser: str | None
) -> tuple[Session, Secret]:
    """Sign a person in under a new session identifier (against fixation); what was pending is carried over."""
    pending = None
    if before is not None:
        pending = before.pending
        write_sessions.delete_session(tx, before.id)
    session, session_id = open_session(
        tx,
        account,
        user_id=user.id,
        pending=pending,
        signed_in_at=tx.now,
        seen_at=tx.now,
        address=tx.origin.address,
        browser=browser,
    )
    record(tx, "session.signed_in", "user", user.id, acting=Actor(user_id=user.id), account_id=account.id)
    return session, session_id


def wants_noting(session: Session, now: Instant) -> bool:
    """Whether ``keep_alive`` would note the session's use; it does so once in ten minutes."""
    return now - (session.seen_at or session.created_at) >= NOTED_AGAIN_AFTER


def keep_alive(tx: Transaction, session: Session) -> None:
    """Let a session that is used go on: two idle hours end it, and twelve hours end it in any case."""
    if wants_noting(session, tx.now):
        write_sessions.update_session(
            tx, session.id, expires_at=_end_of(session, tx.now), seen_at=tx.now, address=tx.origin.address
        )


def sign_out(tx: Transaction, session: Session) -> None:
    """End a session."""
    write_sessions.delete_session(tx, session.id)
    if session.user_id is not None:
        record(
            tx,
            "session.signed_out",
            "user",
            session.user_id,
            acting=Actor(user_id=session.user_id, real_user_id=session.real_user_id),
            account_id=session.account_id,
        )


def end_session(tx: Transaction, session: Session, *, acting: Actor) -> None:
    """End one of a person's sessions from another browser."""
    write_sessions.delete_session(tx, session.id)
    record(
        tx,
        "session.ended",
        "user",
        acting.user_id,
        acting=acting,
        account_id=session.account_id,
        before={"browser": session.browser, "address": session.address},
    )


def end_all_sessions(tx: Transaction, account: Account, *, acting: Actor) -> int:
    """End all sessions of the person acting, in every browser and on every host; return how many."""
    ended = write_sessions.delete_of_user(tx, acting.user_id)
    after = {"sessions_ended": ended}
    record(tx, "session.all_ended", "user", acting.user_id, acting=acting, account_id=account.id, after=after)
    return ended


def keep_pending(tx: Transaction, session: Session, pending: dict[str, Any]) -> None:
    """Let an authorization request wait in this browser."""
    write_sessions.keep_pending(tx, session.id, pending)


def take_pending(tx: Transaction, session: Session) -> bool:
    """Let nothing wait in this browser any more; False when somebody was quicker."""
    return write_sessions.take_pending(tx, session.id)


def keep_flash(tx: Transaction, session: Session, words: str | None) -> None:
    """Keep words for the next page, or forget them."""
    write_sessions.update_session(tx, session.id, flash=words)


def _end_of(session: Session, now: Instant) -> Instant:
    return Instant(min(now + write_sessions.IDLE, session.created_at + write_sessions.LIFETIME))
