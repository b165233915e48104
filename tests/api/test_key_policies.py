"""Policies of keys over the API: what may be laid down, by whom, who sees it, and what it would have refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway_bench import GatewayBench, gateways
from keys_bench import COURSES, local, shown
from keystead.core.instants import DAY, HOUR, Instant, iso
from world import SITE_PERSON, Response

HOURS = {"zone": "Europe/Berlin", "days": ["mon", "fri"], "from": "22:00", "to": "06:00"}
HERE = ["127.0.0.0/8"]
NOTHING = {"address_ranges": [], "hours": None, "review_on": None, "expires_at": None, "owner": None}


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GatewayBench]:
    yield from gateways(tmp_path)


def of_key(key: Any, account: int | str = 2) -> str:
    return f"/api/keystead/v1/accounts/{account}/keys/{key['id']}/policy"


def of_all(account: int | str = 2) -> str:
    return f"/api/keystead/v1/accounts/{account}/policy"


def put(gate: GatewayBench, path: str, *, by: str | None = None, **values: Any) -> Response:
    return gate.site("PUT", path, json=values) if by is None else gate.call("PUT", path, token=by, json=values)


def problems(answer: Response) -> dict[str, Any]:
    assert answer.status == 400, answer.text
    found: dict[str, Any] = answer.json["errors"]
    return found


def test_a_policy_is_laid_down_shown_replaced_and_taken_away(gate: GatewayBench) -> None:
    key, _ = gate.live_token(SITE_PERSON, COURSES)
    soon = iso(Instant(gate.clock.now + DAY))
    whole = {
        "address_ranges": ["203.0.113.0/24", "2001:db8::/32", "198.51.100.7/32"], "hours": HOURS,
        "review_on": "2999-01-31", "expires_at": soon, "owner": {"user_id": SITE_PERSON, "off_after_days": 30},
    }  # fmt: skip

    made = shown(put(gate, of_key(key), because="asked by the vendor", **whole))
    seen = shown(gate.site("GET", of_key(key)))
    less = shown(put(gate, of_key(key), review_on="2999-01-31"))
    gone = shown(gate.site("DELETE", of_key(key)))

    assert made["policy"] == seen["policy"] == {"account_id": 2, **whole}
    assert (seen["set_at"], seen["in_force"][0]["of_all_keys"]) == (iso(gate.clock.now), False)
    assert less["policy"] == {"account_id": 2, **NOTHING, "review_on": "2999-01-31"}
    assert (gone["policy"], gone["in_force"]) == ({"account_id": 2, **NOTHING}, [])
    first, second, third = gate.audited("key.policy_set")
    assert (first.subject_id, first.account_id, first.user_id) == (local(key["id"]), 2, SITE_PERSON)
    assert (first.before, first.after, first.because) == (NOTHING, whole, "asked by the vendor")
    assert set(second.after) == {"address_ranges", "hours", "expires_at", "owner"}
    assert third.after == {"review_on": None}


def test_the_same_again_changes_nothing(gate: GatewayBench) -> None:
    key, _ = gate.live_token(SITE_PERSON, COURSES)
    for _ in range(2):
        assert put(gate, of_key(key), hours=HOURS).status == 200

    assert len(gate.audited("key.policy_set")) == 1


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("address_ranges", "203.0.113.0/24"),
        ("address_ranges", ["203.0.113.1/24"]),
        ("address_ranges", ["office"]),
        ("address_ranges", [["203.0.113.0/24"]]),
        ("address_ranges", [7]),
        ("address_ranges", {"0": "203.0.113.0/24"}),
        ("address_ranges", [f"10.0.{number}.0/24" for number in range(101)]),
        ("hours", "always"),
        ("hours", []),
        ("hours", {}),
        ("hours", HOURS | {"zone": "Europe/Atlantis"}),
        ("hours", HOURS | {"zone": "../../etc/passwd"}),
        ("hours", HOURS | {"zone": 7}),
        ("hours", HOURS | {"days": []}),
        ("hours", HOURS | {"days": "mon"}),
        ("hours", HOURS | {"days": ["monday"]}),
        ("hours", HOURS | {"days": [{"mon": 1}]}),
        ("hours", HOURS | {"from": "24:00"}),
        ("hours", HOURS | {"from": "8:00"}),
        ("hours", HOURS | {"to": "24:01"}),
        ("hours", HOURS | {"to": 18}),
        ("hours", HOURS | {"until": "18:00"}),
        ("review_on", "tomorrow"),
        ("review_on", "2001-01-01"),
        ("review_on", 7),
        ("review_on", ["2999-01-01"]),
        ("expires_at", "2001-01-01T00:00:00Z"),
        ("expires_at", "1969-01-01"),
        ("expires_at", "soon"),
        ("expires_at", {"at": "2999-01-01"}),
        ("owner", "somebody"),
        ("owner", {"user_id": "somebody"}),
        ("owner", {"user_id": True}),
        ("owner", {"user_id": 999}),
        ("owner", {"off_after_days": -1}),
        ("owner", {"off_after_days": 366}),
        ("owner", {"off_after_days": "soon"}),
        ("owner", {"name": "Pat"}),
        ("adress_ranges", ["203.0.113.0/24"]),
        ("key_id", 7),
    ],
)
def test_what_is_no_policy_is_refused_by_name_and_changes_nothing(gate: GatewayBench, part: str, value: Any) -> None:
    key, _ = gate.live_token(SITE_PERSON, COURSES)

    answer = put(gate, of_key(key), **{part: value})

    assert list(problems(answer)) == [part]
    assert gate.audited("key.policy_set") == []


def test_a_whole_day_and_an_end_at_midnight_are_hours_too(gate: GatewayBench) -> None:
    key, _ = gate.live_token(SITE_PERSON, COURSES)

    ends = [
        put(gate, of_key(key), hours=HOURS | {"from": opens, "to": closes}).json["policy"]["hours"]["to"]
        for opens, closes in (("00:00", "24:00"), ("08:00", "00:00"))
    ]

    assert ends == ["00:00", "00:00"]


def test_all_keys_of_an_account_have_a_policy_too(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON, COURSES)

    made = shown(put(gate, of_all(), address_ranges=HERE))
    about_key = shown(gate.site("GET", of_key(key)))

    assert "situation" not in made
    assert about_key["policy"]["address_ranges"] == []
    assert [(one["of_all_keys"], one["address_ranges"]) for one in about_key["in_force"]] == [
        (True, HERE)
    ]  # fmt: skip
    (entry,) = gate.audited("account.key_policy_set")
    assert (entry.subject, entry.subject_id, entry.account_id) == ("account", 2, 2)
    assert gate.ask("GET", "/api/v1/courses", token=token, peer="198.51.100.1").status == 401
    assert problems(put(gate, of_all(), owner={"user_id": SITE_PERSON})).keys() == {"owner"}


def test_what_holds_for_all_keys_holds_for_tokens_that_people_make_themselves_and_can_be_undone_by_hand(
    gate: GatewayBench,
) -> None:
    """Whoever shuts their own token out still has the pages: a browser's session uses no key."""
    admin = gate.admin(2)
    cookie, csrf = gate.session_of(admin.id)
    told = shown(put(gate, of_all(), by=admin.token, address_ranges=["203.0.113.0/24"]))

    by_token = gate.call("GET", of_all(), token=admin.token)
    by_session = gate.call("DELETE", of_all(), headers={"cookie": cookie, "x-csrf-token": csrf})

    assert told["shuts_you_out"] is True
    assert (by_token.status, by_session.status) == (401, 200)
    assert gate.call("GET", of_all(), token=admin.token).status == 200


