"""What have accounts decided about keys?"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from keystead.core.accounts import AccountPath
from keystead.core.bindings import Binding, BindingState, resolve
from keystead.core.ids import AccountId, KeyId
from keystead.core.instants import Instant
from keystead.core.keys import Key
from keystead.storage.read.accounts import site_admin
from keystead.storage.schema import bindings
from keystead.storage.transaction import Transaction


def binding_from(row: Row[Any]) -> Binding:
    """Return the binding a row of the table holds."""
    return Binding(
        id=row.id, account_id=AccountId(row.account_id), key_id=KeyId(row.key_id), state=BindingState(row.state)
    )  # fmt: skip


def find_binding(tx: Transaction, account_id: int, key_id: int, *, for_change: bool = False) -> Binding | None:
    """Return the account's decision about the key, or None."""
    chosen = select(bindings).where(bindings.c.account_id == account_id, bindings.c.key_id == key_id)
    row = tx.connection.execute(chosen.with_for_update() if for_change else chosen).first()
    return None if row is None else binding_from(row)


def bindings_of(tx: Transaction, key_id: int) -> Mapping[AccountId, Binding]:
    """Return every account's decision about one key."""
    return bindings_of_keys(tx, (key_id,)).get(key_id, {})


def bindings_of_keys(tx: Transaction, key_ids: Sequence[int]) -> Mapping[int, Mapping[AccountId, Binding]]:
    """Return every account's decision about each of these keys."""
    found: dict[int, dict[AccountId, Binding]] = {}
    for row in tx.connection.execute(select(bindings).where(bindings.c.key_id.in_(key_ids))):
        found.setdefault(row.key_id, {})[AccountId(row.account_id)] = binding_from(row)
    return found


def governing(tx: Transaction, key: Key, path: AccountPath) -> Binding | None:
    """Return the binding that governs the key here, None when no account has said anything."""
    return resolve(key, path, bindings_of(tx, key.id), site_admin(tx).id)


def decided_at(tx: Transaction, binding_ids: Sequence[int]) -> dict[int, Instant]:
    """Return when each of these decisions was made last."""
    rows = tx.connection.execute(select(bindings.c.id, bindings.c.updated_at).where(bindings.c.id.in_(binding_ids)))
    return {row.id: Instant(row.updated_at) for row in rows}
