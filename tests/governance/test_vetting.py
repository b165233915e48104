"""Is what was settled with a vendor recorded, by those who may, with every change in the audit?"""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select

from keystead.api.operations import read_catalogue
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.errors import Forbidden, Invalid, NotFound
from keystead.core.instants import DAY, Instant
from keystead.core.risk import Level
from keystead.core.vetting import Item, ItemState, Standing
from keystead.governance import rules, vendors
from keystead.governance.vetting import ItemChange, add_evidence, answer, gate_for, list_gates, set_about, set_item
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read import vetting as read_vetting
from keystead.storage.transaction import Origin, Transaction
from keystead.storage.vetting_schema import evidence
from oauth_bench import COURSES, NORTH, SOUTH, Client, OAuthBench

FIND = read_catalogue().find
PERSONAL = b"signed by both sides"


@dataclass(kw_only=True)
class Desk:
    """Where ada vets keys of north."""

    bench: OAuthBench
    acting: Actor

    def account(self, tx: Transaction, host: str | None = NORTH) -> Account:
        if host is None:
            return read_accounts.site_admin(tx)
        return read_accounts.get_account(tx, self.bench.accounts[host])

    def do(self, work: Any, client: Client, *given: Any, acting: Actor | None = None, **named: Any) -> Any:
        with self.bench.database.write(Origin(surface="test")) as tx:
            key = read_keys.get_key(tx, client.id)
            doing = acting or self.acting
            return work(tx, self.account(tx), key, *given, acting=doing, because="yearly", **named)

    def gate(self, client: Client, host: str | None = NORTH) -> Any:
        with self.bench.database.read() as tx:
            return gate_for(tx, self.account(tx, host), str(client.id), FIND, acting=self.acting)


@pytest.fixture
def desk(bench: OAuthBench) -> Desk:
    return Desk(bench=bench, acting=Actor(user_id=bench.administrator("ada", NORTH)))


def test_an_item_is_recorded_with_who_when_and_what_changed(bench: OAuthBench, desk: Desk) -> None:
    key = bench.key(scopes=(COURSES,), require_scopes=True)
    until = Instant(bench.clock() // DAY * DAY + 30 * DAY)
    change = ItemChange(
        item=Item.CONTRACT,
        values={"state": ItemState.IN_PLACE, "valid_until": until, "link": "https://files.test/c", "digest": "a" * 64},
    )

    before = desk.gate(key)
    desk.do(set_item, key, change)
    again = desk.do(set_item, key, change)
    (entry,) = bench.audited("vetting.item_set")

    item = again.item(Item.CONTRACT)
    assert before.own.id is None
    assert (item.state, item.link, item.changed_by_name) == (ItemState.IN_PLACE, "https://files.test/c", "Ada Person")
    assert item.changed_at == bench.clock()
    assert (entry.subject, entry.subject_id, entry.account_id) == ("key", key.id, bench.accounts[NORTH])
    assert entry.before["state"] == "missing"
    assert (entry.after["item"], entry.after["state"], entry.because) == ("contract", "in_place", "yearly")
    bench.clock.pass_seconds(31 * 86_400)
    assert desk.gate(key).overdue[0].standing is Standing.OVERDUE


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"link": "javascript:alert(1)"}, "link"),
        ({"link": "https://x.test/\x00"}, "link"),
        ({"digest": "short"}, "digest"),
        ({"valid_from": Instant(2 * DAY), "valid_until": Instant(DAY)}, "valid_until"),
        ({"state": ItemState.NOT_NEEDED}, "note"),
        ({"note": "x" * 10_001}, "note"),
    ],
)
def test_what_cannot_be_recorded_is_said_by_name(
    bench: OAuthBench, desk: Desk, values: dict[str, Any], named: str
) -> None:
    key = bench.key()

    with pytest.raises(Invalid) as refused:
        desk.do(set_item, key, ItemChange(item=Item.FERPA, values=values))

    assert set(refused.value.problems) == {named}
    assert bench.audited("vetting.item_set") == []


def test_a_file_is_kept_sealed_with_its_digest(bench: OAuthBench, desk: Desk) -> None:
    key = bench.key()
    given = {"name": "contract.pdf", "content_type": "application/pdf", "content": b64encode(PERSONAL).decode()}

    file = desk.do(add_evidence, key, Item.CONTRACT, **given)
    item = desk.gate(key).own.item(Item.CONTRACT)
    with bench.database.read() as tx:
        stored = tx.connection.execute(select(evidence.c.content).where(evidence.c.id == file.id)).scalar_one()
        _, content = read_vetting.get_evidence(tx, desk.gate(key).own, file.id)
    (entry,) = bench.audited("vetting.evidence_added")

    assert file.digest == sha256(PERSONAL).hexdigest()
    assert (item.digest, item.file.name) == (file.digest, "contract.pdf")
    assert content == given["content"]
    assert PERSONAL not in stored
    assert given["content"].encode() not in stored
    assert entry.after == {"item": "contract", "file": "contract.pdf", "digest": file.digest, "size": len(PERSONAL)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"content": "%%%"},
        {"content": ""},
        {"content": b64encode(b"x" * 700_001).decode()},
        {"name": "a\nb"},
        {"content_type": "anything"},
    ],
)
def test_a_file_that_cannot_be_kept_is_refused(bench: OAuthBench, desk: Desk, wrong: dict[str, str]) -> None:
    given = {"name": "a", "content_type": "text/plain", "content": b64encode(b"x").decode()} | wrong

    with pytest.raises(Invalid) as refused:
        desk.do(add_evidence, bench.key(), Item.CONTRACT, **given)

    assert set(refused.value.problems) == set(wrong)


