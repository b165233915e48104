"""What loading a description does to keys and tokens, on each database: nothing in secret, and nothing wider."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from databases import KINDS, fresh_url, postgresql
from keystead.actions import catalogues as act
from keystead.actions import keys as key_acts
from keystead.actions.beginnings import begin
from keystead.api.operations import routing_of
from keystead.core.actors import Actor
from keystead.core.credentials import Secret
from keystead.core.errors import Forbidden, Invalid, NotFound
from keystead.core.ids import UserId
from keystead.core.instants import SECOND, Instant
from keystead.core.keys import Key, KeyState
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import apis as read_apis
from keystead.storage.read import keys as read_keys
from keystead.storage.schema import audit
from keystead.storage.transaction import Database, Origin, Transaction
from keystead.storage.upgrades import upgrade
from keystead.storage.vault import Vault, new_token
from keystead.storage.write.tokens import insert_token

OPERATOR = Actor(user_id=UserId(1), is_operator=True)
TEST = Origin(surface="test")
NOW = Instant(1_800_000_000 * SECOND)
PERSON, BOOKS = "url:GET|/library/people/:id", "url:GET|/library/books"


@pytest.fixture(scope="module")
def postgresql_url() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    server = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else None
    with fresh_url(request.param, tmp_path, server) as url:
        opened = Database(url, vault=Vault(["a master secret for catalogue tests"]), clock=lambda: NOW)
        upgrade(opened.engine)
        with opened.write(TEST) as tx:
            begin(tx, token=Secret("t" * 64), password=None)
        yield opened
        opened.close()


def library(*paths: str, upstream: str = "https://library.test", name: str = "library", **operation: Any) -> Any:
    document = {"openapi": "3.0.0", "paths": {path: {"get": operation} for path in paths}}
    return act.described(name, "/library", upstream, document, b"", source="test", strips_prefix=False)[0]


def load(database: Database, api: Any) -> act.Plan:
    with database.write(TEST) as tx:
        return act.load(tx, api, acting=OPERATOR, because="a test")


def reader(database: Database, *scopes: str) -> Key:
    """Make a key that holds scopes, with a live token, an expired one and one of another scope."""
    with database.write(TEST) as tx:
        key = key_acts.create(
            tx, read_accounts.default_root(tx), {"name": "Reader", "require_scopes": True, "scopes": scopes},
            catalogue=routing_of(database).now.catalogue, acting=OPERATOR, because=None,
        )  # fmt: skip
        for granted, until in ((scopes, None), (scopes, Instant(NOW - 1)), (scopes[1:], None)):
            insert_token(
                tx, user_id=UserId(1), key_id=key.id, access=new_token(), refresh=None, scopes=granted, expires_at=until
            )  # fmt: skip
    return key


def entries_of(tx: Transaction) -> list[Any]:
    chosen = select(audit.c.before, audit.c.after).where(audit.c.action == "catalogue.loaded").order_by(audit.c.id)
    return list(tx.connection.execute(chosen))


def test_what_goes_is_told_with_its_keys_and_live_tokens_and_kept_in_the_audit(database: Database) -> None:
    assert load(database, library("/people/{id}", "/books")).concerned == ()
    key = reader(database, PERSON, BOOKS)

    planned = load(database, library("/books"))

    assert planned.difference.removed == (PERSON,)
    assert [(one.id, one.name, one.scopes, one.live_tokens) for one in planned.concerned] == [
        (key.id, "Reader", (PERSON,), 1)
    ]
    with database.read() as tx:
        written = entries_of(tx)[-1]
        assert (written.before["scopes"], written.after["scopes"]) == (2, 1)
        assert (written.after["removed"], written.after["keys"]) == ([PERSON], [key.id])
        assert read_keys.get_key(tx, key.id).scopes == (PERSON, BOOKS)


@pytest.mark.parametrize("name", ["library", "other"])
def test_what_comes_back_to_keys_that_held_it_all_the_time_is_told(database: Database, name: str) -> None:
    """Once, a scope that came back was told as new and as nobody's concern, even with another API behind it."""
    load(database, library("/people/{id}", "/books"))
    key = reader(database, PERSON, BOOKS)
    with database.write(TEST) as tx:
        act.unload(tx, "library", acting=OPERATOR, because=None)

    planned = load(database, library("/people/{id}", "/new", name=name, upstream="https://other.test"))

    assert planned.returning == (PERSON,)
    assert [(one.id, one.scopes) for one in planned.concerned] == [(key.id, (PERSON,))]


