"""Under which conditions may a key be used at all? What accounts have laid down about it besides on and off.

Every account with a say lays down its own, about one key or about all that are used there. All of them must agree.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from keystead.core.addresses import Network, is_inside, read_address
from keystead.core.ids import AccountId, KeyId, UserId
from keystead.core.instants import NEVER, Instant, iso
from keystead.core.key_hours import DAYS, Hours, told_minute
from keystead.core.usage import date_of

Ranges = tuple[Network, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerRule:
    """What happens when the person who answers for a key has left: people are told, and it may be switched off.

    ``user_id`` None is whoever asked for the key, or made it; ``off_after_days`` None leaves the key on.
    """

    user_id: UserId | None = None
    off_after_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPolicy:
    """What an account has laid down about a key, or about all that are used in it (``key_id`` None).

    Without ``ranges`` it may be used from anywhere, without ``hours`` always, without ``expires_at`` for ever.
    ``review_on`` is a day (core.usage); from the day after it, the key is overdue for review.
    """

    account_id: AccountId
    key_id: KeyId | None = None
    ranges: Ranges = ()
    hours: Hours | None = None
    review_on: int | None = None
    expires_at: Instant | None = None
    owner: OwnerRule | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is laid down."""
        return not (self.ranges or self.hours or self.owner) and self.review_on is None and self.expires_at is None


def ranges_of(policies: Iterable[KeyPolicy]) -> tuple[Ranges, ...]:
    """Return the ranges of each policy that names some: an address must stand in one of each."""
    return tuple(policy.ranges for policy in policies if policy.ranges)


def admits(every: tuple[Ranges, ...], address: str | None) -> bool:
    """Whether an address stands in the ranges of each policy. One that is not known stands in none."""
    if not every:
        return True
    parsed = read_address(address)
    return parsed is not None and all(is_inside(parsed, ranges) for ranges in every)


def expiry_of(policies: Iterable[KeyPolicy]) -> Instant | None:
    """Return when the key expires by the earliest of its policies, None for never."""
    return min((policy.expires_at for policy in policies if policy.expires_at is not None), default=None)


def open_until(policies: Iterable[KeyPolicy], now: Instant) -> Instant | None:
    """Return until when hours let the key be used, NEVER without any, None while those of one policy are over."""
    until = NEVER
    for policy in policies:
        if policy.hours is None:
            continue
        closes = policy.hours.open_until(now)
        if closes is None:
            return None
        until = min(until, closes)
    return until


def told_hours(hours: Hours | None) -> dict[str, Any] | None:
    """Return hours as an object: ``{"zone": "Europe/Berlin", "days": ["mon"], "from": "08:00", "to": "18:00"}``."""
    if hours is None:
        return None
    days = [name for at, name in enumerate(DAYS) if at in hours.days]
    return {"zone": hours.zone, "days": days, "from": told_minute(hours.opens), "to": told_minute(hours.closes)}


def told_policy(policy: KeyPolicy) -> dict[str, Any]:
    """Return a policy as an object, as people and programs set it."""
    owner = policy.owner
    return {
        "account_id": policy.account_id,
        "address_ranges": [str(network) for network in policy.ranges],
        "hours": told_hours(policy.hours),
        "review_on": None if policy.review_on is None else date_of(policy.review_on),
        "expires_at": iso(policy.expires_at),
        "owner": None if owner is None else {"user_id": owner.user_id, "off_after_days": owner.off_after_days},
    }
