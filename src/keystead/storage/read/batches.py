"""Which keys were turned off together, and was that undone?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select

from keystead.core.accounts import Account
from keystead.core.bindings import BindingState
from keystead.core.instants import Instant
from keystead.storage.batch_schema import off_batches
from keystead.storage.schema import users
from keystead.storage.transaction import Transaction

MOST_BATCHES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedOff:
    """A key that was turned off, its name at that time, and what the account said about it before."""

    key_id: int
    name: str | None
    before: BindingState


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAlone:
    """A key that was not changed, and why; the name only where the account may know it."""

    key_id: int
    name: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OffBatch:
    """Keys that were turned off together. ``left_off`` are those that the undoing did not turn on again."""

    id: int
    account_id: int
    at: Instant
    person: str | None
    because: str | None
    turned_off: tuple[TurnedOff, ...]
    skipped: tuple[LeftAlone, ...]
    undone_at: Instant | None
    undone_by: str | None
    left_off: tuple[LeftAlone, ...]


def find_batch(tx: Transaction, account: Account, batch_id: int | None) -> OffBatch | None:
    """Return a batch of an account, or None."""
    row = tx.connection.execute(_of(account).where(off_batches.c.id == batch_id)).first()
    return None if row is None else _batch(row)


def list_batches(tx: Transaction, account: Account) -> tuple[OffBatch, ...]:
    """Return an account's newest batches, the last one first."""
    rows = tx.connection.execute(_of(account).order_by(off_batches.c.id.desc()).limit(MOST_BATCHES))
    return tuple(_batch(row) for row in rows)


def _of(account: Account) -> Select[Any]:
    undoer = users.alias("undoer")
    return (
        select(off_batches, users.c.name.label("person"), undoer.c.name.label("undoer"))
        .outerjoin(users, users.c.id == off_batches.c.user_id)
        .outerjoin(undoer, undoer.c.id == off_batches.c.undone_by)
        .where(off_batches.c.account_id == account.id)
    )


def _batch(row: Row[Any]) -> OffBatch:
    return OffBatch(
        id=row.id, account_id=row.account_id, at=Instant(row.at), person=row.person, because=row.because,
        turned_off=tuple(
            TurnedOff(key_id=one["key_id"], name=one["name"], before=BindingState(one["before"]))
            for one in row.turned_off
        ),
        skipped=tuple(map(_left, row.skipped)), undone_at=row.undone_at, undone_by=row.undoer,
        left_off=tuple(map(_left, row.left_off)),
    )  # fmt: skip


def _left(one: Mapping[str, Any]) -> LeftAlone:
    return LeftAlone(key_id=one["key_id"], name=one["name"], why=one["why"])
