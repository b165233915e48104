"""What do the pages about the use of keys say, and what do their forms give? Typed values for templates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import ClassVar, Final

from keystead.core.accounts import Account
from keystead.core.instants import DAY, HOUR, SECOND, Instant
from keystead.core.key_hours import DAYS, told_minute
from keystead.core.key_policies import KeyPolicy
from keystead.core.parameters import Tree
from keystead.core.usage import date_of
from keystead.governance.key_policies import Tried
from keystead.governance.situations import Answerable, Concern, Situation
from keystead.storage.read.key_policies import StoredPolicy
from keystead.web.languages import zones

_WEEK: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY_WORDS: Final = dict(zip(DAYS, _WEEK, strict=True))
CONCERN_WORDS: Final[Mapping[Concern, str]] = {
    Concern.REVIEW_OVERDUE: "Overdue for review",
    Concern.EXPIRED: "Expired",
    Concern.OWNERLESS: "Nobody answers for it",
    Concern.UNSCOPED: "Not limited by scopes",
}
FIELDS: Final = ("ranges", "zone", "opens", "closes", "review_on", "expires_at", "owner", "person", "days_off")
"""The fields of the form with one value each; ``days`` has many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFacts:
    """A policy in plain parts. ``person`` and what is not asked of calls are the account's own to know."""

    account_name: str
    of_all: bool
    is_own: bool
    at: Instant
    person: str | None
    ranges: tuple[str, ...]
    days: tuple[str, ...]
    opens: str
    closes: str
    zone: str
    review_on: Instant | None
    expires_at: Instant | None
    watches_owner: bool
    off_after_days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyView:
    """The form for a key, or for all keys of an account (``key_name`` None). ``values`` are the texts of its fields."""

    TEMPLATE: ClassVar = "console/key_policy.html"

    account_name: str
    action: str
    back_href: str
    values: Mapping[str, str]
    days: frozenset[str]
    facts: tuple[PolicyFacts, ...]
    authenticity_token: str = field(repr=False)
    key_name: str | None = None
    client_id: str | None = None
    answerable: Answerable | None = None
    concerns: tuple[str, ...] = ()
    address: str | None = None
    shuts_out: bool = False
    tried: Tried | None = None
    problem: str | None = None
    may_change: bool = False
    is_laid_down: bool = False
    day_words: Mapping[str, str] = field(default_factory=lambda: DAY_WORDS)
    zones: tuple[str, ...] = field(default_factory=zones)


def facts_of(stored: Iterable[StoredPolicy], account: Account) -> tuple[PolicyFacts, ...]:
    """Return policies in plain parts, as an account may see them."""
    return tuple(_facts(one, is_own=one.policy.account_id == account.id) for one in stored)


def concern_words(situation: Situation) -> tuple[str, ...]:
    """Return what is of concern about a key."""
    return tuple(CONCERN_WORDS[concern] for concern in situation.concerns)


def form_values(policy: KeyPolicy | None, account: Account, zone: tzinfo, login: str) -> dict[str, str]:
    """Return the texts of the form for what is laid down. ``login`` is that of the person named."""
    values = dict.fromkeys(FIELDS, "") | {"zone": account.default_time_zone}
    if policy is None:
        return values
    values["ranges"] = "\n".join(str(network) for network in policy.ranges)
    if (hours := policy.hours) is not None:
        values |= {"zone": hours.zone, "opens": told_minute(hours.opens), "closes": told_minute(hours.closes)}
    if policy.review_on is not None:
        values["review_on"] = date_of(policy.review_on)
    if policy.expires_at is not None:
        moment = datetime.fromtimestamp(policy.expires_at // SECOND, zone)
        values["expires_at"] = moment.replace(tzinfo=None).isoformat(timespec="minutes")
    if (rule := policy.owner) is not None:
        off = rule.off_after_days
        values |= {"owner": "tell" if off is None else "off", "days_off": "" if off is None else str(off)}
        values["person"] = login
    return values


def days_of(policy: KeyPolicy | None) -> frozenset[str]:
    """Return the names of the days that are ticked."""
    hours = None if policy is None else policy.hours
    return frozenset() if hours is None else frozenset(DAYS[day] for day in hours.days)


def given_by(form: Tree) -> tuple[dict[str, str], frozenset[str]]:
    """Return the texts that a form gives, and the days that were ticked."""
    chosen = form.get("days")
    days = frozenset(one for one in chosen if isinstance(one, str)) if isinstance(chosen, list) else frozenset()
    return {name: _text(form.get(name)) for name in FIELDS}, days & frozenset(DAYS)


def policy_asked(
    values: Mapping[str, str], days: frozenset[str], zone: tzinfo, person_id: int | None
) -> dict[str, object]:
    """Return what a form asks for, in the words of governance.policy_values.

    Hours are asked for when a day is ticked or a time is written; a moment is one of the reader's clock.
    """
    asked: dict[str, object] = {
        "address_ranges": values["ranges"].replace(",", " ").split(),
        "review_on": values["review_on"],
        "expires_at": _moment(values["expires_at"], zone),
    }
    if days or values["opens"] or values["closes"]:
        asked["hours"] = {
            "zone": values["zone"], "days": [day for day in DAYS if day in days], "from": values["opens"],
            "to": values["closes"],
        }  # fmt: skip
    if values["owner"]:
        off = values["days_off"] or "0"
        asked["owner"] = {"user_id": person_id, "off_after_days": off if values["owner"] == "off" else None}
    return asked


def _facts(stored: StoredPolicy, *, is_own: bool) -> PolicyFacts:
    policy, hours = stored.policy, stored.policy.hours
    owner = policy.owner if is_own else None
    review = policy.review_on if is_own else None
    return PolicyFacts(
        account_name=stored.account_name,
        of_all=policy.key_id is None,
        is_own=is_own,
        at=stored.at,
        person=stored.person if is_own else None,
        ranges=tuple(str(network) for network in policy.ranges),
        days=() if hours is None else tuple(DAY_WORDS[DAYS[day]] for day in sorted(hours.days)),
        opens="" if hours is None else told_minute(hours.opens),
        closes="" if hours is None else told_minute(hours.closes),
        zone="" if hours is None else hours.zone,
        review_on=None if review is None else Instant(review * DAY + 12 * HOUR),
        expires_at=policy.expires_at,
        watches_owner=owner is not None,
        off_after_days=None if owner is None else owner.off_after_days,
    )


def _moment(text: str, zone: tzinfo) -> str:
    """Return a moment of the reader's clock as one that programs give; what is none as it stands."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).isoformat()


def _text(value: object) -> str:
    return value.replace("\r\n", "\n").strip()[:10_000] if isinstance(value, str) else ""
