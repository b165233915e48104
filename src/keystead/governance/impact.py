"""What would break if a key were changed: whose calls, how many, to what, since when?"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from keystead.core.accounts import Account
from keystead.core.bindings import Binding, BindingState, resolve
from keystead.core.ids import AccountId, KeyId
from keystead.core.keys import Key
from keystead.core.routes import RouteTable
from keystead.core.usage import Dimension, Period, day_of
from keystead.governance.coverage import Coverage
from keystead.governance.sight import roots_shown
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import bindings as read_bindings
from keystead.storage.read import impact as read_impact
from keystead.storage.read.impact import RelatedKey
from keystead.storage.transaction import Transaction
from keystead.storage.usage_figures import Part, UsageFigures

DAYS: Final = 90
EXAMPLES: Final = 20


class Switch(StrEnum):
    """Which state a key would be put into."""

    OFF = "off"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """What would be changed: the key switched off or deleted; or its scopes, and whether they are enforced."""

    state: Switch | None = None
    scopes: tuple[str, ...] | None = None
    require_scopes: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A scope whose calls would be refused: how many passed in the period, and the day of the last one."""

    scope: str
    calls: int
    last_day: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """How many courses or accounts were called, and some of them."""

    many: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What a change would break, by the calls that passed in the period. Of an inherited key: this institution's only.

    ``people`` and ``live_tokens`` are those who have authorised the key now, ``callers`` the people among whose calls
    some would have been refused. ``sub_accounts`` counts accounts below this one where the key would no longer be on,
    or for other changes where it is on.
    """

    key_id: KeyId
    account_id: AccountId
    change: KeyChange
    period: Period
    people: int
    live_tokens: int
    callers: int
    calls: int
    calls_by_day: tuple[tuple[str, int], ...]
    endpoints: tuple[Endpoint, ...]
    courses: Reached
    accounts: Reached
    last_day: int | None
    sub_accounts: int
    same_vendor: tuple[RelatedKey, ...]


def impact_of(
    tx: Transaction, figures: UsageFigures, key: Key, account: Account, change: KeyChange, *, table: RouteTable
) -> Impact:  # fmt: skip
    """Return what the change would break here, by the calls of the last 90 days."""
    figures.refresh()
    today = day_of(tx.now)
    part = Part(
        key_id=key.id, roots=roots_shown(account), period=Period(first=today - DAYS + 1, last=today)
    )  # fmt: skip
    breaks = _breaks(key, change, table)
    used = [one for one in figures.by_scope(part) if one.allowed]
    broken = [one for one in used if breaks(one.name)]
    # Where every call breaks, one row for each person is read instead of one for each of their scopes.
    scopes = None if len(broken) == len(used) else frozenset(one.name for one in broken)
    last_days = figures.last_days(key.id, part.roots)
    people, live_tokens = read_impact.authorised(tx, key, account)
    return Impact(
        key_id=key.id,
        account_id=account.id,
        change=change,
        period=part.period,
        people=people,
        live_tokens=live_tokens,
        callers=figures.seen(part, Dimension.PERSON, scopes=scopes),
        calls=sum(one.allowed for one in broken),
        calls_by_day=tuple((one.name, one.allowed) for one in figures.by_day(part, scopes=scopes) if one.allowed),
        endpoints=tuple(
            Endpoint(scope=one.name, calls=one.allowed, last_day=last_days.get(one.name)) for one in broken
        ),
        courses=_reached(figures, part, Dimension.COURSE, scopes),
        accounts=_reached(figures, part, Dimension.ACCOUNT, scopes),
        last_day=max((last_days[one.name] for one in broken if one.name in last_days), default=None),
        sub_accounts=_sub_accounts(tx, key, account, change),
        same_vendor=read_impact.same_vendor(tx, key, account),
    )


def _breaks(key: Key, change: KeyChange, table: RouteTable) -> Callable[[str], bool]:
    """Return which calls would be refused, by the scope that they are counted under."""
    if change.state is not None:
        return lambda _: True
    enforced = key.require_scopes if change.require_scopes is None else change.require_scopes
    if not enforced:
        return lambda _: False
    after = Coverage(table, key, key.scopes if change.scopes is None else change.scopes)
    return lambda scope: not after.covers(scope)


def _reached(figures: UsageFigures, part: Part, dimension: Dimension, scopes: frozenset[str] | None) -> Reached:
    return Reached(
        many=figures.seen(part, dimension, scopes=scopes),
        examples=tuple(figures.seen_lately(part, dimension, scopes=scopes, limit=EXAMPLES)),
    )


def _sub_accounts(tx: Transaction, key: Key, account: Account, change: KeyChange) -> int:
    """Count the accounts below where the key is on; of *off*, where it then would not be."""
    bindings = read_bindings.bindings_of(tx, key.id)
    off = Binding(id=0, account_id=account.id, key_id=key.id, state=BindingState.OFF)
    after = {**bindings, account.id: off}
    site = read_accounts.site_admin(tx)
    count = 0
    for path in read_impact.paths_below(tx, account):
        if _is_on(resolve(key, path, bindings, site.id)):
            count += change.state is not Switch.OFF or not _is_on(resolve(key, path, after, site.id))
    return count


def _is_on(binding: Binding | None) -> bool:
    return binding is not None and binding.is_on
