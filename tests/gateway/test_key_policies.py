"""From where, when and until when a key may be used: at both doors, at once, and for tokens that are remembered."""

from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest

from gateway_bench import GatewayBench
from keys_bench import COURSES, local
from keystead.config import LOOPBACK
from keystead.core.ids import AccountId, KeyId
from keystead.core.instants import HOUR, SECOND, Instant
from keystead.core.key_hours import Hours
from keystead.core.key_policies import KeyPolicy
from keystead.gateway.at_once import AtOnce
from keystead.storage.transaction import Origin
from keystead.storage.write.key_policies import put_policy
from world import SITE_PERSON

INSIDE, OUTSIDE = "203.0.113.9", "198.51.100.1"
OFFICE = (ip_network("203.0.113.0/24"),)
CALL = "/api/v1/courses"
ASKED = [("x-original-method", "GET"), ("x-original-uri", CALL)]


def lay_down(gate: GatewayBench, account: int = 2, key: int | None = None, **values: Any) -> None:
    key_id = None if key is None else KeyId(local(key))
    with gate.database.write(Origin(surface="test")) as tx:
        put_policy(tx, KeyPolicy(account_id=AccountId(account), key_id=key_id, **values), None)


def passes(gate: GatewayBench, token: str, peer: str = "127.0.0.1") -> bool:
    """Whether both doors let a call from an address pass; they must agree."""
    through = gate.ask("GET", CALL, token=token, peer=peer)
    assert through.status in (200, 401)
    if through.status == 401:
        assert through.json == {"errors": [{"message": "Invalid access token."}]}
        assert through.named("www-authenticate") == ['Bearer realm="canvas-lms"']
    return through.status == 200


def asked(gate: GatewayBench, token: str) -> bool:
    """Whether the second door lets a call pass; only loopback may ask."""
    return gate.ask("GET", "/gateway/check", token=token, headers=ASKED).status == 204


@pytest.mark.parametrize("account", [1, 2])
@pytest.mark.parametrize("of_all", [False, True])
def test_a_key_bound_to_addresses_is_refused_elsewhere_at_once(gate: GatewayBench, account: int, of_all: bool) -> None:
    key, token = gate.live_token(SITE_PERSON, COURSES)
    for _ in range(2):
        assert passes(gate, token, OUTSIDE)

    lay_down(gate, account, None if of_all else key["id"], ranges=OFFICE)

    for _ in range(2):
        assert passes(gate, token, INSIDE)
        assert not passes(gate, token, OUTSIDE)
        assert passes(gate, token, f"::ffff:{INSIDE}")
        assert not asked(gate, token)
    lay_down(gate, account, None if of_all else key["id"])
    assert passes(gate, token, OUTSIDE)


def test_other_keys_are_not_concerned_by_a_policy_about_one(gate: GatewayBench) -> None:
    (key, _), (_, other) = gate.live_token(SITE_PERSON, COURSES), gate.live_token(SITE_PERSON, COURSES)

    lay_down(gate, 2, key["id"], ranges=OFFICE, expires_at=Instant(1))

    assert passes(gate, other, OUTSIDE)


def test_every_policy_must_agree(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON, COURSES)

    lay_down(gate, 1, ranges=(ip_network("203.0.0.0/16"),))
    lay_down(gate, 2, ranges=(ip_network("0.0.0.0/0"),))
    lay_down(gate, 2, key["id"], ranges=OFFICE)

    assert [passes(gate, token, peer) for peer in (INSIDE, "203.0.1.1", OUTSIDE)] == [True, False, False]


def test_a_remembered_token_stops_with_the_hours_and_begins_again_with_the_next(gate: GatewayBench) -> None:
    """No commit is needed for either, and after the night the quick way is taken again."""
    key, token = gate.live_token(SITE_PERSON, COURSES)
    day = Hours(zone="UTC", days=frozenset(range(7)), opens=8 * 60, closes=18 * 60)
    lay_down(gate, 2, key["id"], hours=day)
    noon = datetime.fromtimestamp(gate.clock.now // SECOND, UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    start = Instant(int(noon.timestamp()) * SECOND)
    judge, seen = gate.gateway._judge, []
    match = judge.table.match("GET", CALL)

    for hours in (0, 5, 6, 19, 20, 29, 30):
        gate.clock.now = Instant(start + hours * HOUR)
        seen.append((passes(gate, token), asked(gate, token)))
        stands = judge.standing(token.encode(), "keystead.test", match, gate.clock.now) is not None
        assert seen[-1] == (stands, stands)

    assert [through for through, _ in seen] == [True, True, False, False, True, True, False]


def test_a_remembered_token_stops_when_its_key_expires(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON, COURSES)
    lay_down(gate, 2, key["id"], expires_at=Instant(gate.clock.now + HOUR))
    assert passes(gate, token)

    gate.clock.now = Instant(gate.clock.now + HOUR - 1)
    assert passes(gate, token)
    gate.clock.now = Instant(gate.clock.now + 1)

    assert not passes(gate, token)
    assert not asked(gate, token)
    lay_down(gate, 2, key["id"], expires_at=Instant(gate.clock.now + HOUR))
    assert passes(gate, token)


def quick(gate: GatewayBench) -> AtOnce:
    full = gate.check
    return AtOnce(
        judge=full._judge, identities=full._identities, own_paths=full._own_paths, audience=full._audience,
        public_url=full._public_url, check_from=LOOPBACK, clock=full._clock, trusted=LOOPBACK,
    )  # fmt: skip


def test_answered_at_once_it_is_the_address_behind_our_proxies_that_counts(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON, COURSES)
    lay_down(gate, 2, key["id"], ranges=OFFICE)
    assert [passes(gate, token, INSIDE) for _ in range(2)] == [True, True]
    at_once = quick(gate)

    def answered(forwarded: str | None, peer: str = "127.0.0.1") -> bool:
        said = {
            b"host": b"keystead.test", b"x-forwarded-host": b"keystead.test", b"x-forwarded-proto": b"http",
            b"x-original-method": b"GET", b"x-original-uri": CALL.encode(),
            b"authorization": b"Bearer " + token.encode(),
        }  # fmt: skip
        if forwarded is not None:
            said[b"x-forwarded-for"] = forwarded.encode()
        return at_once.answer(said.items(), "http", peer) is not None

    assert answered(INSIDE)
    assert answered(f"{OUTSIDE}, {INSIDE}, 127.0.0.1")
    assert not answered(f"{INSIDE}, {OUTSIDE}")
    assert not answered("unknown")
    assert not answered(None)
    assert not answered(INSIDE, OUTSIDE)
