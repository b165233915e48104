"""Who makes the rules of vetting, and who may make an exception from them? Not whoever merely approves."""

from collections.abc import Mapping
from typing import Any, Final

from keystead.actions import permits
from keystead.actions.grants import key_with_grants
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.errors import Invalid, NotFound
from keystead.core.instants import DAY, Instant, iso
from keystead.core.keys import Key
from keystead.core.vetting_rules import Rules, read_rules, told_rules
from keystead.storage.read import vetting as read_vetting
from keystead.storage.read.vetting import GateException
from keystead.storage.transaction import Transaction
from keystead.storage.write import vetting as write_vetting
from keystead.storage.write.changes import record

RULING: Final = Right.MANAGE_ACCOUNT_SETTINGS
"""The right to change rules; exceptions need it beside the right to approve: else a gate would stop nobody."""
LONGEST_EXCEPTION: Final = 365


def see_rules(tx: Transaction, account: Account, *, acting: Actor) -> Rules:
    """Return a root account's rules, for whoever sees keys in it. Raises NotFound, Forbidden."""
    permits.require(tx, acting, Right.VIEW_DEVELOPER_KEYS, account)
    if not account.is_root:
        raise NotFound
    return read_vetting.rules_of(tx, account)


def may_rule(tx: Transaction, account: Account, *, acting: Actor) -> bool:
    """Whether somebody may change the rules."""
    return permits.holds(tx, acting, RULING, account)


def may_except(tx: Transaction, account: Account, *, acting: Actor) -> bool:
    """Whether somebody may make exceptions from the rules."""
    return {Right.APPROVE_DEVELOPER_KEYS, RULING} <= permits.rights_of(tx, acting, account)


def set_rules(
    tx: Transaction, account: Account, given: Mapping[str, object], *, acting: Actor, because: str | None
) -> Rules:
    """Change the parts of a root account's rules that are given. Raises NotFound, Forbidden, Invalid."""
    permits.require(tx, acting, RULING, account)
    if not account.is_root:
        raise NotFound
    write_vetting.hold_record(tx, account.id)
    before = read_vetting.rules_of(tx, account)
    after = read_rules(given, before)
    old, new = told_rules(before), told_rules(after)
    changed = [name for name in new if new[name] != old[name]]
    if not changed:
        return before
    write_vetting.store_rules(tx, account.id, new)
    record(
        tx, "vetting_rules.changed", "account", account.id, acting=acting, account_id=account.id,
        before={name: old[name] for name in changed}, after={name: new[name] for name in changed}, because=because,
    )  # fmt: skip
    return after


def make_exception(
    tx: Transaction, account: Account, key: Key, *, days: int, acting: Actor, because: str | None
) -> GateException:
    """Let a key be turned on for some days although something is lacking. Raises Forbidden, Invalid."""
    permits.require(tx, acting, Right.APPROVE_DEVELOPER_KEYS, account, RULING)
    problems: dict[str, list[str]] = {}
    if not (because or "").strip():
        problems["because"] = ["must say why"]
    if not 1 <= days <= LONGEST_EXCEPTION:
        problems["days"] = [f"must be 1 to {LONGEST_EXCEPTION}"]
    if problems:
        raise Invalid(problems)
    expires_at = Instant(tx.now + days * DAY)
    made = write_vetting.insert_exception(
        tx, account.id, key.id, because=str(because), user_id=acting.answerable_id, expires_at=expires_at
    )
    after = {"exception_id": made, "expires_at": iso(expires_at)}
    _record(tx, account, key, "vetting.exception_made", acting, because, after)
    return _found(tx, account, key, made)


def end_exception(
    tx: Transaction, account: Account, key: Key, exception_id: int, *, acting: Actor, because: str | None
) -> GateException:
    """End an exception early; the key stays as it is. Raises Forbidden, NotFound."""
    permits.require(tx, acting, Right.APPROVE_DEVELOPER_KEYS, account, RULING)
    found = _found(tx, account, key, exception_id)
    if not found.is_live(tx.now):
        return found
    write_vetting.end_exception(tx, found.id)
    _record(tx, account, key, "vetting.exception_ended", acting, because, {"exception_id": found.id})
    return _found(tx, account, key, exception_id)


def key_for_exception(tx: Transaction, account: Account, reference: str, *, acting: Actor) -> Key:
    """Return a key for which somebody wants to make or end an exception. Raises NotFound, Forbidden."""
    key, _ = key_with_grants(tx, account, reference, acting=acting)
    return key


def told_exception(found: GateException, now: Instant) -> dict[str, object]:
    """Return an exception as an object for JSON."""
    return {
        "id": found.id, "because": found.because, "made_by": found.by, "created_at": iso(found.created_at),
        "expires_at": iso(found.expires_at), "ended_at": iso(found.ended_at), "is_live": found.is_live(now),
    }  # fmt: skip


def _found(tx: Transaction, account: Account, key: Key, exception_id: int) -> GateException:
    mine = read_vetting.exceptions_of(tx, account, (key.id,)).get(key.id, ())
    found = next((one for one in mine if one.id == exception_id), None)
    if found is None:
        raise NotFound
    return found


def _record(
    tx: Transaction, account: Account, key: Key, action: str, acting: Actor, because: str | None, after: dict[str, Any]
) -> None:
    record(
        tx, action, "key", key.id, acting=acting, account_id=account.id, after=after, because=because
    )  # fmt: skip
