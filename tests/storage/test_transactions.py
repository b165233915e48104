import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError

from keystead.actions import bindings as act_bindings
from keystead.core.actors import Actor
from keystead.core.bindings import BindingState
from keystead.core.ids import KeyId, UserId
from keystead.core.keys import KeyState
from keystead.storage.read import accounts as read_accounts
from keystead.storage.schema import audit, bindings
from keystead.storage.transaction import Database, Origin, StorageUnavailable
from keystead.storage.vault import new_token
from keystead.storage.write import changes
from keystead.storage.write import keys as write_keys

pytestmark = pytest.mark.storage

TEST = Origin(surface="test", address="192.0.2.1", request_id="r1")
SITE_PERSON = Actor(user_id=UserId(1))


def make_key(database: Database, name: str = "K") -> KeyId:
    values = {
        "account_id": None,
        "state": KeyState.ACTIVE,
        "secret": new_token(),
        "name": name,
        "redirect_uris": (),
        "scopes": (),
        "authorized_flows": (),
    }
    with database.write(TEST) as tx:
        return write_keys.insert_key(tx, values)


def test_a_change_and_its_audit_entry_are_one_commit(database: Database) -> None:
    key_id = make_key(database)

    with database.write(TEST) as tx:
        site = read_accounts.site_admin(tx)
        act_bindings.set_state(tx, site, key_id, BindingState.ON, acting=SITE_PERSON, because="pilot")

    with database.read() as tx:
        entry = tx.connection.execute(select(audit).where(audit.c.action == "binding.set")).one()
    assert (entry.before, entry.after, entry.because) == (None, {"workflow_state": "on"}, "pilot")
    assert (entry.user_id, entry.subject_id, entry.surface, entry.address) == (1, key_id, "test", "192.0.2.1")


def test_a_change_whose_audit_entry_cannot_be_written_does_not_happen(database: Database) -> None:
    key_id = make_key(database)
    with database.write(TEST) as tx:
        tx.connection.execute(text("ALTER TABLE audit RENAME TO audit_gone"))

    with pytest.raises((StorageUnavailable, ProgrammingError)), database.write(TEST) as tx:
        site = read_accounts.site_admin(tx)
        act_bindings.set_state(tx, site, key_id, BindingState.ON, acting=SITE_PERSON, because=None)

    with database.read() as tx:
        count = tx.connection.execute(select(func.count()).where(bindings.c.key_id == key_id)).scalar_one()
    assert count == 0


def test_anything_raised_inside_a_transaction_rolls_it_back(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write(TEST) as tx:
        changes.record(tx, "test.event", "key", 1, acting=None)
        raise RuntimeError

    with database.read() as tx:
        assert tx.connection.execute(select(func.count()).where(audit.c.action == "test.event")).scalar_one() == 0


def test_rivals_make_one_binding_and_every_change_is_audited(database: Database) -> None:
    key_id = make_key(database)
    start = threading.Barrier(8)

    def toggle(number: int) -> None:
        state = BindingState.ON if number % 2 else BindingState.OFF
        start.wait()
        with database.write(TEST) as tx:
            site = read_accounts.site_admin(tx)
            act_bindings.set_state(tx, site, key_id, state, acting=SITE_PERSON, because=None)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(toggle, range(8)))

    with database.read() as tx:
        stored = tx.connection.execute(select(bindings).where(bindings.c.key_id == key_id)).all()
        entries = tx.connection.execute(
            select(audit).where(audit.c.action == "binding.set").order_by(audit.c.id)
        ).all()  # fmt: skip
    states = [entry.after["workflow_state"] for entry in entries]
    assert len(stored) == 1
    assert stored[0].state == states[-1]
    assert all(first != second for first, second in itertools.pairwise(states))
    for before, entry in zip(states, entries[1:], strict=False):
        assert entry.before == {"workflow_state": before}
