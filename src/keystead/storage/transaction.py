"""How does one change become one commit? The database, and the transaction that actions are given."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, DisconnectionError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from keystead.core.instants import Instant
from keystead.observability.logs import log
from keystead.storage.vault import Vault

_WRITES = "keystead_writes"
READING = {_WRITES: False}
"""The option of a connection of an embedded database that will only read: it waits for no writer."""
_PATIENCE = 10
"""For how many seconds one who writes waits for others, and anybody for a connection."""
_MOST_WRITERS = {"sqlite": 24, "postgresql": 12}
"""How many may write, or wait for it, in one process: fewer than there are connections, so that reading goes on."""


class StorageUnavailable(Exception):  # noqa: N818  (says what is the case)
    """The database cannot be reached or cannot write now; the caller may try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """From where a change comes: surface (api, console, oauth, cli), network address, request id."""

    surface: str
    address: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One unit of work: leaving its block commits, anything raised rolls back. ``now`` stands still inside."""

    connection: Connection
    now: Instant
    vault: Vault
    origin: Origin = field(default_factory=lambda: Origin(surface="system"))

    def __repr__(self) -> str:
        return f"Transaction(now={self.now}, origin={self.origin})"

    @property
    def is_sqlite(self) -> bool:
        """Whether writers are serialised by the embedded database itself."""
        return self.connection.dialect.name == "sqlite"


class Database:
    """The store: hands out transactions. ``clock`` gives the moment in which each one happens.

    However it fails, for a lock held too long as for a file that is gone, a transaction raises StorageUnavailable.
    """

    def __init__(self, url: str, *, vault: Vault, clock: Callable[[], Instant]) -> None:
        self.engine = engine_for(url)
        self.vault = vault
        self.clock = clock
        self.renewals = 0
        self._writers = threading.BoundedSemaphore(_MOST_WRITERS[self.engine.dialect.name])

    def __repr__(self) -> str:
        return f"Database({self.engine.dialect.name})"

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Open a transaction that sees one consistent state and writes nothing."""
        with self._open(writes=False, origin=Origin(surface="read")) as tx:
            yield tx

    @contextmanager
    def write(self, origin: Origin) -> Iterator[Transaction]:
        """Open a transaction that may write; on the embedded database it holds the writer's place from the start."""
        if not self._writers.acquire(timeout=_PATIENCE / 3):
            raise StorageUnavailable("too many wait to write")
        try:
            with self._open(writes=True, origin=origin) as tx:
                yield tx
        finally:
            self._writers.release()

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()

    @contextmanager
    def _open(self, *, writes: bool, origin: Origin) -> Iterator[Transaction]:
        try:
            with (
                self.engine.connect().execution_options(**_options(self.engine, writes=writes)) as connection,
                connection.begin(),
            ):
                if writes and not _is_sqlite(self.engine):
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE}s'")
                yield Transaction(connection=connection, now=self.clock(), vault=self.vault, origin=origin)
        except (DBAPIError, PoolTimeout) as failed:
            if not _is_outage(failed):
                raise
            log.error("storage.failed", cause=_cause(failed))
            self.renewals += renew(self.engine, failed)
            raise StorageUnavailable("the database is not available") from failed


def engine_for(url: str) -> Engine:
    """Return an engine for ``sqlite:///path`` or ``postgresql://…``, set up the way this product needs it."""
    parsed = make_url(url)
    if parsed.get_backend_name() in ("postgresql", "postgres"):
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_size=10, max_overflow=10, pool_timeout=_PATIENCE,
            pool_pre_ping=True, hide_parameters=True,
            connect_args={} if "connect_timeout" in parsed.query else {"connect_timeout": 5},
        )  # fmt: skip
    if not parsed.database or parsed.database == ":memory:":
        engine = create_engine(parsed, hide_parameters=True)
    else:
        engine = _file_engine(parsed, Path(parsed.database).absolute())
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def connect_file(path: Path) -> sqlite3.Connection:
    """Open an embedded database that is there: a file that was lost must not come back empty."""
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode=rw", uri=True, isolation_level=None, check_same_thread=False, timeout=_PATIENCE
    )


def file_identity(path: Path) -> tuple[int, int] | None:
    """Return which file stands at the path now, None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _file_engine(url: URL, path: Path) -> Engine:
    """Return an engine whose connections end when their file is deleted or another one put in its place."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    engine = create_engine(
        url, creator=lambda: connect_file(path), pool_size=10, max_overflow=50, pool_timeout=_PATIENCE,
        hide_parameters=True,
    )  # fmt: skip

    def remember(_connection: Any, record: Any) -> None:
        record.info["file"] = file_identity(path)

    def compare(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info["file"] != file_identity(path):
            raise DisconnectionError("the database's file is not the one that was opened")

    event.listen(engine, "connect", remember)
    event.listen(engine, "checkout", compare)
    return engine


def _is_sqlite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def _options(engine: Engine, *, writes: bool) -> dict[str, Any]:
    """Return what makes all questions of one reading transaction see the same state."""
    if writes or _is_sqlite(engine):
        return {_WRITES: writes}
    return {"isolation_level": "REPEATABLE READ"}


def _is_outage(failed: DBAPIError | PoolTimeout) -> bool:
    """Whether the database failed, and not the question: bare DatabaseErrors are SQLite's words for a broken file."""
    if isinstance(failed, (OperationalError, InternalError, PoolTimeout)) or type(failed) is DatabaseError:
        return True
    return failed.connection_invalidated


def renew(engine: Engine, failed: Exception) -> bool:
    """Open connections anew after a failure that lasts as long as they do, such as a file that was read-only."""
    lasts = _is_sqlite(engine) and not _cause(failed).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    if lasts:
        engine.dispose()
    return lasts


def _cause(failed: Exception | PoolTimeout) -> str:
    """Return the database's own name of what is wrong: a code, never its words, which may quote what is stored."""
    told = getattr(failed, "orig", None)
    return getattr(told, "sqlite_errorname", None) or getattr(told, "sqlstate", None) or type(told or failed).__name__


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_PATIENCE}000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
