"""Keys that nobody uses, for programs: listed, turned off together or only tried, and undone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keys_bench import KeyBench, benches, local, shown
from keystead.core.instants import DAY, iso
from keystead.core.usage import date_of

BASE = "/api/keystead/v1/accounts/2/unused_keys"


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[KeyBench]:
    yield from benches(tmp_path)


def inherited(keys: KeyBench, **attributes: Any) -> int:
    """Return a global key that root account 2 has on."""
    made = keys.own_key(1, visible=True, **attributes)["id"]
    assert keys.bind(1, made, "allow").status in (200, 201)
    assert keys.bind(2, made, "on").status in (200, 201)
    return local(made)


def off(bench: KeyBench, **asked: Any) -> Any:
    return shown(bench.site("POST", f"{BASE}/off", json=asked))


def test_a_key_that_nobody_uses_is_told_with_all_that_decides_about_it(keys: KeyBench) -> None:
    key = inherited(keys, name="Idle")
    keys.site("PUT", f"/api/keystead/v1/accounts/2/keys/{key}/note", json={"note": "For the library"})

    found = shown(keys.site("GET", BASE))

    assert found.pop("batches") == found.pop("authorised") == []
    (told,) = found.pop("never_used")
    today = date_of(keys.clock.now // DAY)
    assert found == {"account_id": 2, "days": 90, "counted": True, "counted_since": today}
    assert told == {
        "key_id": key, "client_id": str(10_000_000_000_000 + key), "name": "Idle", "owner": "Site Admin",
        "purpose": "For the library", "on_since": iso(keys.clock.now), "on_by": "Root",
        "on_by_person": told["on_by_person"], "locked_by": None, "may_turn_off": True, "people": 0, "live_tokens": 0,
        "last_token_at": None, "last_used_on": None,
    }  # fmt: skip
    assert told["on_by_person"]


def test_trying_changes_nothing_and_doing_it_can_be_undone_once(keys: KeyBench) -> None:
    idle, authorised = inherited(keys, name="Idle"), inherited(keys, name="Authorised")
    keys.token_for(authorised, keys.person(2).id)

    tried = off(keys, keys=[idle, str(authorised)], dry_run=True)
    before = keys.binding_rows(idle)
    done = off(keys, keys=[idle], authorised_keys=[authorised, 999_999], because="tidying")
    listed = shown(keys.site("GET", BASE))
    undone = shown(keys.site("POST", f"{BASE}/off/{done['batch_id']}/undo", json={"because": "needed"}))
    again = keys.site("POST", f"{BASE}/off/{done['batch_id']}/undo")

    assert tried == {
        "batch_id": None, "turned_off": [{"key_id": idle, "name": "Idle", "people": 0, "live_tokens": 0}],
        "skipped": [{"key_id": authorised, "name": "Authorised", "why": "authorised"}],
    }  # fmt: skip
    assert (2, "on") in before
    assert [one["key_id"] for one in done["turned_off"]] == [idle, authorised]
    assert done["skipped"] == [{"key_id": 999_999, "name": None, "why": "unknown"}]
    assert [one["id"] for one in listed["batches"]] == [done["batch_id"]]
    assert listed["never_used"] == []
    assert undone["left_off"] == []
    assert undone["undone_at"] == iso(keys.clock.now)
    assert (2, "on") in keys.binding_rows(idle)
    assert again.status == 400
    assert [entry.because for entry in keys.audited("binding.set")][-4:] == ["tidying"] * 2 + ["needed"] * 2


@pytest.mark.parametrize(
    "asked",
    [{}, {"keys": []}, {"keys": "7"}, {"keys": ["x"]}, {"keys": [{"a": 1}]}, {"keys": [1], "dry_run": "perhaps"},
     {"keys": [1], "days": 0}, {"keys": [1], "days": "many"}, {"keys": list(range(1, 2_002))}],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(keys: KeyBench, asked: dict[str, Any]) -> None:
    refused = keys.site("POST", f"{BASE}/off", json=asked)

    assert refused.status in (400, 422)
    assert shown(keys.site("GET", BASE))["batches"] == []


@pytest.mark.parametrize("days", ["0", "x", "-1", "4000", "1e3"])
def test_days_out_of_range_are_refused(keys: KeyBench, days: str) -> None:
    assert keys.site("GET", f"{BASE}?days={days}").status in (400, 422)


def test_nobody_else_may(keys: KeyBench) -> None:
    key = inherited(keys)
    other = keys.root_account("Other")
    mine, theirs, pupil = keys.admin(2), keys.admin(other), keys.person(2)
    done = off(keys, keys=[key])

    assert keys.call("GET", BASE, token=mine.token).status == 200
    for somebody in (theirs.token, pupil.token):
        assert keys.call("GET", BASE, token=somebody).status in (401, 403, 404)
        assert keys.call("POST", f"{BASE}/off", token=somebody, json={"keys": [key]}).status in (401, 403, 404)
        assert keys.call("POST", f"{BASE}/off/{done['batch_id']}/undo", token=somebody).status in (401, 403, 404)
    elsewhere = f"/api/keystead/v1/accounts/{other}/unused_keys/off/{done['batch_id']}/undo"
    assert keys.call("POST", elsewhere, token=theirs.token, host="other.test").status == 404
    assert keys.site("GET", "/api/keystead/v1/accounts/site_admin/unused_keys").status == 404
    assert (2, "off") in keys.binding_rows(key)
