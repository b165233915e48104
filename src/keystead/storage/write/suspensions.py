"""Stores after how many refused calls accounts switch keys off."""

from sqlalchemy import delete, insert

from keystead.storage.schema import suspension_rules
from keystead.storage.transaction import Transaction


def put_rule(tx: Transaction, account_id: int, refused: int, minutes: int) -> None:
    """Store an account's rule in place of the former one."""
    delete_rule(tx, account_id)
    tx.connection.execute(
        insert(suspension_rules).values(account_id=account_id, refused=refused, minutes=minutes)
    )  # fmt: skip


def delete_rule(tx: Transaction, account_id: int) -> None:
    """Remove an account's rule."""
    tx.connection.execute(delete(suspension_rules).where(suspension_rules.c.account_id == account_id))
