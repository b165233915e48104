"""Looks, again and again, whether a vendor goes on asking for what was not granted."""

from keystead.actions.suspensions import suspend
from keystead.core.ids import AccountId, KeyId
from keystead.core.instants import MINUTE, Instant
from keystead.core.reasons import Reason
from keystead.storage.read import bindings as read_bindings
from keystead.storage.read import keys as read_keys
from keystead.storage.read.suspensions import every_rule
from keystead.storage.refusals import Refusals
from keystead.storage.transaction import Database, Origin, Transaction


def suspend_by_rules(database: Database, refusals: Refusals) -> int:
    """Switch off the keys that an account's rule is for; return how many.

    Refused calls count from the moment when the key was last switched on: who turns one on again begins anew.
    """
    with database.read() as tx:
        rules, now = every_rule(tx), tx.now
    suspended = 0
    for rule in rules:
        since = Instant(now - rule.minutes * MINUTE)
        for key_id, refused in refusals.counted(rule.account_id, Reason.SCOPE_MISSING.code, since).items():
            if refused < rule.refused:
                continue
            with database.write(Origin(surface="system")) as tx:
                key = read_keys.find_key(tx, key_id, for_change=True)
                if key is None or not key.is_active:
                    continue
                decided = _switched_at(tx, rule.account_id, key_id)
                if decided is not None and decided > since:
                    fresh = refusals.counted(rule.account_id, Reason.SCOPE_MISSING.code, decided).get(key_id, 0)
                    if fresh < rule.refused:
                        continue
                suspended += suspend(tx, key, rule, refused)
    return suspended


def _switched_at(tx: Transaction, account_id: int, key_id: int) -> Instant | None:
    held = read_bindings.find_binding(tx, AccountId(account_id), KeyId(key_id))
    return None if held is None else read_bindings.decided_at(tx, [held.id]).get(held.id)
