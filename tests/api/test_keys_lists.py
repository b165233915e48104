"""Which keys a list holds, in which order, in which pages, and how much of each key it shows."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keys_bench import GLOBAL, KeyBench, benches, shown
from world import SITE_PERSON

OWN = "/api/v1/accounts/2/developer_keys"
INHERITED = {
    "name", "created_at", "icon_url", "workflow_state", "id", "developer_key_account_binding", "is_lti_key",
    "inherited_from", "is_lti_registration", "lti_registration_id",
}  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[KeyBench]:
    yield from benches(tmp_path)


def ids(bench: KeyBench, path: str) -> list[int]:
    return [one["id"] for one in shown(bench.site("GET", path))]


def links(link: str) -> list[tuple[str, str]]:
    """Return relation and URL of each entry of a Link header, in order; entries are joined by a bare comma."""
    found = re.findall(r'<([^>]*)>; rel="(\w+)"', link)
    assert ",".join(f'<{url}>; rel="{name}"' for url, name in found) == link
    return [(name, url) for url, name in found]


def test_an_account_lists_its_own_keys_newest_first_without_deleted_ones(bench: KeyBench) -> None:
    other = bench.root_account("Other")
    first, second, third = (bench.own_key(2, visible=visible) for visible in (True, False, True))
    gone, foreign, everybodys = bench.own_key(2), bench.own_key(other), bench.own_key(1, visible=True)
    bench.site("DELETE", f"/api/v1/developer_keys/{gone['id']}")
    bench.site("PUT", f"/api/v1/developer_keys/{first['id']}", json={"developer_key": {"event": "deactivate"}})

    assert ids(bench, OWN) == [third["id"], second["id"], first["id"]]
    assert ids(bench, f"/api/v1/accounts/{other}/developer_keys") == [foreign["id"]]
    assert ids(bench, "/api/v1/accounts/site_admin/developer_keys") == [everybodys["id"], GLOBAL + 1]


def test_a_listed_key_shows_the_members_that_only_lists_have(bench: KeyBench) -> None:
    key = bench.own_key(2, redirect_uris=["https://a.example/cb"])
    bench.token_for(key["id"], SITE_PERSON)
    _, token = bench.token_for(key["id"], SITE_PERSON)
    bench.bind(2, key["id"], "on")
    bench.call("GET", OWN, token=token)

    (listed,) = shown(bench.site("GET", OWN))

    changed = {
        "tool_configuration": None, "lti_registration": None, "access_token_count": 2,
        "last_used_at": "2025-10-09T08:53:20Z",
        "developer_key_account_binding": key["developer_key_account_binding"] | {"workflow_state": "on"},
    }  # fmt: skip
    assert listed == key | changed


def test_inherited_lists_visible_global_keys_without_anything_private(bench: KeyBench) -> None:
    bench.own_key(2)
    bench.own_key(1)
    old, new = (bench.own_key(1, visible=True, notes="private", scopes=[]) for _ in range(2))
    bench.bind("site_admin", old["id"], "on")

    for asked in ("true", "1", "yes"):
        assert ids(bench, f"{OWN}?inherited={asked}") == [new["id"], old["id"]]
    entry = shown(bench.site("GET", f"{OWN}?inherited=true"))[1]
    assert set(entry) == INHERITED
    assert entry["inherited_from"] == "global"
    assert entry["developer_key_account_binding"]["workflow_state"] == "on"
    assert entry["developer_key_account_binding"]["account_owns_binding"] is False
    assert ids(bench, "/api/v1/accounts/site_admin/developer_keys?inherited=true") == []


def test_a_binding_that_nobody_made_is_left_out(bench: KeyBench) -> None:
    key = bench.own_key(1, visible=True)
    bench.bind("site_admin", key["id"], "allow")

    (entry,) = shown(bench.site("GET", f"{OWN}?inherited=true"))

    assert set(entry) == INHERITED - {"developer_key_account_binding"}


@pytest.mark.parametrize("asked", ["", "?inherited=", "?inherited=false", "?inherited=0", "?inherited=False"])
def test_inherited_is_a_boolean_as_documented(bench: KeyBench, asked: str) -> None:
    own = bench.own_key(2)
    bench.own_key(1, visible=True)

    assert ids(bench, OWN + asked) == [own["id"]]


def test_a_consortium_child_inherits_its_parents_keys_first_then_the_global_ones(bench: KeyBench) -> None:
    child = bench.root_account("Child")
    bench.set_account(child, consortium_parent_id=2)
    path = f"/api/v1/accounts/{child}/developer_keys"
    everybodys = bench.own_key(1, visible=True)
    bench.own_key(1)
    hidden, seen = bench.own_key(2, visible=False), bench.own_key(2)
    bench.bind(2, seen["id"], "on")
    own = bench.own_key(child)

    listed = shown(bench.site("GET", f"{path}?inherited=true"))

    assert [one["id"] for one in listed] == [seen["id"], hidden["id"], everybodys["id"]]
    assert [one["inherited_from"] for one in listed] == ["federated_parent", "federated_parent", "global"]
    assert {one["inherited_to"] for one in listed} == {"child_account"}
    assert listed[0]["developer_key_account_binding"]["workflow_state"] == "on"
    assert not {"api_key", "notes", "redirect_uris", "scopes"} & set(listed[0])
    assert ids(bench, f"{path}?inherited=true&id={everybodys['id']}") == [one["id"] for one in listed]
    assert ids(bench, path) == [own["id"]]


def test_one_key_can_be_asked_for_by_any_form_of_its_id(bench: KeyBench) -> None:
    key, _ = bench.own_key(2), bench.own_key(2)
    everybodys = bench.own_key(1, visible=True)

    for reference in (key["id"], key["id"] - GLOBAL, f"1~{key['id'] - GLOBAL}"):
        assert ids(bench, f"{OWN}?id={reference}") == [key["id"]]
    for nothing in ("999", "x", everybodys["id"], "-1", "9" * 30):
        assert ids(bench, f"{OWN}?id={nothing}") == []
    assert ids(bench, f"{OWN}?inherited=1&id={everybodys['id']}") == [everybodys["id"]]
    assert ids(bench, f"{OWN}?inherited=1&id={key['id']}") == []


def test_pages_are_linked_in_canvas_order_and_repeat_the_query(bench: KeyBench) -> None:
    keys = [bench.own_key(2)["id"] for _ in range(5)][::-1]
    query = "x=%41%2f&api_key=k&per_page=2&page=2&as_user_id=&y"

    response = bench.site("GET", f"{OWN}?{query}&access_token=s", host="keystead.test:81")

    base = "http://keystead.test:81/api/v1/accounts/2/developer_keys?x=%41%2f&as_user_id=&y&page={}&per_page=2"
    assert [one["id"] for one in shown(response)] == keys[2:4]
    assert links(response.headers["link"]) == [
        ("current", base.format(2)), ("next", base.format(3)), ("prev", base.format(1)), ("first", base.format(1)),
        ("last", base.format(3)),
    ]  # fmt: skip


def test_the_only_page_has_neither_next_nor_prev(bench: KeyBench) -> None:
    response = bench.site("GET", OWN + ".json")

    base = "http://keystead.test/api/v1/accounts/2/developer_keys?page=1&per_page=10"
    assert links(response.headers["link"]) == [("current", base), ("first", base), ("last", base)]


def test_the_public_url_decides_about_links_when_it_is_set(tmp_path: Path) -> None:
    for bench in benches(tmp_path, public_url="https://keys.example"):
        response = bench.site("GET", OWN)

        assert dict(links(response.headers["link"]))["first"].startswith("https://keys.example/api/v1/accounts/2/dev")


def test_the_size_of_a_page_is_held_within_its_bounds(bench: KeyBench) -> None:
    for _ in range(11):
        bench.own_key(2)

    sizes = {"": 10, "per_page=": 10, "per_page=0": 1, "per_page=-5": 1, "per_page=x": 1, "per_page=2": 2,
             "per_page=1000": 11, "per_page=99999999999999999999": 11, "per_page=--5": 1, "per_page=1.5": 1,
             "per_page[]=3": 1, "per_page=%EF%BC%95": 1}  # fmt: skip
    assert {asked: len(ids(bench, f"{OWN}?{asked}")) for asked in sizes} == sizes


@pytest.mark.parametrize("page", ["x", "0", "-1", "1.5", "--1", "1e3", "%EF%BC%91", "bookmark:abc", "1" * 200])
def test_a_page_that_is_no_number_is_not_found(bench: KeyBench, page: str) -> None:
    response = bench.site("GET", f"{OWN}?page={page}")

    assert (response.status, response.message) == (404, "The specified resource does not exist.")


@pytest.mark.parametrize("page", ["2", "999", "99999999999999999999999"])
def test_a_page_past_the_end_is_empty(bench: KeyBench, page: str) -> None:
    bench.own_key(2)

    assert ids(bench, f"{OWN}?page={page}") == []


def test_links_are_cut_to_six_kib_the_next_one_last(bench: KeyBench) -> None:
    for _ in range(3):
        bench.own_key(2)

    def kept(padding: int) -> list[str]:
        response = bench.site("GET", f"{OWN}?per_page=1&page=2&x={'x' * padding}")
        assert len(response.headers.get("link", "")) <= 6 * 1024
        return [name for name, _ in links(response.headers["link"])]

    assert kept(1000) == ["current", "next", "prev", "first", "last"]
    assert kept(1200) == ["current", "next", "prev", "last"]
    assert kept(1600) == ["next", "prev", "last"]
    assert kept(2500) == ["next", "last"]
    assert kept(4000) == ["next"]


def test_test_cluster_keys_say_so_only_where_that_is_checked(tmp_path: Path) -> None:
    for bench in benches(tmp_path, test_cluster_checks=True):
        key = bench.own_key(2, test_cluster_only=True)
        bench.bind(2, key["id"], "on")
        _, token = bench.token_for(key["id"], SITE_PERSON)

        assert key["test_cluster_only"] is True
        assert bench.call("GET", OWN, token=token).message == "Invalid access token."


def test_a_list_costs_the_same_number_of_queries_however_long_it_is(bench: KeyBench) -> None:
    def queries() -> int:
        from sqlalchemy import event

        asked: list[str] = []

        def note(*given: Any) -> None:
            asked.append(given[2])

        event.listen(bench.database.engine, "before_cursor_execute", note)
        bench.site("GET", OWN)
        event.remove(bench.database.engine, "before_cursor_execute", note)
        return len(asked)

    bench.own_key(2)
    bench.site("GET", OWN)
    few = queries()
    for _ in range(6):
        bench.own_key(2)
    bench.site("GET", OWN)

    assert queries() == few
