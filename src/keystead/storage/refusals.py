"""Which calls were refused lately? Telemetry: queued in memory, written in the background, kept for a month.

Calls without a known token have a small room of their own, so that strangers cannot push out what is looked for.
"""

import base64
import secrets
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, Row, delete, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from keystead.core.instants import DAY, Instant
from keystead.core.usage import network_of
from keystead.gateway.call import ApiCall
from keystead.gateway.refusals import LONGEST_PATH, Refusal
from keystead.gateway.verdicts import Denied
from keystead.storage.telemetry_schema import refusals
from keystead.storage.transaction import READING, StorageUnavailable, renew

MOST_WAITING = 5_000
MOST_STRANGERS_WAITING = 1_000
MOST_KEPT = 200_000
MOST_STRANGERS_KEPT = 20_000
KEPT_FOR = 30 * DAY
_PRUNED_EVERY = 1_000


class Refusals:
    """Remembers refused calls (see gateway.refusals.RefusalSink), and tells about them."""

    def __init__(self, engine: Engine, clock: Callable[[], Instant]) -> None:
        self._engine = engine
        self._clock = clock
        self._waiting: deque[Refusal] = deque(maxlen=MOST_WAITING)
        self._strangers: deque[Refusal] = deque(maxlen=MOST_STRANGERS_WAITING)
        self._flushing = threading.Lock()
        self._written = 0

    def note(self, call: ApiCall, denied: Denied, *, address: str | None, request_id: str) -> str:
        """Remember one, and return the id by which it can be looked up. When too many wait, the oldest are lost."""
        facts = denied.facts
        refusal = Refusal(
            id=base64.b32encode(secrets.token_bytes(15)).decode().lower(),
            at=self._clock(),
            verb=call.verb,
            path=call.plain[:LONGEST_PATH],
            route=None if call.match.route is None else call.match.route.template,
            host=call.host,
            reason=denied.decision.reason.code,
            missing_scope=denied.missing_scope,
            key_id=None if facts is None or facts.key is None else facts.key.id,
            token_id=None if facts is None or facts.token is None else facts.token.id,
            user_id=None if facts is None or facts.token is None else facts.token.user_id,
            account_id=None if facts is None else facts.account.id,
            root_id=None if facts is None else facts.domain_root.id,
            address=network_of(address) or None,
            request_id=request_id,
        )
        (self._strangers if refusal.token_id is None else self._waiting).append(refusal)
        return refusal.id

    def flush(self) -> None:
        """Write what waits, and forget what is too old or too much. Raises StorageUnavailable; then it waits on."""
        with self._flushing:
            taken = [*_taken(self._strangers), *_taken(self._waiting)]
            if not taken:
                return
            try:
                self._write(taken)
            except SQLAlchemyError as failed:
                renew(self._engine, failed)
                for one in reversed(taken):
                    waiting = self._strangers if one.token_id is None else self._waiting
                    if len(waiting) < (waiting.maxlen or 0):
                        waiting.appendleft(one)
                raise StorageUnavailable("the database of refusals is not available") from failed

    def find(self, refusal_id: str) -> Refusal | None:
        """Return a refused call, None when none is known by this id. Raises StorageUnavailable."""
        self.flush()
        rows = self._read(select(refusals).where(refusals.c.id == refusal_id))
        return _refusal(rows[0]) if rows else None

    def newest(
        self, root_id: int, *, limit: int, offset: int, key_id: int | None = None, reason: str | None = None,
        missing_scope: str | None = None,
    ) -> tuple[Sequence[Refusal], int]:  # fmt: skip
        """Return the newest refused calls on the hosts of a root account, and how many there are."""
        self.flush()
        where = [refusals.c.root_id == root_id]
        for column, value in (("key_id", key_id), ("reason", reason), ("missing_scope", missing_scope)):
            if value is not None:
                where.append(refusals.c[column] == value)
        total = self._read(select(func.count()).select_from(refusals).where(*where))[0][0]
        chosen = select(refusals).where(*where).order_by(refusals.c.at.desc(), refusals.c.id)
        return [_refusal(row) for row in self._read(chosen.limit(limit).offset(offset))], int(total)

    def counted(self, root_id: int, reason: str, since: Instant) -> dict[int, int]:
        """Return how often each key was refused for a reason on the hosts of a root account since a moment."""
        self.flush()
        mine = (refusals.c.root_id == root_id, refusals.c.reason == reason, refusals.c.at >= since)
        chosen = select(refusals.c.key_id, func.count().label("many")).where(*mine, refusals.c.key_id.is_not(None))
        return {row.key_id: row.many for row in self._read(chosen.group_by(refusals.c.key_id))}

    def _write(self, taken: Sequence[Refusal]) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert(refusals), [_columns(one) for one in taken])
            self._written += len(taken)
            if self._written < _PRUNED_EVERY:
                return
            self._written = 0
            connection.execute(delete(refusals).where(refusals.c.at < self._clock() - KEPT_FOR))
            for most, where in ((MOST_STRANGERS_KEPT, [refusals.c.token_id.is_(None)]), (MOST_KEPT, [])):
                newest = select(refusals.c.at).where(*where).order_by(refusals.c.at.desc()).offset(most).limit(1)
                oldest_kept = connection.execute(newest).scalar()
                if oldest_kept is not None:
                    connection.execute(delete(refusals).where(refusals.c.at <= oldest_kept, *where))

    def _read(self, chosen: Any) -> Sequence[Row[Any]]:
        try:
            with self._engine.connect().execution_options(**READING) as connection:
                return connection.execute(chosen).all()
        except SQLAlchemyError as failed:
            raise StorageUnavailable("the database of refusals is not available") from failed


def _taken(waiting: deque[Refusal]) -> list[Refusal]:
    """Take everything that waits; others may append all the while."""
    return [waiting.popleft() for _ in range(len(waiting))]


def _columns(refusal: Refusal) -> dict[str, Any]:
    return {name: getattr(refusal, name) for name in Refusal.__slots__}


def _refusal(row: Row[Any]) -> Refusal:
    return Refusal(**{name: getattr(row, name) for name in Refusal.__slots__})
