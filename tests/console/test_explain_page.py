"""Does the page tell the truth about calls, to those who may know it, without a token in any address?"""

from urllib.parse import urlencode

import pytest

from console.test_key_pages import admin, keys, send, words
from keystead.core.bindings import BindingState
from keystead.core.ids import global_id
from oauth_bench import COURSES, NORTH, SOUTH, USERS, Browser, OAuthBench

__all__ = ["admin", "keys"]

PAGE = "/console/explain"


def explained(browser: Browser, **asked: str) -> str:
    """Ask on the page as a person does; return what it says."""
    answer = send(browser, PAGE, PAGE, *asked.items())
    if answer.status_code == 302:
        assert "token=" not in answer.headers["location"]
        answer = browser.get(answer.headers["location"])
    return words(answer)


def test_a_call_with_a_key_is_explained_check_by_check(bench: OAuthBench, admin: Browser) -> None:
    key = bench.key(name="Asked about", scopes=(COURSES,), require_scopes=True)
    asked = {"key": str(global_id(key.id)), "method": "GET"}

    passes = explained(admin, **asked, path="/api/v1/courses")
    lacks = explained(admin, **asked, path="GET http://north.test/api/v1/users/5?include[]=x")
    bench.bind(key, bench.accounts[NORTH], BindingState.OFF)
    off = explained(admin, **asked, path="/api/v1/courses")

    assert "The call passes." in passes
    assert "Acts with the permissions of Ada Person" in passes
    assert f"Add {USERS} to the key" in lacks
    assert "the client gets 401" in lacks
    assert "The account that governs the key here turns it on" in off
    assert "not reached" in off


def test_a_pasted_token_is_explained_and_stands_in_no_address(bench: OAuthBench, admin: Browser) -> None:
    key = bench.key(name="Pasted", scopes=(COURSES,), require_scopes=True)
    token = bench.issued(key, scope=COURSES)["access_token"]

    answer = send(admin, PAGE, PAGE, ("path", "/api/v1/courses"), ("method", "GET"), ("token", token))

    assert answer.status_code == 200
    assert "The call passes." in words(answer)
    assert "Acts with the permissions of Pat Person" in words(answer)
    assert token not in answer.text
    assert "content-encoding" not in answer.headers


def test_the_person_can_be_another_one_of_this_institution_only(bench: OAuthBench, admin: Browser) -> None:
    key = bench.key(name="For whom", scopes=(COURSES,), require_scopes=True)
    asked = {"key": str(global_id(key.id)), "path": "/api/v1/courses"}

    assert "Acts with the permissions of Pat Person" in explained(admin, **asked, person="pat")
    assert "There is no such key, token or person" in explained(admin, **asked, person="sue")
    assert "There is no such key, token or person" in explained(admin, **asked, person=str(bench.people["sue"]))


def test_a_refused_call_is_looked_up_by_its_id(bench: OAuthBench, admin: Browser) -> None:
    key = bench.key(name="Refused", scopes=(COURSES,), require_scopes=True)
    token = bench.issued(key, scope=COURSES)["access_token"]
    refused = bench.call(token, "/api/v1/users/7")
    decision = refused.headers["x-keystead-decision"]

    page = explained(admin, decision=decision)
    latest = words(admin.get(PAGE))
    own = explained(bench.browser(NORTH).signed_in("pat"), decision=decision)
    other = explained(bench.browser(NORTH).signed_in("lee"), decision=decision)
    unknown = explained(admin, decision="nonsense")

    assert "GET /api/v1/users/7" in page
    assert f"Missing scope {USERS}" in page
    assert "The same call now" in page
    assert "GET /api/v1/users/7" in latest
    assert "GET /api/v1/users/7" in own
    assert "Refused lately" not in own
    assert "No refused call with this id is known here." in other
    assert "No refused call with this id is known here." in unknown


def test_other_institutions_keys_and_tokens_are_not_explained(bench: OAuthBench, admin: Browser) -> None:
    theirs = bench.key(owner=SOUTH, on=SOUTH, name="Southern secret")
    code = bench.code(theirs, login="sue", host=SOUTH)
    form = {"grant_type": "authorization_code", "code": code, **theirs.credentials}
    token = bench.token(form | {"redirect_uri": "https://tool.test/cb"}, headers={"host": SOUTH}).json()["access_token"]

    by_key = explained(admin, key=str(global_id(theirs.id)), path="/api/v1/courses")
    by_token = explained(admin, token=token, path="/api/v1/courses")

    assert "There is no such key, token or person" in by_key
    assert "Southern secret" not in by_key
    assert "There is no such key, token or person" in by_token
    assert "Sue" not in by_token


@pytest.mark.parametrize(
    "asked", [{"path": "/api/v1/courses"}, {"path": "/api/v1/courses", "key": "1", "token_id": "1"}]
)
def test_one_thing_must_be_chosen(admin: Browser, asked: dict[str, str]) -> None:
    assert "Choose one: a key, the id of a token, or a pasted token." in explained(admin, **asked)


@pytest.mark.parametrize("path", ["//x", "/api/v1/../x", "\\", "http://[", "/api/%00", "🙂", "x" * 5_000])
def test_an_odd_path_is_answered_in_words(bench: OAuthBench, admin: Browser, path: str) -> None:
    key = bench.key(name="Odd paths")

    answer = admin.get(f"{PAGE}?{urlencode({'path': path, 'key': str(global_id(key.id))})}")

    assert answer.status_code in (200, 400)
    assert "Explain a call" in answer.text
