"""The list of scopes that keys may hold."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keys_bench import KeyBench, benches, shown

PATH = "/api/v1/accounts/2/scopes"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[KeyBench]:
    yield from benches(tmp_path)


def test_the_list_is_whole_flat_and_never_in_pages(bench: KeyBench) -> None:
    response = bench.site("GET", f"{PATH}?per_page=1&page=2")

    listed = shown(response)
    assert len(listed) > 1000
    assert "link" not in response.headers
    (courses,) = (entry for entry in listed if entry["scope"] == "url:GET|/api/v1/courses")
    assert courses == {
        "resource": "courses", "resource_name": "Courses", "controller": "courses", "action": "index", "verb": "GET",
        "path": "/api/v1/courses", "scope": "url:GET|/api/v1/courses",
    }  # fmt: skip
    for special in ("/auth/userinfo", "cd2"):
        (entry,) = (entry for entry in listed if entry["scope"] == special)
        assert set(entry) == {"resource", "verb", "scope", "resource_name"}
    names = [entry["resource_name"].casefold() for entry in listed]
    assert names == sorted(names)


def test_grouping_is_by_resource_name_only(bench: KeyBench) -> None:
    grouped = shown(bench.site("GET", f"{PATH}?group_by=resource_name"))
    flat = shown(bench.site("GET", f"{PATH}?group_by=verb"))

    assert isinstance(flat, list)
    assert [entry for entries in grouped.values() for entry in entries] == flat
    assert all({entry["resource_name"] for entry in entries} == {name} for name, entries in grouped.items())


def test_every_listed_scope_may_be_put_on_a_key(bench: KeyBench) -> None:
    scopes = [entry["scope"] for entry in shown(bench.site("GET", PATH))]

    assert bench.own_key(2, scopes=scopes)["scopes"] == scopes


def test_it_is_for_those_who_manage_keys_in_any_kind_of_account(bench: KeyBench) -> None:
    sub = bench.sub_account(2)
    dean = bench.admin(sub, tenant=2)

    assert bench.call("GET", PATH).status == 401
    assert bench.call("GET", PATH, token=bench.person(2).token).status == 403
    assert bench.call("GET", PATH, token=dean.token).status == 403
    assert bench.call("GET", f"/api/v1/accounts/{sub}/scopes", token=dean.token).status == 200
    assert bench.site("GET", "/api/v1/accounts/999/scopes").status == 404
    assert bench.site("GET", "/api/v1/accounts/site_admin/scopes").status == 200