def test_institutions_neither_see_nor_touch_each_others(gate: GatewayBench) -> None:
    """Not of each other's keys, not of a key that both inherit, and not who set what above them."""
    other = gate.root_account("Other")
    mine, theirs = gate.admin(2), gate.admin(other)
    key, _ = gate.live_token(SITE_PERSON, COURSES)
    shared = gate.own_key(1, visible=True)
    assert put(gate, of_key(shared), by=mine.token, address_ranges=["10.1.0.0/16"]).status == 200
    assert put(gate, of_all(), by=mine.token, address_ranges=HERE).status == 200
    above = {"expires_at": iso(Instant(gate.clock.now + HOUR)), "review_on": "2999-01-01", "owner": {}}
    assert put(gate, of_key(shared, 1), **above).status == 200

    there = {"token": theirs.token, "host": "other.test"}
    seen = shown(gate.call("GET", of_key(shared, other), **there))
    own = shown(gate.call("GET", of_key(shared), token=mine.token))

    assert (seen["policy"], seen["set_by"]) == ({"account_id": other, **NOTHING}, None)
    (fact,) = seen["in_force"]
    assert fact == {
        "account_id": 1, "account": "Site Admin", "of_all_keys": False, "set_at": iso(gate.clock.now),
        "address_ranges": [], "hours": None, "expires_at": above["expires_at"],
    }  # fmt: skip
    assert [one["account_id"] for one in own["in_force"]] == [1, 2, 2]
    for verb in ("GET", "PUT", "DELETE"):
        sent = {"json": {"hours": HOURS}} if verb == "PUT" else {}
        assert gate.call(verb, of_key(key, other), **there, **sent).status == 404
        for path in (of_key(key), of_key(shared), of_all(), of_key(shared, 1), of_all(1)):
            assert gate.call(verb, path, **there, **sent).status in (401, 403, 404), (verb, path)
    assert shown(gate.site("GET", of_all()))["policy"]["address_ranges"] == HERE


