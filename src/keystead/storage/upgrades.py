"""Does the database have the schema this version needs, and how does it get there?"""

from enum import Enum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import DatabaseError

from keystead.storage import (  # noqa: F401  (their tables join the metadata)
    batch_schema,
    notice_schema,
    policy_schema,
    request_schema,
    usage_schema,
    vetting_schema,
)
from keystead.storage.telemetry_schema import usage_metadata
from keystead.storage.transaction import StorageUnavailable

_LOCK = 7_031_998


class SchemaState(Enum):
    """How a database's schema stands to this version's."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"


def schema_state(engine: Engine) -> SchemaState:
    """Return how the database's schema stands to the one this version needs. Raises StorageUnavailable."""
    try:
        with engine.connect() as connection, connection.begin():
            hold_start(connection)
            return _state(connection)
    except DatabaseError as failed:
        raise StorageUnavailable("KEYSTEAD_DATABASE_URL: the database cannot be reached or opened") from failed


def upgrade(engine: Engine) -> None:
    """Bring the schema up to this version's, in one transaction; rivals wait for each other."""
    with engine.connect() as connection, connection.begin():
        hold_start(connection)
        if _state(connection) is not SchemaState.CURRENT:
            command.upgrade(_config(connection), "head")


def make_usage_tables(engine: Engine) -> None:
    """Make the tables of telemetry where they are missing; they hold nothing a decision needs."""
    with engine.begin() as connection:
        hold_start(connection)
        usage_metadata.create_all(connection)


def hold_start(connection: Connection) -> None:
    """Let rivals that start on the same database wait until the transaction ends; SQLite does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def _state(connection: Connection) -> SchemaState:
    scripts = ScriptDirectory.from_config(_config(connection))
    current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return SchemaState.CURRENT
    if current is None:
        return SchemaState.OLDER if inspect(connection).has_table("accounts") else SchemaState.EMPTY
    known = {script.revision for script in scripts.walk_revisions()}
    return SchemaState.OLDER if current in known else SchemaState.NEWER


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
