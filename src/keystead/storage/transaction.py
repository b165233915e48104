"""How does one change become one commit? The database, and the transaction that actions are given."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from keystead.core.instants import Instant
from keystead.storage.vault import Vault

_WRITES = "keystead_writes"


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
    """The store: hands out transactions. ``clock`` gives the moment in which each one happens."""

    def __init__(self, url: str, *, vault: Vault, clock: Callable[[], Instant]) -> None:
        self.engine = engine_for(url)
        self.vault = vault
        self.clock = clock

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
        with self._open(writes=True, origin=origin) as tx:
            yield tx

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()

    @contextmanager
    def _open(self, *, writes: bool, origin: Origin) -> Iterator[Transaction]:
        try:
            with self.engine.connect().execution_options(**{_WRITES: writes}) as connection, connection.begin():
                yield Transaction(connection=connection, now=self.clock(), vault=self.vault, origin=origin)
        except (OperationalError, PoolTimeout) as failed:
            raise StorageUnavailable("the database is not available") from failed
        except DBAPIError as failed:
            if failed.connection_invalidated:
                raise StorageUnavailable("the database connection broke") from failed
            raise


def engine_for(url: str) -> Engine:
    """Return an engine for ``sqlite:///path`` or ``postgresql://…``, set up the way this product needs it."""
    parsed = make_url(url)
    if parsed.get_backend_name() in ("postgresql", "postgres"):
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_size=10, max_overflow=10, pool_timeout=10,
            pool_pre_ping=True, hide_parameters=True,
        )  # fmt: skip
    if parsed.database and parsed.database != ":memory:":
        file = Path(parsed.database)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)
    engine = create_engine(parsed, pool_size=10, max_overflow=30, pool_timeout=10, hide_parameters=True)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
