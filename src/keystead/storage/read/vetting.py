"""Who was vetted for what, by which rules, and which exceptions are there?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select

from keystead.core.accounts import Account
from keystead.core.errors import NotFound
from keystead.core.ids import AccountId, KeyId
from keystead.core.instants import Instant
from keystead.core.keys import Key, KeyState
from keystead.core.vetting import EvidenceFile, Item, ItemState, Vendor, VettedItem, Vetting
from keystead.core.vetting_rules import USUAL_RULES, Rules, read_rules
from keystead.storage.read.keys import key_from
from keystead.storage.schema import keys, users
from keystead.storage.transaction import Transaction
from keystead.storage.vetting_schema import evidence, gate_exceptions, vendors, vetting_items, vetting_rules, vettings


@dataclass(frozen=True, slots=True, kw_only=True)
class GateException:
    """Somebody's leave to turn a key on although something is lacking, until it expires or is ended."""

    id: int
    account_id: AccountId
    key_id: KeyId
    because: str
    by: str | None
    created_at: Instant
    expires_at: Instant
    ended_at: Instant | None = None

    def is_live(self, now: Instant) -> bool:
        """Whether it counts at this moment."""
        return now < self.expires_at and self.ended_at is None


def rules_of(tx: Transaction, root: Account) -> Rules:
    """Return the rules of a root account; the usual ones where it has made none."""
    row = tx.connection.execute(select(vetting_rules).where(vetting_rules.c.account_id == root.id)).first()
    return USUAL_RULES if row is None else read_rules(row.rules)


def find_vetting(tx: Transaction, account_id: int, key_id: int) -> Vetting:
    """Return an account's record about a key; an empty one when nothing was recorded."""
    found = vettings_of(tx, account_id, (key_id,))
    return found.get(key_id) or Vetting(account_id=AccountId(account_id), key_id=KeyId(key_id))


def vettings_of(tx: Transaction, account_id: int, key_ids: Sequence[int]) -> dict[int, Vetting]:
    """Return an account's records about these keys; keys without one are left out."""
    mine = (vettings.c.account_id == account_id) & vettings.c.key_id.in_(key_ids)
    rows = tx.connection.execute(select(vettings).where(mine)).all()
    ids = [row.id for row in rows]
    items: dict[int, dict[Item, VettedItem]] = {}
    for row in tx.connection.execute(_items().where(vetting_items.c.vetting_id.in_(ids))):
        items.setdefault(row.vetting_id, {})[Item(row.item)] = _item(row)
    known = vendors_by_id(tx, [row.vendor_id for row in rows if row.vendor_id is not None])
    return {
        row.key_id: Vetting(
            id=row.id,
            account_id=AccountId(row.account_id),
            key_id=KeyId(row.key_id),
            vendor=known.get(row.vendor_id),
            note=row.note,
            answers=dict(row.answers),
            items=items.get(row.id, {}),
        )
        for row in rows
    }


def list_vendors(tx: Transaction, account: Account) -> tuple[Vendor, ...]:
    """Return the vendors that an account knows, by name."""
    mine = select(vendors).where(vendors.c.account_id == account.id).order_by(func.lower(vendors.c.name), vendors.c.id)
    return tuple(_vendor(row) for row in tx.connection.execute(mine))


def find_vendor(tx: Transaction, account: Account, vendor_id: int | None) -> Vendor | None:
    """Return a vendor that the account knows, or None."""
    wanted = (vendors.c.id == vendor_id) & (vendors.c.account_id == account.id)
    row = tx.connection.execute(select(vendors).where(wanted)).first()
    return None if row is None else _vendor(row)


def vendor_named(tx: Transaction, account: Account, name: str) -> Vendor | None:
    """Return the vendor of this name that the account knows, or None."""
    wanted = (vendors.c.name == name) & (vendors.c.account_id == account.id)
    row = tx.connection.execute(select(vendors).where(wanted)).first()
    return None if row is None else _vendor(row)


def vendors_by_id(tx: Transaction, ids: Sequence[int]) -> dict[int, Vendor]:
    """Return these vendors."""
    rows = tx.connection.execute(select(vendors).where(vendors.c.id.in_(ids)))
    return {row.id: _vendor(row) for row in rows}


def evidence_of(tx: Transaction, vetting: Vetting) -> tuple[EvidenceFile, ...]:
    """Return every file handed in for a record, newest first."""
    mine = _without_content().where(evidence.c.vetting_id == vetting.id).order_by(evidence.c.id.desc())
    return tuple(_file(row) for row in tx.connection.execute(mine))


