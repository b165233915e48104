"""Whom does it concern when scopes change?"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select

from keystead.core.keys import KeyState
from keystead.core.tokens import TokenState
from keystead.storage.schema import accounts, keys, tokens
from keystead.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcernedKey:
    """A key that holds some of the scopes, and how many of its live tokens do."""

    id: int
    name: str | None
    account: str | None
    scopes: tuple[str, ...]
    live_tokens: int


def keys_with(tx: Transaction, scopes: Sequence[str]) -> tuple[ConcernedKey, ...]:
    """Return the keys that are not deleted and hold one of the scopes, oldest first."""
    wanted = set(scopes)
    if not wanted:
        return ()
    rows = tx.connection.execute(
        select(keys.c.id, keys.c.name, keys.c.scopes, accounts.c.name.label("account"))
        .outerjoin(accounts, accounts.c.id == keys.c.account_id)
        .where(keys.c.state != KeyState.DELETED, keys.c.scopes != "")
        .order_by(keys.c.id)
    )
    found = []
    for row in rows:
        held = tuple(scope for scope in row.scopes.split() if scope in wanted)
        if held:
            many = _live_tokens(tx, row.id, held)
            found.append(
                ConcernedKey(id=row.id, name=row.name, account=row.account, scopes=held, live_tokens=many)
            )  # fmt: skip
    return tuple(found)


def _live_tokens(tx: Transaction, key_id: int, scopes: Sequence[str]) -> int:
    is_live = (tokens.c.state == TokenState.ACTIVE) & or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > tx.now)
    rows = tx.connection.execute(
        select(tokens.c.scopes, func.count().label("many"))
        .where(tokens.c.key_id == key_id, is_live)
        .group_by(tokens.c.scopes)
    )
    return sum(row.many for row in rows if not set(scopes).isdisjoint(row.scopes.split()))
