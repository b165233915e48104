"""What is true now: nothing that was committed before the question may be missing, whoever committed it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network

import pytest
from sqlalchemy import text

from keystead.actions import bindings as act_bindings
from keystead.core.accounts import AccountKind
from keystead.core.actors import Actor
from keystead.core.bindings import BindingState
from keystead.core.credentials import Secret
from keystead.core.ids import UserId
from keystead.core.instants import Instant
from keystead.core.key_hours import Hours
from keystead.core.key_policies import KeyPolicy
from keystead.core.tokens import TokenState
from keystead.gateway.facts import Cluster, Facts, FactsUnavailable, Question
from keystead.storage.facts import StoredFacts
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.transaction import Database, Origin
from keystead.storage.write import key_policies as write_policies
from keystead.storage.write import tokens as write_tokens
from keystead.storage.write.accounts import insert_account

pytestmark = pytest.mark.storage

TEST = Origin(surface="test")
SITE_PERSON = Actor(user_id=UserId(1))
FIRST_TOKEN = "t" * 64
NIGHT = Hours(zone="Europe/Berlin", days=frozenset({0, 4}), opens=22 * 60, closes=6 * 60)
RANGES = (ip_network("203.0.113.0/24"), ip_network("2001:db8::/32"))


@pytest.fixture
def source(database: Database) -> Iterator[StoredFacts]:
    made = StoredFacts(database, cluster=Cluster())
    yield made
    made.close()


@pytest.fixture
def elsewhere(database: Database, url: str) -> Iterator[Database]:
    """The same database as another process sees it: with connections of its own."""
    other = Database(url, vault=database.vault, clock=database.clock)
    yield other
    other.close()


def ask(source: StoredFacts, credential: str = FIRST_TOKEN) -> Facts:
    """Ask in both ways, with and without waiting: they must agree."""
    question = Question(digests=source.digests(credential), host="keys.test", account_reference=None, as_user=None)
    at_once, waiting = source.facts_now(question), asyncio.run(source.facts(question))
    assert at_once == (None if source.epoch() is None else waiting)
    return waiting


def test_a_binding_changed_elsewhere_counts_for_the_very_next_question(
    source: StoredFacts, elsewhere: Database
) -> None:
    for state in (BindingState.OFF, BindingState.ON) * 20:
        ask(source)
        with elsewhere.write(TEST) as tx:
            key = read_keys.built_in_key(tx)
            site = read_accounts.site_admin(tx)
            act_bindings.set_state(tx, site, key.id, state, acting=SITE_PERSON, because=None)

        binding = ask(source).binding

        assert binding is not None
        assert binding.state is state


def test_a_policy_set_elsewhere_counts_for_the_very_next_question(source: StoredFacts, elsewhere: Database) -> None:
    for expires_at in (Instant(1), None, Instant(2), Instant(3), None) * 4:
        ask(source)
        with elsewhere.write(TEST) as tx:
            site, key = read_accounts.site_admin(tx), read_keys.built_in_key(tx)
            of_all = KeyPolicy(account_id=site.id, expires_at=expires_at)
            write_policies.put_policy(tx, of_all, None)
            write_policies.put_policy(tx, replace(of_all, key_id=key.id, hours=NIGHT, ranges=RANGES), None)

        found = ask(source).key_policies

        own = KeyPolicy(account_id=site.id, key_id=key.id, hours=NIGHT, ranges=RANGES, expires_at=expires_at)
        assert set(found) == ({own} if expires_at is None else {of_all, own})


def test_the_policies_of_others_do_not_count(source: StoredFacts, elsewhere: Database) -> None:
    with elsewhere.write(TEST) as tx:
        key = read_keys.built_in_key(tx)
        stranger = insert_account(tx, name="Stranger", kind=AccountKind.ROOT, uuid="stranger", domain="stranger.test")
        host = insert_account(tx, name="Host", kind=AccountKind.ROOT, uuid="host", domain="keys.test")
        for account_id in (stranger, host):
            write_policies.put_policy(tx, KeyPolicy(account_id=account_id, ranges=RANGES), None)
        for account_id in (stranger, host):
            write_policies.put_policy(tx, KeyPolicy(account_id=account_id, key_id=key.id, hours=NIGHT), None)

    assert {policy.account_id for policy in ask(source).key_policies} == {host}
    assert len(ask(source).key_policies) == 2


def test_a_token_made_after_a_miss_is_known_at_once(source: StoredFacts, elsewhere: Database) -> None:
    missed = ask(source, "n" * 64)
    with elsewhere.write(TEST) as tx:
        key = read_keys.built_in_key(tx)
        write_tokens.insert_token(
            tx, user_id=UserId(1), key_id=key.id, access=Secret("n" * 64), refresh=None, scopes=()
        )  # fmt: skip

    found = ask(source, "n" * 64)

    assert missed.token is None
    assert found.token is not None
    assert found.user is not None


def test_a_token_deleted_elsewhere_is_seen_as_deleted(source: StoredFacts, elsewhere: Database) -> None:
    before = ask(source).token
    assert before is not None
    with elsewhere.write(TEST) as tx:
        write_tokens.update_token(tx, before.id, state=TokenState.DELETED)

    after = ask(source).token

    assert after is not None
    assert after.state is TokenState.DELETED


def test_the_epoch_moves_with_every_commit_and_stands_still_otherwise(source: StoredFacts, elsewhere: Database) -> None:
    """On PostgreSQL there is none: every question asks."""
    seen = []
    for _ in range(3):
        seen += [source.epoch(), source.epoch()]
        with elsewhere.write(TEST) as tx:
            write_tokens.insert_token(
                tx, user_id=UserId(1), key_id=read_keys.built_in_key(tx).id, access=None, refresh=None, scopes=()
            )  # fmt: skip
    if elsewhere.engine.dialect.name != "sqlite":
        assert seen == [None] * 6
        return
    assert [seen[at] == seen[at + 1] for at in (0, 2, 4)] == [True] * 3
    assert len(set(seen)) == 3


def test_a_database_that_cannot_be_asked_gives_no_facts(source: StoredFacts, database: Database) -> None:
    ask(source)
    with database.engine.connect() as connection, connection.begin():
        connection.execute(text("ALTER TABLE tokens RENAME TO tokens_gone"))

    with pytest.raises(FactsUnavailable):
        ask(source)


def test_only_what_is_stored_under_a_digest_is_known(source: StoredFacts, database: Database) -> None:
    assert ask(source).token is not None
    assert ask(source, FIRST_TOKEN[:-1]).token is None
    with database.read() as tx:
        stored = tx.connection.execute(text("SELECT digest FROM tokens")).scalar_one()
    assert FIRST_TOKEN.encode() not in bytes(stored)
