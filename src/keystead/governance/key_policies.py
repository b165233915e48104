"""Who may lay down under which conditions a key is used, and what would that have refused?"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from keystead.actions import permits
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.addresses import Network
from keystead.core.errors import Invalid, NotFound
from keystead.core.instants import iso
from keystead.core.key_policies import KeyPolicy, Ranges, admits, told_policy
from keystead.core.keys import Key, KeyState
from keystead.core.usage import Dimension, Period, date_of, day_of
from keystead.governance.sight import key_seen_from, roots_shown
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.read.key_policies import StoredPolicy, find_policy, stored_for
from keystead.storage.transaction import Transaction
from keystead.storage.usage_figures import Part, UsageFigures
from keystead.storage.write.changes import record
from keystead.storage.write.key_policies import put_policy

TRIED_DAYS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a policy is about: a key, or all keys that are used in a root account (``key`` None)."""

    account: Account
    key: Key | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What ranges would have refused of the calls that passed in a period.

    Calls are counted by network, not by address; those from a network that the ranges cover in part are ``unsure``.
    """

    period: Period
    calls: int
    refused: int
    unsure: int
    networks: tuple[str, ...]


def place_of(tx: Transaction, account: Account, key_id: int | None, *, acting: Actor) -> Place:
    """Return a key, owned or inherited, as a root account sees it. Raises NotFound, Forbidden."""
    key = key_seen_from(tx, account, key_id, acting=acting)
    if key.state is KeyState.DELETED:
        raise NotFound
    return Place(account=account, key=key)


def whole_of(tx: Transaction, account: Account, *, acting: Actor) -> Place:
    """Return a root account with all keys that are used in it. Raises NotFound, Forbidden."""
    if not account.is_root:
        raise NotFound
    permits.require(tx, acting, Right.VIEW_DEVELOPER_KEYS, account)
    return Place(account=account)


def laid_down(tx: Transaction, place: Place) -> StoredPolicy | None:
    """Return what the account itself has laid down about exactly this, or None."""
    return find_policy(tx, place.account.id, None if place.key is None else place.key.id)


def in_force(tx: Transaction, place: Place) -> tuple[StoredPolicy, ...]:
    """Return all that holds for a key where it is used in the account, what comes from above first.

    For all keys of an account: what Site Admin, a consortium's parent and itself have laid down about all.
    """
    path, site = read_accounts.path_to(tx, place.account), read_accounts.site_admin(tx)
    ids = tuple(dict.fromkeys((site.id, *reversed(path.ids))))
    return stored_for(tx, ids, 0 if place.key is None else place.key.id)


def proposed(tx: Transaction, place: Place, values: Mapping[str, Any], *, acting: Actor) -> tuple[KeyPolicy, KeyPolicy]:
    """Return what is laid down, held for change, and what ``values`` (governance.policy_values) would make of it.

    Raises Forbidden, Invalid for dates that are over and for people of other institutions.
    """
    account = place.account
    permits.require(tx, acting, Right.MANAGE_DEVELOPER_KEYS, account)
    permits.require_site_admin_keys(tx, acting, account)
    nothing = KeyPolicy(account_id=account.id, key_id=None if place.key is None else place.key.id)
    held = find_policy(tx, account.id, nothing.key_id, for_change=True)
    before, after = nothing if held is None else held.policy, replace(nothing, **values)
    if problems := _problems(tx, account, before, after):
        raise Invalid(problems)
    return before, after


def set_policy(
    tx: Transaction, place: Place, values: Mapping[str, Any], *, acting: Actor, because: str | None
) -> KeyPolicy:
    """Lay down ``values`` in place of all that was laid down before; none take it away. Raises as ``proposed`` does."""
    account, key = place.account, place.key
    before, after = proposed(tx, place, values, acting=acting)
    if after == before:
        return after
    put_policy(tx, after, acting.answerable_id)
    spoken = [told_policy(one) for one in (before, after)]
    changed = [name for name in spoken[1] if spoken[0][name] != spoken[1][name]]
    action, subject, about = ("key.policy_set", "key", key.id) if key is not None else (
        "account.key_policy_set", "account", account.id
    )  # fmt: skip
    record(
        tx, action, subject, about, acting=acting, account_id=account.id, because=because,
        before={name: spoken[0][name] for name in changed}, after={name: spoken[1][name] for name in changed},
    )  # fmt: skip
    return after


def shuts_out(policy: KeyPolicy, address: str | None) -> bool:
    """Whether the address of whoever lays a policy down is none of those it allows."""
    return address is not None and bool(policy.ranges) and not admits((policy.ranges,), address)


def tried(tx: Transaction, figures: UsageFigures, place: Place, ranges: Ranges) -> Tried:
    """Return what ranges would have refused of the calls that passed in the last 30 days."""
    today = day_of(tx.now)
    period = Period(first=today - TRIED_DAYS + 1, last=today)
    figures.refresh()
    key_id = None if place.key is None else place.key.id
    part = Part(key_id=key_id, roots=roots_shown(place.account), period=period)
    sums = [one for one in figures.by_value(part, Dimension.NETWORK) if one.allowed]
    refused, unsure, networks = 0, 0, []
    for one in sums:
        inside = _part_inside(one.name, ranges) if ranges else True
        if inside is None:
            unsure += one.allowed
        elif not inside:
            refused += one.allowed
            networks.append(one.name)
    return Tried(
        period=period, calls=sum(one.allowed for one in sums), refused=refused, unsure=unsure,
        networks=tuple(networks[:20]),
    )  # fmt: skip


def told_tried(found: Tried) -> dict[str, Any]:
    """Return what was tried as an object."""
    return {
        "from": date_of(found.period.first), "to": date_of(found.period.last), "calls": found.calls,
        "would_be_refused": found.refused, "cannot_tell": found.unsure, "networks": list(found.networks),
    }  # fmt: skip


def told_stored(stored: StoredPolicy, account: Account) -> dict[str, Any]:
    """Return a policy in force as an object: of another account's no more than what holds for calls."""
    told = told_policy(stored.policy) | {
        "account": stored.account_name, "of_all_keys": stored.policy.key_id is None,
        "set_at": iso(stored.at),
    }  # fmt: skip
    if stored.policy.account_id == account.id:
        return told | {"set_by": stored.person}
    return {name: value for name, value in told.items() if name not in ("review_on", "owner")}


def _problems(tx: Transaction, account: Account, before: KeyPolicy, after: KeyPolicy) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    if after.review_on is not None and after.review_on != before.review_on and after.review_on < day_of(tx.now):
        problems["review_on"] = ["must not be over already"]
    if after.expires_at is not None and after.expires_at != before.expires_at and after.expires_at <= tx.now:
        problems["expires_at"] = ["must not be over already"]
    person = None if after.owner is None else after.owner.user_id
    if person is not None and (before.owner is None or before.owner.user_id != person):
        user = read_users.find_user(tx, person)
        if after.key_id is None:
            problems["owner"] = ["must name nobody for all keys: whoever asked for a key, or made it, answers for it"]
        elif user is None or not user.is_active or not read_users.has_login(tx, user.id, account):
            problems["owner"] = ["must be an active person with a login in this account"]
    return problems


def _part_inside(network: str, ranges: Ranges) -> bool | None:
    """Whether the addresses of a network are allowed: True all of them, False none, None some, or nobody knows."""
    try:
        counted: Network = ipaddress.ip_network(network)
    except ValueError:
        return None if network else False
    if any(counted.version == one.version and counted.subnet_of(one) for one in ranges):  # type: ignore[arg-type]
        return True
    return None if any(counted.overlaps(one) for one in ranges) else False
