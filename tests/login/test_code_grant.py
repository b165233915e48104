"""The code grant: who gets a code's token, how often, and what it does to other tokens."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from keystead.actions.tokens import exchange_code
from keystead.core.bindings import BindingState
from keystead.gateway.facts import Cluster
from keystead.oauth.errors import CODE_UNKNOWN
from keystead.oauth.parameters import read_parameters
from keystead.oauth.replies import Issued
from keystead.storage.read.keys import get_key
from keystead.storage.transaction import Origin
from oauth_bench import (
    CALLBACK,
    CHALLENGE,
    COURSES,
    INVALID,
    NOT_FOUND,
    NOT_PROVEN,
    OTHER_CLIENT,
    PKCE,
    UNSUPPORTED,
    URL,
    USERS,
    VERIFIER,
    OAuthBench,
    refused,
    told,
)


def test_a_code_used_twice_revokes_what_it_issued(bench: OAuthBench) -> None:
    client = bench.key()
    code = bench.code(client)
    reply = bench.exchange(client, code).json()

    refused(bench.exchange(client, code), 400, NOT_FOUND)

    assert bench.call(reply["access_token"]).status_code == 401
    refused(bench.refresh(client, reply["refresh_token"]), 400, ("invalid_grant", "refresh_token not found"))
    assert len(bench.audited("token.ended_by_code_reuse")) == 1


def test_another_client_neither_gets_nor_burns_a_code(bench: OAuthBench) -> None:
    client, other = bench.key(), bench.key()
    code = bench.code(client)

    refused(bench.exchange(other, code), 400, OTHER_CLIENT)
    reply = bench.exchange(client, code)
    refused(bench.exchange(other, code), 400, NOT_FOUND)

    assert reply.status_code == 200
    assert bench.call(reply.json()["access_token"]).status_code == 200


@pytest.mark.parametrize(("seconds", "status"), [(599, 200), (600, 400), (601, 400)])
def test_a_code_lives_ten_minutes(bench: OAuthBench, seconds: int, status: int) -> None:
    client = bench.key()
    code = bench.code(client)
    bench.clock.pass_seconds(seconds)

    assert bench.exchange(client, code).status_code == status


def test_fifty_exchanges_at_once_give_one_token(bench: OAuthBench) -> None:
    client = bench.key()
    code = bench.code(client)
    given = read_parameters([("code", code)])

    def exchange(_: int) -> object:
        with bench.database.write(Origin(surface="test")) as tx:
            return exchange_code(tx, get_key(tx, client.id), given, Cluster())  # type: ignore[arg-type]  # readable

    with ThreadPoolExecutor(10) as threads:
        outcomes = list(threads.map(exchange, range(50)))

    assert sum(isinstance(outcome, Issued) for outcome in outcomes) == 1
    assert outcomes.count(CODE_UNKNOWN) == 49


def test_fifty_requests_at_once_give_one_token(bench: OAuthBench) -> None:
    client = bench.key()
    form = {"grant_type": "authorization_code", "code": bench.code(client), **client.credentials}
    browser = bench.browser()

    async def rush() -> list[httpx.Response]:
        return await asyncio.gather(*(browser.http.post(URL, data=form) for _ in range(50)))

    answers = bench.loop.run(rush())

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49


@pytest.mark.parametrize(
    ("asked", "verifier", "proven"),
    [
        (PKCE, VERIFIER, True),
        (PKCE, VERIFIER[:-1] + "l", False),
        (PKCE, None, False),
        (PKCE, VERIFIER[:42], False),
        (PKCE, "é" * 43, False),
        (PKCE, "a b+c\n" * 10, False),
        (PKCE, "a" * 129, False),
        (PKCE, CHALLENGE, False),
        ({}, None, True),
        ({}, VERIFIER, False),
        ({"code_challenge": CHALLENGE}, None, True),
        ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, None, True),
        ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, VERIFIER, False),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "S256\nplain"}, VERIFIER, False),
    ],
)
def test_proof_of_possession(
    bench: OAuthBench, asked: dict[str, str], verifier: str | None, proven: bool
) -> None:  # fmt: skip
    client = bench.key()
    code = bench.code(client, **asked)

    answer = bench.exchange(client, code, code_verifier=verifier)

    if proven:
        assert answer.status_code == 200
    else:
        refused(answer, 400, NOT_PROVEN)


def test_a_wrong_verifier_burns_the_code_and_a_missing_one_does_not(bench: OAuthBench) -> None:
    client = bench.key()
    guessed, forgotten = bench.code(client, **PKCE), bench.code(client, **PKCE)

    bench.exchange(client, guessed, code_verifier="x" * 43)
    bench.exchange(client, forgotten)

    refused(bench.exchange(client, guessed, code_verifier=VERIFIER), 400, NOT_FOUND)
    assert bench.exchange(client, forgotten, code_verifier=VERIFIER).status_code == 200


def test_another_client_with_the_right_verifier_fails(bench: OAuthBench) -> None:
    client, other = bench.key(), bench.key()

    refused(bench.exchange(other, bench.code(client, **PKCE), code_verifier=VERIFIER), 400, OTHER_CLIENT)


def test_a_public_client_needs_no_secret_when_it_proves_possession(bench: OAuthBench) -> None:
    client = bench.key(client_type="public")

    with_proof = bench.exchange(client, bench.code(client, **PKCE), code_verifier=VERIFIER, client_secret=None)
    without = bench.exchange(client, bench.code(client), client_secret=None)
    wrong = bench.exchange(client, bench.code(client, **PKCE), code_verifier=VERIFIER, client_secret="wrong")

    assert with_proof.status_code == 200
    refused(without, 401, INVALID)
    refused(wrong, 401, INVALID)


def test_a_person_suspended_in_between_is_not_given_away(bench: OAuthBench) -> None:
    client = bench.key()
    code = bench.code(client)
    bench.change_person("pat", state="suspended")

    refused(bench.exchange(client, code), 400, NOT_FOUND)


def test_a_key_that_is_off_in_between_still_exchanges_and_the_token_waits(bench: OAuthBench) -> None:
    client = bench.key()
    code = bench.code(client)
    bench.bind(client, bench.accounts["north.test"], BindingState.OFF)

    reply = bench.exchange(client, code)

    assert reply.status_code == 200
    assert bench.call(reply.json()["access_token"]).status_code == 401
    bench.bind(client, bench.accounts["north.test"], BindingState.ON)
    assert bench.call(reply.json()["access_token"]).status_code == 200


def test_a_scope_taken_from_the_key_in_between_is_not_given(bench: OAuthBench) -> None:
    client = bench.key(require_scopes=True, scopes=(COURSES, USERS))
    code = bench.code(client, scope=f"{COURSES} {USERS}")
    bench.change_key(client, scopes=(COURSES,))

    answer = bench.exchange(client, code)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
    assert bench.tokens("pat", client) == ()


def test_scopes_and_purpose_are_those_of_the_request(bench: OAuthBench) -> None:
    client = bench.key(require_scopes=True, scopes=(USERS, COURSES))

    bench.issued(client, scope=f"{COURSES} {USERS}", purpose="p" * 300)
    bench.issued(client, scope=COURSES)

    named, explicit = bench.tokens("pat", client)
    assert (explicit.scopes, explicit.purpose) == ((COURSES, USERS), "p" * 255)
    assert (named.scopes, named.purpose) == ((COURSES,), "Tool")


def test_each_code_gives_a_token_of_its_own(bench: OAuthBench) -> None:
    client = bench.key()

    first, second = bench.issued(client), bench.issued(client)

    assert bench.call(first["access_token"]).status_code == bench.call(second["access_token"]).status_code == 200


@pytest.mark.parametrize(("flag", "parameter"), [(True, None), (False, "1"), (False, "true")])
def test_replace_tokens_ends_the_person_s_other_tokens_of_the_key(
    bench: OAuthBench, flag: bool, parameter: str | None
) -> None:
    client, other = bench.key(replace_tokens=flag), bench.key()
    elsewhere, lees = bench.issued(other), bench.issued(client, login="lee")
    first = bench.issued(client)

    second = bench.exchange(client, bench.code(client), replace_tokens=parameter).json()

    assert bench.call(first["access_token"]).status_code == 401
    assert bench.refresh(client, first["refresh_token"]).status_code == 400
    for kept in (second, elsewhere, lees):
        assert bench.call(kept["access_token"]).status_code == 200


def test_a_key_that_forces_reuse_keeps_its_token_under_a_new_credential(bench: OAuthBench) -> None:
    client = bench.key(force_token_reuse=True)
    first = bench.issued(client, purpose="p")
    browser = bench.browser().signed_in()

    sent = browser.authorize(client, purpose="p")
    second = bench.exchange(client, told(sent)["code"]).json()

    assert len(bench.tokens("pat", client)) == 1
    assert "refresh_token" not in second
    assert bench.call(first["access_token"]).status_code == 401
    assert bench.call(second["access_token"]).status_code == 200
    assert bench.refresh(client, first["refresh_token"]).status_code == 200
    assert browser.authorize(client, purpose="q").headers["location"] == "/login/oauth2/confirm"
    assert browser.authorize(client, purpose="p", scope="s").headers["location"] == "/login/oauth2/confirm"


def test_identity_alone_gives_no_token(bench: OAuthBench) -> None:
    client = bench.key(require_scopes=True, scopes=("/auth/userinfo",), auto_expire_tokens=True)

    reply = bench.issued(client, scope="/auth/userinfo")

    assert reply.pop("user")["name"] == "Pat Person"
    assert reply == {"access_token": None, "token_type": "Bearer", "canvas_region": "unknown", "expires_in": 3600}


def test_a_strict_key_sends_everything_the_way_it_should(bench: OAuthBench) -> None:
    client = bench.key(profile="strict", require_scopes=True, scopes=(COURSES, USERS))

    def exchange(form: dict[str, Any] | None = None, **sent: Any) -> httpx.Response:
        code = bench.code(client, scope=f"{USERS} {COURSES}", **PKCE)
        good = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **client.credentials,
        }
        return bench.token(good | (form or {}), **sent)

    good = exchange()
    secret_in_query = exchange({"client_secret": None}, params={"client_secret": client.secret})

    assert good.json()["scope"] == f"{USERS} {COURSES}"
    refused(secret_in_query, 401, INVALID)
    refused(exchange({"grant_type": None}), 400, UNSUPPORTED)
    refused(exchange({"redirect_uri": None}), 400, NOT_PROVEN)
    refused(exchange({"redirect_uri": f"{CALLBACK}/"}), 400, NOT_PROVEN)
    refused(exchange({"code_verifier": None}), 400, NOT_PROVEN)


@pytest.mark.parametrize(("below", "status"), [(True, 200), (False, 400)])
def test_a_strict_key_must_still_be_on_somewhere(bench: OAuthBench, below: bool, status: int) -> None:
    client = bench.key(profile="strict")
    code = bench.code(client, **PKCE)
    bench.bind(client, bench.accounts["north.test"], BindingState.ALLOW)
    if below:
        bench.bind(client, bench.sub_account("north.test"), BindingState.ON)

    answer = bench.exchange(client, code, code_verifier=VERIFIER, redirect_uri=CALLBACK)

    assert answer.status_code == status


def test_wrong_secrets_are_slowed_down_for_this_key_and_address_only(bench: OAuthBench) -> None:
    client, other = bench.key(), bench.key()
    wrong = {"grant_type": "refresh_token", "refresh_token": "r", **client.credentials, "client_secret": "wrong"}
    right = wrong | client.credentials

    failures = {bench.token(wrong).status_code for _ in range(300)}
    slowed = bench.token(right)

    assert failures == {401}
    assert slowed.status_code == 429
    assert slowed.json()["error"] == "slow_down"
    assert set(slowed.json()) == {"error", "error_description"}
    assert (slowed.headers["retry-after"], slowed.headers["cache-control"]) == ("60", "no-store")
    assert bench.token(right, address="10.9.9.9").json()["error_description"] == "refresh_token not found"
    assert bench.token(right | other.credentials).status_code == 400