def test_another_upstream_changes_what_every_scope_means(database: Database) -> None:
    load(database, library("/people/{id}", "/books"))
    key = reader(database, BOOKS)
    moved = library("/people/{id}", "/books", upstream="https://other.test")

    planned = load(database, moved)

    assert planned.difference.is_empty
    assert planned.moved == ("upstream https://library.test → https://other.test",)
    assert [(one.id, one.scopes) for one in planned.concerned] == [(key.id, (BOOKS,))]
    with database.read() as tx:
        stripped = act.plan(tx, replace(moved, strips_prefix=True))
        unsaid = act.plan(tx, replace(moved, upstream=""))
    assert (stripped.moved, unsaid.moved) == (("the prefix is taken off",), ())


def test_a_scope_that_becomes_more_sensitive_concerns_its_keys(database: Database) -> None:
    load(database, library("/books"))
    key = reader(database, BOOKS)

    planned = load(database, library("/books", **{"x-keystead-sensitivity": "sensitive"}))

    assert planned.difference.changed == ((BOOKS, "sensitivity internal → sensitive"),)
    assert [one.id for one in planned.concerned] == [key.id]


def test_a_key_whose_scope_has_gone_can_still_be_changed_and_deactivated(database: Database) -> None:
    """Once, such a key could be neither renamed nor deactivated, because its scope was unknown."""
    load(database, library("/books"))
    key = reader(database, BOOKS)
    load(database, library("/other"))
    catalogue = routing_of(database).now.catalogue
    wanted = key_acts.KeyChange(values={"name": "Reader 2"}, event="deactivate")

    with database.write(TEST) as tx:
        changed = key_acts.update(tx, key, wanted, catalogue=catalogue, acting=OPERATOR, because=None)

    assert (changed.name, changed.state, changed.scopes) == ("Reader 2", KeyState.INACTIVE, (BOOKS,))
    more = key_acts.KeyChange(values={"scopes": (BOOKS, PERSON)}, event=None)
    with database.write(TEST) as tx, pytest.raises(Invalid, match="people"):
        key_acts.update(tx, changed, more, catalogue=catalogue, acting=OPERATOR, because=None)


def test_only_site_administrators_load_and_unload(database: Database) -> None:
    nobody = Actor(user_id=UserId(999))

    with database.write(TEST) as tx:
        with pytest.raises(Forbidden):
            act.load(tx, library("/books"), acting=nobody, because=None)
        with pytest.raises(Forbidden):
            act.unload(tx, "library", acting=nobody, because=None)
        with pytest.raises(NotFound):
            act.unload(tx, "library", acting=OPERATOR, because=None)
        with pytest.raises(Invalid, match="upstream is missing"):
            act.load(tx, library("/books", upstream=""), acting=OPERATOR, because=None)
        assert (read_apis.list_loaded(tx), read_apis.revision(tx)) == ((), 0)


@pytest.mark.parametrize(
    "upstream",
    ["ftp://x", "https://", "https://u@x", "https://x/path", "https://x?y", "https://x#y", "https://x:99999"],
)
def test_an_upstream_is_an_origin_and_nothing_else(upstream: str) -> None:
    with pytest.raises(Invalid, match="upstream"):
        library("/books", upstream=upstream)


def test_each_change_has_a_higher_revision(database: Database) -> None:
    seen = []
    for change in (library("/a"), library("/b"), None, library("/a")):
        with database.write(TEST) as tx:
            if change is None:
                act.unload(tx, "library", acting=OPERATOR, because=None)
            else:
                act.load(tx, change, acting=OPERATOR, because=None)
            seen.append(read_apis.revision(tx))

    assert seen == [1, 2, 3, 4]
