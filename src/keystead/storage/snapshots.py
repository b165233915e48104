"""Has anybody committed since? PostgreSQL's own answer: two equal snapshots see the same rows.

``pg_current_snapshot()`` names the transactions that are visible: the next number to be given out and those under way.
A commit changes it, whoever commits, so what was learnt under an equal snapshot is still true. Each decision asks, and
those that begin while a question is under way share the next one, never that one (docs/decisions/0018).
"""

import asyncio
from contextlib import suppress
from typing import Any

import psycopg
from sqlalchemy import Engine

from keystead.gateway.facts import FactsUnavailable

LONGEST_WAIT = 5.0


class Snapshots:
    """Asks for the current snapshot, on a connection used for nothing else. Belongs to one event loop at a time."""

    def __init__(self, engine: Engine) -> None:
        self._url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._next: asyncio.Future[int] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._seen: str | None = None
        self._epoch = 0

    async def epoch(self) -> int:
        """Return a number that changes when anybody commits. Raises FactsUnavailable."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self.close()
            self._loop, self._next, self._asking = loop, None, None
        if self._next is None:
            self._next = loop.create_future()
            self._next.add_done_callback(_heard)
        waiting = self._next
        if self._asking is None or self._asking.done():
            self._asking = loop.create_task(self._ask_while_somebody_waits())
        return await asyncio.shield(waiting)

    def close(self) -> None:
        """Close the connection, from whatever thread."""
        if self._connection is not None:
            self._connection.pgconn.finish()
            self._connection = None

    async def _ask_while_somebody_waits(self) -> None:
        while self._next is not None:
            waiting, self._next = self._next, None
            try:
                async with asyncio.timeout(LONGEST_WAIT):
                    snapshot = await self._ask()
            except (psycopg.Error, OSError, TimeoutError):
                self.close()
                waiting.set_exception(FactsUnavailable("the database does not tell its snapshot"))
                continue
            if snapshot != self._seen:
                self._seen = snapshot
                self._epoch += 1
            waiting.set_result(self._epoch)

    async def _ask(self) -> str:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url, autocommit=True, prepare_threshold=1, connect_timeout=int(LONGEST_WAIT)
            )
        cursor = await self._connection.execute("SELECT pg_current_snapshot()::text")
        row = await cursor.fetchone()
        return str(row[0]) if row else ""


def _heard(future: "asyncio.Future[int]") -> None:
    """Hear a failure that nobody waits for any more."""
    with suppress(asyncio.CancelledError):
        future.exception()
