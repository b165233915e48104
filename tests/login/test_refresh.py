"""The refresh grant, and ``DELETE /login/oauth2/token``."""

import asyncio
from typing import Any

import httpx
import pytest

from keystead.core.bindings import BindingState
from keystead.core.keys import KeyState
from oauth_bench import CALLBACK, CHALLENGE, COURSES, NORTH, VERIFIER, Client, OAuthBench

URL = "/login/oauth2/token"
NOT_FOUND = {"error": "invalid_grant", "error_description": "refresh_token not found"}
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
INVALID_TOKEN = {"errors": [{"message": "Invalid access token."}]}


def first_of(bench: OAuthBench, client: Client) -> dict[str, Any]:
    """Go the whole way with PKCE; return the token reply."""
    code = bench.code(client, **PKCE)
    reply: dict[str, Any] = bench.exchange(client, code, code_verifier=VERIFIER, redirect_uri=CALLBACK).json()
    return reply


def test_a_refresh_keeps_the_row_and_ends_the_old_access_token_at_once(bench: OAuthBench) -> None:
    client = bench.key(auto_expire_tokens=True)
    first = bench.issued(client)
    (row,) = bench.tokens("pat", client)
    bench.clock.pass_seconds(10_000)

    answer = bench.refresh(client, first["refresh_token"], scope="more", redirect_uri="https://x.test/")
    again = bench.refresh(client, first["refresh_token"])

    reply = answer.json()
    assert answer.status_code == again.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert set(reply) == {"access_token", "token_type", "user", "canvas_region", "expires_in"}
    assert reply["expires_in"] == 3600
    assert [token.id for token in bench.tokens("pat", client)] == [row.id]
    assert bench.tokens("pat", client)[0].scopes == row.scopes
    assert bench.call(first["access_token"]).status_code == bench.call(reply["access_token"]).status_code == 401
    assert bench.call(again.json()["access_token"]).status_code == 200


def test_an_access_token_ends_after_its_hour_and_a_refresh_brings_it_back(bench: OAuthBench) -> None:
    client = bench.key(auto_expire_tokens=True)
    first = bench.issued(client)

    bench.clock.pass_seconds(3599)
    before = bench.call(first["access_token"]).status_code
    bench.clock.pass_seconds(1)
    after = bench.call(first["access_token"]).status_code

    assert (before, after) == (200, 401)
    assert bench.refresh(client, first["refresh_token"]).status_code == 200


def test_another_client_gets_nothing_and_ends_nothing(bench: OAuthBench) -> None:
    client, other = bench.key(), bench.key()
    first = bench.issued(client)

    answer = bench.refresh(other, first["refresh_token"])

    assert answer.json() == {"error": "invalid_grant", "error_description": "incorrect client"}
    assert bench.call(first["access_token"]).status_code == 200
    assert bench.refresh(client, first["refresh_token"]).status_code == 200


def test_an_access_token_is_no_refresh_token(bench: OAuthBench) -> None:
    client = bench.key()

    answer = bench.refresh(client, bench.issued(client)["access_token"])

    assert (answer.status_code, answer.json()) == (400, NOT_FOUND)


@pytest.mark.parametrize("state", [KeyState.INACTIVE, KeyState.DELETED])
def test_a_key_that_is_not_active_is_unknown(bench: OAuthBench, state: KeyState) -> None:
    client = bench.key()
    first = bench.issued(client)
    bench.change_key(client, state=state)

    answer = bench.refresh(client, first["refresh_token"])

    assert (answer.status_code, answer.json()["error_description"]) == (401, "unknown client")


def test_a_binding_that_is_off_does_not_stop_a_refresh(bench: OAuthBench) -> None:
    client = bench.key()
    first = bench.issued(client)
    bench.bind(client, bench.accounts[NORTH], BindingState.OFF)

    answer = bench.refresh(client, first["refresh_token"])

    assert answer.status_code == 200
    assert bench.call(answer.json()["access_token"]).json() == INVALID_TOKEN


def test_a_strict_key_must_be_on_to_refresh(bench: OAuthBench) -> None:
    client = bench.key(profile="strict")
    first = first_of(bench, client)
    bench.bind(client, bench.accounts[NORTH], BindingState.OFF)

    assert bench.refresh(client, first["refresh_token"]).json() == NOT_FOUND


def test_a_suspended_person_s_token_is_not_refreshed(bench: OAuthBench) -> None:
    client = bench.key()
    first = bench.issued(client)
    bench.change_person("pat", state="suspended")

    assert bench.refresh(client, first["refresh_token"]).json() == NOT_FOUND


def test_a_public_client_gets_a_new_refresh_token_and_two_more_hours(bench: OAuthBench) -> None:
    client = bench.key(client_type="public")
    first = first_of(bench, client)
    bench.clock.pass_seconds(7000)

    second = bench.refresh(client, first["refresh_token"], client_secret=None).json()
    bench.clock.pass_seconds(7000)
    third = bench.refresh(client, second["refresh_token"], client_secret=None)
    bench.clock.pass_seconds(7200)
    late = bench.refresh(client, third.json()["refresh_token"], client_secret=None)

    assert second["refresh_token"] != first["refresh_token"]
    assert len(second["refresh_token"]) == len(second["access_token"]) == 64
    assert third.status_code == 200
    assert (late.status_code, late.json()) == (400, NOT_FOUND)


