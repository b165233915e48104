"""``keystead db``"""

import json
from typing import Annotated

import typer

from keystead.config import read_settings
from keystead.storage.clock import system_clock
from keystead.storage.master_secret import open_vault
from keystead.storage.transaction import Database
from keystead.storage.upgrades import schema_state
from keystead.storage.upgrades import upgrade as upgrade_schema

app = typer.Typer(help="The database's schema.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the schema up to this version's. Back the database up first."""
    database = _database()
    upgrade_schema(database.engine)
    print(f"schema: {schema_state(database.engine).value}")


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how the schema stands to this version's."""
    state = schema_state(_database().engine).value
    print(json.dumps({"schema": state}) if as_json else f"schema: {state}")


def _database() -> Database:
    settings = read_settings()
    return Database(settings.database_url.get_secret_value(), vault=open_vault(settings), clock=system_clock)