def test_whoever_does_not_manage_keys_may_do_nothing(gate: GatewayBench) -> None:
    key, _ = gate.live_token(SITE_PERSON, COURSES)
    nobody = gate.person(2)

    for path in (of_key(key), of_all()):
        assert gate.call("GET", path, token=nobody.token).status in (401, 403)
        assert put(gate, path, by=nobody.token, hours=HOURS).status in (401, 403)
        assert gate.call("PUT", path, json={"hours": HOURS}).status == 401
    college = gate.sub_account(2)
    assert gate.site("GET", of_all(college)).status == gate.site("GET", of_key(key, college)).status == 404


def test_people_of_other_institutions_answer_for_no_key(gate: GatewayBench) -> None:
    key, _ = gate.live_token(SITE_PERSON, COURSES)
    stranger = gate.person(gate.root_account("Other"))

    assert problems(put(gate, of_key(key), owner={"user_id": stranger.id})).keys() == {"owner"}
    here = gate.person(2)
    assert shown(put(gate, of_key(key), owner={"user_id": here.id}))["situation"]["answerable"] == {
        "user_id": here.id, "name": "Ada Lovelace", "known_by": "policy", "has_left": False,
    }  # fmt: skip


def test_a_dry_run_tells_what_would_have_been_refused_and_changes_nothing(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON, COURSES)
    _, other = gate.live_token(SITE_PERSON, COURSES)
    for peer, times in (("203.0.113.9", 3), ("198.51.100.1", 2), ("192.0.2.200", 4)):
        for _ in range(times):
            gate.ask("GET", "/api/v1/courses", token=token, peer=peer)
    gate.ask("GET", "/api/v1/courses", token=other, peer="198.51.100.1")
    ranges = {"address_ranges": ["203.0.0.0/16", "192.0.2.0/25", *HERE], "dry_run": True}

    about_key = shown(put(gate, of_key(key), **ranges))["tried"]
    about_all = shown(put(gate, of_all(), **ranges))["tried"]
    none = shown(put(gate, of_key(key), hours=HOURS, dry_run=True))["tried"]

    assert (about_key["calls"], about_key["would_be_refused"], about_key["cannot_tell"]) == (9, 2, 4)
    assert about_key["networks"] == ["198.51.100.0/24"]
    assert about_all["would_be_refused"] == 3
    assert (none["would_be_refused"], none["cannot_tell"]) == (0, 0)
    assert gate.audited("key.policy_set") == gate.audited("account.key_policy_set") == []
    assert shown(gate.site("GET", of_key(key)))["in_force"] == []


def test_whoever_shuts_themselves_out_is_told_and_may(gate: GatewayBench) -> None:
    key, _ = gate.live_token(SITE_PERSON, COURSES)

    told = [
        shown(put(gate, of_key(key), address_ranges=[text], dry_run=dry))["shuts_you_out"]
        for text, dry in (("203.0.113.0/24", True), ("203.0.113.0/24", False), ("127.0.0.0/8", False))
    ]

    assert told == [True, True, False]


def test_a_key_tells_what_is_of_concern_about_it(gate: GatewayBench) -> None:
    key, _ = gate.live_token(SITE_PERSON)
    bare = shown(gate.site("GET", of_key(key)))["situation"]
    put(gate, of_key(key), review_on=iso(gate.clock.now)[:10], expires_at=iso(Instant(gate.clock.now + HOUR)))  # type: ignore[index]  # a moment
    fresh = shown(gate.site("GET", of_key(key)))["situation"]

    gate.clock.now = Instant(gate.clock.now + DAY)
    late = shown(gate.site("GET", of_key(key)))["situation"]

    assert bare["concerns"] == fresh["concerns"] == ["unscoped"]
    assert bare["answerable"]["known_by"] == "maker"
    assert late["concerns"] == ["review_overdue", "expired", "unscoped"]
