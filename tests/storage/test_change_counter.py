"""Whether anybody has committed since: told at the next question, whoever it was, and only then."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from keystead.core.instants import Instant
from keystead.storage.change_counter import ChangeCounter
from keystead.storage.transaction import Database
from keystead.storage.vault import Vault


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "counted.db"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{file}", vault=Vault(["a master secret of the counter"]), clock=lambda: Instant(0))
    with opened.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE numbers (number INTEGER)")
    yield opened
    opened.close()


@pytest.fixture
def counter(database: Database) -> Iterator[ChangeCounter]:
    made = ChangeCounter.of(database)
    assert made is not None
    made.epoch()
    yield made
    made.close()


def test_the_shared_index_is_read_and_not_only_the_pragma(counter: ChangeCounter) -> None:
    counter.epoch()

    assert counter._shared is not None
    assert counter._head == counter._shared[:48]


def test_every_commit_of_another_process_moves_it(counter: ChangeCounter, file: Path) -> None:
    writer = (
        "import sqlite3, sys\n"
        "writing = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "for line in sys.stdin:\n"
        "    writing.execute('INSERT INTO numbers VALUES (1)')\n"
        "    print('committed', flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", writer, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        for _ in range(200):
            before = counter.epoch()
            assert counter.epoch() == before
            print("write", file=other.stdin, flush=True)
            other.stdout.readline()

            assert counter.epoch() != before
        other.stdin.close()


def test_a_checkpoint_moves_nothing_that_was_committed_before(counter: ChangeCounter, file: Path) -> None:
    writing = sqlite3.connect(file, isolation_level=None)
    writing.execute("INSERT INTO numbers VALUES (1)")
    before = counter.epoch()

    writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    after = counter.epoch()
    writing.execute("INSERT INTO numbers VALUES (2)")

    assert counter.epoch() not in (before, after)
    writing.close()


def test_a_rolled_back_change_and_one_under_way_move_nothing(counter: ChangeCounter, file: Path) -> None:
    writing = sqlite3.connect(file, isolation_level=None)
    before = counter.epoch()
    writing.execute("BEGIN IMMEDIATE")
    writing.execute("INSERT INTO numbers VALUES (1)")
    under_way = counter.epoch()
    writing.execute("ROLLBACK")

    assert (under_way, counter.epoch()) == (before, before)
    writing.close()


def test_threads_that_ask_together_never_miss_a_commit(counter: ChangeCounter, file: Path) -> None:
    """Each thread checks that after a commit it knows of, its epoch is none that was seen before that commit."""
    writing = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    committed: list[int] = [counter.epoch()]
    missed: list[int] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            known = committed[-1]
            if counter.epoch() < known:
                missed.append(known)

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    for _ in range(300):
        before = counter.epoch()
        writing.execute("INSERT INTO numbers VALUES (1)")
        after = counter.epoch()
        if after <= before:
            missed.append(after)
        committed.append(after)
    over.set()
    for asker in askers:
        asker.join()

    assert missed == []
    writing.close()
