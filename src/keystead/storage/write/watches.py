"""Stores what is proposed for keys that are watched."""

from collections.abc import Sequence

from sqlalchemy import delete, insert, update

from keystead.core.instants import Instant
from keystead.storage.schema import watches
from keystead.storage.transaction import Transaction


def put_watch(tx: Transaction, key_id: int, scopes: Sequence[str], since: Instant) -> None:
    """Watch a key against these scopes, in place of what it was watched against."""
    delete_watch(tx, key_id)
    tx.connection.execute(insert(watches).values(key_id=key_id, scopes=" ".join(scopes), since=since))


def mark_enforced(tx: Transaction, key_id: int, at: Instant | None) -> None:
    """Note since when the proposal is enforced, None when it is not any more."""
    tx.connection.execute(update(watches).where(watches.c.key_id == key_id).values(enforced_at=at))


def delete_watch(tx: Transaction, key_id: int) -> None:
    """Watch a key no more."""
    tx.connection.execute(delete(watches).where(watches.c.key_id == key_id))
