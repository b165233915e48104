"""Figures for Prometheus: what is counted, added up over processes, and shown to whom."""

from pathlib import Path

import pytest

from keystead.core.instants import DAY, Instant
from keystead.observability.metrics import Counts, Times, exposition, summed
from keystead.storage.figures import KEPT_FOR, ProcessFigures
from keystead.storage.transaction import engine_for
from keystead.storage.upgrades import make_usage_tables
from oauth_bench import NORTH, OAuthBench, bench, shared_bench

__all__ = ["bench", "shared_bench"]


def text_of(*counts: Counts) -> list[str]:
    return exposition([one.figures() for one in counts], tuple).decode().splitlines()


def test_the_figures_of_several_processes_are_added_up() -> None:
    first, second = Counts(), Counts()
    first.allowed, second.allowed = 3, 4
    first.refused("key_off")
    second.refused("key_off")
    second.refused("scope_missing")
    first.decision_times.note(2e-5)
    second.decision_times.note(3.0, weight=16)

    lines = text_of(first, second)

    assert 'keystead_decisions_total{outcome="allowed",reason=""} 7.0' in lines
    assert 'keystead_decisions_total{outcome="denied",reason="key_off"} 2.0' in lines
    assert 'keystead_decisions_total{outcome="denied",reason="scope_missing"} 1.0' in lines
    assert 'keystead_decision_seconds_bucket{le="2.5e-05"} 1.0' in lines
    assert 'keystead_decision_seconds_bucket{le="+Inf"} 17.0' in lines
    assert "keystead_decision_seconds_count 17.0" in lines


@pytest.mark.parametrize(("seconds", "bucket"), [(0.0, 0), (5e-6, 0), (5.1e-6, 1), (10.0, 19), (11.0, 20)])
def test_a_time_falls_into_the_bucket_whose_bound_it_does_not_pass(seconds: float, bucket: int) -> None:
    times = Times()
    times.note(seconds)

    assert times.buckets.index(1) == bucket


def test_processes_read_each_other_s_figures_and_those_of_ended_ones_for_a_while(tmp_path: Path) -> None:
    engine = engine_for(f"sqlite:///{tmp_path}/figures.db")
    make_usage_tables(engine)
    now = [Instant(100 * DAY)]
    ended = ProcessFigures(engine, lambda: now[0])
    ended.write({"allowed": 5})
    ended.write({"allowed": 6})
    mine = ProcessFigures(engine, lambda: now[0])
    mine.write({"allowed": 1})

    assert summed(mine.of_others()) == {"allowed": 6}
    now[0] = Instant(now[0] + KEPT_FOR + 1)
    ProcessFigures(engine, lambda: now[0]).write({"allowed": 2})
    assert summed(mine.of_others()) == {"allowed": 2}
    engine.dispose()


def test_figures_are_for_the_operator_s_addresses(bench: OAuthBench) -> None:
    near = bench.browser(NORTH, address="127.0.0.1").get("/metrics")
    far = bench.browser(NORTH, address="192.0.2.1").get("/metrics")

    assert (near.status_code, far.status_code) == (200, 404)
    assert "keystead_decisions_total" in near.text
    assert "process_resident_memory_bytes" in near.text


def test_with_a_token_its_holder_sees_them_from_anywhere_and_nobody_else(tmp_path: Path) -> None:
    token = "figures" * 6
    made = OAuthBench(tmp_path, metrics_token=token)
    statuses = [
        made.browser(NORTH, address=address).get("/metrics", headers=headers).status_code
        for address, headers in (
            ("192.0.2.1", {"authorization": f"Bearer {token}"}),
            ("127.0.0.1", {}),
            ("127.0.0.1", {"authorization": "Bearer wrong"}),
        )
    ]
    made.close()

    assert statuses == [200, 404, 404]
