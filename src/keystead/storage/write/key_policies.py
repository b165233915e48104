"""Stores under which conditions keys may be used, and what was done about that."""

from typing import Any

from sqlalchemy import delete, insert
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from keystead.core.key_policies import KeyPolicy
from keystead.core.policy_acts import Act, What
from keystead.storage.policy_schema import key_policies, policy_acts
from keystead.storage.transaction import Transaction


def put_policy(tx: Transaction, policy: KeyPolicy, user_id: int | None) -> None:
    """Store a policy in place of the former one about the same key, or about all; an empty one only takes that away."""
    which = key_policies.c.key_id.is_(None) if policy.key_id is None else key_policies.c.key_id == policy.key_id
    tx.connection.execute(delete(key_policies).where(key_policies.c.account_id == policy.account_id, which))
    if policy.is_empty:
        return
    hours, owner = policy.hours, policy.owner
    kept: dict[str, Any] | None = None
    if hours is not None:
        kept = {"zone": hours.zone, "days": sorted(hours.days), "opens": hours.opens, "closes": hours.closes}
    rule = None if owner is None else "tell" if owner.off_after_days is None else "off"
    row = {
        "account_id": policy.account_id, "key_id": policy.key_id,
        "address_ranges": [str(network) for network in policy.ranges], "hours": kept, "review_on": policy.review_on,
        "expires_at": policy.expires_at, "owner_rule": rule,
        "owner_user_id": None if owner is None else owner.user_id,
        "owner_off_after_days": None if owner is None else owner.off_after_days, "user_id": user_id, "set_at": tx.now,
    }  # fmt: skip
    tx.connection.execute(insert(key_policies).values(row))


def note_act(tx: Transaction, account_id: int, key_id: int, act: Act) -> bool:
    """Note that something is done; False when a rival has done it already."""
    adding = insert_sqlite(policy_acts) if tx.is_sqlite else insert_postgresql(policy_acts)
    row = {
        "account_id": account_id, "key_id": key_id, "what": act.what, "about": act.about, "step": act.step,
        "at": tx.now,
    }  # fmt: skip
    done = adding.values(row).on_conflict_do_nothing().returning(policy_acts.c.at)
    return tx.connection.execute(done).first() is not None


def forget_acts(tx: Transaction, account_id: int, key_id: int, what: What) -> None:
    """Let what was done about something be done again, should it come again."""
    tx.connection.execute(
        delete(policy_acts).where(
            policy_acts.c.account_id == account_id, policy_acts.c.key_id == key_id, policy_acts.c.what == what
        )
    )
