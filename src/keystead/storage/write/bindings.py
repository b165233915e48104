"""Stores accounts' decisions about keys."""

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from keystead.core.bindings import Binding, BindingState
from keystead.core.ids import AccountId, KeyId
from keystead.storage.read.bindings import find_binding
from keystead.storage.schema import bindings
from keystead.storage.transaction import Transaction


def ensure_binding(tx: Transaction, account_id: AccountId, key_id: KeyId, state: BindingState) -> tuple[Binding, bool]:
    """Return the account's binding, held for change, and whether this call made it in ``state``.

    Two rivals cannot both make one: the loser waits and then finds the winner's.
    """
    insert = insert_sqlite if tx.is_sqlite else insert_postgresql
    row = {
        "account_id": account_id,
        "key_id": key_id,
        "state": state,
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    done = tx.connection.execute(insert(bindings).values(row).on_conflict_do_nothing().returning(bindings.c.id))
    made = done.first() is not None
    binding = find_binding(tx, account_id, key_id, for_change=True)
    if binding is None:
        raise LookupError("a binding vanished while it was held")
    return binding, made


def update_binding(tx: Transaction, binding_id: int, state: BindingState) -> None:
    """Set an account's decision."""
    tx.connection.execute(
        update(bindings).where(bindings.c.id == binding_id).values(state=state, updated_at=tx.now)
    )  # fmt: skip


def delete_of_key(tx: Transaction, key_id: int) -> None:
    """Remove every account's decision about a key."""
    tx.connection.execute(delete(bindings).where(bindings.c.key_id == key_id))
