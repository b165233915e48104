"""Who may vet keys, and what does it take? Every change of a record stands in the audit, in its own transaction."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

from keystead.actions import permits
from keystead.actions.gates import Gate, gate_of, gates_of
from keystead.actions.grants import key_with_grants
from keystead.actions.wording import line_problem
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.errors import Invalid, NotFound
from keystead.core.ids import UserId
from keystead.core.instants import Instant
from keystead.core.keys import Key
from keystead.core.risk import Find
from keystead.core.vetting import EvidenceFile, Item, ItemState, VettedItem, Vetting, told_item
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import vetting as read_vetting
from keystead.storage.transaction import Transaction
from keystead.storage.write import vetting as write_vetting
from keystead.storage.write.changes import record

LARGEST_FILE: Final = 700_000
LONGEST_NOTE: Final = 10_000
LONGEST_ANSWER: Final = 20_000
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TYPE: Final = re.compile(r"[a-z0-9.+-]{1,100}/[a-z0-9.+-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChange:
    """What somebody records about an item: only what is in ``values`` changes.

    Names are ``state``, ``valid_from``, ``valid_until``, ``link``, ``digest``, ``note``, ``evidence_id``.
    """

    item: Item
    values: Mapping[str, Any] = field(default_factory=dict)


def gate_for(tx: Transaction, account: Account, reference: str, find: Find, *, acting: Actor) -> Gate:
    """Return how a key, owned or inherited, stands in a root account. Raises NotFound, Forbidden."""
    key, _ = key_with_grants(tx, account, reference, acting=acting)
    return gate_of(tx, account, key, find)


def list_gates(tx: Transaction, account: Account, find: Find, *, acting: Actor) -> tuple[Gate, ...]:
    """Return how every key that a root account owns or inherits stands. Raises NotFound, Forbidden."""
    permits.require(tx, acting, Right.VIEW_DEVELOPER_KEYS, account)
    if not account.is_root:
        raise NotFound
    parent = read_accounts.find_account(tx, account.consortium_parent_id)
    return gates_of(tx, account, read_vetting.keys_to_vet(tx, account, parent), find)


def is_of_kind(gate: Gate, kind: str) -> bool:
    """Whether a key belongs to a list of those ``lacking`` something, ``overdue`` or ``complete``; "" is all."""
    match kind:
        case "":
            return True
        case "lacking":
            return bool(gate.lacks)
        case "overdue":
            return bool(gate.overdue)
        case "complete":
            return not gate.lacks
        case _:
            return False


def reviewed_by(tx: Transaction, root: Account, key: Key, find: Find) -> tuple[Account, Instant] | None:
    """Return whose complete record speaks for a key to the people of a root account, and since when.

    The institution's own comes first, then the owner's by the owner's rules.
    """
    mine = gate_of(tx, root, key, find)
    if mine.completed_at is not None:
        return root, mine.completed_at
    if mine.owner is None:
        return None
    owner = read_accounts.find_account(tx, mine.owner.account_id)
    theirs = None if owner is None else gate_of(tx, owner, key, find)
    return None if owner is None or theirs is None or theirs.completed_at is None else (owner, theirs.completed_at)


def set_item(
    tx: Transaction, account: Account, key: Key, change: ItemChange, *, acting: Actor, because: str | None
) -> Vetting:
    """Record what is known of an item. Raises Invalid, NotFound for evidence that is not this record's."""
    vetting = _recorded(tx, account, key, acting)
    before = vetting.item(change.item)
    after = replace(before, **_values(tx, vetting, change), changed_by=UserId(acting.answerable_id))
    problems = _problems(after)
    if problems:
        raise Invalid(problems)
    spoken = _difference(before, after, tx)
    if not spoken[1]:
        return vetting
    vetting_id = write_vetting.ensure_vetting(tx, vetting)
    write_vetting.store_item(tx, vetting_id, after)
    _record(tx, account, key, "vetting.item_set", acting, because, before=spoken[0], after=spoken[1])
    return read_vetting.find_vetting(tx, account.id, key.id)


def set_about(
    tx: Transaction, account: Account, key: Key, values: Mapping[str, Any], *, acting: Actor, because: str | None
) -> Vetting:
    """Set a record's ``vendor_id`` and ``note``, as far as they are given. Raises Forbidden, Invalid, NotFound."""
    _require(tx, account, acting)
    return keep_about(tx, account, key, values, acting=acting, because=because)


def keep_about(
    tx: Transaction, account: Account, key: Key, values: Mapping[str, Any], *, acting: Actor, because: str | None
) -> Vetting:
    """As ``set_about``, where the caller has settled that ``acting`` may."""
    vetting = _held(tx, account, key)
    now = {"vendor_id": None if vetting.vendor is None else vetting.vendor.id, "note": vetting.note}
    if values.get("vendor_id") is not None and read_vetting.find_vendor(tx, account, values["vendor_id"]) is None:
        raise NotFound("There is no such vendor in this account.")
    if len(values.get("note") or "") > LONGEST_NOTE:
        raise Invalid({"note": [f"is too long (maximum is {LONGEST_NOTE} characters)"]})
    changed = {name: value for name, value in values.items() if name in now and value != now[name]}
    if not changed:
        return vetting
    write_vetting.update_vetting(tx, write_vetting.ensure_vetting(tx, vetting), changed)
    before = {name: now[name] for name in changed}
    _record(tx, account, key, "vetting.changed", acting, because, before=before, after=changed)
    return read_vetting.find_vetting(tx, account.id, key.id)


