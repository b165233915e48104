"""Does the audit show every change to those who may see it, and nothing of other institutions?"""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from console.test_key_pages import admin, keys, send, words
from keystead.core.accounts import Policy
from keystead.core.actors import Right
from keystead.core.instants import DAY, HOUR, SECOND
from keystead.storage.transaction import Origin
from keystead.storage.write.users import ensure_seat, insert_role
from oauth_bench import COURSES, NORTH, SOUTH, USERS, Browser, OAuthBench

__all__ = ["admin", "keys"]

PAGE = "/console/audit"


@pytest.fixture
def changed(bench: OAuthBench, admin: Browser, keys: str) -> int:
    """A key that was switched off for a reason that looks like a formula; return its id."""
    key = bench.key(name="Watched")
    one = f"{keys}/{key.id}/state"
    send(admin, f"{one}?to=off", one, ("state", "off"), ("because", "=HYPERLINK(1) exam week"))
    return key.id


def test_a_change_is_shown_with_who_what_and_why(bench: OAuthBench, admin: Browser, changed: int) -> None:
    page = words(admin.get(f"{PAGE}?key_id={changed}&action=binding.set"))

    assert "1 entry" in page
    assert "Ada Person" in page
    assert "binding.set" in page
    assert f"Watched (key {changed})" in page
    assert "=HYPERLINK(1) exam week" in page
    assert "workflow_state : on → off" in page
    assert f"Address {bench.address}" in page
    assert "console" in page


@pytest.mark.parametrize(
    ("asked", "many"),
    [
        ("", 1),
        ("&search=EXAM", 1),
        ("&search=100%25", 0),
        ("&surface=console", 1),
        ("&surface=api", 0),
        ("&user_id=999999", 0),
        ("&user_id=nonsense", 0),
        ("&user_id=ada+pers", 1),
        ("&user_id=ADA", 1),
        ("&user_id=pat", 0),
        ("&from=2000-01-01", 1),
        ("&to=2000-01-01", 0),
        ("&action=key.", 0),
    ],
)
def test_each_filter_narrows(admin: Browser, changed: int, asked: str, many: int) -> None:
    action = "" if "action" in asked else "&action=binding.set"

    page = words(admin.get(f"{PAGE}?key_id={changed}{action}{asked}"))

    assert ("1 entry" if many else "0 entries") in page


def test_a_day_counts_to_its_end(bench: OAuthBench, admin: Browser, changed: int) -> None:
    entry = bench.audited("binding.set")[-1]
    base = f"/api/keystead/v1/accounts/{bench.accounts[NORTH]}/audit?key_id={changed}&action=binding.set"
    listed = admin.get(base).json()
    day = listed[0]["at"][:10]

    assert entry.id == listed[0]["id"]
    assert len(admin.get(f"{base}&from={day}&to={day}").json()) == 1
    assert "1 entry" in words(admin.get(f"{PAGE}?key_id={changed}&action=binding.set&from={day}&to={day}"))


