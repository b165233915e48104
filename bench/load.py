"""Asks a server the same things over and over, on kept connections, and says how fast it answered.

``python -m bench.load FILE``: a JSON file with ``host``, ``port``, ``requests`` (each as latin-1 text, asked
in turn), ``connections``, ``seconds`` and perhaps ``rate`` (calls a second in all; without it as fast as it goes).
Prints one JSON object: calls, seconds, statuses, and latencies in seconds at p50, p90, p99 and the slowest.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import uvloop

END = b"\r\n\r\n"


class Caller(asyncio.Protocol):
    """One connection: sends a request, waits for the whole answer, sends the next."""

    def __init__(self, run: "Run", first: int) -> None:
        self._run = run
        self._next = first
        self._buffer = b""
        self._due = 0.0
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self._transport = transport
        self._due = time.perf_counter() + self._run.stagger(self._next)
        self._run.loop.call_later(self._run.stagger(self._next), self._ask)

    def data_received(self, data: bytes) -> None:
        """Take a piece of an answer; when it is whole, note it and go on."""
        buffer = self._buffer + data if self._buffer else data
        head = buffer.find(END)
        if head < 0 or len(buffer) < head + 4 + body_length(buffer, head):
            self._buffer = buffer
            return
        self._buffer = b""
        self._run.note(buffer[9:12], self._due)
        if self._run.is_over():
            self._transport.close()
        elif self._run.pause:
            self._due += self._run.pause
            wait = self._due - time.perf_counter()
            if wait > 0:
                self._run.loop.call_later(wait, self._ask)
            else:
                self._ask()
        else:
            self._due = time.perf_counter()
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """End; a connection that breaks while the run goes on is an error."""
        self._run.ended(broken=not self._run.is_over())

    def _ask(self) -> None:
        requests = self._run.requests
        self._next = (self._next + 1) % len(requests)
        self._transport.write(requests[self._next])


class Run:
    """One run: what is asked, and what came back. With a rate, lateness counts as latency (no coordinated omission)."""

    def __init__(self, plan: dict[str, Any], loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.requests = [text.encode("latin-1") for text in plan["requests"]]
        self.connections: int = plan["connections"]
        rate = plan.get("rate")
        self.pause: float | None = None if not rate else self.connections / rate
        self.statuses: Counter[bytes] = Counter()
        self.latencies: list[float] = []
        self.broken = 0
        self.over = loop.create_future()
        self._open = self.connections
        self.started = time.perf_counter()
        self._ends = self.started + plan["seconds"]

    def stagger(self, number: int) -> float:
        """When a connection begins, so that paced ones do not all ask at once."""
        return 0.0 if self.pause is None else self.pause * (number % self.connections) / self.connections

    def note(self, status: bytes, due: float) -> None:
        """Note one answer."""
        self.statuses[status] += 1
        self.latencies.append(time.perf_counter() - due)

    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.perf_counter() >= self._ends

    def ended(self, *, broken: bool) -> None:
        """Note that a connection is gone."""
        self.broken += broken
        self._open -= 1
        if not self._open and not self.over.done():
            self.over.set_result(None)


def body_length(buffer: bytes, head: int) -> int:
    """Return how long the body is that the head announces; bodies in chunks are not for this tool."""
    at = buffer.lower().find(b"\r\ncontent-length:", 0, head)
    return 0 if at < 0 else int(buffer[at + 17 : buffer.index(b"\r\n", at + 2)])


async def main(plan: dict[str, Any]) -> dict[str, Any]:
    """Run the plan."""
    loop = asyncio.get_running_loop()
    run = Run(plan, loop)
    for number in range(run.connections):
        await loop.create_connection(lambda number=number: Caller(run, number), plan["host"], plan["port"])
    await run.over
    taken = time.perf_counter() - run.started
    run.latencies.sort()
    at = {
        name: run.latencies[int(len(run.latencies) * share)]
        for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))
    }
    return {
        "calls": len(run.latencies), "seconds": taken, "broken": run.broken, "slowest": run.latencies[-1], **at,
        "statuses": {status.decode(): number for status, number in run.statuses.items()},
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(uvloop.run(main(json.loads(Path(sys.argv[1]).read_text())))))
