"""Do the pages about vetting show and record what they say, for those who may?"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from itertools import count

import pytest
from sqlalchemy import event

from console.test_key_pages import admin, keys, send, words
from governance.test_vetting import Desk, desk
from keystead.core.actors import Actor
from keystead.core.ids import global_id
from keystead.core.vetting import Item, ItemState
from keystead.core.vetting_rules import USUAL_RULES, told_rules
from keystead.governance import rules
from keystead.governance.vetting import ItemChange, add_evidence, set_item
from keystead.storage.read import keys as read_keys
from keystead.storage.transaction import Origin
from oauth_bench import COURSES, NORTH, SOUTH, Browser, Client, OAuthBench

__all__ = ["admin", "desk", "keys"]

_numbers = count(1)
DONE = {"state": ItemState.IN_PLACE}


@pytest.fixture(autouse=True)
def usual_rules(bench: OAuthBench, desk: Desk) -> Iterator[None]:
    """Give north the usual rules back."""
    yield
    with bench.database.write(Origin(surface="test")) as tx:
        rules.set_rules(tx, desk.account(tx), told_rules(USUAL_RULES), acting=desk.acting, because=None)


def reader(bench: OAuthBench, **values: object) -> Client:
    return bench.key(scopes=(COURSES,), require_scopes=True, name=f"Reader {next(_numbers)}", **values)  # type: ignore[arg-type]


def settle(desk: Desk, key: Client) -> None:
    for item in (Item.TOKEN_STORAGE, Item.CONTACTS):
        desk.do(set_item, key, ItemChange(item=item, values=DONE))


def test_the_page_shows_risk_with_reasons_and_what_is_lacking(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(name="Everything")

    page = words(admin.get(f"{keys}/{key.id}/vetting"))

    assert "Vetting of Everything" in page
    assert "Is not limited to scopes critical" in page
    assert "Lacking at this risk: Contract: missing FERPA: missing" in page
    assert "Questionnaire (0/" in page


def test_an_item_is_recorded_on_the_page(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = reader(bench)
    address = f"{keys}/{key.id}/vetting"
    said = {"state": "in_place", "valid_from": "2027-01-01", "valid_until": "2030-02-03", "link": "https://f.test/c"}
    said |= {"digest": "SHA256:" + "AB" * 32, "note": "signed\r\nby both", "because": "new year"}

    done = send(admin, address, address, ("do", "item"), ("item", "contract"), *said.items())
    page = admin.get(address)
    (entry,) = bench.audited("vetting.item_set")

    assert (done.status_code, done.headers["location"]) == (302, address)
    assert "The record is kept." in page.text
    assert 'value="2030-02-03"' in page.text
    assert "signed\nby both</textarea>" in page.text
    assert entry.after["digest"] == "ab" * 32
    assert (entry.because, entry.surface) == ("new year", "console")


def test_what_is_wrong_is_said_beside_what_was_typed(bench: OAuthBench, admin: Browser, keys: str) -> None:
    address = f"{keys}/{reader(bench).id}/vetting"

    answer = send(
        admin, address, address, ("do", "item"), ("item", "ferpa"), ("state", "not_needed"), ("link", "https://f.test/x")
    )  # fmt: skip

    assert answer.status_code == 400
    assert "note must say why it is not needed" in words(answer)
    assert '<details class="folded" id="item-ferpa" open>' in answer.text
    assert 'value="https://f.test/x"' in answer.text
    assert bench.audited("vetting.item_set") == []


def test_vendor_note_and_questionnaire_are_kept(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = reader(bench)
    address, vendor = f"{keys}/{key.id}/vetting", f"Vendor {key.id}"

    send(admin, address, address, ("do", "about"), ("vendor_id", ""), ("new_vendor", vendor), ("note", "for maths"))
    form = f"{address}/questionnaire"
    asked = re.findall(r'name="answers\[(\w+)\]"', admin.get(form).text)
    send(admin, form, form, (f"answers[{asked[0]}]", "a calendar"))

    page = words(admin.get(address))
    assert f"Vendor {vendor}" in page
    assert "for maths" in page
    assert f"Questionnaire (1/{len(asked)})" in page
    assert "a calendar</textarea>" in admin.get(form).text


def test_an_exception_is_made_and_ended_on_the_page(bench: OAuthBench, admin: Browser, keys: str) -> None:
    address = f"{keys}/{reader(bench).id}/vetting"

    without_reason = send(admin, address, address, ("do", "exception"), ("days", "30"), ("because", " "))
    send(admin, address, address, ("do", "exception"), ("days", "30"), ("because", "pilot of one course"))
    page = admin.get(address)
    (made,) = re.findall(r'name="exception_id" value="(\d+)"', page.text)
    send(admin, address, address, ("do", "end_exception"), ("exception_id", made))

    assert without_reason.status_code == 400
    assert "pilot of one course by Ada Person on" in words(page)
    assert "The exception has ended." in words(admin.get(address))


def test_evidence_is_saved_and_never_shown(bench: OAuthBench, desk: Desk, admin: Browser, keys: str) -> None:
    key, other = reader(bench), reader(bench)
    given = {"name": "x.html", "content_type": "text/html", "content": b64encode(b"<script>").decode()}
    file = desk.do(add_evidence, key, Item.CONTRACT, **given)

    found = admin.get(f"{keys}/{key.id}/vetting/evidence/{file.id}")
    foreign = admin.get(f"{keys}/{other.id}/vetting/evidence/{file.id}")

    assert found.content == b"<script>"
    assert found.headers["content-type"] == "application/octet-stream"
    assert found.headers["content-disposition"].startswith("attachment")
    assert found.headers["x-content-type-options"] == "nosniff"
    assert foreign.status_code == 404


def test_an_inherited_key_shows_the_owners_record_read_only(
    bench: OAuthBench, desk: Desk, admin: Browser, keys: str
) -> None:
    key = bench.key(owner=None, on=None, scopes=(COURSES,), require_scopes=True, name="Global")
    boss = Actor(user_id=bench.administrator("boss", None, NORTH))
    with bench.database.write(Origin(surface="test")) as tx:
        change = ItemChange(item=Item.CONTACTS, values=DONE | {"note": "ring us"})
        set_item(tx, desk.account(tx, None), read_keys.get_key(tx, key.id), change, acting=boss, because=None)

    page = admin.get(f"{keys}/{key.id}/vetting")
    theirs = page.text.partition('id="owner"')[2]

    site = bench.browser(NORTH).signed_in("boss")
    owners = words(site.get(f"/accounts/site_admin/developer_keys/{key.id}/vetting"))

    assert "Everybody who inherits this key reads this record" in owners
    assert "Everybody who inherits this key reads this record" not in words(page)
    assert "Record of the owner, Site Admin" in words(page)
    assert "ring us" in theirs
    assert 'name="item"' not in theirs
    assert "By the rules here it does not count" in words(page)


def test_the_list_filters_by_what_is_missing_overdue_risk_and_words(
    bench: OAuthBench, desk: Desk, admin: Browser
) -> None:
    settled, lacking, overdue = reader(bench), reader(bench), reader(bench)
    settle(desk, settled)
    settle(desk, overdue)
    past = {"state": ItemState.IN_PLACE, "valid_until": bench.clock() - 10 * 86_400_000_000}
    desk.do(set_item, overdue, ItemChange(item=Item.COPPA, values=past))
    address = f"/accounts/{bench.accounts[NORTH]}/vetting"

    def shown(query: str) -> set[int]:
        page = admin.get(f"{address}?q=Reader&{query}").text
        ids = set(re.findall(r"/developer_keys/(\d+)/vetting", page))
        return {key.id for key in (settled, lacking, overdue) if str(key.id) in ids}

    assert shown("") == {settled.id, lacking.id, overdue.id}
    assert shown("show=lacking") == {lacking.id}
    assert shown("show=complete") == {settled.id, overdue.id}
    assert shown("show=overdue") == {overdue.id}
    assert shown("risk=critical") == set()
    assert "No key matches." in admin.get(f"{address}?q=nothing+is+called+this").text


def test_rules_and_questionnaires_are_changed_on_their_page(bench: OAuthBench, desk: Desk, admin: Browser) -> None:
    address = f"/accounts/{bench.accounts[NORTH]}/vetting"
    page = f"{address}/rules"

    kept = [
        send(
            admin, page, page, ("do", "rules"), ("risk[reads_only]", "high"), ("needs[high][]", "contract"),
            ("blocks[]", "critical"), ("two_people[]", "low"), ("accepts_owner", "1"), ("because", "stricter"),
        ),
        send(admin, page, page, ("do", "questions"), ("questions[low]", "ferpa: Whose records?\r\n\r\nWhy?")),
    ]  # fmt: skip
    export = admin.get(f"{address}/questionnaires.json").json()
    export["questionnaires"]["low"].append({"question": "Since when?"})
    kept.append(send(admin, page, page, ("do", "import"), ("document", json.dumps(export))))
    wrong = send(admin, page, page, ("do", "import"), ("document", "{"))
    with bench.database.read() as tx:
        now = rules.see_rules(tx, desk.account(tx), acting=desk.acting)

    assert [answer.status_code for answer in kept] == [302, 302, 302]
    assert wrong.status_code == 400
    told = told_rules(now)
    assert told["needs"] == {"low": [], "moderate": [], "high": ["contract"], "critical": []}
    assert (told["blocks"], told["two_people"], now.accepts_owner) == (["critical"], ["low"], True)
    assert [one.words for one in now.questionnaires["low"]] == ["Whose records?", "Why?", "Since when?"]  # type: ignore[index]
    assert [entry.because for entry in bench.audited("vetting_rules.changed")] == ["stricter", None, None]


def test_vendors_are_noted_and_changed_on_their_page(bench: OAuthBench, admin: Browser) -> None:
    page = f"/accounts/{bench.accounts[NORTH]}/vetting/vendors"
    name = f"Maker {next(_numbers)} of {bench.clock()}"

    send(admin, page, page, ("name", name), ("website", "https://maker.test"))
    (made,) = bench.audited("vendor.added")
    send(admin, page, page, ("vendor_id", str(made.subject_id)), ("name", name), ("contacts", "+1 555"))

    assert name in words(admin.get(page))
    assert "+1 555</textarea>" in admin.get(page).text
    assert bench.audited("vendor.changed")[0].after == {"contacts": "+1 555"}


@pytest.mark.parametrize("at", ["vetting", "vetting/rules", "vetting/vendors", "vetting/questionnaires.json"])
def test_the_pages_are_for_whoever_manages_keys_here(bench: OAuthBench, admin: Browser, at: str) -> None:
    somebody = bench.browser(NORTH).signed_in()

    assert admin.get(f"/accounts/{bench.accounts[NORTH]}/{at}").status_code == 200
    assert somebody.get(f"/accounts/{bench.accounts[NORTH]}/{at}").headers["location"] == "/"
    assert admin.get(f"/accounts/{bench.accounts[SOUTH]}/{at}").headers["location"] == "/"
    assert bench.browser(NORTH).get(f"/accounts/{bench.accounts[NORTH]}/{at}").headers["location"] == "/login"


def test_the_list_asks_the_database_as_often_for_many_keys_as_for_few(
    bench: OAuthBench, desk: Desk, admin: Browser
) -> None:
    address = f"/accounts/{bench.accounts[NORTH]}/vetting"

    def asked() -> int:
        engine, statements = bench.app._parts.database.engine, []

        def note(*told: object) -> None:
            statements.append(told[2])

        event.listen(engine, "before_cursor_execute", note)
        assert admin.get(address).status_code == 200
        event.remove(engine, "before_cursor_execute", note)
        return len(statements)

    few = asked()
    for _ in range(5):
        settle(desk, reader(bench))
        reader(bench, owner=None, on=None)

    assert asked() == few


def test_the_consent_page_says_who_reviewed_a_key(bench: OAuthBench, desk: Desk) -> None:
    key = reader(bench)

    def consent() -> str:
        browser = bench.browser(NORTH).signed_in()
        browser.authorize(key, scope=COURSES)
        return words(browser.get("/login/oauth2/confirm"))

    before = consent()
    settle(desk, key)
    after = consent()

    assert "Reviewed by" not in before
    assert "Reviewed by north.test on " in after
    assert str(global_id(key.id)) not in before
