"""Stores developer keys."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, update

from keystead.core.credentials import Secret
from keystead.core.ids import KeyId
from keystead.core.throttle import told
from keystead.storage.schema import keys
from keystead.storage.transaction import Transaction


def insert_key(tx: Transaction, values: Mapping[str, Any]) -> KeyId:
    """Store a new key and return its id."""
    row = {"created_at": tx.now, "updated_at": tx.now} | _stored(tx, values)
    return KeyId(tx.connection.execute(insert(keys).values(row).returning(keys.c.id)).scalar_one())


def update_key(tx: Transaction, key_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of a key."""
    row = {"updated_at": tx.now} | _stored(tx, values)
    tx.connection.execute(update(keys).where(keys.c.id == key_id).values(row))


def _stored(tx: Transaction, values: Mapping[str, Any]) -> dict[str, Any]:
    row = dict(values)
    for name in ("secret", "former_secret"):
        if isinstance(row.get(name), Secret):
            row[name] = tx.vault.seal(row[name])
    if "scopes" in row:
        row["scopes"] = " ".join(row["scopes"])
    for name in ("redirect_uris", "authorized_flows"):
        if name in row:
            row[name] = list(row[name])
    if "throttle" in row:
        row["throttle"] = told(row["throttle"])
    return row
