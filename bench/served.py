"""Servers under load: each on the first core with its baseline, the load on the second, in interleaved rounds."""

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 5
SECONDS = 2.0
TOKEN = "b" * 64
PATHS = [f"/api/v1/courses/{number}/assignments/7?per_page=10" for number in range(200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Something to ask: what it is called, where it listens, and the requests."""

    name: str
    port: int
    requests: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Calls a second and latencies in seconds, medians over the rounds."""

    rate: float
    p50: float
    p99: float
    statuses: Mapping[str, int]


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(
    command: Sequence[str], port: int, *, core: int = 0, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server on one core until the block is left."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KEYSTEAD_")}
    process = subprocess.Popen(
        [*pinned(core), *command], env=clean | environment, cwd=ROOT, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        wait_for(port, process)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def pinned(core: int) -> list[str]:
    """Return the words that keep a command on one core, none where that cannot be said."""
    enough = (os.cpu_count() or 1) > core
    return ["taskset", "-c", str(core)] if enough and shutil.which("taskset") else []


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until something listens."""
    for _ in range(400):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}")


@contextmanager
def keystead(home: str, *, workers: int = 1, **settings: str) -> Iterator[int]:
    """Run a Keystead over a fresh embedded database; gives its port. Its bootstrap token is ``TOKEN``."""
    port = free_port()
    environment = {
        "KEYSTEAD_DATABASE_URL": f"sqlite:///{home}/keystead.db", "KEYSTEAD_PORT": str(port),
        "KEYSTEAD_WORKERS": str(workers), "KEYSTEAD_BOOTSTRAP_TOKEN": TOKEN, "KEYSTEAD_THROTTLE_CHECK_COST": "0.00001",
    }  # fmt: skip
    command = [sys.executable, "-m", "keystead.cli", "serve"]
    with server(command, port, **{**environment, **settings}):
        time.sleep(1.0)
        yield port


def ask(port: int, path: str, **headers: str) -> int:
    """Make one call; return its status."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def load(
    subject: Subject, *, connections: int = 32, seconds: float = SECONDS, rate: int | None = None
) -> dict[str, Any]:
    """Put one subject under load once."""
    plan = {
        "host": "127.0.0.1", "port": subject.port, "requests": list(subject.requests), "connections": connections,
        "seconds": seconds, "rate": rate,
    }  # fmt: skip
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(plan, file)
        file.flush()
        done = subprocess.run(
            [*pinned(1), sys.executable, "-m", "bench.load", file.name], cwd=ROOT, capture_output=True, check=True
        )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compared(*subjects: Subject, rounds: int = ROUNDS, **options: Any) -> dict[str, Outcome]:
    """Put subjects under load in turns; return what the medians are."""
    for subject in subjects:
        load(subject, seconds=0.5, **{name: value for name, value in options.items() if name != "seconds"})
    runs: dict[str, list[dict[str, Any]]] = {subject.name: [] for subject in subjects}
    for _ in range(rounds):
        for subject in subjects:
            runs[subject.name].append(load(subject, **options))
    return {
        name: Outcome(
            rate=statistics.median(run["calls"] / run["seconds"] for run in found),
            p50=statistics.median(run["p50"] for run in found),
            p99=statistics.median(run["p99"] for run in found),
            statuses=found[-1]["statuses"],
        )
        for name, found in runs.items()
    }


def table(title: str, outcomes: Mapping[str, Outcome], against: str) -> None:
    """Print outcomes, each as a share of the baseline."""
    print(f"\n{title}")
    base = outcomes[against].rate
    for name, found in outcomes.items():
        shown = ", ".join(f"{status}: {number}" for status, number in found.statuses.items())
        print(
            f"  {name:<44} {found.rate:9,.0f} calls/s  {found.rate / base:5.2f} x"
            f"   p50 {found.p50 * 1e3:7.2f} ms  p99 {found.p99 * 1e3:7.2f} ms   ({shown})",
            flush=True,
        )


def check_requests(host: str = "localhost") -> list[str]:
    """Return questions as nginx asks them."""
    return [
        f"GET /gateway/check HTTP/1.1\r\nHost: {host}\r\nX-Original-Method: GET\r\nX-Original-URI: {path}\r\n"
        f"Authorization: Bearer {TOKEN}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"
        for path in PATHS
    ]


def call_requests(host: str = "localhost") -> list[str]:
    """Return API calls."""
    return [
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\nUser-Agent: bench\r\n"
        "Accept: */*\r\n\r\n"
        for path in PATHS
    ]
