"""Does the review of the key editor say what a change would stop, in the figures that the question before off has?"""

from console.test_key_pages import admin, fields, keys, scopes, send, stored, words
from oauth_bench import COURSES, USERS, Browser, Client, OAuthBench

__all__ = ["admin", "keys"]

SAID = fields(name="Tool", redirect_uris="https://tool.test/cb", require_scopes="1")


def called(bench: OAuthBench, key: Client, **asked: str) -> None:
    """Let pat and lee authorise a key; one call of courses and two of users pass."""
    for login, paths in (("pat", ("/api/v1/courses", "/api/v1/users/7")), ("lee", ("/api/v1/users/7",))):
        token = bench.issued(key, login=login, **asked)["access_token"]
        for path in paths:
            bench.call(token, path)


def test_taking_a_scope_tells_whose_calls_it_stops(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(scopes=(COURSES, USERS), require_scopes=True)
    called(bench, key, scope=f"{COURSES} {USERS}")
    one = f"{keys}/{key.id}"

    asked = send(admin, one, one, *SAID, *scopes(COURSES), ("do", "save"))
    off = admin.get(f"{one}/state?to=off")

    assert "What stops People who have authorized it 2 (with 2 live tokens)" in words(asked)
    assert "Calls in the last 90 days 2 (of 2 people) Calls a day less than one" in words(asked)
    assert "GET /api/v1/users/:id : 2" in words(asked)
    assert "GET /api/v1/courses : 1" not in words(asked)
    assert "Calls in the last 90 days 3 (of 2 people)" in words(off)
    assert stored(bench, key.id).scopes == (COURSES, USERS)


def test_enforcing_scopes_tells_which_calls_are_outside_them(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(scopes=())
    called(bench, key)
    one = f"{keys}/{key.id}"

    asked = send(admin, one, one, *SAID, *scopes(USERS), ("do", "save"))

    assert "Scopes are enforced from now on" in words(asked)
    assert "Calls in the last 90 days 1 (of 1 person)" in words(asked)
    assert "GET /api/v1/courses : 1" in words(asked)
    assert not stored(bench, key.id).require_scopes


def test_what_stops_nothing_tells_no_figures(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(scopes=(COURSES,), require_scopes=True)
    bench.issued(key, scope=COURSES)
    one = f"{keys}/{key.id}"

    asked = send(admin, one, one, *fields(name="Tool"), ("do", "save"))

    assert "Scopes are enforced no more" in words(asked)
    assert "What stops" not in words(asked)