def test_vendor_note_and_answers_stand_in_the_record(bench: OAuthBench, desk: Desk) -> None:
    key = bench.key()
    name = f"Vendor of {key.id}"
    with bench.database.write(Origin(surface="test")) as tx:
        account = desk.account(tx)
        vendor = vendors.add_vendor(tx, account, {"name": name}, acting=desk.acting, because=None)
        vendors.change_vendor(tx, account, vendor.id, {"contacts": "call"}, acting=desk.acting, because=None)
        with pytest.raises(Invalid):
            vendors.add_vendor(tx, account, {"name": name}, acting=desk.acting, because=None)
        asked = read_vetting.rules_of(tx, account).questionnaires[Level.LOW][0].id

    desk.do(set_about, key, {"vendor_id": vendor.id, "note": "ours"})
    own = desk.do(answer, key, {asked: " Because. "})
    with pytest.raises(Invalid):
        desk.do(answer, key, {"nothing": "x"})
    with pytest.raises(NotFound):
        desk.do(set_about, key, {"vendor_id": 10**6})

    assert (own.vendor.name, own.vendor.contacts, own.note) == (name, "call", "ours")
    assert own.answers == {asked: "Because."}
    assert bench.audited("vetting.answered")[0].after == {asked: "Because."}
    assert [entry.subject for entry in bench.audited("vendor.added")] == ["vendor"]


def test_nobody_else_may_look_or_write(bench: OAuthBench, desk: Desk) -> None:
    key, foreign = bench.key(), bench.key(owner=SOUTH)
    change = ItemChange(item=Item.FERPA, values={"state": ItemState.IN_PLACE})

    with pytest.raises(Forbidden):
        desk.do(set_item, key, change, acting=Actor(user_id=bench.people["pat"]))
    with pytest.raises(NotFound):
        desk.gate(foreign)
    with pytest.raises(Forbidden):
        desk.gate(key, SOUTH)


def test_an_inherited_key_brings_its_owners_record(bench: OAuthBench, desk: Desk) -> None:
    key = bench.key(owner=None, on=None, scopes=(COURSES,), require_scopes=True)
    boss = Actor(user_id=bench.administrator("boss", None, NORTH))
    done = {"state": ItemState.IN_PLACE}
    with bench.database.write(Origin(surface="test")) as tx:
        site, stored = desk.account(tx, None), read_keys.get_key(tx, key.id)
        for item in (Item.TOKEN_STORAGE, Item.CONTACTS):
            set_item(tx, site, stored, ItemChange(item=item, values=done), acting=boss, because=None)

    alone = desk.gate(key)
    with bench.database.write(Origin(surface="test")) as tx:
        rules.set_rules(tx, desk.account(tx), {"accepts_owner": True}, acting=desk.acting, because=None)
    together = desk.gate(key)
    with bench.database.write(Origin(surface="test")) as tx:
        rules.set_rules(tx, desk.account(tx), {"accepts_owner": False}, acting=desk.acting, because=None)

    assert alone.owner.item(Item.CONTACTS).standing(bench.clock()) is Standing.COMPLETE
    assert [lack.item for lack in alone.lacks] == [Item.TOKEN_STORAGE, Item.CONTACTS]
    assert together.lacks == ()
    with bench.database.read() as tx:
        listed = list_gates(tx, desk.account(tx), FIND, acting=desk.acting)
    assert key.id in [gate.key.id for gate in listed]


def test_only_who_rules_an_account_changes_rules_and_makes_exceptions(bench: OAuthBench, desk: Desk) -> None:
    key = bench.key()
    pat = Actor(user_id=bench.people["pat"])

    with bench.database.write(Origin(surface="test")) as tx, pytest.raises(Forbidden):
        rules.set_rules(tx, desk.account(tx), {"blocks": ["low"]}, acting=pat, because=None)
    with pytest.raises(Forbidden):
        desk.do(rules.make_exception, key, days=3, acting=pat)
    with pytest.raises(Invalid):
        desk.do(rules.make_exception, key, days=366)
    made = desk.do(rules.make_exception, key, days=3)
    live = desk.gate(key).exception
    ended = desk.do(rules.end_exception, key, made.id)

    assert live == made
    assert (made.because, made.by, made.expires_at) == ("yearly", "Ada Person", bench.clock() + 3 * DAY)
    assert ended.ended_at == bench.clock()
    assert desk.gate(key).exception is None
    assert [len(bench.audited(f"vetting.exception_{what}")) for what in ("made", "ended")] == [1, 1]


def test_neither_the_right_to_approve_nor_to_manage_keys_alone_excuses_a_key_from_its_gate(
    bench: OAuthBench, desk: Desk
) -> None:
    key = bench.key(scopes=(COURSES,), require_scopes=True)
    approver = Actor(user_id=bench.holder("april", NORTH, Right.APPROVE_DEVELOPER_KEYS))
    manager = Actor(user_id=bench.holder("mary", NORTH, Right.MANAGE_DEVELOPER_KEYS))
    both = Actor(user_id=bench.holder("bea", NORTH, Right.APPROVE_DEVELOPER_KEYS, Right.MANAGE_ACCOUNT_SETTINGS))

    for acting in (approver, manager):
        with pytest.raises(Forbidden):
            desk.do(rules.make_exception, key, days=3, acting=acting)
    made = desk.do(rules.make_exception, key, days=3, acting=both)

    assert made.is_live(bench.clock.now)