def test_a_day_is_one_of_where_the_reader_is(bench: OAuthBench, keys: str) -> None:
    bench.administrator("kit", NORTH)
    bench.change_person("kit", time_zone="Pacific/Kiritimati")  # fourteen hours ahead: at noon it is tomorrow there
    bench.clock.pass_seconds((12 * HOUR - bench.clock.now % DAY) % DAY / SECOND)
    admin, key = bench.browser(NORTH).signed_in("kit"), bench.key(name="Far away")
    send(admin, keys, f"{keys}/{key.id}/secret")
    here = datetime.fromtimestamp(bench.clock.now // SECOND, UTC)
    asked = f"{PAGE}?key_id={key.id}&action=key.secret_shown"

    def found(day: datetime) -> str:
        page = words(admin.get(f"{asked}&from={day.date()}&to={day.date()}"))
        lines = admin.get(f"{asked.replace(PAGE, PAGE + '.jsonl')}&from={day.date()}&to={day.date()}").text
        assert bool(lines) == ("1 entry" in page)
        return "found" if lines else "not found"

    assert [found(here), found(here + timedelta(days=1))] == ["not found", "found"]


def test_what_came_and_went_in_a_list_is_told_item_by_item(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(name="Narrowed", scopes=(COURSES, USERS), require_scopes=True)
    csrf = {"X-CSRF-Token": next(one.value or "" for one in admin.http.cookies.jar if "csrf" in one.name)}
    form = {"developer_key[scopes][]": COURSES}
    changed = admin.request("PUT", f"/api/v1/developer_keys/{key.id}", data=form, headers=csrf)

    page = admin.get(f"{PAGE}?key_id={key.id}&action=key.updated").text

    assert changed.status_code == 200
    assert f"<del>{USERS}</del>" in page
    assert COURSES not in page.partition("<tbody")[2]


def test_entries_of_a_deleted_account_stay(bench: OAuthBench, admin: Browser) -> None:
    gone = bench.sub_account(NORTH)
    csrf = {"X-CSRF-Token": next(one.value or "" for one in admin.http.cookies.jar if "csrf" in one.name)}

    deleted = admin.request("DELETE", f"/api/v1/accounts/{bench.accounts[NORTH]}/sub_accounts/{gone}", headers=csrf)
    page = words(admin.get(f"{PAGE}?action=account.deleted"))

    assert deleted.status_code == 200
    assert f"account {gone}" in page


def test_a_day_that_is_none_is_complained_about(admin: Browser) -> None:
    answer = admin.get(f"{PAGE}?from=yesterday")

    assert answer.status_code == 400
    assert "A day is written as 2026-05-30." in words(answer)


def test_the_files_hold_the_same_and_no_formula(admin: Browser, changed: int) -> None:
    table = admin.get(f"{PAGE}.csv?key_id={changed}&action=binding.set")
    lines = admin.get(f"{PAGE}.jsonl?key_id={changed}&action=binding.set")
    (row,) = csv.DictReader(io.StringIO(table.text))
    told = json.loads(lines.text)

    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    assert row["because"] == "'=HYPERLINK(1) exam week"
    assert told["because"] == "=HYPERLINK(1) exam week"
    assert json.loads(row["after"]) == told["after"] == {"workflow_state": "off"}
    assert int(row["id"]) == told["id"]
    assert told["user_name"] == "Ada Person"


def test_institutions_see_their_own_entries_only(bench: OAuthBench, admin: Browser, changed: int) -> None:
    bench.administrator("stu", SOUTH)
    theirs = bench.browser(SOUTH).signed_in("stu")
    north = bench.accounts[NORTH]

    assert "0 entries" in words(theirs.get(f"{PAGE}?key_id={changed}"))
    assert theirs.get(f"{PAGE}.jsonl?key_id={changed}").text == ""
    assert "0 entries" in words(theirs.get(f"{PAGE}?account=all&key_id={changed}"))
    assert theirs.get(f"/api/keystead/v1/accounts/{north}/audit").status_code in (401, 403, 404)
    assert bench.browser(NORTH).signed_in("pat").get(PAGE).headers["location"] == "/"
    assert bench.browser(NORTH).get(PAGE).headers["location"] == "/login"


def test_entries_about_people_need_the_right_to_see_people(bench: OAuthBench, admin: Browser, changed: int) -> None:
    bench.person("kim", NORTH)
    with bench.database.write(Origin(surface="test")) as tx:
        role = insert_role(
            tx, account_id=bench.accounts[NORTH], label="Key keeper", rights=[Right.MANAGE_DEVELOPER_KEYS]
        )  # fmt: skip
        ensure_seat(tx, account_id=bench.accounts[NORTH], user_id=bench.people["kim"], role_id=role)
    keeper = bench.browser(NORTH).signed_in("kim")
    api = f"/api/keystead/v1/accounts/{bench.accounts[NORTH]}/audit?action=session."

    page = keeper.get(f"{PAGE}?action=session.")

    assert "1 entry" in words(keeper.get(f"{PAGE}?key_id={changed}&action=binding.set"))
    assert "0 entries" in words(page)
    assert "<option>session.signed_in</option>" not in page.text
    assert keeper.get(api).json() == []
    assert "<option>session.signed_in</option>" in admin.get(PAGE).text
    assert admin.get(api).json() != []


def test_site_admin_sees_all_of_them(bench: OAuthBench, admin: Browser, changed: int) -> None:
    bench.administrator("root", None, NORTH)
    browser = bench.browser(NORTH).signed_in("root")

    assert "All accounts" in browser.get(PAGE).text
    assert "1 entry" in words(browser.get(f"{PAGE}?account=all&key_id={changed}&action=binding.set"))
    assert "All accounts" not in admin.get(PAGE).text


def test_many_entries_have_pages(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(name="Busy")
    one = f"{keys}/{key.id}/secret"
    for _ in range(53):
        send(admin, keys, one)

    first = admin.get(f"{PAGE}?key_id={key.id}")
    second = admin.get(f"{PAGE}?key_id={key.id}&page=2")

    assert "1 to 50 of 53" in words(first)
    assert "51 to 53 of 53" in words(second)
    assert f"key_id={key.id}&amp;page=2" in first.text


def test_what_is_chosen_is_given_out_over_the_api(bench: OAuthBench, admin: Browser, changed: int) -> None:
    base = f"/api/keystead/v1/accounts/{bench.accounts[NORTH]}/audit"

    (entry,) = admin.get(f"{base}?key_id={changed}&action=binding.").json()
    wrong = admin.get(f"{base}?from=never")

    assert (entry["action"], entry["before"], entry["after"]) == (
        "binding.set", {"workflow_state": "on"}, {"workflow_state": "off"},
    )  # fmt: skip
    assert entry["address"] == bench.address
    assert wrong.status_code == 400
    assert Policy.REGENERATE_SECRETS.value not in str(entry)
