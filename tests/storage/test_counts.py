"""Counted calls are written once, add up over processes, become months, and survive a commit nobody can vouch for."""

import multiprocessing
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event, select, text
from sqlalchemy.exc import OperationalError

from keystead.core.instants import DAY, HOUR, Instant
from keystead.core.usage import Dimension, Period, date_of
from keystead.gateway import counting
from keystead.storage.counts import WrittenCounts
from keystead.storage.transaction import StorageUnavailable, engine_for
from keystead.storage.upgrades import make_usage_tables
from keystead.storage.usage_figures import Part, UsageFigures
from keystead.storage.usage_schema import usage_counts, usage_scopes, usage_seen
from usage_builders import NOON, SCOPES, Call, Door, asked_again, calls_made, known_of

pytestmark = pytest.mark.storage

DIMENSIONS = ("call", "person", "network", "course", "account")


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = engine_for(url)
    make_usage_tables(made)
    yield made
    made.dispose()


def written(engine: Engine, door: Door, *, now: int = NOON) -> WrittenCounts:
    return WrittenCounts(engine, door.calls, lambda: Instant(now), days=120, months=24)


def stored(engine: Engine) -> Counter[tuple[Any, ...]]:
    """Return every counter that is stored, with scopes by name."""
    columns = [column for column in usage_counts.c if column.name not in ("scope_id", "calls")]
    chosen = select(*columns, usage_scopes.c.scope, usage_counts.c.calls).outerjoin(
        usage_scopes, usage_scopes.c.id == usage_counts.c.scope_id
    )
    with engine.connect() as connection:
        return Counter({tuple(row[:-1]): row[-1] for row in connection.execute(chosen)})


def total(engine: Engine, dimension: str = "call") -> int:
    return sum(times for name, times in stored(engine).items() if name[2] == dimension)