def answer(
    tx: Transaction, account: Account, key: Key, answers: Mapping[str, str], *, acting: Actor, because: str | None
) -> Vetting:
    """Keep answers to questions by their ids; an empty one takes an answer away. Raises Invalid."""
    vetting = _recorded(tx, account, key, acting)
    if any(len(text) > LONGEST_ANSWER for text in answers.values()):
        raise Invalid({"answers": [f"is too long (maximum is {LONGEST_ANSWER} characters)"]})
    known = {one.id for asked in read_vetting.rules_of(tx, account).questionnaires.values() for one in asked}
    if unknown := [name for name in answers if name not in known and name not in vetting.answers]:
        raise Invalid({"answers": [f"there is no question {unknown[0]}"]})
    given = {name: text.strip() for name, text in answers.items()}
    changed = {name: text for name, text in given.items() if text != vetting.answers.get(name, "")}
    if not changed:
        return vetting
    kept = {name: text for name, text in {**vetting.answers, **changed}.items() if text}
    write_vetting.update_vetting(tx, write_vetting.ensure_vetting(tx, vetting), {"answers": kept})
    before = {name: vetting.answers.get(name, "") for name in changed}
    _record(tx, account, key, "vetting.answered", acting, because, before=before, after=changed)
    return read_vetting.find_vetting(tx, account.id, key.id)


def add_evidence(
    tx: Transaction,
    account: Account,
    key: Key,
    item: Item,
    *,
    name: str,
    content_type: str,
    content: str,
    acting: Actor,
    because: str | None,
) -> EvidenceFile:
    """Keep a file (``content`` is base64) as an item's evidence, with its SHA-256 digest. Raises Invalid."""
    vetting = _recorded(tx, account, key, acting)
    try:
        octets = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid({"content": ["is not base64"]}) from None
    problems: dict[str, list[str]] = {}
    if not octets or len(octets) > LARGEST_FILE:
        problems["content"] = [f"must be of 1 to {LARGEST_FILE} octets"]
    if (wrong := line_problem(name)) is not None:
        problems["name"] = [wrong]
    if not _TYPE.fullmatch(content_type):
        problems["content_type"] = ["is not a media type such as application/pdf"]
    if problems:
        raise Invalid(problems)
    file = EvidenceFile(
        id=0, item=item, name=name.strip(), content_type=content_type, digest=sha256(octets).hexdigest(),
        size=len(octets),
    )  # fmt: skip
    vetting_id = write_vetting.ensure_vetting(tx, vetting)
    file = replace(file, id=write_vetting.insert_evidence(tx, vetting_id, file, content, acting.answerable_id))
    before = vetting.item(item)
    after = replace(before, file=file, digest=file.digest, changed_by=UserId(acting.answerable_id))
    write_vetting.store_item(tx, vetting_id, after)
    told = {"item": str(item), "file": file.name, "digest": file.digest, "size": file.size}
    _record(tx, account, key, "vetting.evidence_added", acting, because, before=None, after=told)
    return file


def _recorded(tx: Transaction, account: Account, key: Key, acting: Actor) -> Vetting:
    """Return the record as it is now, for somebody who may change it; rivals wait. Raises Forbidden."""
    _require(tx, account, acting)
    return _held(tx, account, key)


def _require(tx: Transaction, account: Account, acting: Actor) -> None:
    permits.require(tx, acting, Right.REVIEW_DEVELOPER_KEYS, account)
    if not account.is_root:
        raise NotFound
    permits.require_site_admin_keys(tx, acting, account)


def _held(tx: Transaction, account: Account, key: Key) -> Vetting:
    write_vetting.hold_record(tx, account.id)
    return read_vetting.find_vetting(tx, account.id, key.id)


def _values(tx: Transaction, vetting: Vetting, change: ItemChange) -> dict[str, Any]:
    values = dict(change.values)
    if "evidence_id" in values:
        evidence_id = values.pop("evidence_id")
        values["file"] = None
        if evidence_id is not None:
            values["file"], _ = read_vetting.get_evidence(tx, vetting, evidence_id)
            values["digest"] = values["file"].digest
    return values


def _problems(item: VettedItem) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    if item.link is not None and not (item.link.startswith("https://") and line_problem(item.link[:255]) is None):
        problems["link"] = ["must be an https address"]
    elif len(item.link or "") > 2_000:
        problems["link"] = ["is too long (maximum is 2000 characters)"]
    if item.digest is not None and not _DIGEST.fullmatch(item.digest):
        problems["digest"] = ["must be a SHA-256 digest: 64 hexadecimal digits"]
    if item.file is not None and item.digest != item.file.digest:
        problems["digest"] = ["is that of the file, while there is one"]
    if item.valid_from is not None and item.valid_until is not None and item.valid_until < item.valid_from:
        problems["valid_until"] = ["must not be before valid_from"]
    if len(item.note or "") > LONGEST_NOTE:
        problems["note"] = [f"is too long (maximum is {LONGEST_NOTE} characters)"]
    if item.state is ItemState.NOT_NEEDED and not (item.note or "").strip():
        problems["note"] = ["must say why it is not needed"]
    return problems


def _difference(before: VettedItem, after: VettedItem, tx: Transaction) -> tuple[dict[str, Any], dict[str, Any]]:
    left_out = ("item", "standing", "changed_by", "changed_at")
    old, new = ({n: v for n, v in told_item(one, tx.now).items() if n not in left_out} for one in (before, after))
    names = [name for name in new if new[name] != old[name]]
    if not names:
        return {}, {}
    item = {"item": str(before.item)}
    return item | {name: old[name] for name in names}, item | {name: new[name] for name in names}


def _record(
    tx: Transaction,
    account: Account,
    key: Key,
    action: str,
    acting: Actor,
    because: str | None,
    *,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    record(
        tx, action, "key", key.id, acting=acting, account_id=account.id, before=before, after=after, because=because
    )  # fmt: skip
