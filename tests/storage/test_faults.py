"""What does a database that fails look like to those who ask? Unavailable, never empty, and well again by itself."""

import asyncio
import shutil
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from databases import fresh_url
from keystead.actions.beginnings import begin
from keystead.config import Settings, SettingsError
from keystead.core.credentials import Secret
from keystead.core.ids import KeyId, TokenId
from keystead.core.instants import HOUR, Instant
from keystead.gateway.facts import Cluster, FactsUnavailable, Question
from keystead.storage.change_counter import LOOKS_AT_FILE_EVERY
from keystead.storage.facts import StoredFacts
from keystead.storage.master_secret import open_vault
from keystead.storage.read import accounts as read_accounts
from keystead.storage.transaction import Database, Origin, StorageUnavailable, engine_for
from keystead.storage.upgrades import make_usage_tables, upgrade
from keystead.storage.usage import Usage
from keystead.storage.vault import Vault

pytestmark = pytest.mark.storage

TEST = Origin(surface="test")
TOKEN = "f" * 64
NOW = Instant(1_800_000_000_000_000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keystead.db"


@pytest.fixture
def embedded(file: Path) -> Database:
    opened = Database(
        f"sqlite:///{file}", vault=Vault(["a master secret of the faults, long enough"]), clock=lambda: NOW
    )
    upgrade(opened.engine)
    with opened.write(TEST) as tx:
        begin(tx, token=Secret(TOKEN), password=None)
    return opened


def known(source: StoredFacts) -> bool:
    """Ask twice, so that the second answer may be a remembered one."""
    question = Question(digests=source.digests(TOKEN), host="x", account_reference=None, as_user=None)
    return [asyncio.run(source.facts(question)).token is not None for _ in range(2)] == [True, True]


def files(file: Path) -> list[Path]:
    return list(file.parent.glob(f"{file.name}*"))


def test_a_deleted_file_is_an_outage_even_for_what_was_remembered_and_heals_when_it_is_back(
    embedded: Database, file: Path, tmp_path: Path
) -> None:
    source = StoredFacts(embedded, cluster=Cluster(checks=False, is_test=False))
    assert known(source)
    away = tmp_path / "away"
    away.mkdir()
    for part in files(file):
        part.rename(away / part.name)

    until_it_is_noticed = time.monotonic() + LOOKS_AT_FILE_EVERY
    while time.monotonic() < until_it_is_noticed:
        pass
    with pytest.raises(FactsUnavailable):
        known(source)
    with pytest.raises(FactsUnavailable):
        source.epoch()
    with pytest.raises(StorageUnavailable), embedded.write(TEST):
        pass
    assert files(file) == []

    for part in away.iterdir():
        part.rename(file.parent / part.name)
    assert known(source)
    source.close()
    embedded.close()


def test_another_file_put_in_the_place_of_the_first_is_asked_from_then_on(
    embedded: Database, file: Path, tmp_path: Path
) -> None:
    source = StoredFacts(embedded, cluster=Cluster(checks=False, is_test=False))
    assert known(source)
    embedded.engine.dispose()
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    shutil.copy(file, tmp_path / "copy")
    copy = sqlite3.connect(tmp_path / "copy")
    copy.execute("UPDATE tokens SET digest = NULL")
    copy.commit()
    copy.close()
    for part in files(file):
        part.unlink()
    (tmp_path / "copy").rename(file)

    assert not known(source)
    source.close()
    embedded.close()


def test_a_file_that_is_no_database_is_an_outage(embedded: Database, file: Path) -> None:
    embedded.close()
    file.write_bytes(b"no database " * 1000)

    with pytest.raises(StorageUnavailable), embedded.read() as tx:
        read_accounts.is_empty(tx)


def test_those_who_wait_to_write_leave_room_for_decisions(embedded: Database, file: Path) -> None:
    """Thirty wait for a writer who keeps the database; decisions, which only read, go on."""
    embedded._writers = threading.BoundedSemaphore(24)
    source = StoredFacts(embedded, cluster=Cluster(checks=False, is_test=False))
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    def write(_: int) -> None:
        with embedded.write(TEST):
            pass

    with ThreadPoolExecutor(30) as pool:
        waiting = [pool.submit(write, at) for at in range(30)]
        try:
            assert known(source)
            assert not any(each.done() for each in waiting)
        finally:
            holder.execute("ROLLBACK")
    assert [each.exception() for each in waiting] == [None] * 30
    holder.close()
    source.close()
    embedded.close()


def test_a_postgresql_that_only_reads_refuses_writes_and_connections_that_were_cut_are_replaced(
    postgresql_url: str, tmp_path: Path
) -> None:
    with fresh_url("postgresql", tmp_path, postgresql_url) as url:
        database = Database(url, vault=Vault(["a master secret of the faults, long enough"]), clock=lambda: NOW)
        upgrade(database.engine)
        name = database.engine.url.database
        with psycopg.connect(postgresql_url, autocommit=True) as operator:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            with database.read() as tx:
                read_accounts.is_empty(tx)
            operator.execute(cut, (name,))
            with database.read() as tx:
                assert read_accounts.is_empty(tx)
            operator.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
            operator.execute(cut, (name,))
            with pytest.raises(StorageUnavailable), database.write(TEST) as tx:
                begin(tx, token=None, password=None)
            with pytest.raises(StorageUnavailable), database.read() as tx:
                operator.execute(cut, (name,))
                tx.connection.execute(text("SELECT 1"))
        database.close()


def test_uses_that_could_not_be_written_wait_and_are_told_meanwhile(tmp_path: Path) -> None:
    file = tmp_path / "uses.db"
    engine = engine_for(f"sqlite:///{file}")
    make_usage_tables(engine)
    usage = Usage(engine)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE token_uses RENAME TO gone"))
    usage.token_used(TokenId(7), KeyId(1), NOW)
    with pytest.raises(StorageUnavailable):
        usage.flush()
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO token_uses"))

    assert usage.of_tokens([7]) == {7: NOW}
    usage.close()


def test_a_clock_that_was_set_back_does_not_stop_uses_from_being_noted(tmp_path: Path) -> None:
    engine = engine_for(f"sqlite:///{tmp_path}/uses.db")
    make_usage_tables(engine)
    usage = Usage(engine)
    usage.token_used(TokenId(7), KeyId(1), NOW)
    usage.token_used(TokenId(7), KeyId(1), Instant(NOW - HOUR))

    assert usage._waiting[7] == (1, NOW - HOUR)
    usage.close()


def test_rivals_agree_on_one_master_secret_and_an_empty_file_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/keystead.db"
    settings = Settings(_env_file=None, database_url=url)  # type: ignore[call-arg,arg-type]  # pydantic's own
    with ThreadPoolExecutor(8) as pool:
        vaults = list(pool.map(lambda _: open_vault(settings), range(8)))
    assert len({vault.tokens.digest("x") for vault in vaults}) == 1
    kept = tmp_path / "keystead.secret"
    assert list(tmp_path.iterdir()) == [kept]
    assert kept.stat().st_mode & 0o777 == 0o600

    kept.write_text("")
    with pytest.raises(SettingsError):
        open_vault(settings)
