"""Stores authorization codes, as digests only."""

from typing import Any

from sqlalchemy import delete, insert, update

from keystead.core.credentials import Secret
from keystead.core.instants import DAY
from keystead.storage.schema import codes
from keystead.storage.transaction import Transaction


def insert_code(tx: Transaction, code: Secret, **values: Any) -> int:
    """Store what a new code grants and return its id; long expired ones are forgotten on the way."""
    tx.connection.execute(delete(codes).where(codes.c.expires_at < tx.now - DAY))
    row = values | {"digest": tx.vault.codes.digest(code.reveal()), "created_at": tx.now}
    return int(tx.connection.execute(insert(codes).values(row).returning(codes.c.id)).scalar_one())


def claim_code(tx: Transaction, code_id: int) -> bool:
    """Mark the code as used; False when it already was, whoever else asked at the same time."""
    done = tx.connection.execute(
        update(codes).where(codes.c.id == code_id, codes.c.used_at.is_(None)).values(used_at=tx.now)
    )
    return done.rowcount == 1


def note_issued(tx: Transaction, code_id: int, token_id: int) -> None:
    """Remember which token the code gave, so that a second use can end it."""
    tx.connection.execute(update(codes).where(codes.c.id == code_id).values(token_id=token_id))
