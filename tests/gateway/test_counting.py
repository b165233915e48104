"""Every judged call is counted once, whichever door it comes through and whatever is said to it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from gateway_bench import GatewayBench
from keys_bench import COURSES, local
from keystead.config import LOOPBACK
from keystead.core.throttle import USUAL
from keystead.core.usage import Dimension
from keystead.gateway.at_once import AtOnce
from keystead.gateway.levels import Levels
from keystead.gateway.throttle import Throttle
from world import SITE_PERSON

PAGES = "url:GET|/api/v1/courses/:course_id/pages"
USERS = "url:GET|/api/v1/accounts/:account_id/users"
MAKE_PAGE = "url:POST|/api/v1/courses/:course_id/pages"


def counted(gate: GatewayBench, key: int, dimension: Dimension = Dimension.CALL) -> Counter[tuple[str, str, str]]:
    """Return what was counted of a key since the last time, by scope, value and outcome."""
    found: Counter[tuple[str, str, str]] = Counter()
    for name, times in gate.calls.take().items():
        if name.key_id == local(key) and name.dimension is dimension:
            found[name.scope, name.value, name.outcome] += times
    return found


def quick_side(gate: GatewayBench, trusted: Sequence[Any] = ()) -> AtOnce:
    check = gate.check
    return AtOnce(
        judge=check._judge, identities=check._identities, own_paths=check._own_paths, audience=check._audience,
        public_url=None, check_from=(), clock=gate.clock, trusted=trusted, throttle=check._throttle,
    )  # fmt: skip


def asked_by_nginx(token: str, *more: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    return [
        (b"host", b"keystead.test"), (b"authorization", f"Bearer {token}".encode()), (b"x-original-method", b"GET"),
        (b"x-original-uri", b"/api/v1/courses/7/pages"), *more,
    ]  # fmt: skip


def test_each_way_through_the_proxy_counts_a_call_once(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON, PAGES, MAKE_PAGE, USERS)
    gate.calls.take()

    for target in ("/api/v1/courses/7/pages", "/api/v1/courses/8/pages", "/api/v1/courses/8/pages?include=x"):
        assert gate.ask("GET", target, token=token).status == 200
    assert gate.ask("POST", "/api/v1/courses/8/pages", token=token, body=b"{}", content_type="text/x").status == 200
    assert gate.ask("GET", "/api/v1/accounts/2/users", token=token).status == 200
    assert gate.ask("GET", "/api/v1/courses", token=token).status == 401
    assert gate.ask("HEAD", "/api/v1/courses/9/pages", token=token).status == 200

    taken = gate.calls.take()
    by_dimension: dict[str, Counter[Any]] = {}
    for name, times in taken.items():
        if name.key_id == local(key["id"]):
            by_dimension.setdefault(name.dimension, Counter())[name.scope, name.value, name.outcome] += times
    assert by_dimension["call"] == {
        (PAGES, "", "allowed"): 4, (MAKE_PAGE, "", "allowed"): 1, (USERS, "", "allowed"): 1,
        (COURSES, "", "scope_missing"): 1,
    }  # fmt: skip
    assert by_dimension["course"] == {
        (PAGES, "7", "allowed"): 1, (PAGES, "8", "allowed"): 2, (PAGES, "9", "allowed"): 1,
        (MAKE_PAGE, "8", "allowed"): 1,
    }  # fmt: skip
    assert by_dimension["account"] == {(USERS, "2", "allowed"): 1}
    assert by_dimension["network"] == {("", "127.0.0.0/24", "allowed"): 6, ("", "127.0.0.0/24", "scope_missing"): 1}
    assert sum(by_dimension["person"].values()) == 7


def test_forward_auth_counts_a_call_once_however_it_is_answered(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON, PAGES)
    sent = [("x-original-method", "GET"), ("x-original-uri", "/api/v1/courses/7/pages")]
    gate.ask("GET", "/gateway/check", token=token, headers=sent)
    gate.calls.take()

    assert gate.ask("GET", "/gateway/check", token=token, headers=sent).status == 204
    for _ in range(3):
        assert quick_side(gate).answer(asked_by_nginx(token), "http", "10.1.2.3") is not None

    assert counted(gate, key["id"], Dimension.NETWORK) == {
        ("", "127.0.0.0/24", "allowed"): 1, ("", "10.1.2.0/24", "allowed"): 3,
    }  # fmt: skip


@pytest.mark.parametrize(("peer", "network"), [("127.0.0.1", "192.0.2.0/24"), ("198.51.100.9", "198.51.100.0/24")])
def test_only_a_proxy_of_ours_says_from_where_a_call_came(gate: GatewayBench, peer: str, network: str) -> None:
    key, token = gate.live_token(SITE_PERSON, PAGES)
    sent = [("x-original-method", "GET"), ("x-original-uri", "/api/v1/courses/7/pages")]
    for _ in range(2):
        gate.ask("GET", "/gateway/check", token=token, headers=sent)
    gate.calls.take()
    told = ((b"x-forwarded-for", b"203.0.113.5, 192.0.2.77"), (b"x-forwarded-proto", b"http"),
            (b"x-forwarded-host", b"keystead.test"))  # fmt: skip

    assert quick_side(gate, LOOPBACK).answer(asked_by_nginx(token, *told), "http", peer) is not None

    assert counted(gate, key["id"], Dimension.NETWORK) == {("", network, "allowed"): 1}


def test_a_throttled_call_is_counted_as_such_and_only_once(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON, PAGES)
    gate.ask("GET", "/api/v1/courses/7/pages", token=token)
    gate.calls.take()
    throttle = Throttle(Levels(), is_on=True, flat_cost=1.0, status=403)
    throttle._levels.settle(gate.gateway._judge.name_of(token), 700.0, USUAL)
    gate.gateway._throttle = throttle

    for target in ("/api/v1/courses/7/pages", "/api/v1/courses/7/pages", "/api/v1/courses/%37/pages"):
        assert gate.ask("GET", target, token=token).status == 403

    assert counted(gate, key["id"]) == {(PAGES, "", "throttled"): 3}


def test_a_call_without_a_known_token_is_counted_under_no_key(gate: GatewayBench) -> None:
    gate.calls.take()

    gate.ask("GET", "/api/v1/courses", token="unknown" * 9)
    gate.ask("GET", "/api/v1/courses")

    assert counted(gate, 0) == {(COURSES, "", "token_unknown"): 1, (COURSES, "", "no_credentials"): 1}