@settings(deadline=None, max_examples=60)
@given(made=st.lists(calls_made(), max_size=60))
def test_every_counter_equals_a_count_of_the_calls_themselves(
    made: list[Call], tmp_path_factory: pytest.TempPathFactory
) -> None:
    engine = engine_for(f"sqlite:///{tmp_path_factory.mktemp('counts')}/usage.db")
    make_usage_tables(engine)
    door = Door()
    kept = written(engine, door)

    for at, call in enumerate(sorted(made, key=lambda one: one.at)):
        door.count(call)
        if at % 7 == 0:
            kept.flush()
    kept.flush()

    expected: Counter[tuple[Any, ...]] = Counter()
    for call in made:
        head = (call.key, call.root)
        tail = ("day", call.at // DAY)
        name = call.scope or "unmapped"
        expected[(*head, "call", *tail, "", call.outcome, name)] += 1
        expected[(*head, "network", *tail, call.network, call.outcome, None)] += 1
        expected[(*head, "person", *tail, str(call.person), call.outcome, name)] += 1
        if call.outcome == "allowed" and call.course:
            expected[(*head, "course", *tail, call.course, call.outcome, name)] += 1
        if call.outcome == "allowed" and call.account:
            expected[(*head, "account", *tail, str(call.account), call.outcome, name)] += 1
    assert stored(engine) == expected
    engine.dispose()


def test_a_batch_whose_commit_nobody_can_vouch_for_is_counted_once(engine: Engine) -> None:
    door = Door()
    kept = written(engine, door)
    door.count(*asked_again(5))
    kept._learn_scopes({call.scope for call in asked_again(1) if call.scope})

    def lost(connection: Any) -> None:
        connection.connection.dbapi_connection.execute("COMMIT")
        raise OperationalError("COMMIT", {}, Exception("gone"))

    event.listen(engine, "commit", lost)
    with pytest.raises(StorageUnavailable):
        kept.flush()
    event.remove(engine, "commit", lost)
    door.count(*asked_again(1))
    kept.flush()

    assert total(engine) == 6


def test_a_batch_that_was_rolled_back_is_written_the_next_time(engine: Engine) -> None:
    door = Door()
    kept = written(engine, door)
    door.count(*asked_again(5))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE usage_counts RENAME TO gone"))

    with pytest.raises(StorageUnavailable):
        kept.flush()
    door.count(*asked_again(3))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO usage_counts"))
    kept.flush()

    assert total(engine) == 8


def test_threads_that_share_the_counters_lose_no_call(engine: Engine) -> None:
    door = Door()
    kept = written(engine, door)
    known = known_of(asked_again(1)[0])
    over = threading.Event()

    def count() -> None:
        for number in range(5_000):
            scope = f"url:GET|/api/v1/courses/:course_id/things{number % 3}"
            door.calls.passed(
                known, scope, f"/api/v1/courses/{number % 50}/things", f"10.0.{number % 4}.1", Instant(NOON)
            )

    def add_up() -> None:
        while not over.is_set():
            kept.flush()

    threads = [threading.Thread(target=count) for _ in range(4)]
    adding = threading.Thread(target=add_up)
    for thread in (*threads, adding):
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    adding.join()
    kept.flush()

    assert [total(engine, dimension) for dimension in DIMENSIONS[:4]] == [20_000] * 4


def test_several_processes_add_up_exactly(engine: Engine, url: str) -> None:
    spawning = multiprocessing.get_context("spawn")

    workers = [spawning.Process(target=count_in_a_process, args=(url, number)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [worker.exitcode for worker in workers] == [0] * 4
    assert [total(engine, dimension) for dimension in DIMENSIONS[:4]] == [12_000] * 4


def count_in_a_process(url: str, number: int) -> None:
    """Count 3,000 calls, a part of them shared with the other processes."""
    engine = engine_for(url)
    door = Door()
    kept = written(engine, door)
    for at in range(3_000):
        door.count(*asked_again(1, person=at % 7 + number + 1))
        if at % 500 == 0:
            kept.flush()
    kept.flush()
    engine.dispose()


def test_what_is_too_much_to_tell_apart_is_counted_all_the_same(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MOST_COUNTERS", 6)
    monkeypatch.setattr(counting, "MOST_VALUES", 3)
    monkeypatch.setattr(counting, "MOST_LOGS", 4)
    door = Door()
    kept = written(engine, door)

    for person in range(40):
        door.count(*asked_again(1, person=person + 1, course=str(person)))
    kept.flush()

    rows = stored(engine)
    assert [total(engine, dimension) for dimension in DIMENSIONS[:4]] == [40] * 4
    assert len(rows) < 20
    assert {name[5] for name in rows if name[2] == "course"} >= {"other"}


def test_old_days_become_months_and_old_months_go(engine: Engine) -> None:
    door = Door()
    days = {day: Instant((date.fromisoformat(day) - date(1970, 1, 1)).days * DAY + HOUR) for day in (
        "2023-01-15", "2025-03-01", "2025-03-31", "2025-06-30", "2025-07-01", "2025-11-05")}  # fmt: skip
    kept = written(engine, door, now=days["2025-11-05"])
    for at in days.values():
        door.count(*asked_again(2, at=at))
    kept.flush()

    kept.tidy()

    found = {(name[3], name[4]): times for name, times in stored(engine).items() if name[2] == "call"}
    march, june, july, today = (days[one] // DAY for one in ("2025-03-01", "2025-06-30", "2025-07-01", "2025-11-05"))
    assert found == {("month", march): 4, ("month", june - 29): 2, ("day", july): 2, ("day", today): 2}
    with engine.connect() as connection:
        last = connection.execute(select(usage_seen.c.last_day).where(usage_seen.c.dimension == Dimension.CALL))
        assert set(last.scalars()) == {today}


def test_figures_are_the_same_on_every_database(engine: Engine) -> None:
    door = Door()
    door.count(*asked_again(3), *asked_again(2, person=2, course="8", scope=SCOPES[1]), *asked_again(1, scope=None))
    written(engine, door).flush()
    figures = UsageFigures(engine)
    day = NOON // DAY
    part = Part(key_id=1, roots=(1_000, 2_000), period=Period(first=day, last=day))

    assert [(one.name, one.calls, one.allowed) for one in figures.by_scope(part)] == [
        (SCOPES[0], 3, 3), (SCOPES[1], 2, 2), ("unmapped", 1, 1),
    ]  # fmt: skip
    assert figures.people_by_scope(part) == {SCOPES[0]: 1, SCOPES[1]: 1, "unmapped": 1}
    assert [(one.name, one.calls) for one in figures.by_day(part)] == [(date_of(day), 6)]
    assert [(one.name, one.calls) for one in figures.by_day(part, scopes={SCOPES[0]})] == [(date_of(day), 3)]  # type: ignore[arg-type]  # it is none of the unmapped
    assert (figures.people(part), figures.people_by_day(part)) == (2, {date_of(day): 2})
    assert [(one.name, one.calls) for one in figures.by_value(part, Dimension.COURSE)] == [("7", 3), ("8", 2)]
    assert figures.people_by_outcome(part) == {"allowed": 2}
    assert figures.seen(part, Dimension.PERSON) == 2
    assert figures.seen_lately(part, Dimension.COURSE, scopes={SCOPES[1]}, limit=5) == ["8"]  # type: ignore[arg-type]  # it is none of the unmapped
    assert figures.last_days(1, None) == {"": day, SCOPES[0]: day, SCOPES[1]: day, "unmapped": day}


def test_a_call_without_a_token_is_counted_under_no_key(engine: Engine) -> None:
    door = Door()

    door.calls.judged(None, None, "/api/v1/x", source="2001:db8::1", outcome="no_credentials", now=Instant(NOON))
    written(engine, door).flush()

    day = NOON // DAY
    assert stored(engine) == {
        (0, 0, "call", "day", day, "", "no_credentials", "unmapped"): 1,
        (0, 0, "network", "day", day, "2001:db8::/48", "no_credentials", None): 1,
    }
