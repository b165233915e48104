"""Stores what institutions note about keys."""

from sqlalchemy import delete, insert

from keystead.storage.schema import key_notes
from keystead.storage.transaction import Transaction


def put_note(tx: Transaction, account_id: int, key_id: int, words: str, user_id: int) -> None:
    """Store a note in place of the former one; empty words only take that away."""
    tx.connection.execute(
        delete(key_notes).where(key_notes.c.account_id == account_id, key_notes.c.key_id == key_id)
    )  # fmt: skip
    if words:
        row = {"account_id": account_id, "key_id": key_id, "words": words, "user_id": user_id, "at": tx.now}
        tx.connection.execute(insert(key_notes).values(row))
