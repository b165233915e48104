"""Can whoever signs in ask for a key on a page, and can reviewers decide on one?"""

import json
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from console.test_key_pages import admin, keys, send, words
from keystead.core.ids import global_id
from keystead.storage.read import keys as read_keys
from oauth_bench import COURSES, NORTH, SOUTH, Browser, OAuthBench

__all__ = ["admin", "keys"]

REQUESTS, NEW = "/console/requests", "/console/requests/new"
FILES = "url:DELETE|/api/v1/files/:id"
MANIFEST: dict[str, Any] = {
    "manifest_version": 1, "name": "Timetables", "redirect_uris": ["https://larch.test/cb"],
    "scopes": [{"scope": COURSES, "reason": "to list them"}],
}  # fmt: skip


@pytest.fixture
def pat(bench: OAuthBench) -> Browser:
    """The browser of somebody who administers nothing."""
    return bench.browser(NORTH).signed_in()


def ask(browser: Browser, **changed: Any) -> str:
    """Ask by a pasted manifest; return where the request is."""
    document = json.dumps(MANIFEST | changed)
    asked = send(browser, NEW, NEW, ("do", "manifest"), ("manifest", document), ("because", "a course"))
    assert asked.status_code == 302, words(asked)
    return str(asked.headers["location"])


def press(browser: Browser, where: str, do: str, *pairs: tuple[str, str]) -> httpx.Response:
    return send(browser, where, where, ("do", do), *pairs)


def test_the_form_makes_a_request_with_a_reason_for_each_call(bench: OAuthBench, pat: Browser) -> None:
    calls = f"{COURSES} to list them\r\nGET /api/v1/users/{{user}} - to greet people"
    said = {"name": "Greeter", "vendor": "Larch", "contact": "help@larch.test", "redirect_uris": "https://a.test/cb"}
    said |= {"scopes": calls, "privacy": "https://larch.test/privacy", "because": "a course"}

    made = send(pat, NEW, NEW, ("do", "form"), *said.items())
    page = words(pat.get(made.headers["location"]))

    assert "The request waits for a review." in page
    assert f"{COURSES} to list them" in page
    assert "url:GET|/api/v1/users/:id to greet people" in page
    assert "help@larch.test" in page
    assert "Decide" not in page
    assert bench.audited("request.asked")[0].surface == "console"


def test_what_is_wrong_is_said_and_what_was_typed_stays(pat: Browser) -> None:
    answer = send(pat, NEW, NEW, ("do", "form"), ("name", "Greeter"), ("scopes", "GET /api/v1/nothing at all"))

    assert answer.status_code == 400
    assert "names no call that is known" in words(answer)
    assert 'value="Greeter"' in answer.text
    assert "GET /api/v1/nothing at all</textarea>" in answer.text


def test_reviewers_comment_narrow_and_agree(bench: OAuthBench, admin: Browser, pat: Browser, keys: str) -> None:
    where = ask(pat, scopes=[*MANIFEST["scopes"], {"scope": FILES, "reason": "to tidy up"}])

    first = words(admin.get(where))
    press(admin, where, "comment", ("comment", "Deletes?"))
    press(admin, where, "narrow", ("scopes[]", COURSES), ("because", "no deletes"))
    press(admin, where, "approve", ("because", "fine"))
    page = admin.get(where)
    theirs = words(pat.get(where))
    (made,) = bench.audited("key.created")
    with bench.database.read() as tx:
        key = read_keys.get_key(tx, made.subject_id)
    told = words(admin.get(f"{keys}/{key.id}/vetting"))

    assert "Asked by Pat Person on" in told
    assert "Agreed: Ada Person · a course · fine" in told
    assert "2 people, 2 yeses are missing" in first
    assert "It is done. A new key is off until somebody turns it on." in words(page)
    assert f"/developer_keys/{key.id}/vetting" in page.text
    assert key.scopes == (COURSES,)
    assert "Ada Person narrowed the scopes: no deletes" in theirs
    assert f"{FILES} narrowed away" in theirs


