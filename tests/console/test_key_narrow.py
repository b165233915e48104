"""Does a key come down to what it uses in one step, as it was read, and go back by one undo?"""

import re

import httpx
import pytest

from console.test_key_pages import admin, keys, send, stored, words
from keystead.core.instants import DAY
from keystead.core.usage import date_of
from oauth_bench import NORTH, SOUTH, Browser, Client, OAuthBench

__all__ = ["admin", "keys"]

PAGES = "url:GET|/api/v1/courses/:course_id/pages"
MAKE_PAGE = "url:POST|/api/v1/courses/:course_id/pages"
USERS = "url:GET|/api/v1/users/:id"
ALL = (PAGES, MAKE_PAGE, USERS)


def used_key(bench: OAuthBench, *paths: str, **values: object) -> Client:
    """Return a key that pat has authorized, after GET calls of these paths."""
    key = bench.key(**{"name": "Wide", "scopes": ALL, "require_scopes": True} | values)
    token = bench.issued(key, scope=" ".join(ALL))["access_token"]
    for path in paths or ("/api/v1/courses/7/pages",):
        bench.call(token, path)
    return key


def mark(page: httpx.Response) -> str:
    """Return what tells this review from others."""
    found = re.search(r'name="reviewed" value="([^"]*)"', page.text)
    assert found is not None
    return found.group(1)


def test_the_question_says_what_goes_what_stays_and_what_that_stops(
    bench: OAuthBench, admin: Browser, keys: str
) -> None:
    key = used_key(bench)
    token = bench.issued(key, scope=" ".join(ALL))["access_token"]
    bench.browser().post("/api/v1/courses/7/pages", {}, headers={"authorization": f"Bearer {token}"})

    usage = admin.get(f"{keys}/{key.id}/usage")
    page = admin.get(f"{keys}/{key.id}/usage/narrow")

    assert f'href="{keys}/{key.id}/usage/narrow?' in usage.text
    assert "1 scope goes GET /api/v1/users/:id never used" in words(page)
    assert "2 scopes stay" in words(page)
    assert "POST /api/v1/courses/:course_id/pages 1 call, a rare write" in words(page)
    assert "2 access tokens end at once" in words(page)
    assert "none would have been refused. Nor would any in the last 90 days." in words(page)
    assert "1 (with 2 live tokens)" in words(page)
    assert stored(bench, key.id).scopes == ALL


def test_what_was_used_in_other_days_only_is_pointed_out(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = used_key(bench, f"/api/v1/users/{bench.people['pat']}")
    bench.clock.pass_seconds(20 * 86_400)
    bench.administrator("ada", NORTH)
    admin = bench.browser(NORTH).signed_in("ada")
    bench.call(bench.issued(key, scope=" ".join(ALL))["access_token"], "/api/v1/courses/7/pages")
    last_week = f"from={date_of(bench.clock.now // DAY - 6)}"

    page = admin.get(f"{keys}/{key.id}/usage/narrow?{last_week}")

    assert "GET /api/v1/users/:id not used for 20 days" in words(page)
    assert "1 of them was used outside these days" in words(page)
    assert "Of those in the last 90 days, 1 would have been." in words(page)


def test_only_what_was_read_goes_and_one_undo_brings_it_back(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = used_key(bench)
    narrow = f"{keys}/{key.id}/usage/narrow"
    read = mark(admin.get(narrow))

    done = send(admin, narrow, narrow, ("reviewed", read), ("because", "Least privilege"))
    after = stored(bench, key.id)
    told = admin.get(done.headers["location"])
    entry = re.search(r'name="entry" value="(\d+)"', told.text)
    assert entry is not None
    (audited,) = bench.audited("key.updated")
    back = send(admin, done.headers["location"], f"{narrow}/undo", ("entry", entry.group(1)))
    restored = admin.get(back.headers["location"])
    again = send(admin, narrow, f"{narrow}/undo", ("entry", entry.group(1)))

    assert after.scopes == (PAGES,)
    assert bench.tokens("pat", key) == ()
    assert "2 scopes were taken away. 1 access token has ended, and stays ended whatever you do." in words(told)
    assert (audited.because, audited.after["scopes"], audited.id) == ("Least privilege", [PAGES], int(entry.group(1)))
    assert "Tokens that have ended stay ended." in words(restored)
    assert stored(bench, key.id).scopes == ALL
    assert bench.tokens("pat", key) == ()
    assert again.status_code == 400


def test_what_is_used_after_it_was_read_is_asked_about_anew(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = used_key(bench)
    narrow = f"{keys}/{key.id}/usage/narrow"
    read = mark(admin.get(narrow))
    token = bench.issued(key, scope=" ".join(ALL))["access_token"]
    bench.call(token, f"/api/v1/users/{bench.people['pat']}")

    done = send(admin, narrow, narrow, ("reviewed", read))
    blind = send(admin, narrow, narrow)

    assert (done.status_code, blind.status_code) == (400, 400)
    assert "Nothing was changed" in words(done)
    assert stored(bench, key.id).scopes == ALL


def test_where_nothing_goes_or_nothing_stays_there_is_no_button(bench: OAuthBench, admin: Browser, keys: str) -> None:
    idle, tight = bench.key(scopes=ALL, require_scopes=True), bench.key(scopes=(PAGES,), require_scopes=True)
    bench.call(bench.issued(tight, scope=PAGES)["access_token"], "/api/v1/courses/7/pages")

    of_idle, of_tight = (admin.get(f"{keys}/{key.id}/usage/narrow") for key in (idle, tight))
    forced = send(admin, f"{keys}/new", f"{keys}/{idle.id}/usage/narrow", ("reviewed", "x"))

    assert "so nothing would stay. Turn the key off instead" in words(of_idle)
    assert "nothing can be taken away" in words(of_tight)
    assert 'name="reviewed"' not in of_idle.text + of_tight.text
    assert forced.status_code == 400
    assert stored(bench, idle.id).scopes == ALL


@pytest.mark.parametrize("values", [{"owner": None, "visible": True}, {"owner": SOUTH}, {"require_scopes": False}])
def test_only_own_keys_that_enforce_scopes_are_narrowed(
    bench: OAuthBench, admin: Browser, keys: str, values: dict[str, object]
) -> None:
    key = bench.key(**{"scopes": ALL, "require_scopes": True} | values)  # type: ignore[arg-type]  # as given
    address = f"{keys}/{key.id}/usage/narrow"

    asked, sent = admin.get(address), send(admin, f"{keys}/new", address, ("reviewed", "x"))
    undone = send(admin, f"{keys}/new", f"{address}/undo", ("entry", "1"))

    assert asked.status_code == 404
    assert sent.status_code in (302, 404)
    assert undone.status_code in (302, 400, 404)
    assert stored(bench, key.id).scopes == ALL
    assert "usage/narrow" not in admin.get(f"{keys}/{key.id}/usage").text


def test_an_entry_of_another_key_or_kind_undoes_nothing(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key, other = used_key(bench), used_key(bench)
    narrow = f"{keys}/{key.id}/usage/narrow"
    done = send(admin, narrow, narrow, ("reviewed", mark(admin.get(narrow))))
    entry = done.headers["location"].rpartition("narrowed=")[2]
    theirs = f"{keys}/{other.id}/usage/narrow"

    answers = [send(admin, theirs, f"{theirs}/undo", ("entry", one)) for one in (entry, "0", "x", "9" * 30)]

    assert [answer.status_code for answer in answers] == [400] * 4
    assert 'name="entry"' not in admin.get(f"{keys}/{other.id}/usage?narrowed={entry}").text
    assert stored(bench, other.id).scopes == ALL
