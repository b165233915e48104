"""Under which conditions may keys be used, by whose word, and what was done about that already?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, or_, select

from keystead.core.addresses import read_network
from keystead.core.ids import AccountId, KeyId, UserId
from keystead.core.instants import Instant
from keystead.core.key_hours import Hours
from keystead.core.key_policies import KeyPolicy, OwnerRule
from keystead.core.policy_acts import Act, What
from keystead.storage.policy_schema import key_policies, policy_acts
from keystead.storage.schema import accounts, users
from keystead.storage.transaction import Transaction

POLICED = select(key_policies.c.account_id).distinct()
"""Which accounts have laid down anything at all. Mostly none has, and nothing more need be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPolicy:
    """A policy, who laid it down last, and when."""

    policy: KeyPolicy
    account_name: str
    person: str | None
    at: Instant


def policy_from(row: Any) -> KeyPolicy:
    """Return the policy that a row of the table holds."""
    ranges = (read_network(text) for text in row.address_ranges)
    owner = OwnerRule(
        user_id=None if row.owner_user_id is None else UserId(row.owner_user_id),
        off_after_days=row.owner_off_after_days,
    )  # fmt: skip
    return KeyPolicy(
        account_id=AccountId(row.account_id),
        key_id=None if row.key_id is None else KeyId(row.key_id),
        ranges=tuple(network for network in ranges if network is not None),
        hours=None if row.hours is None else _hours(row.hours),
        review_on=row.review_on,
        expires_at=None if row.expires_at is None else Instant(row.expires_at),
        owner=None if row.owner_rule is None else owner,
    )


def for_key(account_id: Any, key_id: Any) -> Select[Any]:
    """Return the select of what an account has laid down about a key and about all keys."""
    mine = or_(key_policies.c.key_id.is_(None), key_policies.c.key_id == key_id)
    return select(key_policies).where(key_policies.c.account_id == account_id, mine)


def policed(tx: Transaction) -> frozenset[AccountId]:
    """Return the accounts that have laid down anything."""
    return frozenset(AccountId(row.account_id) for row in tx.connection.execute(POLICED))


def policies_for(tx: Transaction, account_id: int, key_id: int) -> tuple[KeyPolicy, ...]:
    """Return what an account has laid down about a key and about all keys."""
    return tuple(policy_from(row) for row in tx.connection.execute(for_key(account_id, key_id)))


def find_policy(
    tx: Transaction, account_id: int, key_id: int | None, *, for_change: bool = False
) -> StoredPolicy | None:
    """Return an account's policy about one key, or about all of them (``key_id`` None); None when there is none."""
    if for_change and not tx.is_sqlite:
        tx.connection.execute(select(accounts.c.id).where(accounts.c.id == account_id).with_for_update())
    which = key_policies.c.key_id.is_(None) if key_id is None else key_policies.c.key_id == key_id
    row = tx.connection.execute(_stored().where(key_policies.c.account_id == account_id, which)).first()
    return None if row is None else _with_person(row)


def stored_for(tx: Transaction, account_ids: Sequence[int], key_id: int) -> tuple[StoredPolicy, ...]:
    """Return what these accounts have laid down about a key and about all keys, the accounts in this order."""
    mine = or_(key_policies.c.key_id.is_(None), key_policies.c.key_id == key_id)
    chosen = _stored().where(key_policies.c.account_id.in_(account_ids), mine).order_by(key_policies.c.id)
    found = [_with_person(row) for row in tx.connection.execute(chosen)]
    return tuple(sorted(found, key=lambda one: list(account_ids).index(one.policy.account_id)))


def policies_of(tx: Transaction, account_ids: Sequence[int]) -> tuple[KeyPolicy, ...]:
    """Return everything that these accounts have laid down."""
    chosen = select(key_policies).where(key_policies.c.account_id.in_(account_ids)).order_by(key_policies.c.id)
    return tuple(policy_from(row) for row in tx.connection.execute(chosen))


def acts_about(tx: Transaction, account_id: int, key_ids: Iterable[int]) -> dict[int, dict[Act, Instant]]:
    """Return what was done already about each of these keys in an account, and when."""
    found: dict[int, dict[Act, Instant]] = {}
    chosen = select(policy_acts).where(
        policy_acts.c.account_id == account_id, policy_acts.c.key_id.in_(tuple(key_ids))
    )  # fmt: skip
    for row in tx.connection.execute(chosen):
        act = Act(What(row.what), row.about, row.step)
        found.setdefault(row.key_id, {})[act] = Instant(row.at)
    return found


def _stored() -> Select[Any]:
    return (
        select(key_policies, accounts.c.name.label("account_name"), users.c.name.label("person"))
        .join(accounts, accounts.c.id == key_policies.c.account_id)
        .outerjoin(users, users.c.id == key_policies.c.user_id)
    )


def _with_person(row: Row[Any]) -> StoredPolicy:
    return StoredPolicy(
        policy=policy_from(row), account_name=row.account_name, person=row.person, at=Instant(row.set_at)
    )  # fmt: skip


def _hours(kept: dict[str, Any]) -> Hours:
    return Hours(zone=kept["zone"], days=frozenset(kept["days"]), opens=kept["opens"], closes=kept["closes"])
