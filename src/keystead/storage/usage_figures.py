"""What did calls with a key add up to? Reads what storage.counts has written, of one period and some root accounts."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Engine, Row, Select, and_, case, distinct, func, literal_column, or_, select
from sqlalchemy.exc import SQLAlchemyError

from keystead.core.usage import ALLOWED, OTHER, Dimension, Period, date_of, month_name
from keystead.storage.counts import ANY_SCOPE, DAYS, MONTHS
from keystead.storage.transaction import READING, StorageUnavailable
from keystead.storage.usage_schema import usage_counts, usage_scopes, usage_seen

MOST_ROWS: Final = 10_000
"""How many rows of people, networks or places are told one by one, those with the most calls first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which counters: of one key (None: of all), in these root accounts (None: in all), in a period."""

    key_id: int | None
    roots: tuple[int, ...] | None
    period: Period


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """What calls of one name add up to."""

    name: str
    calls: int
    allowed: int


class UsageFigures:
    """Adds counters up. ``flush`` writes what this process has counted, so that its own calls are told at once."""

    def __init__(self, engine: Engine, flush: Callable[[], None] | None = None) -> None:
        self._engine = engine
        self._flush = flush

    def refresh(self) -> None:
        """Have this process's counts written, as far as that is possible now."""
        if self._flush is not None:
            with suppress(StorageUnavailable):
                self._flush()

    def by_day(self, part: Part, *, scopes: Collection[str] | None = None) -> list[Sum]:
        """Return the sums of days, and of the months that old days have become, oldest first."""
        rows = self._sums(part, Dimension.CALL, [usage_counts.c.span, usage_counts.c.day], scopes)
        rows.sort(key=lambda row: row.day)
        return [_sum(date_of(row.day) if row.span == DAYS else month_name(row.day), row) for row in rows]

    def by_scope(self, part: Part) -> list[Sum]:
        """Return the sums of scopes, the most called first."""
        return _ordered(self._sums(part, Dimension.CALL, [_NAMED_SCOPE], None))

    def by_outcome(self, part: Part) -> list[Sum]:
        """Return the sums of outcomes, the most frequent first."""
        return _ordered(self._sums(part, Dimension.CALL, [usage_counts.c.outcome.label("name")], None))

    def by_value(self, part: Part, dimension: Dimension) -> list[Sum]:
        """Return the sums of people, networks, courses or accounts, the most called first, and not too many."""
        return _ordered(self._sums(part, dimension, [usage_counts.c.value.label("name")], None, limit=MOST_ROWS))

    def people_by_day(self, part: Part) -> dict[str, int]:
        """Return how many people made calls on each day, or in each month that days have become."""
        rows = self._people(part, [usage_counts.c.span, usage_counts.c.day])
        return {date_of(row.day) if row.span == DAYS else month_name(row.day): row.people for row in rows}

    def people_by_scope(self, part: Part) -> dict[str, int]:
        """Return how many people made calls of each scope."""
        return {row.name: row.people for row in self._people(part, [_NAMED_SCOPE])}

    def people_by_outcome(self, part: Part) -> dict[str, int]:
        """Return how many people made calls of each outcome."""
        return {row.name: row.people for row in self._people(part, [usage_counts.c.outcome.label("name")])}

    def people(self, part: Part) -> int:
        """Return how many people made calls."""
        rows = self._people(part, [])
        return rows[0].people if rows else 0

    def seen(self, part: Part, dimension: Dimension, *, scopes: Collection[str] | None = None) -> int:
        """Return how many values were allowed calls since the first day, the last day being today.

        ``scopes`` None: whatever the scope. One index is read, so millions take a fraction of a second.
        """
        where = self._seen_where(part, dimension, scopes)
        is_single = scopes is None and part.roots is not None and len(part.roots) == 1
        counted = func.count() if is_single else func.count(distinct(usage_seen.c.value))
        return int(self._read(select(counted).select_from(usage_seen).where(*where))[0][0])

    def seen_lately(self, part: Part, dimension: Dimension, *, scopes: Collection[str] | None, limit: int) -> list[str]:
        """Return some of those values, those that were called last first."""
        where = self._seen_where(part, dimension, scopes)
        last = func.max(usage_seen.c.last_day)
        if scopes is None:
            chosen = select(usage_seen.c.value).where(*where).order_by(usage_seen.c.last_day.desc())
        else:
            chosen = select(usage_seen.c.value).where(*where).group_by(usage_seen.c.value).order_by(last.desc())
        return list(dict.fromkeys(row.value for row in self._read(chosen.limit(limit))))

    def last_days(self, key_id: int, roots: tuple[int, ...] | None) -> dict[str, int]:
        """Return the last day of an allowed call of each scope, and under ``""`` of any."""
        chosen = (
            select(_SCOPE.label("name"), func.max(usage_seen.c.last_day).label("day"))
            .outerjoin(usage_scopes, usage_scopes.c.id == usage_seen.c.scope_id)
            .where(usage_seen.c.key_id == key_id, usage_seen.c.dimension == Dimension.CALL.value)
            .where(*_among(usage_seen.c.root_id, roots))
            .group_by(_SCOPE)
        )
        return {row.name: row.day for row in self._read(chosen)}

    def last_calls(self, root_id: int, key_ids: Sequence[int]) -> dict[int, int]:
        """Return for these keys the last day of an allowed call in a root account; keys without one are left out."""
        chosen = select(usage_seen.c.key_id, usage_seen.c.last_day).where(
            usage_seen.c.key_id.in_(key_ids),
            usage_seen.c.root_id == root_id,
            usage_seen.c.dimension == Dimension.CALL.value,
            usage_seen.c.scope_id == ANY_SCOPE,
        )
        return {row.key_id: row.last_day for row in self._read(chosen)}

    def refused_only(self, root_id: int, key_ids: Sequence[int]) -> set[int]:
        """Return which of these keys, none of which was allowed a call, are counted in a root account all the same."""
        chosen = select(usage_counts.c.key_id).where(
            usage_counts.c.key_id.in_(key_ids),
            usage_counts.c.root_id == root_id,
            usage_counts.c.dimension == Dimension.CALL.value,
        )
        return {row.key_id for row in self._read(chosen.distinct())}

    def counted_since(self) -> int | None:
        """Return the first day that is kept, None when nothing was counted yet."""
        first = [
            row[0] for span in (DAYS, MONTHS)
            for row in self._read(select(func.min(usage_counts.c.day)).where(usage_counts.c.span == span))
            if row[0] is not None
        ]  # fmt: skip
        return min(first, default=None)

    def _sums(
        self, part: Part, dimension: Dimension, by: list[Any], scopes: Collection[str] | None, *, limit: int = 0
    ) -> list[Row[Any]]:
        calls = func.sum(usage_counts.c.calls)
        allowed = func.sum(case((usage_counts.c.outcome == ALLOWED, usage_counts.c.calls), else_=0))
        chosen = select(*by, calls.label("calls"), allowed.label("allowed")).where(*_where(part, dimension))
        if _NAMED_SCOPE in by or scopes is not None:
            chosen = chosen.outerjoin(usage_scopes, usage_scopes.c.id == usage_counts.c.scope_id)
        if scopes is not None:
            chosen = chosen.where(usage_scopes.c.scope.in_(sorted(scopes)))
        chosen = chosen.group_by(*(_bare(one) for one in by))
        if limit:
            chosen = chosen.order_by(calls.desc(), by[0]).limit(limit)
        return list(self._read(chosen))

    def _people(self, part: Part, by: list[Any]) -> Sequence[Row[Any]]:
        people = func.count(distinct(usage_counts.c.value)).label("people")
        chosen = select(*by, people).where(*_where(part, Dimension.PERSON), usage_counts.c.value != OTHER)
        if _NAMED_SCOPE in by:
            chosen = chosen.outerjoin(usage_scopes, usage_scopes.c.id == usage_counts.c.scope_id)
        return self._read(chosen.group_by(*(_bare(one) for one in by)))

    def _seen_where(
        self, part: Part, dimension: Dimension, scopes: Collection[str] | None
    ) -> list[ColumnElement[bool]]:
        if scopes is None:
            among = usage_seen.c.scope_id == ANY_SCOPE
        else:
            named = select(usage_scopes.c.id).where(usage_scopes.c.scope.in_(sorted(scopes)))
            among = usage_seen.c.scope_id.in_([row.id for row in self._read(named)])
        return [
            usage_seen.c.key_id == part.key_id,
            *_among(usage_seen.c.root_id, part.roots),
            usage_seen.c.dimension == dimension.value,
            among,
            usage_seen.c.last_day >= part.period.first,
        ]

    def _read(self, chosen: Select[Any]) -> Sequence[Row[Any]]:
        try:
            with self._engine.connect().execution_options(**READING) as connection:
                return connection.execute(chosen).all()
        except SQLAlchemyError as failed:
            raise StorageUnavailable("the database of usage is not available") from failed


