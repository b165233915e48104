"""Which keys are overdue for review, expired, without anybody who answers for them, or not limited by scopes?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from keystead.actions.gates import Gate
from keystead.core.accounts import Account
from keystead.core.actors import Actor, User
from keystead.core.ids import UserId
from keystead.core.instants import Instant, iso
from keystead.core.key_policies import KeyPolicy, OwnerRule, expiry_of
from keystead.core.keys import Key
from keystead.core.risk import Find
from keystead.core.usage import date_of, day_of
from keystead.governance.vetting import is_of_kind, list_gates
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.read.key_owners import askers_of, makers_of
from keystead.storage.read.key_policies import policies_of
from keystead.storage.transaction import Transaction


class Concern(StrEnum):
    """What somebody should look after at a key, whatever is settled with its vendor."""

    REVIEW_OVERDUE = "review_overdue"
    EXPIRED = "expired"
    OWNERLESS = "ownerless"
    UNSCOPED = "unscoped"


class KnownBy(StrEnum):
    """How it is known who answers for a key."""

    POLICY = "policy"
    REQUEST = "request"
    MAKER = "maker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerable:
    """The person who answers for a key. ``has_left``: suspended, deleted, or without a login in the account."""

    user_id: UserId
    name: str | None
    known_by: KnownBy
    has_left: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """How a key stands in a root account, by its conditions there. ``policies`` are the account's own.

    ``review_on``, ``owner_rule`` and ``own_expires_at`` are the account's own strictest; ``expires_at`` is everybody's.
    """

    key: Key
    is_own: bool
    policies: tuple[KeyPolicy, ...]
    review_on: int | None
    expires_at: Instant | None
    own_expires_at: Instant | None
    owner_rule: OwnerRule | None
    answerable: Answerable | None
    now: Instant

    @property
    def concerns(self) -> tuple[Concern, ...]:
        """What somebody should look after."""
        found = {
            Concern.REVIEW_OVERDUE: self.review_on is not None and self.review_on < day_of(self.now),
            Concern.EXPIRED: self.expires_at is not None and self.expires_at <= self.now,
            Concern.OWNERLESS: self.answerable.has_left if self.answerable is not None else self.is_own,
            Concern.UNSCOPED: not self.key.require_scopes,
        }
        return tuple(concern for concern, holds in found.items() if holds)


def situations_of(tx: Transaction, account: Account, keys: Sequence[Key]) -> dict[int, Situation]:
    """Return how each of these keys stands in a root account, read in a fixed number of queries.

    For an inherited key only a policy of the account's own says who answers for it there.
    """
    path, site = read_accounts.path_to(tx, account), read_accounts.site_admin(tx)
    every = policies_of(tx, (site.id, *path.ids))
    owner_id = None if account.is_site_admin else account.id
    own_ids = [key.id for key in keys if key.account_id == owner_id]
    known = _known_people(tx, account, own_ids)
    about: dict[int, tuple[KeyPolicy, ...]] = {
        key.id: tuple(policy for policy in every if policy.key_id in (None, key.id)) for key in keys
    }
    named = [rule.user_id for policy in every if (rule := policy.owner) is not None and rule.user_id is not None]
    people = _people(tx, account, [*named, *(user_id for user_id, _ in known.values())])
    found = {}
    for key in keys:
        mine = tuple(policy for policy in about[key.id] if policy.account_id == account.id)
        rule = _owner_rule(mine)
        who = (rule.user_id, KnownBy.POLICY) if rule is not None and rule.user_id is not None else known.get(key.id)
        found[int(key.id)] = Situation(
            key=key,
            is_own=key.account_id == owner_id,
            policies=mine,
            review_on=min((policy.review_on for policy in mine if policy.review_on is not None), default=None),
            expires_at=expiry_of(about[key.id]),
            own_expires_at=expiry_of(mine),
            owner_rule=rule,
            answerable=None if who is None else _answerable(who, people),
            now=tx.now,
        )
    return found


def situation_of(tx: Transaction, account: Account, key: Key) -> Situation:
    """Return how a key stands in a root account."""
    return situations_of(tx, account, (key,))[key.id]


def list_standing(
    tx: Transaction, account: Account, find: Find, *, acting: Actor
) -> tuple[tuple[Gate, Situation], ...]:
    """Return how every key that a root account owns or inherits stands: what is settled with its vendor, and by its
    conditions. Raises NotFound, Forbidden.
    """
    gates = list_gates(tx, account, find, acting=acting)
    found = situations_of(tx, account, [gate.key for gate in gates])
    return tuple((gate, found[gate.key.id]) for gate in gates)


def is_shown(gate: Gate, situation: Situation, kind: str) -> bool:
    """Whether a key belongs to a list: of a kind of vetting (governance.vetting), or of a concern."""
    return kind in situation.concerns if kind in set(Concern) else is_of_kind(gate, kind)


def told_situation(situation: Situation) -> dict[str, Any]:
    """Return how a key stands as an object."""
    who = situation.answerable
    return {
        "concerns": [str(concern) for concern in situation.concerns],
        "review_on": None if situation.review_on is None else date_of(situation.review_on),
        "expires_at": iso(situation.expires_at),
        "answerable": None if who is None else {
            "user_id": who.user_id, "name": who.name, "known_by": str(who.known_by), "has_left": who.has_left,
        },
    }  # fmt: skip


def _owner_rule(mine: Iterable[KeyPolicy]) -> OwnerRule | None:
    """Return the rule of a key's own policy and the one for all keys together: the person named, the fewest days."""
    rules = [policy.owner for policy in mine if policy.owner is not None]
    if not rules:
        return None
    return OwnerRule(
        user_id=next((rule.user_id for rule in rules if rule.user_id is not None), None),
        off_after_days=min((rule.off_after_days for rule in rules if rule.off_after_days is not None), default=None),
    )


def _known_people(tx: Transaction, account: Account, key_ids: Sequence[int]) -> dict[int, tuple[UserId, KnownBy]]:
    if not key_ids:
        return {}
    made = {key_id: (UserId(user_id), KnownBy.MAKER) for key_id, user_id in makers_of(tx, account.id, key_ids).items()}
    asked = askers_of(tx, account.id, key_ids)
    return made | {key_id: (UserId(user_id), KnownBy.REQUEST) for key_id, user_id in asked.items()}


def _people(tx: Transaction, account: Account, ids: Sequence[int]) -> dict[int, tuple[User, bool]]:
    """Return these people, and whether each of them is still here."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    hosts = (account.id, read_accounts.site_admin(tx).id)
    logins = read_users.logins_by_user(tx, wanted)
    return {
        user_id: (user, user.is_active and any(one.account_id in hosts for one in logins.get(user_id, ())))
        for user_id, user in read_users.users_by_id(tx, wanted).items()
    }


def _answerable(who: tuple[UserId | None, KnownBy], people: dict[int, tuple[User, bool]]) -> Answerable | None:
    user_id, known_by = who
    if user_id is None:
        return None
    user, is_here = people.get(user_id, (None, False))
    return Answerable(
        user_id=user_id, name=None if user is None else user.name, known_by=known_by, has_left=not is_here
    )  # fmt: skip
