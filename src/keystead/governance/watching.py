"""What would be refused if a proposed list of scopes were enforced? Told from the calls that were counted."""

from dataclasses import dataclass

from keystead.core.accounts import Account
from keystead.core.instants import Instant
from keystead.core.keys import Key
from keystead.core.routes import RouteTable
from keystead.core.usage import Period, day_of
from keystead.governance.coverage import Coverage
from keystead.governance.sight import roots_shown
from keystead.storage.read.watches import Watch
from keystead.storage.usage_figures import Part, UsageFigures
from keystead.storage.watch_examples import WatchExamples


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldRefuse:
    """Calls under one scope that pass now and would not. ``example`` is the newest such path, where one is kept."""

    scope: str
    calls: int
    people: int
    last_day: int | None
    example: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchReport:
    """What a watch has found since its first day. ``unused`` are proposed scopes that no call needed yet."""

    watch: Watch
    period: Period
    calls: int
    would_refuse: tuple[WouldRefuse, ...]
    unused: tuple[str, ...]

    @property
    def refused_calls(self) -> int:
        """How many calls would have been refused."""
        return sum(one.calls for one in self.would_refuse)


def watch_report(
    figures: UsageFigures,
    examples: WatchExamples,
    key: Key,
    account: Account,
    watch: Watch,
    *,
    table: RouteTable,
    now: Instant,
) -> WatchReport:
    """Return what would have been refused since the watch began. An institution is shown its own numbers only.

    Days are counted whole: calls of the first day before the watch began are among them.
    """
    figures.refresh()
    end = watch.enforced_at or now
    period = Period(first=day_of(watch.since), last=day_of(end))
    part = Part(key_id=key.id, roots=roots_shown(account), period=period)
    coverage = Coverage(table, key, watch.scopes)
    sums = [one for one in figures.by_scope(part) if one.allowed]
    people, last_days = figures.people_by_scope(part), figures.last_days(key.id, part.roots)
    known = examples.of_key(key.id, watch.since)
    needed: set[str] = set()
    refused: list[WouldRefuse] = []
    for one in sums:
        covering = coverage.covering(one.name)
        needed |= covering
        if not covering:
            refused.append(
                WouldRefuse(
                    scope=one.name, calls=one.allowed, people=people.get(one.name, 0),
                    last_day=last_days.get(one.name), example=known.get(one.name),
                )
            )  # fmt: skip
    return WatchReport(
        watch=watch,
        period=period,
        calls=sum(one.allowed for one in sums),
        would_refuse=tuple(refused),
        unused=tuple(scope for scope in watch.scopes if scope not in needed),
    )
