"""Policies of keys through the whole application: behind proxies, at the token endpoint, and in introspection."""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from keystead.core.instants import DAY, HOUR, SECOND, Instant
from keystead.core.key_hours import Hours
from keystead.core.key_policies import KeyPolicy
from keystead.core.keys import SecurityProfile
from keystead.storage.transaction import Origin
from keystead.storage.write.key_policies import put_policy
from oauth_bench import NORTH, SOUTH, Client, OAuthBench, refused

INSIDE, OUTSIDE, PROXY = "203.0.113.9", "198.51.100.1", "10.99.0.1"
OFFICE = (ip_network("203.0.113.0/24"),)
ALWAYS = Hours(zone="UTC", days=frozenset(range(7)), opens=0, closes=0)
REFRESH_UNKNOWN = ("invalid_grant", "refresh_token not found")
NO_CODE = ("invalid_grant", "authorization_code not found")


def lay_down(bench: OAuthBench, client: Client | None, host: str = NORTH, **values: Any) -> None:
    key_id = None if client is None else client.id
    with bench.database.write(Origin(surface="test")) as tx:
        put_policy(tx, KeyPolicy(account_id=bench.accounts[host], key_id=key_id, **values), None)


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OAuthBench]:
    """The application behind a proxy that it trusts."""
    made = OAuthBench(tmp_path_factory.mktemp("behind"), trusted_proxies=(ip_network("10.99.0.0/16"),),
                      check_from=(ip_network("10.99.0.0/16"),))  # fmt: skip
    made.clear_the_table()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("peer", "forwarded", "may"),
    [
        (INSIDE, None, True),
        (OUTSIDE, None, False),
        (OUTSIDE, INSIDE, False),
        (PROXY, INSIDE, True),
        (PROXY, f"{OUTSIDE}, {INSIDE}", True),
        (PROXY, f"{INSIDE}, {OUTSIDE}", False),
        (PROXY, f"{INSIDE}, {PROXY}", True),
        (PROXY, f"{INSIDE}:443", False),
        (PROXY, None, False),
    ],
)
def test_it_is_the_callers_address_that_counts_and_only_our_proxies_are_believed(
    behind: OAuthBench, peer: str, forwarded: str | None, may: bool
) -> None:
    client = behind.key()
    token = behind.issued(client)["access_token"]
    lay_down(behind, client, ranges=OFFICE)
    sent = {"authorization": f"Bearer {token}"} | ({} if forwarded is None else {"x-forwarded-for": forwarded})
    browser = behind.browser(address=peer)

    called = [browser.get("/api/v1/users/self", headers=sent).status_code for _ in range(2)]

    assert called == [200 if may else 401] * 2
    if peer == PROXY:
        named = {"x-original-method": "GET", "x-original-uri": "/api/v1/users/self", "x-forwarded-host": NORTH}
        more = {**sent, **named, "x-forwarded-proto": "http"}
        answered = [browser.get("/gateway/check", headers=more).status_code for _ in range(2)]
        assert answered == [204 if may else 401] * 2


def test_an_expired_key_gives_no_tokens_and_a_later_date_brings_it_back(bench: OAuthBench) -> None:
    client = bench.key()
    first, code = bench.issued(client), bench.code(client)
    lay_down(bench, client, expires_at=bench.clock.now)

    asking = bench.browser().signed_in().authorize(client)
    refused(bench.exchange(client, code), 400, NO_CODE)
    refused(bench.refresh(client, first["refresh_token"]), 400, REFRESH_UNKNOWN)

    assert asking.status_code == 401 or "error" in asking.headers.get("location", "")
    lay_down(bench, client, expires_at=Instant(bench.clock.now + DAY))
    assert bench.exchange(client, code).status_code == 200
    assert bench.refresh(client, first["refresh_token"]).status_code == 200


def test_a_key_expires_only_where_that_was_laid_down(bench: OAuthBench) -> None:
    client = bench.key(owner=None, on=NORTH, profile=SecurityProfile.STRICT, redirect_uris=("https://tool.test/cb",))
    lay_down(bench, client, host=SOUTH, expires_at=bench.clock.now)
    plain = bench.key()

    first = bench.issued(plain)

    assert bench.refresh(plain, first["refresh_token"]).status_code == 200
    assert bench.browser().signed_in().authorize(client).status_code != 401


def test_introspection_says_that_it_depends_on_the_address_and_takes_one(bench: OAuthBench) -> None:
    client = bench.key()
    token = bench.issued(client)["access_token"]
    lay_down(bench, client, ranges=OFFICE)

    def told(**more: str) -> dict[str, Any]:
        sent = {**client.credentials, "token": token, **more}
        reply: dict[str, Any] = bench.browser().post("/login/oauth2/introspect", sent).json()
        return reply

    assert told() == {"active": False, "depends_on_address": True}
    assert told(address=INSIDE)["active"] is True
    assert told(address=OUTSIDE) == {"active": False}
    assert told(address="nowhere") == {"active": False}


def test_introspection_tells_no_stranger_what_it_depends_on(bench: OAuthBench) -> None:
    client, other = bench.key(), bench.key()
    token = bench.issued(client)["access_token"]
    lay_down(bench, client, ranges=OFFICE)

    answer = bench.browser().post("/login/oauth2/introspect", {**other.credentials, "token": token})

    assert answer.json() == {"active": False}


def test_introspection_tells_the_end_of_the_hours_and_of_the_key(bench: OAuthBench) -> None:
    client = bench.key()
    token = bench.issued(client)["access_token"]
    midnight = ALWAYS.open_until(bench.clock.now)
    assert midnight is not None

    def ends() -> int:
        sent = {**client.credentials, "token": token}
        return int(bench.browser().post("/login/oauth2/introspect", sent).json()["exp"])

    lay_down(bench, client, hours=ALWAYS)
    assert ends() == midnight // SECOND
    bench.clock.pass_seconds((midnight - bench.clock.now) // SECOND)
    assert ends() == (midnight + DAY) // SECOND
    lay_down(bench, client, hours=ALWAYS, expires_at=Instant(bench.clock.now + HOUR))
    assert ends() == (bench.clock.now + HOUR) // SECOND