@pytest.mark.parametrize("values", [{"profile": "strict"}, {"client_type": "public"}])
def test_a_refresh_token_used_twice_ends_the_family(bench: OAuthBench, values: dict[str, str]) -> None:
    client = bench.key(**values)
    first = first_of(bench, client)
    second = bench.refresh(client, first["refresh_token"]).json()
    third = bench.refresh(client, second["refresh_token"]).json()

    replayed = bench.refresh(client, first["refresh_token"])

    assert (replayed.status_code, replayed.json()) == (400, NOT_FOUND)
    assert bench.call(third["access_token"]).status_code == 401
    assert bench.refresh(client, third["refresh_token"]).json() == NOT_FOUND
    assert len(bench.audited("token.ended_by_refresh_reuse")) == 1


@pytest.mark.parametrize(("seconds", "status"), [(10, 200), (11, 400)])
def test_a_retry_within_seconds_gets_the_same_answer(bench: OAuthBench, seconds: int, status: int) -> None:
    client = bench.key(profile="strict")
    first = first_of(bench, client)
    second = bench.refresh(client, first["refresh_token"]).json()
    bench.clock.pass_seconds(seconds)

    retried = bench.refresh(client, first["refresh_token"])

    assert retried.status_code == status
    assert (retried.json() == second) is (status == 200)
    assert (bench.call(second["access_token"]).status_code == 200) is (status == 200)


def test_refreshes_at_once_stay_one_family(bench: OAuthBench) -> None:
    client = bench.key(profile="strict")
    form = {"grant_type": "refresh_token", "refresh_token": first_of(bench, client)["refresh_token"]}
    browser = bench.browser()

    async def rush() -> list[httpx.Response]:
        return await asyncio.gather(*(browser.http.post(URL, data=form | client.credentials) for _ in range(20)))

    answers = bench.loop.run(rush())

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["access_token"] for answer in answers}) == 1


def test_another_client_s_replay_ends_nothing(bench: OAuthBench) -> None:
    client, other = bench.key(profile="strict"), bench.key(profile="strict")
    first = first_of(bench, client)
    second = bench.refresh(client, first["refresh_token"]).json()
    bench.clock.pass_seconds(60)

    answer = bench.refresh(other, first["refresh_token"])

    assert answer.json()["error_description"] == "incorrect client"
    assert bench.call(second["access_token"]).status_code == 200


def test_a_strict_key_s_refresh_token_must_not_stand_in_the_query(bench: OAuthBench) -> None:
    client = bench.key(profile="strict")
    first = first_of(bench, client)

    answer = bench.token(
        {"grant_type": "refresh_token", **client.credentials}, params={"refresh_token": first["refresh_token"]}
    )

    assert answer.status_code == 401


def delete(bench: OAuthBench, token: str | None, **sent: Any) -> httpx.Response:
    """Ask for the end of a token."""
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return bench.browser().request("DELETE", URL, headers=headers, **sent)


def test_a_token_ends_itself_whatever_its_scopes(bench: OAuthBench) -> None:
    client = bench.key(require_scopes=True, scopes=(COURSES,))
    first = bench.issued(client, scope=COURSES)

    answer = delete(bench, first["access_token"])

    assert (answer.status_code, answer.json()) == (200, {})
    assert answer.headers["cache-control"] == "no-store"
    assert bench.call(first["access_token"]).status_code == 401
    assert bench.refresh(client, first["refresh_token"]).json() == NOT_FOUND


@pytest.mark.parametrize("where", ["params", "data", "json"])
def test_the_token_may_stand_in_query_or_body(bench: OAuthBench, where: str) -> None:
    token = bench.issued(bench.key())["access_token"]

    answer = delete(bench, None, **{where: {"access_token": token}})

    assert (answer.status_code, answer.json()) == (200, {})


@pytest.mark.parametrize(("parameter", "ended"), [(None, False), ("0", False), ("1", True)])
def test_the_person_s_sessions_end_when_asked(bench: OAuthBench, parameter: str | None, ended: bool) -> None:
    browser = bench.browser().signed_in()
    token = bench.issued(bench.key())["access_token"]

    delete(bench, token, params={} if parameter is None else {"expire_sessions": parameter})

    assert (browser.get("/profile/settings").status_code == 302) is ended


def test_without_a_token_nothing_is_deleted(bench: OAuthBench) -> None:
    expected = {"message": "can't delete OAuth access token when not using an OAuth access token"}

    nobody = delete(bench, None)
    browser = bench.browser().signed_in().request("DELETE", URL)

    assert (nobody.status_code, nobody.json()) == (browser.status_code, browser.json()) == (400, expected)


@pytest.mark.parametrize("token", ["nonsense", ""])
def test_a_bad_token_is_told_so(bench: OAuthBench, token: str) -> None:
    answer = delete(bench, token)

    assert (answer.status_code, answer.json()) == (401, INVALID_TOKEN)
    assert answer.headers["www-authenticate"] == 'Bearer realm="canvas-lms"'
