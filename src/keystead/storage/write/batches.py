"""Stores which keys were turned off together, and that it was undone."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import insert, update

from keystead.storage.batch_schema import off_batches
from keystead.storage.read.batches import LeftAlone, TurnedOff
from keystead.storage.transaction import Transaction


def insert_batch(tx: Transaction, account_id: int, user_id: int, because: str | None) -> int:
    """Store a batch that holds nothing yet; return its id."""
    row: dict[str, Any] = {
        "account_id": account_id, "user_id": user_id, "at": tx.now, "because": because, "turned_off": [],
        "skipped": [], "left_off": [],
    }  # fmt: skip
    return int(tx.connection.execute(insert(off_batches).values(row).returning(off_batches.c.id)).scalar_one())


def fill_batch(tx: Transaction, batch_id: int, turned_off: Sequence[TurnedOff], skipped: Sequence[LeftAlone]) -> None:
    """Store what became of the keys of a batch."""
    row = {"turned_off": [asdict(one) for one in turned_off], "skipped": [asdict(one) for one in skipped]}
    tx.connection.execute(update(off_batches).where(off_batches.c.id == batch_id).values(row))


def claim_undo(tx: Transaction, batch_id: int, user_id: int) -> bool:
    """Note that a batch is undone; False when it was before. Of rivals, one is told True."""
    mine = (off_batches.c.id == batch_id) & off_batches.c.undone_at.is_(None)
    return tx.connection.execute(
        update(off_batches).where(mine).values(undone_at=tx.now, undone_by=user_id)
    ).rowcount == 1  # fmt: skip


def note_left_off(tx: Transaction, batch_id: int, left_off: Sequence[LeftAlone]) -> None:
    """Store which keys of an undone batch stay off."""
    row = {"left_off": [asdict(one) for one in left_off]}
    tx.connection.execute(update(off_batches).where(off_batches.c.id == batch_id).values(row))
