"""A key is turned off and on again while many call; every yes that came too late is counted.

A yes is too late when its call began after *off* was answered and ended before *on* was sent.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx


@dataclass(kw_only=True)
class Seen:
    """What was seen: decisions by status, calls that broke off, switches, and every yes that came too late."""

    statuses: Counter[int] = field(default_factory=Counter)
    broken: int = 0
    switches: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    late: list[float] = field(default_factory=list)
    while_off: int = 0

    @property
    def decisions(self) -> int:
        """How many calls were decided."""
        return sum(self.statuses.values())


class Callers:
    """So many callers on kept connections, each asking again as soon as it is answered."""

    def __init__(self, port: int, request: bytes, seen: Seen, *, most: int, seconds: float) -> None:
        self._port = port
        self._request = request
        self.seen = seen
        self._most = most
        self._ends = time.monotonic() + seconds
        self.off_since: float | None = None

    @property
    def over(self) -> bool:
        """Whether enough was seen."""
        return self.seen.decisions >= self._most or time.monotonic() > self._ends

    async def call(self) -> None:
        """Call until enough was seen. A connection that breaks is opened anew."""
        while not self.over:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except OSError:
                await asyncio.sleep(0.01)
                continue
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._ask(reader, writer)
                continue
            self.seen.broken += 1

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not self.over:
                began = time.monotonic()
                off_before = self.off_since
                writer.write(self._request)
                head = await reader.readuntil(b"\r\n\r\n")
                if (at := head.lower().find(b"content-length:")) >= 0:
                    await reader.readexactly(int(head[at + 15 : head.index(b"\r\n", at)]))
                status = int(head[9:12])
                self.seen.statuses[status] += 1
                if off_before is not None and off_before == self.off_since and began > off_before:
                    self.seen.while_off += 1
                    if status < 300:
                        self.seen.late.append(began - off_before)
        finally:
            writer.close()


async def switch_while_calling(
    callers: Callers,
    switch: Callable[[str], httpx.Response],
    *,
    number: int = 16,
    trouble: Callable[[Seen], None] | None,
) -> Seen:
    """Let the callers call and the key be switched until enough was seen; ``trouble`` is made again and again."""

    def switched(state: str) -> bool:
        """Switch, and tell whether that was answered: the process that was asked may be the one that is killed."""
        try:
            return switch(state).status_code in (200, 201)
        except httpx.TransportError:
            return False

    async def switching() -> None:
        while not callers.over:
            for state in ("off", "on"):
                if state == "on":
                    callers.off_since = None
                while not await asyncio.to_thread(switched, state):
                    await asyncio.sleep(0.05)
                if state == "off":
                    callers.off_since = time.monotonic()
                callers.seen.switches += 1
                await asyncio.sleep(random.uniform(0.2, 0.4) if state == "off" else random.uniform(0.02, 0.1))

    async def troubling() -> None:
        while trouble is not None and not callers.over:
            await asyncio.to_thread(trouble, callers.seen)
            await asyncio.sleep(random.uniform(0.05, 0.2))

    await asyncio.gather(switching(), troubling(), *(callers.call() for _ in range(number)))
    return callers.seen


def workers_of(supervisor: int) -> list[int]:
    """Return the server processes below a supervisor."""
    below = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    found = []
    for pid in below:
        with suppress(OSError):
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(int(pid))
    return found


def stop_and_go_on(supervisor: int, seen: Seen) -> None:
    """Stop a server process for a moment (SIGSTOP), and let it go on."""
    with suppress(OSError, IndexError, ProcessLookupError):
        pid = random.choice(workers_of(supervisor))
        os.kill(pid, signal.SIGSTOP)
        time.sleep(random.uniform(0.05, 0.4))
        os.kill(pid, signal.SIGCONT)
        seen.faults["stopped"] += 1


def kill_one(supervisor: int, seen: Seen) -> None:
    """Kill a server process; its supervisor starts another."""
    with suppress(OSError, IndexError, ProcessLookupError):
        os.kill(random.choice(workers_of(supervisor)), signal.SIGKILL)
        seen.faults["killed"] += 1
        time.sleep(1.0)


def starve(seen: Seen) -> None:
    """Keep every core busy for a moment, so that the server waits for its turn."""
    busy = "import time\nend = time.monotonic() + 0.4\nwhile time.monotonic() < end: pass"
    hogs = [subprocess.Popen([sys.executable, "-c", busy]) for _ in range(2 * (os.cpu_count() or 2))]
    for hog in hogs:
        hog.wait()
    seen.faults["starved"] += 1
