"""What must be true before anything starts: the schema, the first contents."""

from collections.abc import Iterator
from contextlib import contextmanager

from keystead.actions import sample
from keystead.actions.beginnings import begin
from keystead.api.operations import routing_of
from keystead.config import Settings, SettingsError, read_settings, usage_url
from keystead.core.credentials import Secret
from keystead.governance.sample import Past, Sample, Telemetry
from keystead.storage.clock import system_clock
from keystead.storage.counts import counts_for
from keystead.storage.master_secret import open_vault
from keystead.storage.read import accounts as read_accounts
from keystead.storage.refusals import Refusals
from keystead.storage.transaction import Database, Origin, engine_for
from keystead.storage.upgrades import SchemaState, hold_start, make_usage_tables, schema_state, upgrade
from keystead.storage.usage import Usage
from keystead.storage.usage_figures import UsageFigures
from keystead.storage.vault import Vault
from keystead.storage.watch_examples import WatchExamples


def prepare(settings: Settings, vault: Vault) -> None:
    """Bring the database to where it can be served from, and fill an empty one.

    Raises SettingsError when the schema is not this version's and must not be changed without being asked.
    """
    with_history = settings.sample_data and settings.sample_integrations
    past = Past(system_clock())
    clock = past if with_history else system_clock
    database = Database(settings.database_url.get_secret_value(), vault=vault, clock=clock)
    try:
        state = schema_state(database.engine)
        if state is SchemaState.NEWER:
            raise SettingsError(
                "KEYSTEAD_DATABASE_URL: the schema is newer than this version of keystead; install that"
            )
        if state is SchemaState.OLDER and not settings.is_embedded:
            raise SettingsError("KEYSTEAD_DATABASE_URL: the schema is older; back up, then run: keystead db upgrade")
        if state is not SchemaState.CURRENT:
            upgrade(database.engine)
        if fill(database, settings) and with_history:
            live_through(database, settings, past)
    finally:
        database.close()


@contextmanager
def opened() -> Iterator[Database]:
    """Give a command the database that the settings name, ready to be worked on, and close it afterwards."""
    settings = read_settings()
    vault = open_vault(settings)
    prepare(settings, vault)
    database = Database(settings.database_url.get_secret_value(), vault=vault, clock=system_clock)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def opened_figures() -> Iterator[UsageFigures]:
    """Give a command what was counted of calls, where the settings keep it."""
    engine = engine_for(usage_url(read_settings()))
    try:
        make_usage_tables(engine)
        yield UsageFigures(engine)
    finally:
        engine.dispose()


def fill(database: Database, settings: Settings) -> bool:
    """Fill an empty database with Site Admin and, where wanted, the sample institution; tell whether it was empty."""
    with database.write(Origin(surface="cli")) as tx:
        hold_start(tx.connection)
        if not read_accounts.is_empty(tx):
            return False
        begin(tx, token=_secret(settings.bootstrap_token), password=_secret(settings.bootstrap_password))
        if settings.sample_data:
            sample.load_sample(tx, sample.read_institution())
    return True


def live_through(database: Database, settings: Settings, past: Past) -> None:
    """Give the sample institution its integrations, and what happened with them so far."""
    routes = routing_of(database).now
    engine = engine_for(usage_url(settings))
    try:
        make_usage_tables(engine)
        uses, refusals, examples = Usage(engine), Refusals(engine, past), WatchExamples(engine)
        counts = counts_for(engine, uses, system_clock, settings)
        telemetry = None
        if counts is not None:
            telemetry = Telemetry(counts=counts, uses=uses, refusals=refusals, examples=examples)
        root_id = sample.read_institution()["root_account"]["id"]
        lived = Sample(database, past, root_id=root_id, catalogue=routes.catalogue, table=routes.table)
        lived.load(telemetry, system_clock())
    finally:
        engine.dispose()


def _secret(setting: object) -> Secret | None:
    reveal = getattr(setting, "get_secret_value", None)
    return None if reveal is None else Secret(reveal())
