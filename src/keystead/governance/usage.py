"""What has a key been used for in a period, as one institution sees it?"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from keystead.core.accounts import Account
from keystead.core.keys import Key
from keystead.core.usage import Dimension, Period, month_name, month_start
from keystead.governance.sight import roots_shown
from keystead.storage.usage_figures import Part, Sum, UsageFigures


class Grouping(StrEnum):
    """By what usage is told apart."""

    DAY = "day"
    MONTH = "month"
    SCOPE = "scope"
    OUTCOME = "outcome"
    PERSON = "person"
    NETWORK = "network"
    COURSE = "course"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """The calls of one name. ``people`` is None where calls are not counted by person too, ``granted`` where scopes
    are not what is told apart.
    """

    name: str
    calls: int
    allowed: int
    people: int | None = None
    granted: bool | None = None

    @property
    def refused(self) -> int:
        """How many calls did not pass."""
        return self.calls - self.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUsage:
    """What a key was used for. Rows of networks, courses and accounts hold their own sums, which may be smaller."""

    key_id: int
    account_id: int
    period: Period
    grouping: Grouping
    calls: int
    allowed: int
    people: int
    rows: tuple[UsageRow, ...]


def usage_of(figures: UsageFigures, key: Key, account: Account, period: Period, grouping: Grouping) -> KeyUsage:
    """Return what the key was used for in the period. An institution is shown its own numbers only."""
    return usages_of(figures, key, account, period, (grouping,))[grouping]


def usages_of(
    figures: UsageFigures, key: Key, account: Account, period: Period, groupings: Iterable[Grouping]
) -> dict[Grouping, KeyUsage]:
    """As ``usage_of``, told apart in several ways at once."""
    figures.refresh()
    part = Part(key_id=key.id, roots=roots_shown(account), period=period)
    outcomes, people = figures.by_outcome(part), figures.people(part)
    return {
        grouping: KeyUsage(
            key_id=key.id,
            account_id=account.id,
            period=period,
            grouping=grouping,
            calls=sum(one.calls for one in outcomes),
            allowed=sum(one.allowed for one in outcomes),
            people=people,
            rows=tuple(_rows(figures, key, part, grouping)),
        )
        for grouping in groupings
    }


def _rows(figures: UsageFigures, key: Key, part: Part, grouping: Grouping) -> list[UsageRow]:
    match grouping:
        case Grouping.DAY:
            return _joined(figures.by_day(part), figures.people_by_day(part))
        case Grouping.MONTH:
            return _months(figures, part)
        case Grouping.OUTCOME:
            return _joined(figures.by_outcome(part), figures.people_by_outcome(part))
        case Grouping.SCOPE:
            return _scopes(figures, key, part)
        case _:
            return [_row(one) for one in figures.by_value(part, Dimension(grouping.value))]


def _months(figures: UsageFigures, part: Part) -> list[UsageRow]:
    found: dict[str, UsageRow] = {}
    for one in figures.by_day(part):
        name = one.name[:7]
        before = found.get(name, UsageRow(name=name, calls=0, allowed=0))
        found[name] = replace(before, calls=before.calls + one.calls, allowed=before.allowed + one.allowed)
    first = part.period.first
    while first <= part.period.last:
        following = month_start(month_start(first) + 31)
        month = Period(first=first, last=min(following - 1, part.period.last))
        if (row := found.get(month_name(first))) is not None:
            found[row.name] = replace(row, people=figures.people(replace(part, period=month)))
        first = following
    return list(found.values())


def _scopes(figures: UsageFigures, key: Key, part: Part) -> list[UsageRow]:
    """Return used scopes, the most called first, and behind them those that are granted and were not called."""
    rows = _joined(figures.by_scope(part), figures.people_by_scope(part))
    used = {row.name for row in rows}
    unused = [UsageRow(name=scope, calls=0, allowed=0, people=0) for scope in key.scopes if scope not in used]
    return [replace(row, granted=row.name in key.scopes) for row in (*rows, *unused)]


def _joined(sums: list[Sum], people: dict[str, int]) -> list[UsageRow]:
    return [replace(_row(one), people=people.get(one.name, 0)) for one in sums]


def _row(one: Sum) -> UsageRow:
    return UsageRow(name=one.name, calls=one.calls, allowed=one.allowed)