def get_evidence(tx: Transaction, vetting: Vetting, evidence_id: int | None) -> tuple[EvidenceFile, str]:
    """Return a file of a record with its sealed content opened (base64). Raises NotFound."""
    wanted = (evidence.c.id == evidence_id) & (evidence.c.vetting_id == vetting.id)
    row = tx.connection.execute(select(evidence).where(wanted)).first()
    if row is None or vetting.id is None:
        raise NotFound
    return _file(row), tx.vault.open(row.content).reveal()


def exceptions_of(tx: Transaction, root: Account, key_ids: Sequence[int]) -> dict[int, tuple[GateException, ...]]:
    """Return the exceptions that a root account has made for these keys, newest first."""
    mine = (gate_exceptions.c.account_id == root.id) & gate_exceptions.c.key_id.in_(key_ids)
    chosen = select(gate_exceptions, users.c.name.label("user_name")).outerjoin(
        users, users.c.id == gate_exceptions.c.user_id
    )
    found: dict[int, tuple[GateException, ...]] = {}
    for row in tx.connection.execute(chosen.where(mine).order_by(gate_exceptions.c.id.desc())):
        found[row.key_id] = (*found.get(row.key_id, ()), _exception(row))
    return found


def keys_to_vet(tx: Transaction, account: Account, parent: Account | None) -> tuple[Key, ...]:
    """Return every key that a root account owns or inherits, its own first, each by name."""
    states = keys.c.state != KeyState.DELETED
    mine: ColumnElement[bool]
    others: ColumnElement[bool]
    if account.is_site_admin:
        mine, others = keys.c.account_id.is_(None), keys.c.id.is_(None)
    else:
        mine = keys.c.account_id == account.id
        others = keys.c.account_id.is_(None) & keys.c.visible
        if parent is not None:
            others = others | (keys.c.account_id == parent.id)
    chosen = select(keys).where(states, mine | others, ~keys.c.is_built_in)
    found = [key_from(tx, row) for row in tx.connection.execute(chosen)]
    owner = None if account.is_site_admin else account.id
    found.sort(key=lambda key: (key.account_id != owner, (key.name or "").casefold(), key.id))
    return tuple(found)


def _items() -> Select[Any]:
    return (
        select(
            vetting_items,
            users.c.name.label("user_name"),
            evidence.c.name.label("file_name"),
            evidence.c.content_type.label("file_type"),
            evidence.c.digest.label("file_digest"),
            evidence.c.size.label("file_size"),
            evidence.c.created_at.label("file_created_at"),
        )
        .outerjoin(users, users.c.id == vetting_items.c.user_id)
        .outerjoin(evidence, evidence.c.id == vetting_items.c.evidence_id)
    )


def _without_content() -> Select[Any]:
    return select(*(column for column in evidence.c if column.name != "content"))


def _item(row: Row[Any]) -> VettedItem:
    file = None
    if row.evidence_id is not None:
        file = EvidenceFile(
            id=row.evidence_id, item=Item(row.item), name=row.file_name, content_type=row.file_type,
            digest=row.file_digest, size=row.file_size, created_at=row.file_created_at,
        )  # fmt: skip
    return VettedItem(
        item=Item(row.item), state=ItemState(row.state), valid_from=row.valid_from, valid_until=row.valid_until,
        link=row.link, digest=row.digest, file=file, note=row.note, changed_by=row.user_id,
        changed_by_name=row.user_name, changed_at=row.changed_at,
    )  # fmt: skip


def _file(row: Row[Any]) -> EvidenceFile:
    return EvidenceFile(
        id=row.id, item=Item(row.item), name=row.name, content_type=row.content_type, digest=row.digest,
        size=row.size, created_at=row.created_at,
    )  # fmt: skip


def _vendor(row: Row[Any]) -> Vendor:
    return Vendor(
        id=row.id, account_id=row.account_id, name=row.name, website=row.website, contacts=row.contacts
    )  # fmt: skip


def _exception(row: Row[Any]) -> GateException:
    return GateException(
        id=row.id, account_id=row.account_id, key_id=row.key_id, because=row.because, by=row.user_name,
        created_at=row.created_at, expires_at=row.expires_at, ended_at=row.ended_at,
    )  # fmt: skip
