"""Moves the counters that give new rows their ids."""

from sqlalchemy import func, select, text

from keystead.storage.schema import accounts, users
from keystead.storage.transaction import Transaction


def pass_given_ids(tx: Transaction) -> None:
    """Let new accounts and people get ids above those stored with ids of their own; SQLite does so by itself."""
    if tx.is_sqlite:
        return
    for table in (accounts, users):
        highest = tx.connection.execute(select(func.max(table.c.id))).scalar_one()
        tx.connection.execute(
            text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :highest)"),
            {"name": table.name, "highest": highest},
        )
