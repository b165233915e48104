"""What does a policy ask to be done by itself now: whom to warn, and what to switch off? Each step once.

Review: people are told 14 and 3 days before and on the day; the day after, the key is switched off. Expiry: people are
told 14 and 3 days before, and when it has happened. Owner: people are told when the person who answers for the key has
left, and so many days later the key is switched off, where the policy says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from keystead.core.ids import UserId
from keystead.core.instants import DAY, Instant
from keystead.core.usage import day_of

WARNED_BEFORE: Final = (14, 3)
"""How many days before a review is due, or a key expires, people are told."""


class What(StrEnum):
    """Of which part of a policy a step is."""

    REVIEW = "review"
    EXPIRY = "expiry"
    OWNER = "owner"


OFF: Final = "off"
EXPIRED: Final = "expired"
LEFT: Final = "left"
BACK: Final = "back"
"""Who had left is here again: should they leave once more, everything begins anew."""


@dataclass(frozen=True, slots=True)
class Act:
    """One step. ``about`` is the day, moment or person it concerns: with another one, all steps begin anew.

    ``step`` is OFF, EXPIRED, LEFT, BACK, or how many days before people are told.
    """

    what: What
    about: int
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is laid down about a key that is in use: ``person`` is who answers for it, if that is watched."""

    review_on: int | None = None
    expires_at: Instant | None = None
    person: UserId | None = None
    has_left: bool = False
    off_after_days: int | None = None


def due(terms: Terms, done: Mapping[Act, Instant], now: Instant) -> tuple[Act, ...]:
    """Return what is to be done now and was not done yet. Of several warnings that were missed, only the last."""
    wanted: list[Act] = []
    if terms.review_on is not None:
        step = _step(terms.review_on - day_of(now), (*WARNED_BEFORE, 0), OFF)
        wanted += [] if step is None else [Act(What.REVIEW, terms.review_on, step)]
    if terms.expires_at is not None:
        left = -(-(terms.expires_at - now) // DAY) if terms.expires_at > now else -1
        step = _step(left, WARNED_BEFORE, EXPIRED)
        wanted += [] if step is None else [Act(What.EXPIRY, terms.expires_at, step)]
    if terms.person is not None:
        wanted += _about_owner(terms.person, terms, done, now)
    return tuple(act for act in wanted if act not in done)


def _step(days_left: int, warned: tuple[int, ...], over: str) -> str | None:
    if days_left < 0:
        return over
    return min((str(days) for days in warned if days_left <= days), key=int, default=None)


def _about_owner(person: UserId, terms: Terms, done: Mapping[Act, Instant], now: Instant) -> list[Act]:
    told_at = done.get(Act(What.OWNER, person, LEFT))
    if not terms.has_left:
        return [] if told_at is None else [Act(What.OWNER, person, BACK)]
    if told_at is None:
        return [Act(What.OWNER, person, LEFT)]
    is_over = terms.off_after_days is not None and now >= told_at + terms.off_after_days * DAY
    return [Act(What.OWNER, person, OFF)] if is_over else []
