"""Stores vendors, vetting records, evidence, rules and exceptions."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert, select, update

from keystead.core.credentials import Secret
from keystead.core.vetting import EvidenceFile, VettedItem, Vetting
from keystead.storage.schema import accounts
from keystead.storage.transaction import Transaction
from keystead.storage.vetting_schema import evidence, gate_exceptions, vendors, vetting_items, vetting_rules, vettings


def hold_record(tx: Transaction, account_id: int) -> None:
    """Let rivals that write records of an account wait until the transaction ends."""
    if not tx.is_sqlite:
        tx.connection.execute(select(accounts.c.id).where(accounts.c.id == account_id).with_for_update(key_share=True))


def insert_vendor(tx: Transaction, account_id: int, values: Mapping[str, Any]) -> int:
    """Store a vendor; return its id."""
    row = {"account_id": account_id, "created_at": tx.now, "updated_at": tx.now, **values}
    return int(tx.connection.execute(insert(vendors).values(row).returning(vendors.c.id)).scalar_one())


def update_vendor(tx: Transaction, vendor_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of a vendor."""
    row = {**values, "updated_at": tx.now}
    tx.connection.execute(update(vendors).where(vendors.c.id == vendor_id).values(row))


def ensure_vetting(tx: Transaction, vetting: Vetting) -> int:
    """Return the id of a record, made when there is none yet."""
    if vetting.id is not None:
        return vetting.id
    row = {
        "account_id": vetting.account_id, "key_id": vetting.key_id, "answers": {}, "created_at": tx.now,
        "updated_at": tx.now,
    }  # fmt: skip
    return int(tx.connection.execute(insert(vettings).values(row).returning(vettings.c.id)).scalar_one())


def update_vetting(tx: Transaction, vetting_id: int, values: Mapping[str, Any]) -> None:
    """Set columns of a record."""
    row = {**values, "updated_at": tx.now}
    tx.connection.execute(update(vettings).where(vettings.c.id == vetting_id).values(row))


def store_item(tx: Transaction, vetting_id: int, item: VettedItem) -> None:
    """Store an item in the place of what the record said of it."""
    same = (vetting_items.c.vetting_id == vetting_id) & (vetting_items.c.item == item.item)
    tx.connection.execute(delete(vetting_items).where(same))
    row = {
        "vetting_id": vetting_id, "item": item.item, "state": item.state, "valid_from": item.valid_from,
        "valid_until": item.valid_until, "link": item.link, "digest": item.digest, "note": item.note,
        "evidence_id": None if item.file is None else item.file.id, "user_id": item.changed_by,
        "changed_at": tx.now,
    }  # fmt: skip
    tx.connection.execute(insert(vetting_items).values(row))


def insert_evidence(tx: Transaction, vetting_id: int, file: EvidenceFile, content: str, user_id: int) -> int:
    """Store a file sealed, its ``content`` in base64; return its id."""
    row = {
        "vetting_id": vetting_id, "item": file.item, "name": file.name, "content_type": file.content_type,
        "digest": file.digest, "size": file.size, "content": tx.vault.seal(Secret(content)), "user_id": user_id,
        "created_at": tx.now,
    }  # fmt: skip
    return int(tx.connection.execute(insert(evidence).values(row).returning(evidence.c.id)).scalar_one())


def store_rules(tx: Transaction, account_id: int, rules: Mapping[str, Any]) -> None:
    """Store an account's rules in the place of its former ones."""
    tx.connection.execute(delete(vetting_rules).where(vetting_rules.c.account_id == account_id))
    tx.connection.execute(
        insert(vetting_rules).values(account_id=account_id, rules=dict(rules), changed_at=tx.now)
    )  # fmt: skip


def insert_exception(
    tx: Transaction, account_id: int, key_id: int, *, because: str, user_id: int, expires_at: int
) -> int:
    """Store an exception; return its id."""
    row = {
        "account_id": account_id, "key_id": key_id, "because": because, "user_id": user_id, "created_at": tx.now,
        "expires_at": expires_at,
    }  # fmt: skip
    return int(tx.connection.execute(insert(gate_exceptions).values(row).returning(gate_exceptions.c.id)).scalar_one())


def end_exception(tx: Transaction, exception_id: int) -> None:
    """Let an exception count no more."""
    tx.connection.execute(
        update(gate_exceptions).where(gate_exceptions.c.id == exception_id).values(ended_at=tx.now)
    )  # fmt: skip
