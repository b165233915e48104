"""How do counted calls come into the database? In the background, each batch exactly once, however writing it ends.

A batch adds to what stands there, so any number of processes add up. It carries an id that is stored by the same
transaction: when nobody can say whether a commit was made, the batch is tried again, and its id tells.
"""

import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Engine, String, case, delete, literal, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import SQLAlchemyError

from keystead.config import Settings
from keystead.core.instants import DAY, HOUR, Instant
from keystead.core.usage import ALLOWED, OTHER, Counted, Dimension, day_of, month_start, months_before
from keystead.gateway.counting import Calls
from keystead.gateway.facts import UsageSink
from keystead.storage.transaction import StorageUnavailable, renew
from keystead.storage.usage_schema import usage_counts, usage_flushes, usage_scopes, usage_seen

DAYS, MONTHS = "day", "month"
"""How much time one row stands for: a day, or a month that begins at the row's day."""
ANY_SCOPE: Final = 0
FLUSHED_EVERY: Final = 3
"""After how many rounds of the background, each a second long, what was counted is written."""
_TIDIED_EVERY: Final = HOUR
_FLUSHES_KEPT: Final = 7 * DAY
_MOST_SEEN: Final = 200_000


class WrittenCounts:
    """Writes what ``calls`` counts. Days older than ``days`` become months, months older than ``months`` go."""

    def __init__(
        self, engine: Engine, calls: Calls, clock: Callable[[], Instant], *, days: int, months: int
    ) -> None:  # fmt: skip
        self._engine = engine
        self.calls = calls
        self._clock = clock
        self._days = days
        self._months = months
        self._writing = threading.Lock()
        self._batch: tuple[str, Mapping[Counted, int]] | None = None
        self._scopes: dict[str, int] = {"": ANY_SCOPE}
        self._seen: set[tuple[int, int, str, int, str, int]] = set()
        self._tidied_at = 0

    def start(self) -> None:
        """Have calls added up in the background until ``stop``."""
        self.calls.start(self._clock)

    def stop(self) -> None:
        """Count no more in the background, and write what was counted. Raises StorageUnavailable."""
        self.calls.stop()
        self.flush()

    def flush(self) -> None:
        """Write what was counted. Raises StorageUnavailable; then it waits on, and is still counted once."""
        with self._writing:
            try:
                if self._batch is not None:
                    self._write(*self._batch)
                    self._batch = None
                counted = self.calls.take()
                if counted:
                    self._batch = (uuid.uuid4().hex, counted)
                    self._write(*self._batch)
                    self._batch = None
                if self._clock() - self._tidied_at >= _TIDIED_EVERY:
                    self._tidied_at = self._clock()
                    self._tidy()
            except SQLAlchemyError as failed:
                renew(self._engine, failed)
                raise StorageUnavailable("the database of usage is not available") from failed

    def tidy(self) -> None:
        """Make months of old days, and forget what is too old. Raises StorageUnavailable."""
        try:
            self._tidy()
        except SQLAlchemyError as failed:
            raise StorageUnavailable("the database of usage is not available") from failed

    def _write(self, batch_id: str, counted: Mapping[Counted, int]) -> None:
        self._learn_scopes({name.scope for name in counted})
        rows = sorted((self._row(name), times) for name, times in counted.items())
        seen = self._newly_seen(counted)
        with self._engine.begin() as connection:
            make = _inserting(connection)
            marking = make(usage_flushes).values(id=batch_id, at=self._clock()).on_conflict_do_nothing()
            if connection.execute(marking.returning(usage_flushes.c.id)).first() is None:
                return
            adding = make(usage_counts)
            columns = [column.name for column in usage_counts.primary_key]
            connection.execute(
                adding.on_conflict_do_update(
                    index_elements=columns, set_={"calls": usage_counts.c.calls + adding.excluded.calls}
                ),
                [{**dict(zip(columns, row, strict=True)), "calls": times} for row, times in rows],
            )
            if seen:
                self._see(connection, seen)
        if len(self._seen) > _MOST_SEEN:
            self._seen.clear()
        self._seen.update(seen)

    def _see(self, connection: Connection, seen: Iterable[tuple[int, int, str, int, str, int]]) -> None:
        adding = _inserting(connection)(usage_seen)
        columns = [column.name for column in usage_seen.primary_key]
        later = case(
            (adding.excluded.last_day > usage_seen.c.last_day, adding.excluded.last_day), else_=usage_seen.c.last_day
        )
        connection.execute(
            adding.on_conflict_do_update(index_elements=columns, set_={"last_day": later}),
            [dict(zip((*columns, "last_day"), one, strict=True)) for one in sorted(seen)],
        )

    def _row(self, name: Counted) -> tuple[Any, ...]:
        return (
            name.key_id, name.root_id, name.dimension.value, DAYS, name.day, self._scopes[name.scope], name.value,
            name.outcome,
        )  # fmt: skip

    def _newly_seen(self, counted: Mapping[Counted, int]) -> set[tuple[int, int, str, int, str, int]]:
        """Return which people, courses, accounts and scopes were allowed calls on days that are not noted yet."""
        latest: dict[tuple[int, int, str, int, str], int] = {}
        for name in counted:
            if name.outcome == ALLOWED and name.dimension is not Dimension.NETWORK and name.value != OTHER:
                for scope_id in (self._scopes[name.scope], ANY_SCOPE):
                    at = (name.key_id, name.root_id, name.dimension.value, scope_id, name.value)
                    latest[at] = max(name.day, latest.get(at, 0))
        return {(*at, day) for at, day in latest.items()} - self._seen

    def _learn_scopes(self, scopes: Iterable[str]) -> None:
        """Give each scope a number, in a transaction of its own: what is remembered of it must have been committed."""
        unknown = sorted(set(scopes) - self._scopes.keys())
        if not unknown:
            return
        with self._engine.begin() as connection:
            connection.execute(
                _inserting(connection)(usage_scopes).on_conflict_do_nothing(), [{"scope": one} for one in unknown]
            )
        with self._engine.connect() as connection:
            for start in range(0, len(unknown), 500):
                part = usage_scopes.c.scope.in_(unknown[start : start + 500])
                found = connection.execute(select(usage_scopes.c.scope, usage_scopes.c.id).where(part)).all()
                self._scopes.update((row.scope, row.id) for row in found)

    def _tidy(self) -> None:
        now = self._clock()
        # A month is rolled up whole, when its last day is old enough.
        before = month_start(day_of(now) - self._days)
        oldest = months_before(now, self._months)
        with _steady(self._engine) as connection, connection.begin():
            old = (usage_counts.c.span == DAYS) & (usage_counts.c.day < before)
            for day in connection.execute(select(usage_counts.c.day).where(old).distinct()).scalars().all():
                self._roll_up(connection, day)
            connection.execute(
                delete(usage_counts).where(usage_counts.c.span == MONTHS, usage_counts.c.day < oldest)
            )  # fmt: skip
            connection.execute(delete(usage_seen).where(usage_seen.c.last_day < min(oldest, before)))
            connection.execute(delete(usage_flushes).where(usage_flushes.c.at < now - _FLUSHES_KEPT))

    def _roll_up(self, connection: Connection, day: int) -> None:
        """Add one day to its month, and take it away."""
        names = ["key_id", "root_id", "dimension", "span", "day", "scope_id", "value", "outcome", "calls"]
        here = (usage_counts.c.span == DAYS) & (usage_counts.c.day == day)
        moved: dict[str, Any] = {"span": literal(MONTHS, String), "day": literal(month_start(day))}
        adding = _inserting(connection)(usage_counts)
        adding = adding.from_select(
            names, select(*(moved.get(name, usage_counts.c[name]) for name in names)).where(here)
        )
        connection.execute(
            adding.on_conflict_do_update(
                index_elements=names[:-1], set_={"calls": usage_counts.c.calls + adding.excluded.calls}
            )
        )
        connection.execute(delete(usage_counts).where(here))


def _inserting(connection: Connection) -> Any:
    return insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql


def _steady(engine: Engine) -> Connection:
    """Open a connection whose transaction sees one state, so that no row goes that was not moved."""
    connection = engine.connect()
    return connection if engine.dialect.name == "sqlite" else connection.execution_options(
        isolation_level="REPEATABLE READ"
    )  # fmt: skip


def counts_for(
    engine: Engine, usage: UsageSink, clock: Callable[[], Instant], settings: Settings
) -> WrittenCounts | None:
    """Return who counts judged calls and writes them, None when the settings say that nobody does."""
    if not settings.usage:
        return None
    return WrittenCounts(engine, Calls(usage), clock, days=settings.usage_days, months=settings.usage_months)