_SCOPE: Final = func.coalesce(usage_scopes.c.scope, literal_column("''"))
_NAMED_SCOPE: Final = _SCOPE.label("name")


def _where(part: Part, dimension: Dimension) -> list[ColumnElement[bool]]:
    """Return what chooses the counters of a part: days of the period, and months that begin in it."""
    day, span = usage_counts.c.day, usage_counts.c.span
    within = day.between(part.period.first, part.period.last)
    return [
        *([] if part.key_id is None else [usage_counts.c.key_id == part.key_id]),
        *_among(usage_counts.c.root_id, part.roots),
        usage_counts.c.dimension == dimension.value,
        or_(and_(span == DAYS, within), and_(span == MONTHS, within)),
    ]


def _among(column: Any, roots: tuple[int, ...] | None) -> list[ColumnElement[bool]]:
    if roots is None:
        return []
    return [column == roots[0]] if len(roots) == 1 else [column.in_(roots)]


def _bare(column: Any) -> Any:
    return getattr(column, "element", column)


def _ordered(rows: Sequence[Row[Any]]) -> list[Sum]:
    return sorted((_sum(row.name, row) for row in rows), key=lambda one: (-one.calls, one.name))


def _sum(name: str, row: Row[Any]) -> Sum:
    return Sum(name=name, calls=int(row.calls), allowed=int(row.allowed))
