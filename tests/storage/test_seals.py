"""Is every way to falsify the audit found?"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, insert, select, update

from keystead.actions.sealing import seal_audit
from keystead.core.actors import Actor
from keystead.core.bindings import BindingState
from keystead.core.ids import UserId
from keystead.storage.read.seals import ChainReport, Finding, Tampering, verify_chain
from keystead.storage.schema import audit, audit_head, audit_seals
from keystead.storage.transaction import Database, Origin, Transaction
from keystead.storage.vault import Vault
from keystead.storage.write.changes import record

pytestmark = pytest.mark.storage

MASTER = "storage tests' own master secret, long enough"

TEST = Origin(surface="test", address="192.0.2.1", request_id="r1")
PERSON = Actor(user_id=UserId(1))


def note(database: Database, number: int) -> None:
    """Write one audit entry."""
    said = {"name": f"Ü{number}", "scopes": ["a", "b"], "state": BindingState.ON, "none": None}
    with database.write(TEST) as tx:
        record(tx, "key.updated", "key", number, acting=PERSON, account_id=1, before={"n": number}, after=said)


def verified(database: Database) -> ChainReport:
    """Seal what waits, then verify."""
    seal_audit(database)
    with database.read() as tx:
        return verify_chain(tx)


@pytest.fixture
def noted(database: Database) -> int:
    """Ten entries; return the id of the fifth."""
    for number in range(10):
        note(database, number)
    assert verified(database).is_whole
    with database.read() as tx:
        return int(tx.connection.execute(select(audit.c.id).where(audit.c.subject_id == 4)).scalar_one())


def tamper(database: Database, change: Callable[[Transaction], object]) -> ChainReport:
    """Do something behind the product's back, then verify."""
    with database.write(TEST) as tx:
        change(tx)
    return verified(database)


@pytest.mark.usefixtures("noted")
def test_an_audit_that_nobody_touched_is_whole(database: Database) -> None:
    first = verified(database)
    note(database, 11)
    second = verified(database)

    assert first.is_whole
    assert (first.older, first.unsealed) == (0, ())
    assert second.sealed == first.sealed + 1
    assert second.head != first.head


@pytest.mark.parametrize(
    "values",
    [
        {"because": "another reason"},
        {"user_id": 2},
        {"at": 1},
        {"after": {"name": "other"}},
        {"address": None},
        {"nonce": "0" * 16},
        {"mac": b"x" * 32},
        {"mac": None},
        {"subject_id": 5},
    ],
)
def test_a_changed_entry_is_found(database: Database, noted: int, values: dict[str, object]) -> None:
    report = tamper(database, lambda tx: tx.connection.execute(update(audit).where(audit.c.id == noted).values(values)))

    assert Tampering.CHANGED in {finding.what for finding in report.findings if finding.audit_id == noted}


def test_a_removed_entry_is_found(database: Database, noted: int) -> None:
    report = tamper(database, lambda tx: tx.connection.execute(delete(audit).where(audit.c.id == noted)))

    assert [(finding.what, finding.audit_id) for finding in report.findings] == [(Tampering.REMOVED, noted)]


def test_an_entry_removed_with_its_seal_is_found(database: Database, noted: int) -> None:
    def remove(tx: Transaction) -> None:
        tx.connection.execute(delete(audit).where(audit.c.id == noted))
        tx.connection.execute(delete(audit_seals).where(audit_seals.c.audit_id == noted))

    report = tamper(database, remove)

    assert Tampering.SEALS_REMOVED in {finding.what for finding in report.findings}


def test_the_newest_entries_removed_with_their_seals_are_found(database: Database, noted: int) -> None:
    def remove(tx: Transaction) -> None:
        tx.connection.execute(delete(audit).where(audit.c.id > noted))
        tx.connection.execute(delete(audit_seals).where(audit_seals.c.audit_id > noted))

    with database.write(TEST) as tx:
        remove(tx)
    with database.read() as tx:
        report = verify_chain(tx)

    assert [finding.what for finding in report.findings] == [Tampering.SEALS_REMOVED]


def test_a_head_set_back_by_hand_is_found(database: Database, noted: int) -> None:
    def remove(tx: Transaction) -> None:
        tx.connection.execute(delete(audit).where(audit.c.id > noted))
        tx.connection.execute(delete(audit_seals).where(audit_seals.c.audit_id > noted))
        last = tx.connection.execute(select(audit_seals.c.position).order_by(audit_seals.c.position.desc())).first()
        assert last is not None
        tx.connection.execute(update(audit_head).values(position=last.position))

    report = tamper(database, remove)

    assert [finding.what for finding in report.findings] == [Tampering.SEAL_CHANGED]


def test_an_inserted_entry_is_found_before_and_after_it_is_sealed(database: Database, noted: int) -> None:
    def copy(tx: Transaction) -> None:
        row = dict(tx.connection.execute(select(audit).where(audit.c.id == noted)).mappings().one())
        tx.connection.execute(insert(audit).values({**row, "id": noted + 1_000}))
        tx.connection.execute(insert(audit).values({**row, "id": noted + 1_001, "mac": None, "because": "forged"}))

    with database.write(TEST) as tx:
        copy(tx)
    with database.read() as tx:
        before = verify_chain(tx)
    after = verified(database)

    wanted = {Finding(what=Tampering.INSERTED, audit_id=noted + number) for number in (1_000, 1_001)}
    assert set(before.findings) == wanted
    assert {finding.audit_id for finding in after.findings} == {noted + 1_000, noted + 1_001}
    assert {finding.what for finding in after.findings} == {Tampering.INSERTED}


def test_exchanged_seals_are_found(database: Database, noted: int) -> None:
    def exchange(tx: Transaction) -> None:
        for now, then in ((noted, -1), (noted + 1, noted), (-1, noted + 1)):
            tx.connection.execute(update(audit_seals).where(audit_seals.c.audit_id == now).values(audit_id=then))

    report = tamper(database, exchange)

    assert {finding.what for finding in report.findings} == {Tampering.SEAL_CHANGED}


def test_entries_of_many_writers_at_once_are_all_sealed(database: Database) -> None:
    before = verified(database).sealed
    stop = threading.Event()

    def keep_sealing() -> None:
        while not stop.is_set():
            seal_audit(database)

    sealers = [threading.Thread(target=keep_sealing) for _ in range(2)]
    for sealer in sealers:
        sealer.start()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: note(database, number), range(200)))
    stop.set()
    for sealer in sealers:
        sealer.join()
    report = verified(database)

    assert report.is_whole
    assert report.sealed == before + 200


def test_a_change_that_fails_leaves_neither_entry_nor_seal(database: Database) -> None:
    before = verified(database)

    with pytest.raises(RuntimeError), database.write(TEST) as tx:
        record(tx, "key.updated", "key", 1, acting=PERSON)
        raise RuntimeError

    assert verified(database) == before


def test_the_chain_goes_on_under_a_new_master_secret(database: Database) -> None:
    note(database, 1)
    old = database.vault
    database.vault = Vault(
        ["the next master secret, also long enough", "storage tests' own master secret, long enough"]
    )
    note(database, 2)
    both = verified(database)
    database.vault = old
    only_old = verified(database)

    assert both.is_whole
    assert not only_old.is_whole
