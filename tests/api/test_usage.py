"""What administrators are told of a key's calls: who may ask, whose numbers they see, and in which shapes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway_bench import GatewayBench, gateways
from keys_bench import local, shown
from keystead.core.instants import DAY, Instant
from keystead.core.usage import date_of
from world import SITE_PERSON

PAGES = "url:GET|/api/v1/courses/:course_id/pages"
MAKE_PAGE = "url:POST|/api/v1/courses/:course_id/pages"
USERS = "url:GET|/api/v1/accounts/:account_id/users"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GatewayBench]:
    yield from gateways(tmp_path)


def today(gate: GatewayBench) -> str:
    return date_of(gate.clock.now // DAY)


def about(gate: GatewayBench, key: Any, what: str, *, account: int | str = 2, **sent: Any) -> Any:
    return gate.site("GET", f"/api/keystead/v1/accounts/{account}/keys/{key['id']}/{what}", **sent)


def used_key(gate: GatewayBench) -> dict[str, Any]:
    """Return a key with three scopes of which two were used: four calls, three of them passed, in two courses."""
    key, token = gate.live_token(SITE_PERSON, PAGES, MAKE_PAGE, USERS, email="dev@vendor.test")
    for target in ("/api/v1/courses/7/pages", "/api/v1/courses/8/pages", "/api/v1/courses"):
        gate.ask("GET", target, token=token)
    gate.ask("POST", "/api/v1/courses/8/pages", token=token, body=b"{}", content_type="text/x")
    return key


def test_usage_tells_sums_and_a_row_for_each_group(gate: GatewayBench) -> None:
    key = used_key(gate)

    by_day = shown(about(gate, key, "usage"))
    by_scope = shown(about(gate, key, "usage?group_by=scope"))["rows"]

    rows = by_day.pop("rows")
    assert by_day == {
        "key_id": local(key["id"]), "account_id": 2, "from": date_of(gate.clock.now // DAY - 29), "to": today(gate),
        "group_by": "day", "calls": 4, "allowed": 3, "refused": 1, "people": 1,
    }  # fmt: skip
    assert rows == [{"day": today(gate), "calls": 4, "allowed": 3, "refused": 1, "people": 1}]
    assert by_scope[0] == {"scope": PAGES, "calls": 2, "allowed": 2, "refused": 0, "people": 1, "granted": True}
    assert {row["scope"]: (row["calls"], row["granted"]) for row in by_scope} == {
        PAGES: (2, True), MAKE_PAGE: (1, True), "url:GET|/api/v1/courses": (1, False), USERS: (0, True),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("month", {"2025-10"}),
        ("outcome", {"allowed", "scope_missing"}),
        ("person", {"1"}),
        ("network", {"127.0.0.0/24"}),
        ("course", {"7", "8"}),
        ("account", set()),
    ],
)
def test_usage_can_be_told_apart_by(gate: GatewayBench, group: str, names: set[str]) -> None:
    key = used_key(gate)

    rows = shown(about(gate, key, f"usage?group_by={group}"))["rows"]

    assert {row[group] for row in rows} == names


def test_rows_are_given_out_as_tables_of_other_programs(gate: GatewayBench) -> None:
    key = used_key(gate)

    table = about(gate, key, "usage?group_by=course&format=csv")
    lines = about(gate, key, "usage?group_by=course&format=jsonl")

    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.text == "course,calls,allowed,refused\r\n8,2,2,0\r\n7,1,1,0\r\n"
    assert [json.loads(line)["course"] for line in lines.text.splitlines()] == ["8", "7"]
    assert "usage-" in lines.headers["content-disposition"]


@pytest.mark.parametrize(
    "asked",
    [
        "group_by=moon",
        "format=xml",
        "from=tomorrow",
        "to=2025-13-01",
        "from=2025-02-02&to=2025-02-01",
        "from=1900-01-01",
    ],
)
def test_what_cannot_be_read_is_refused(gate: GatewayBench, asked: str) -> None:
    key = gate.own_key(2)

    assert about(gate, key, f"usage?{asked}").status == 400


@pytest.mark.parametrize("what", ["usage", "impact?state=off", "least_privilege"])
def test_only_who_manages_keys_of_the_account_is_told(gate: GatewayBench, what: str) -> None:
    key = gate.own_key(2)
    other = gate.root_account("Other", domain="other.test")
    mine, theirs, nobody = gate.admin(2), gate.admin(other), gate.person(2)
    path = f"/api/keystead/v1/accounts/2/keys/{key['id']}/{what}"
    college = gate.sub_account(2)

    assert gate.call("GET", path, token=mine.token).status == 200
    assert gate.call("GET", path, token=nobody.token).status == 403
    assert gate.call("GET", path, token=theirs.token, host="other.test").status == 403
    assert about(gate, key, what, account=other).status == 404
    assert about(gate, key, what, account=college).status == 404
    assert about(gate, {"id": 999}, what).status == 404


def test_of_an_inherited_key_an_institution_sees_its_own_numbers(gate: GatewayBench) -> None:
    other = gate.root_account("Other", domain="other.test")
    key = gate.own_key("site_admin", scopes=[PAGES], require_scopes=True)  # type: ignore[arg-type]  # as it is called
    gate.bind("site_admin", key["id"], "on")
    here, there = gate.person(2), gate.person(other)
    for person, host, times in ((here, "root.test", 2), (there, "other.test", 3)):
        _, token = gate.token_for(key["id"], person.id, PAGES)
        for _ in range(times):
            assert gate.ask("GET", "/api/v1/courses/7/pages", token=token, host=host).status == 200

    told = {
        account: (
            shown(about(gate, key, "usage", account=account))["calls"],
            shown(about(gate, key, "impact?state=off", account=account)),
        )
        for account in (2, other, "site_admin")
    }

    assert {account: calls for account, (calls, _) in told.items()} == {2: 2, other: 3, "site_admin": 5}
    numbers = {
        account: (impact["people"], impact["live_tokens"], impact["callers"], impact["calls"])
        for account, (_, impact) in told.items()
    }
    assert numbers == {2: (1, 1, 1, 2), other: (1, 1, 1, 3), "site_admin": (2, 2, 2, 5)}


def test_the_impact_of_off_is_everything_that_passed(gate: GatewayBench) -> None:
    key = used_key(gate)
    sibling = gate.own_key(2, email="Support@Vendor.test", name="Sibling")
    gate.own_key(2, email="dev@other-vendor.test")
    college = gate.sub_account(2)
    gate.sub_account(college)

    impact = shown(about(gate, key, "impact?state=off"))

    assert impact.pop("endpoints") == [
        {"scope": PAGES, "calls": 2, "last_used_on": today(gate)},
        {"scope": MAKE_PAGE, "calls": 1, "last_used_on": today(gate)},
    ]
    courses = impact.pop("courses")
    assert (courses["count"], set(courses["examples"])) == (2, {"7", "8"})
    assert impact == {
        "key_id": local(key["id"]), "account_id": 2, "change": {"state": "off"},
        "from": date_of(gate.clock.now // DAY - 89), "to": today(gate), "people": 1, "live_tokens": 1, "callers": 1,
        "calls": 3, "calls_by_day": [{"day": today(gate), "calls": 3}], "accounts": {"count": 0, "examples": []},
        "last_used_on": today(gate), "sub_accounts_affected": 2,
        "same_vendor": [{"id": local(sibling["id"]), "name": "Sibling", "state": "active"}],
    }  # fmt: skip


def test_the_impact_of_fewer_scopes_is_what_they_would_refuse(gate: GatewayBench) -> None:
    key = used_key(gate)

    def asked(change: str) -> tuple[int, int, int, list[str]]:
        impact = shown(about(gate, key, f"impact?{change}"))
        endpoints = [one["scope"] for one in impact["endpoints"]]
        return impact["calls"], impact["callers"], impact["courses"]["count"], endpoints

    kept = PAGES.replace("|", "%7C").replace(":", "%3A")
    assert asked(f"scopes={kept}") == (1, 1, 1, [MAKE_PAGE])
    assert asked(f"scopes[]={kept}&scopes[]={MAKE_PAGE}") == (0, 0, 0, [])
    assert asked(f"scopes={kept}&require_scopes=false") == (0, 0, 0, [])
    assert asked("scopes=")[0] == 3
    assert asked("state=deleted")[0] == 3


@pytest.mark.parametrize("change", ["", "state=on", "state=off&scopes=x", "require_scopes=perhaps"])
def test_a_change_that_cannot_be_read_is_refused(gate: GatewayBench, change: str) -> None:
    key = gate.own_key(2)

    assert about(gate, key, f"impact?{change}").status == 400


def test_enforcing_scopes_breaks_what_none_of_them_covers(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON)
    gate.set_key(key["id"], scopes=(PAGES,))
    for target in ("/api/v1/courses/7/pages", "/api/v1/courses", "/api/v1/nothing/known"):
        assert gate.ask("GET", target, token=token).status == 200

    impact = shown(about(gate, key, "impact?require_scopes=true"))
    privilege = shown(about(gate, key, "least_privilege"))

    assert {one["scope"] for one in impact["endpoints"]} == {"url:GET|/api/v1/courses", "unmapped"}
    assert impact["calls"] == 2
    assert set(privilege["narrowed"]) == {PAGES, "url:GET|/api/v1/courses"}
    assert privilege["unmapped_calls"] == 1


def test_least_privilege_names_what_is_unused_and_seldom_written(gate: GatewayBench) -> None:
    key = used_key(gate)
    gate.clock.now = Instant(gate.clock.now + 5 * DAY)

    found = shown(about(gate, key, "least_privilege"))

    needs = {need["scope"]: need for need in found["scopes"]}
    assert (found["narrowed"], found["unused"]) == ([PAGES, MAKE_PAGE], [USERS])
    assert (needs[PAGES]["days_unused"], needs[USERS]["days_unused"]) == (5, None)
    assert {scope for scope, need in needs.items() if need["rare_write"]} == {MAKE_PAGE}


def test_sub_accounts_that_decide_otherwise_are_not_counted(gate: GatewayBench) -> None:
    key = gate.own_key(2)
    college = gate.sub_account(2)
    for account, state in ((2, "allow"), (college, "on")):
        gate.bind(account, key["id"], state)
    gate.sub_account(2, "Another")
    gate.sub_account(college, "Department")

    affected = {
        change: shown(about(gate, key, f"impact?{change}"))["sub_accounts_affected"]
        for change in ("state=off", "require_scopes=true")
    }

    assert affected == {"state=off": 2, "require_scopes=true": 2}