def test_a_yes_that_does_not_count_is_explained(bench: OAuthBench, admin: Browser) -> None:
    where = ask(admin, scopes=[{"scope": FILES, "reason": "to tidy up"}])

    page = admin.get(where)
    refused = press(admin, where, "approve")

    assert "needs the agreement of two people who did not ask for it" in words(page)
    assert 'value="approve"' not in page.text
    assert refused.status_code == 400
    press(admin, where, "withdraw")
    assert "withdrew the request" in words(admin.get(where))


def test_a_changed_manifest_of_a_made_key_shows_what_changes(bench: OAuthBench, admin: Browser, pat: Browser) -> None:
    where = ask(pat)
    press(admin, where, "approve")
    grown = MANIFEST | {"redirect_uris": ["https://other.test/cb"]}

    changed = press(pat, where, "change", ("manifest", json.dumps(grown)))
    page = words(admin.get(changed.headers["location"]))

    assert changed.headers["location"] != where
    assert "Request for a change: Timetables" in page
    assert "Redirect URIs added https://other.test/cb" in page
    assert "Redirect URIs taken away https://larch.test/cb" in page


def test_more_is_asked_for_by_the_client_id(bench: OAuthBench, admin: Browser, pat: Browser) -> None:
    key, foreign = bench.key(scopes=(COURSES,), require_scopes=True, name="Old"), bench.key(owner=SOUTH)
    more = ("more", "DELETE /api/v1/files/:id to tidy up")

    asked = send(pat, NEW, NEW, ("do", "more"), ("key", str(global_id(key.id))), more)
    missing = send(pat, NEW, NEW, ("do", "more"), ("key", str(foreign.id)), more)

    assert f"Scopes added {FILES} to tidy up" in words(admin.get(asked.headers["location"]))
    assert missing.status_code == 400
    assert "There is no such key in this account." in words(missing)


def test_a_refusal_says_why(admin: Browser, pat: Browser) -> None:
    where = ask(pat)

    silent = press(admin, where, "refuse", ("because", " "))
    press(admin, where, "refuse", ("because", "no contract"))

    assert silent.status_code == 400
    assert "Ada Person refused: no contract" in words(pat.get(where))


def test_nothing_is_fetched_from_private_addresses_nor_for_foreign_forms(pat: Browser) -> None:
    inside = send(pat, NEW, NEW, ("do", "manifest"), ("url", "https://127.0.0.1/manifest.json"))
    forged = pat.post(NEW, {"do": "manifest", "url": "https://127.0.0.1/manifest.json"})

    assert inside.status_code == 400
    assert "it stands at an address that is not public" in words(inside)
    assert forged.status_code == 422


def test_the_list_shows_reviewers_all_and_others_their_own(bench: OAuthBench, admin: Browser, pat: Browser) -> None:
    name = f"Mine {bench.clock()}"
    ask(pat, name=name)
    lee = bench.browser(NORTH).signed_in("lee")

    assert name in words(admin.get(REQUESTS))
    assert name in words(pat.get(f"{REQUESTS}?state=open"))
    assert name not in words(pat.get(f"{REQUESTS}?state=refused"))
    assert name not in words(lee.get(REQUESTS))
    assert bench.browser(NORTH).get(NEW).headers["location"] == "/login"
    assert lee.get(f"{REQUESTS}/999999").status_code == 404


def test_the_schema_is_published_to_everybody(bench: OAuthBench) -> None:
    answer = bench.browser(NORTH).get("/console/manifest.schema.json")

    schema = answer.json()
    assert answer.headers["content-type"].startswith("application/schema+json")
    assert schema["$id"] == f"http://{NORTH}/console/manifest.schema.json"
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(MANIFEST)


def test_a_form_without_a_known_button_does_nothing(bench: OAuthBench, pat: Browser) -> None:
    where = ask(pat)

    assert press(pat, where, "dance").status_code == 400
    assert send(pat, NEW, NEW, ("do", "dance")).status_code == 400
    assert len(bench.audited("request.asked")) == 1
