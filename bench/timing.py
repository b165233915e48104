"""How long does one call take? Subject and baseline take turns, so that a drifting machine cancels out."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Seconds for one call: the median of the rounds, and the slowest one in a hundred single calls."""

    median: float
    p99: float


def in_turn(subject: Callable[[], object], baseline: Callable[[], object], *, calls: int) -> tuple[Measured, Measured]:
    """Time both, round by round."""
    rounds: dict[str, list[float]] = {"subject": [], "baseline": []}
    for _ in range(ROUNDS):
        for name, call in (("subject", subject), ("baseline", baseline)):
            started = time.perf_counter()
            for _ in range(calls):
                call()
            rounds[name].append((time.perf_counter() - started) / calls)
    return (
        Measured(median=statistics.median(rounds["subject"]), p99=slowest(subject, calls)),
        Measured(median=statistics.median(rounds["baseline"]), p99=slowest(baseline, calls)),
    )


def in_turn_many(subject: Callable[[], object], baseline: Callable[[], object], each: int) -> tuple[Measured, Measured]:
    """Time subjects that make ``each`` calls in one run; the slowest run stands for the p99."""
    rounds: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for times, run in zip(rounds, (subject, baseline), strict=True):
            started = time.perf_counter()
            run()
            times.append((time.perf_counter() - started) / each)
    first, second = (Measured(median=statistics.median(times), p99=max(times)) for times in rounds)
    return first, second


def slowest(call: Callable[[], object], calls: int) -> float:
    """Return what one call in a hundred takes at least."""
    single = []
    for _ in range(max(calls, 1000)):
        started = time.perf_counter()
        call()
        single.append(time.perf_counter() - started)
    return statistics.quantiles(single, n=100)[98]


def row(name: str, subject: Measured, against: str, baseline: Measured) -> str:
    """Return one line of the table."""
    ratio = subject.median / baseline.median
    return (
        f"{name:<42} {subject.median * 1e6:9.2f} µs  p99 {subject.p99 * 1e6:9.2f} µs   "
        f"{ratio:8.2f} x  {against} ({baseline.median * 1e6:.2f} µs)"
    )
