"""Which keys are watched before their scopes are enforced?"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from keystead.core.instants import Instant
from keystead.core.scopes import stored_scopes
from keystead.storage.schema import watches
from keystead.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The scopes that are proposed for a key, since when its calls are held against them, and whether they count."""

    key_id: int
    scopes: tuple[str, ...]
    since: Instant
    enforced_at: Instant | None = None

    @property
    def is_enforced(self) -> bool:
        """Whether watching has become enforcing."""
        return self.enforced_at is not None


def find_watch(tx: Transaction, key_id: int) -> Watch | None:
    """Return the watch of a key, or None."""
    row = tx.connection.execute(select(watches).where(watches.c.key_id == key_id)).first()
    return None if row is None else _watch(row)


def watched_keys(tx: Transaction) -> dict[int, frozenset[str]]:
    """Return the proposal for each key that is being watched now."""
    rows = tx.connection.execute(select(watches).where(watches.c.enforced_at.is_(None)))
    return {row.key_id: frozenset(stored_scopes(row.scopes)) for row in rows}


def _watch(row: Row[Any]) -> Watch:
    return Watch(
        key_id=row.key_id,
        scopes=stored_scopes(row.scopes),
        since=Instant(row.since),
        enforced_at=None if row.enforced_at is None else Instant(row.enforced_at),
    )
