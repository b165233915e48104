"""What does counting every call cost, and does it add up over processes? ``python -m bench counting``

``BENCH_CALLS`` says how many calls four processes judge and count together: a million if nothing is said.
"""

import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import func, select

from bench.decisions import MASTER, installation
from bench.served import TOKEN, Subject, ask, check_requests, free_port, load, server
from keystead.middleware import Judge, Passed
from keystead.storage.transaction import engine_for
from keystead.storage.usage_schema import usage_counts

PROCESSES, CALLS = 4, 20_000
TARGETS = [b"/api/v1/courses/%d/assignments/7?per_page=10" % number for number in range(1_000)]
HEADERS = [(b"host", b"localhost"), (b"authorization", b"Bearer " + TOKEN.encode()), (b"accept", b"*/*")]
SCOPE = "url:GET|/api/v1/courses/:course_id/assignments/:id"


def main() -> None:
    """Print what counting costs inside a program and in a server, and what four processes have counted."""
    embedded()
    served()
    added_up(int(os.environ.get("BENCH_CALLS", "1000000")))


def embedded(rounds: int = 40) -> None:
    """Compare the judge with and without counting, in one program, in turns, by processor time.

    What is counted is added up within each turn, and so paid for.
    """
    with ExitStack() as stack:
        judges = {}
        for name, usage in (("counting off", False), ("counting on", True)):
            home = stack.enter_context(tempfile.TemporaryDirectory())
            judges[name] = prepared(home, usage=usage)
        rates: dict[str, list[float]] = {name: [] for name in judges}
        for at in range(rounds):
            for name, judge in sorted(judges.items(), reverse=bool(at % 2)):
                began = time.process_time()
                for number in range(CALLS):
                    judge.judge("GET", TARGETS[number % 1000], HEADERS, address="192.0.2.7")
                if judge.gateway.calls is not None:
                    judge.gateway.calls.add_up()
                rates[name].append(CALLS / (time.process_time() - began))
        for judge in judges.values():
            judge.close()
    ratio = statistics.harmonic_mean(rates["counting on"]) / statistics.harmonic_mean(rates["counting off"])
    for name, found in rates.items():
        print(f"Judge inside a program, {name:<13} {statistics.median(found):10,.0f} decisions/s")
    print(f"on against off, all of {rounds} turns each: {ratio:.3f} x\n", flush=True)


def served(rounds: int = 6) -> None:
    """Compare `/gateway/check` with and without counting, by the server's processor time for a call."""
    with ExitStack() as stack:
        subjects: dict[str, tuple[Subject, int]] = {}
        for name, usage in (("counting off", "false"), ("counting on", "true")):
            home = stack.enter_context(tempfile.TemporaryDirectory())
            port = free_port()
            command = [sys.executable, "-m", "keystead.cli", "serve", "--port", str(port)]
            running = stack.enter_context(
                server(
                    command, port, KEYSTEAD_DATABASE_URL=f"sqlite:///{home}/keystead.db", KEYSTEAD_USAGE=usage,
                    KEYSTEAD_BOOTSTRAP_TOKEN=TOKEN, KEYSTEAD_THROTTLE_CHECK_COST="0.00001",
                )
            )  # fmt: skip
            told = {"Authorization": f"Bearer {TOKEN}", "X-Original-Method": "GET", "X-Original-URI": "/api/v1/courses"}
            for _ in range(20):
                assert ask(port, "/gateway/check", **told) == 204
            subjects[name] = Subject(name=name, port=port, requests=check_requests()), running.pid
        taken: dict[str, list[float]] = {name: [] for name in subjects}
        for at in range(rounds):
            for name, (subject, pid) in sorted(subjects.items(), reverse=bool(at % 2)):
                began = processor_time(pid)
                calls = sum(load(subject)["statuses"].values())
                taken[name].append((processor_time(pid) - began) / calls)
        for name, found in taken.items():
            print(
                f"/gateway/check, {name:<13} {statistics.median(found) * 1e6:8.2f} µs of the server's time for a call"
            )
        ratio = statistics.median(taken["counting off"]) / statistics.median(taken["counting on"])
        print(f"on against off: {ratio:.3f} x", flush=True)


def processor_time(pid: int) -> float:
    """Return how many seconds of a processor a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def added_up(many: int) -> None:
    """Let four processes judge calls with one database, stop them, and compare the sums with the calls."""
    with tempfile.TemporaryDirectory() as home:
        prepared(home, usage=True).close()
        before = stored(home)
        spawning = multiprocessing.get_context("spawn")
        workers = [spawning.Process(target=judge_many, args=(home, many // PROCESSES)) for _ in range(PROCESSES)]
        began = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        took = time.perf_counter() - began
        found = {name: after - before[name] for name, after in stored(home).items()}
        asked = many // PROCESSES * PROCESSES
        shown = ", ".join(f"{name} {calls:,}" for name, calls in found.items())
        exact = "exactly" if set(found.values()) == {asked} else "NOT EXACTLY"
        print(f"\n{asked:,} calls of {PROCESSES} processes in {took:.1f} s, counted: {shown}: {exact}", flush=True)


def prepared(home: str, *, usage: bool) -> Judge:
    """Return a judge over a fresh installation, which has judged a call already."""
    _, source, database = installation(home, (SCOPE,))
    source.close()
    database.close()
    judge = opened(home, usage=usage)
    assert isinstance(judge.judge("GET", TARGETS[0], HEADERS, address="192.0.2.7"), Passed)
    return judge


def opened(home: str, *, usage: bool = True) -> Judge:
    """Return a judge over an installation that is there."""
    return Judge.open(database_url=f"sqlite:///{home}/bench.db", secret_key=MASTER, usage=usage, _env_file=None)


def judge_many(home: str, many: int) -> None:
    """Judge calls in a process of its own, and stop cleanly."""
    judge = opened(home)
    for number in range(many):
        assert isinstance(judge.judge("GET", TARGETS[number % 1000], HEADERS, address="192.0.2.7"), Passed)
    judge.close()


def stored(home: str) -> dict[str, int]:
    """Return how many calls are stored by each dimension."""
    engine = engine_for(f"sqlite:///{home}/bench-usage.db")
    chosen = select(usage_counts.c.dimension, func.sum(usage_counts.c.calls)).group_by(usage_counts.c.dimension)
    with engine.connect() as connection:
        found = {name: int(calls) for name, calls in connection.execute(chosen)}
    engine.dispose()
    return found


if __name__ == "__main__":
    main()
