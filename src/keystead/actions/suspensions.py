"""Switches a key off by itself when a vendor goes on asking for what was not granted, where an account wants that."""

from typing import Final

from keystead.actions import permits
from keystead.actions.switching_off import switch_off
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.errors import Malformed, NotFound
from keystead.core.keys import Key
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read.suspensions import SuspensionRule, find_rule
from keystead.storage.transaction import Transaction
from keystead.storage.write.changes import record
from keystead.storage.write.suspensions import delete_rule, put_rule

MOST_REFUSED: Final = 1_000_000
MOST_MINUTES: Final = 7 * 24 * 60


def set_rule(
    tx: Transaction,
    account: Account,
    refused: int | None,
    minutes: int | None,
    *,
    acting: Actor,
    because: str | None,
) -> SuspensionRule | None:
    """Set after how many refused calls in how many minutes a key is switched off; None for never.

    Raises Forbidden, NotFound for an account that is no root account, Malformed for numbers out of range.
    """
    permits.require(tx, acting, Right.SWITCH_DEVELOPER_KEYS, account)
    if not account.is_root:
        raise NotFound
    before = find_rule(tx, account.id)
    if refused is None or minutes is None:
        delete_rule(tx, account.id)
        made = None
    else:
        if not 1 <= refused <= MOST_REFUSED or not 1 <= minutes <= MOST_MINUTES:
            raise Malformed(f"refused must be 1 to {MOST_REFUSED}, minutes 1 to {MOST_MINUTES}")
        put_rule(tx, account.id, refused, minutes)
        made = SuspensionRule(account_id=account.id, refused=refused, minutes=minutes)
    if made != before:
        record(
            tx, "account.suspension_rule_set", "account", account.id, acting=acting, account_id=account.id,
            before=_told(before), after=_told(made), because=because,
        )  # fmt: skip
    return made


def suspend(tx: Transaction, key: Key, rule: SuspensionRule, refused: int) -> bool:
    """Switch a key off in the rule's account, as the system itself; False when it is not that account's to switch."""
    return switch_off(
        tx, key, read_accounts.get_account(tx, rule.account_id), "policy.suspended", after={"refused": refused},
        because=f"{refused} calls were refused for want of a scope within {rule.minutes} minutes",
    )  # fmt: skip


def _told(rule: SuspensionRule | None) -> dict[str, object] | None:
    return None if rule is None else {"refused": rule.refused, "minutes": rule.minutes}
