"""After how many refused calls does an account switch a key off by itself?"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from keystead.storage.schema import suspension_rules
from keystead.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspensionRule:
    """A key that is refused ``refused`` times for want of a scope within ``minutes`` is switched off in the account."""

    account_id: int
    refused: int
    minutes: int


def find_rule(tx: Transaction, account_id: int) -> SuspensionRule | None:
    """Return an account's rule, None when it has none."""
    row = tx.connection.execute(select(suspension_rules).where(suspension_rules.c.account_id == account_id)).first()
    return None if row is None else _rule(row)


def every_rule(tx: Transaction) -> tuple[SuspensionRule, ...]:
    """Return the rules of all accounts."""
    return tuple(_rule(row) for row in tx.connection.execute(select(suspension_rules)))


def _rule(row: Row[Any]) -> SuspensionRule:
    return SuspensionRule(account_id=row.account_id, refused=row.refused, minutes=row.minutes)
