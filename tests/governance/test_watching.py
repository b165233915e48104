"""Is a key watched without a call being refused, enforced without anybody being asked again, and relaxed again?"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_bench import GatewayBench, gateways
from keys_bench import shown
from world import SITE_PERSON

COURSES = "url:GET|/api/v1/courses"
PAGES = "url:GET|/api/v1/courses/:course_id/pages"
USERS = "url:GET|/api/v1/accounts/:account_id/users"


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GatewayBench]:
    yield from gateways(tmp_path)


def unscoped(gate: GatewayBench) -> tuple[int, str]:
    """Return a key that enforces nothing, and a token of it."""
    key, token = gate.live_token(SITE_PERSON, require_scopes=False, scopes=[])
    return key["id"], token


def watch_of(gate: GatewayBench, key_id: int, verb: str = "GET", more: str = "", **sent: object) -> object:
    """Ask about a watch, or change it."""
    return gate.site(verb, f"/api/keystead/v1/accounts/2/keys/{key_id}/watch{more}", **sent)


def calls(gate: GatewayBench, token: str, *targets: str) -> list[int]:
    """Make calls; return their statuses."""
    return [gate.ask("GET", target, token=token).status for target in targets]


def test_watched_calls_pass_and_what_would_not_is_told_with_examples(gate: GatewayBench) -> None:
    key, token = unscoped(gate)
    shown(watch_of(gate, key, "PUT", json={"scopes": [COURSES, USERS]}))
    gate.keep_watching()

    passed = calls(gate, token, "/api/v1/courses", "/api/v1/courses/7/pages", "/api/v1/courses/8/pages", "/api/v1/zzz")
    gate.keep_watching()
    passed += calls(gate, token, "/api/v1/courses/9/pages")
    gate.keep_watching()
    told = shown(watch_of(gate, key))

    assert set(passed) <= {200, 204, 404, 502}
    assert 401 not in passed
    assert told["calls"] == 5
    assert told["would_be_refused"] == 4
    assert {one["scope"]: (one["calls"], one["people"]) for one in told["findings"]} == {
        PAGES: (3, 1), "unmapped": (1, 1),
    }  # fmt: skip
    assert next(one["example"] for one in told["findings"] if one["scope"] == PAGES) == "/api/v1/courses/9/pages"
    assert told["unused"] == [USERS]


def test_enforcing_narrows_tokens_to_the_proposal_and_relaxing_takes_it_back(gate: GatewayBench) -> None:
    key, token = unscoped(gate)
    shown(watch_of(gate, key, "PUT", json={"scopes": [COURSES]}))
    targets = ("/api/v1/courses", "/api/v1/courses/7/pages")

    before = calls(gate, token, *targets)
    enforced = shown(watch_of(gate, key, "POST", "/enforce"))
    during = calls(gate, token, *targets)
    again = watch_of(gate, key, "POST", "/enforce")
    shown(watch_of(gate, key, "POST", "/relax"))
    after = calls(gate, token, *targets)

    assert 401 not in before
    assert enforced["tokens_narrowed"] == 1
    assert [status == 401 for status in during] == [False, True]
    assert again.status == 400  # type: ignore[attr-defined]
    assert 401 not in after


@pytest.mark.parametrize("scopes", [[], ["url:GET|/api/v1/nothing"], "x"])
def test_a_proposal_must_be_a_list_that_a_key_may_hold(gate: GatewayBench, scopes: object) -> None:
    key, _ = unscoped(gate)

    assert watch_of(gate, key, "PUT", json={"scopes": scopes}).status == 400  # type: ignore[attr-defined]
    assert watch_of(gate, key).status == 404  # type: ignore[attr-defined]


def test_a_key_that_enforces_scopes_is_not_watched(gate: GatewayBench) -> None:
    key, _ = gate.live_token(SITE_PERSON, COURSES)

    assert watch_of(gate, key["id"], "PUT", json={"scopes": [COURSES]}).status == 400  # type: ignore[attr-defined]
    assert re.fullmatch(r"\d+", str(key["id"]))
