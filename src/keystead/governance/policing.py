"""Looks, again and again, what policies ask to be done by themselves: warns, and switches off, with the way back said.

Each act is one transaction with its audit entry, from which the notice to the account's administrators is drawn. A key
that somebody turned on again is left alone: the same date, or the same person, switches it off once.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from keystead.actions.switching_off import is_used, switch_off
from keystead.core.accounts import Account
from keystead.core.instants import Instant, iso
from keystead.core.key_policies import KeyPolicy
from keystead.core.keys import Key
from keystead.core.policy_acts import BACK, EXPIRED, LEFT, OFF, Act, Terms, What, due
from keystead.core.usage import date_of
from keystead.governance.situations import Situation, situations_of
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read import vetting as read_vetting
from keystead.storage.read.key_policies import acts_about, policed, policies_of
from keystead.storage.transaction import Database, Origin, Transaction
from keystead.storage.write.changes import record
from keystead.storage.write.key_policies import forget_acts, note_act

_WAY_BACK: Final = "Turn the key on again to undo this."


def act_by_policies(database: Database) -> int:
    """Do what is due by all policies; return how many acts that were."""
    with database.read() as tx:
        waiting = [(account.id, key_id) for account in _accounts(tx) for key_id in _waiting(tx, account)]
    done = 0
    for account_id, key_id in waiting:
        with database.write(Origin(surface="system")) as tx:
            account, key = read_accounts.find_account(tx, account_id), read_keys.find_key(tx, key_id, for_change=True)
            if account is not None and key is not None:
                done += _act(tx, account, key)
    return done


def _accounts(tx: Transaction) -> Iterable[Account]:
    found = (read_accounts.find_account(tx, account_id) for account_id in sorted(policed(tx)))
    return (account for account in found if account is not None)


def _waiting(tx: Transaction, account: Account) -> list[int]:
    """Return the keys about which something is due."""
    mine = [policy for policy in policies_of(tx, (account.id,)) if _asks_for_acts(policy)]
    keys = _keys_of(tx, account, mine)
    done = acts_about(tx, account.id, [key.id for key in keys])
    situations = situations_of(tx, account, keys) if keys else {}
    return [key.id for key in keys if _due(tx, account, situations[key.id], done.get(key.id, {}))]


def _act(tx: Transaction, account: Account, key: Key) -> int:
    """Do what is due about one key, looked at once more now that it is held."""
    situation = situations_of(tx, account, (key,))[key.id]
    held = acts_about(tx, account.id, (key.id,)).get(key.id, {})
    wanted = _due(tx, account, situation, held)
    acts = [act for act in wanted if act.step == BACK or note_act(tx, account.id, key.id, act)]
    for act in sorted(acts, key=lambda act: act.step == OFF):
        if is_used(tx, key, account):
            _do(tx, account, situation, act)
    return len(acts)


def _due(tx: Transaction, account: Account, situation: Situation, done: Mapping[Act, Instant]) -> tuple[Act, ...]:
    """Return what is due about a key. Of one that is off nobody is warned, and what would switch it off is done."""
    wanted = due(_terms(situation), done, tx.now)
    if not wanted or is_used(tx, situation.key, account):
        return wanted
    return tuple(act for act in wanted if act.step == OFF)


def _do(tx: Transaction, account: Account, situation: Situation, act: Act) -> None:
    key = situation.key
    match act:
        case Act(what=What.OWNER, step=step) if step == BACK:
            forget_acts(tx, account.id, key.id, What.OWNER)
        case Act(what=What.REVIEW, step=step) if step == OFF:
            day = date_of(act.about)
            because = f"The review was due on {day}, and no later day was set."
            _off(tx, account, key, "policy.review_overdue", {"review_on": day}, because)
        case Act(what=What.OWNER, step=step) if step == OFF:
            because = "The person who answers for it has left, and nobody else was named."
            _off(tx, account, key, "policy.owner_gone", _person(situation), because)
        case Act(what=What.REVIEW):
            day = date_of(act.about)
            because = f"Review the key by {day} and set a later day; otherwise it is switched off the day after."
            _tell(tx, account, key, "policy.review_due", {"review_on": day}, because)
        case Act(what=What.EXPIRY, step=step) if step == EXPIRED:
            because = "Its calls are refused from now on. Set a later expiry, or none, to undo this."
            _tell(tx, account, key, "policy.key_expired", {"expires_at": iso(situation.expires_at)}, because)
        case Act(what=What.EXPIRY):
            because = "From then on its calls are refused. Set a later expiry, or none, to prevent that."
            _tell(tx, account, key, "policy.key_expires", {"expires_at": iso(situation.expires_at)}, because)
        case Act(what=What.OWNER, step=step) if step == LEFT:
            _tell(tx, account, key, "policy.owner_left", _person(situation), _after_leaving(situation))


def _off(tx: Transaction, account: Account, key: Key, action: str, after: dict[str, Any], because: str) -> None:
    """Switch a key off; where somebody above has decided about it, only tell that it should be."""
    if not switch_off(tx, key, account, action, after=after, because=f"{because} {_WAY_BACK}"):
        words = f"{because} It stays on here, because that is decided above."
        _tell(tx, account, key, action, after, words)


def _tell(tx: Transaction, account: Account, key: Key, action: str, after: dict[str, Any], because: str) -> None:
    record(tx, action, "key", key.id, acting=None, account_id=account.id, after=after, because=because)


def _person(situation: Situation) -> dict[str, Any]:
    who = situation.answerable
    return {} if who is None else {"owner_user_id": who.user_id, "owner": who.name}


def _after_leaving(situation: Situation) -> str:
    rule = situation.owner_rule
    if rule is None or rule.off_after_days is None:
        return "Name somebody else who answers for the key."
    return f"Name somebody else who answers for the key; otherwise it is switched off in {rule.off_after_days} days."


def _terms(situation: Situation) -> Terms:
    """Return what the account's own policies ask; the expiry of others is theirs to tell."""
    rule, who = situation.owner_rule, situation.answerable
    watched = None if rule is None or who is None else who
    return Terms(
        review_on=situation.review_on,
        expires_at=situation.own_expires_at,
        person=None if watched is None else watched.user_id,
        has_left=watched is not None and watched.has_left,
        off_after_days=None if rule is None else rule.off_after_days,
    )


def _asks_for_acts(policy: KeyPolicy) -> bool:
    return policy.review_on is not None or policy.expires_at is not None or policy.owner is not None


def _keys_of(tx: Transaction, account: Account, policies: Sequence[KeyPolicy]) -> list[Key]:
    """Return the keys that these policies are about."""
    found: dict[int, Key] = {}
    if any(policy.key_id is None for policy in policies):
        parent = read_accounts.find_account(tx, account.consortium_parent_id)
        found = {int(key.id): key for key in read_vetting.keys_to_vet(tx, account, parent)}
    for policy in policies:
        key = None if policy.key_id is None else read_keys.find_key(tx, policy.key_id)
        if key is not None:
            found[int(key.id)] = key
    return list(found.values())
