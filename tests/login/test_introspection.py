"""Introspection (RFC 7662) and revocation (RFC 7009): who is told what of a token, and who may end it."""

from typing import Any

import httpx
import pytest

from keystead.core.actors import UserState
from keystead.core.bindings import BindingState
from keystead.core.keys import ClientType, KeyState
from oauth_bench import CHALLENGE, COURSES, NORTH, SOUTH, VERIFIER, Client, OAuthBench

INTROSPECT, REVOKE = "/login/oauth2/introspect", "/login/oauth2/revoke"
NO = {"active": False}
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


def ask(bench: OAuthBench, client: Client, token: str, *, host: str = NORTH, **more: Any) -> httpx.Response:
    return bench.browser(host).request("POST", INTROSPECT, data={**client.credentials, "token": token}, **more)


def revoke(bench: OAuthBench, client: Client, token: str, **more: str) -> httpx.Response:
    return bench.browser().request("POST", REVOKE, data={**client.credentials, "token": token, **more})


def test_a_client_is_told_about_its_own_token(bench: OAuthBench) -> None:
    client = bench.key(auto_expire_tokens=True, require_scopes=True, scopes=(COURSES,))
    issued = bench.issued(client, scope=COURSES)

    answer = ask(bench, client, issued["access_token"])

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    now = bench.clock() // 1_000_000
    assert answer.json() == {
        "active": True, "scope": COURSES, "client_id": str(10_000_000_000_000 + client.id),
        "sub": str(issued["user"]["id"]), "iss": f"http://{NORTH}", "iat": now, "exp": now + 3600,
        "token_type": "Bearer", "username": "pat",
    }  # fmt: skip
    bench.clock.pass_seconds(3600)
    assert ask(bench, client, issued["access_token"]).json() == NO


def test_basic_authentication_does_too(bench: OAuthBench) -> None:
    client = bench.key()
    token = bench.issued(client)["access_token"]

    answer = bench.browser().request("POST", INTROSPECT, data={"token": token}, auth=(str(client.id), client.secret))

    assert answer.json()["active"] is True
    assert "exp" not in answer.json()


def test_a_refresh_token_is_known_too_until_it_is_over(bench: OAuthBench) -> None:
    client = bench.key(auto_expire_tokens=True)
    issued = bench.issued(client)

    told = ask(bench, client, issued["refresh_token"]).json()

    assert told["active"] is True
    assert "token_type" not in told
    assert "exp" not in told
    assert revoke(bench, client, issued["access_token"]).status_code == 200
    assert ask(bench, client, issued["refresh_token"]).json() == NO


@pytest.mark.parametrize("why", ["key off", "key inactive", "person suspended", "unknown", "other host", "another's"])
def test_what_would_not_pass_is_not_active_and_nothing_more_is_said(bench: OAuthBench, why: str) -> None:
    client, asking = bench.key(), bench.key()
    token = bench.issued(client)["access_token"]
    host = NORTH
    match why:
        case "key off":
            asking = client
            bench.bind(client, bench.accounts[NORTH], BindingState.OFF)
        case "key inactive":
            bench.change_key(client, state=KeyState.INACTIVE)
            bench.change_key(asking, may_introspect=True)
        case "person suspended":
            asking = client
            bench.change_person("pat", state=UserState.SUSPENDED)
        case "unknown":
            token = "u" * 64
        case "other host":
            asking, host = client, SOUTH

    answer = ask(bench, asking, token, host=host)

    assert (answer.status_code, answer.content) == (200, b'{"active":false}')


def test_a_key_that_may_introspect_is_told_about_what_is_used_in_its_account_only(bench: OAuthBench) -> None:
    everywhere = bench.key(owner=None, on=NORTH)
    token = bench.issued(everywhere)["access_token"]
    north, south, site = bench.key(), bench.key(owner=SOUTH, on=SOUTH), bench.key(owner=None, on=NORTH)
    for client in (north, south, site):
        bench.change_key(client, may_introspect=True)

    told = {name: ask(bench, client, token).json()["active"] for name, client in
            (("north", north), ("south", south), ("site", site))}  # fmt: skip

    assert told == {"north": True, "south": False, "site": True}


@pytest.mark.parametrize(
    ("sent", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"token": ""}, 400, "invalid_request"),
        ({"token": "x", "client_secret": "wrong"}, 401, "invalid_client"),
        ({"token": "x", "client_id": "999999"}, 401, "invalid_client"),
        ({"token": "x", "client_id": "no number"}, 401, "invalid_client"),
        ({"token": "x", "client_secret": ""}, 401, "invalid_client"),
    ],
)
@pytest.mark.parametrize("path", [INTROSPECT, REVOKE])
def test_whoever_does_not_prove_to_be_a_client_is_refused(
    bench: OAuthBench, path: str, sent: dict[str, str], status: int, error: str
) -> None:
    client = bench.key()

    answer = bench.browser().request("POST", path, data={**client.credentials, **sent})

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize("path", [INTROSPECT, REVOKE])
def test_secrets_in_the_query_repetitions_and_other_verbs_are_refused(bench: OAuthBench, path: str) -> None:
    client = bench.key()
    form = {**client.credentials, "token": "x"}

    in_query = bench.browser().request("POST", path, params=form)
    twice = bench.browser().request("POST", path, content="token=a&token=b",
                                    headers={"content-type": "application/x-www-form-urlencoded"})  # fmt: skip

    assert (in_query.status_code, in_query.json()["error"]) == (400, "invalid_request")
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")
    assert bench.browser().request("GET", path).status_code == 405


def test_revoking_either_credential_ends_both_and_is_audited(bench: OAuthBench) -> None:
    client = bench.key(auto_expire_tokens=True)
    for which in ("access_token", "refresh_token"):
        issued = bench.issued(client)

        answer = revoke(bench, client, issued[which], token_type_hint="access_token")

        assert (answer.status_code, answer.json()) == (200, {})
        assert bench.call(issued["access_token"]).status_code == 401
        assert bench.refresh(client, issued["refresh_token"]).status_code == 400
    assert len(bench.audited("token.revoked_by_client")) == 2


def test_what_is_not_the_clients_own_is_answered_the_same_and_left_alone(bench: OAuthBench) -> None:
    client, other = bench.key(), bench.key()
    token = bench.issued(client)["access_token"]

    for credential in (token, "u" * 64):
        answer = revoke(bench, other, credential)
        assert (answer.status_code, answer.json()) == (200, {})

    assert bench.call(token).status_code == 200


def test_a_public_client_may_give_its_token_back_but_not_introspect(bench: OAuthBench) -> None:
    client = bench.key(client_type=ClientType.PUBLIC)
    code = bench.code(client, **PKCE)
    token = bench.exchange(client, code, code_verifier=VERIFIER, client_secret=None).json()["access_token"]
    form = {"client_id": str(client.id), "token": token}

    assert bench.browser().request("POST", INTROSPECT, data=form).status_code == 401
    assert bench.browser().request("POST", REVOKE, data=form).status_code == 200
    assert bench.call(token).status_code == 401
