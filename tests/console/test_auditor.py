"""What does somebody see who may only look? Every page opens whole or says no in words, and nothing is changed."""

import html
import re
from collections.abc import Iterator
from typing import Final

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from console.test_key_pages import words
from keystead.console.manners import NO_PERMISSION
from keystead.core.actors import Right
from keystead.core.key_requests import RequestKind, RequestState
from keystead.core.manifests import AskedScope, Manifest, told_manifest
from keystead.core.roles import AUDITOR, TEMPLATES
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.transaction import Origin
from keystead.storage.write.batches import insert_batch
from keystead.storage.write.requests import insert_request
from keystead.storage.write.watches import put_watch
from oauth_bench import COURSES, NORTH, Browser, OAuthBench

KEYS: Final = "/accounts/{account_id}/developer_keys"
KEY: Final = KEYS + "/{key_id}"
CLOSED: Final = {
    f"{KEYS}/new", f"{KEY}/state", f"{KEY}/people/end", f"{KEY}/delete", f"{KEY}/secrets", "/console/patterns",
    "/accounts/{account_id}/roles", f"{KEYS}/unused/off", f"{KEY}/usage/narrow",
}  # fmt: skip
"""Pages on which there is nothing to look at: they only change, or show what an auditor must not see."""
ELSEWHERE: Final = {"/accounts/{account_id}/developer_keys/{key_id}/vetting/evidence/{evidence_id}"}
"""Answers that are no page and need a thing of their own; docs/roles.md has their right."""
PERSONAL: Final = ("/profile/", "/log", "/console/explain", "/console/notices/read", "/console/requests/new")
"""What concerns oneself alone, changes nothing, or is everybody's, as to ask for a key."""
FORMS: Final[dict[str, tuple[dict[str, str], ...]]] = {
    KEYS: ({"do": "save", "developer_key[name]": "Mine"},),
    KEY: ({"do": "confirm", "developer_key[name]": "Mine"},),
    f"{KEY}/state": ({"state": "off"},),
    f"{KEY}/visibility": ({"visible": "0"},),
    f"{KEY}/note": ({"note": "mine"},),
    f"{KEY}/watch": ({"do": "stop"}, {"do": "enforce"}, {"do": "watch", "scopes": COURSES}),
    f"{KEY}/secrets": ({"do": "replace", "overlap": "0"}, {"do": "leaked"}, {"do": "end"}),
    f"{KEY}/vetting": (
        {"do": "item", "item": "contract", "state": "in_place"}, {"do": "about", "note": "mine"},
        {"do": "about", "new_vendor": "Mine"}, {"do": "exception", "days": "3", "because": "why not"},
    ),
    f"{KEY}/vetting/evidence": ({"item": "contract"},),
    f"{KEY}/policy": ({"do": "save", "review_on": "2030-01-01"}, {"do": "try"}, {"do": "clear"}),
    "/accounts/{account_id}/policy": ({"do": "save", "review_on": "2030-01-01"}, {"do": "try"}, {"do": "clear"}),
    f"{KEY}/vetting/questionnaire": ({"answers[x]": "y"},),
    "/accounts/{account_id}/vetting/vendors": ({"name": "Mine"},),
    "/accounts/{account_id}/vetting/rules": ({"do": "rules", "who_may_ask": "everyone"},),
    "/accounts/{account_id}/roles": ({"do": "auditor"}, {"do": "make", "label": "Mine"}),
    "/console/requests/{request_id:int}": (
        {"do": "approve"}, {"do": "refuse", "because": "no"}, {"do": "comment", "comment": "mine"},
        {"do": "narrow", "scopes[]": COURSES}, {"do": "withdraw"},
    ),
    "/console/notices/suspension": ({"refused": "1", "minutes": "1"},),
    "/console/notices/subscriptions": ({"channel": "webhook", "address": "https://hook.test/"},),
}  # fmt: skip
WITH_FILES: Final = {f"{KEY}/vetting/evidence"}
WISH: Final = Manifest(name="Planner", scopes=(AskedScope(scope=COURSES, reason="to list them"),))


def routes(bench: OAuthBench, verb: str) -> list[str]:
    pages = bench.app._parts.pages
    assert isinstance(pages, Starlette)
    return [route.path for route in pages.routes if isinstance(route, Route) and verb in (route.methods or ())]


class Audit:
    """An auditor of north at the pages about one key and one request."""

    def __init__(self, bench: OAuthBench) -> None:
        self.bench = bench
        bench.holder("olga", NORTH, *TEMPLATES[AUDITOR].rights)
        self.browser: Browser = bench.browser(NORTH).signed_in("olga")
        self.key = bench.key(name="Looked at", notes="about it", scopes=(COURSES,))
        bench.issued(self.key)
        north = bench.accounts[NORTH]
        with bench.database.write(Origin(surface="test")) as tx:
            put_watch(tx, self.key.id, (COURSES,), tx.now)
            asked = {
                "account_id": north, "kind": RequestKind.NEW, "state": RequestState.OPEN, "key_id": None,
                "user_id": bench.people["pat"], "manifest": told_manifest(WISH), "before": None, "taken_out": [],
                "source": None,
            }  # fmt: skip
            self.request = insert_request(tx, asked)
            batch = insert_batch(tx, north, bench.people["pat"], None)
        self.names = {
            "account_id": north, "key_id": self.key.id, "request_id": self.request, "subscription_id": 1,
            "batch_id": batch,
        }  # fmt: skip

    def address(self, path: str) -> str:
        """Return a path with the names filled in."""
        return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: str(self.names.get(found.group(1), 1)), path)

    def proof(self) -> str:
        """Return the value that proves that a form is our own."""
        found = re.search(r'name="csrf-token" content="([^"]*)"', self.browser.get("/").text)
        assert found is not None
        return html.unescape(found.group(1))


@pytest.fixture
def audit(bench: OAuthBench) -> Audit:
    return Audit(bench)


def pages_of(bench: OAuthBench) -> Iterator[str]:
    """Return the pages of administrators."""
    for path in routes(bench, "GET"):
        if path == "/" or path.startswith(("/accounts", "/console")):
            yield path


def test_every_page_opens_or_says_no_in_words(bench: OAuthBench, audit: Audit) -> None:
    closed, told = set(), {}
    for path in pages_of(bench):
        if path in ELSEWHERE:
            continue
        page = audit.browser.get(audit.address(path))
        if page.status_code == 302:
            closed.add(path)
            told[path] = (page.headers["location"], NO_PERMISSION in words(audit.browser.get("/")))
        else:
            assert page.status_code == 200, (path, page.status_code)

    assert closed == CLOSED
    assert set(told.values()) == {("/", True)}


def test_no_page_shows_an_auditor_a_secret_or_a_button_that_would_be_refused(bench: OAuthBench, audit: Audit) -> None:
    posted: dict[str, set[str]] = {}
    for path in pages_of(bench):
        if path in CLOSED | ELSEWHERE:
            continue
        text = audit.browser.get(audit.address(path)).text
        assert audit.key.secret not in text
        assert audit.key.secret[:5] + "..." not in text
        forms = re.findall(r'<form[^>]*method="post"[^>]*action="([^"]*)"', text)
        posted[path] = {form for form in forms if not form.startswith(PERSONAL)}

    # What is left are forms whose every field is disabled or read-only, without a button to send them by.
    editor = audit.address(KEY)
    assert {path: forms for path, forms in posted.items() if forms} == {
        KEY: {editor},
        f"{KEY}/vetting/questionnaire": {f"{editor}/vetting/questionnaire"},
        "/accounts/{account_id}/vetting/rules": {audit.address("/accounts/{account_id}/vetting/rules")},
    }
    for path in (KEY, f"{KEY}/vetting/questionnaire", "/accounts/{account_id}/vetting/rules"):
        main = audit.browser.get(audit.address(path)).text.partition("<main")[2]
        live = re.sub(r"<fieldset[^>]* disabled>.*</fieldset>", "", main, flags=re.DOTALL)
        assert re.findall(r"<button(?![^>]* disabled)[^>]*>", live) == []


def test_every_form_is_refused_and_nothing_is_changed(bench: OAuthBench, audit: Audit) -> None:
    proof, before = audit.proof(), len(bench.audited_by("olga"))
    answers = {}
    for path in routes(bench, "POST"):
        if (
            path.startswith(PERSONAL)
            or path == "/console/requests/new"
            or not path.startswith(("/accounts", "/console"))
        ):
            continue
        for form in FORMS.get(path, ({},)):
            files = {"files": {"file": ("a.txt", b"mine")}} if path in WITH_FILES else {}
            answer = audit.browser.post(audit.address(path), {"authenticity_token": proof, **form}, **files)
            answers[path, form.get("do", "")] = (answer.status_code, answer.headers.get("location"))
            assert NO_PERMISSION in words(audit.browser.get("/")), path

    assert set(answers.values()) == {(302, "/")}
    assert len(bench.audited_by("olga")) == before
    with bench.database.read() as tx:
        key = read_keys.get_key(tx, audit.key.id)
        assert (key.name, key.secret.reveal(), key.is_active) == ("Looked at", audit.key.secret, True)
        assert read_accounts.get_account(tx, bench.accounts[NORTH]).name == NORTH


def test_pages_say_why_controls_are_not_there(bench: OAuthBench, audit: Audit) -> None:
    shown = {
        path: words(audit.browser.get(audit.address(path)))
        for path in (KEYS, KEY, f"{KEY}/people", f"{KEY}/about", f"{KEY}/vetting", "/console/requests/{request_id:int}")
    }

    assert "Your role may look at keys, not switch or change them." in shown[KEYS]
    assert "Show Key" not in shown[KEYS]
    assert "You may look at this key, but not change it." in shown[KEY]
    assert "Your role may look at the people of a key, not end their access." in shown[f"{KEY}/people"]
    assert "Your role may read the note, not write it." in shown[f"{KEY}/about"]
    assert "Your role may read this record, not write it." in shown[f"{KEY}/vetting"]
    assert "Your role may read requests" in shown["/console/requests/{request_id:int}"]


def test_the_header_leads_only_where_somebody_may_go(bench: OAuthBench, audit: Audit) -> None:
    bench.holder("viola", NORTH, Right.VIEW_DEVELOPER_KEYS)
    bench.holder("rolf", NORTH, Right.MANAGE_ROLE_OVERRIDES)

    def links(login: str) -> list[str]:
        page = bench.browser(NORTH).signed_in(login).get("/").text
        return re.findall(r'<a href="([^"]*)">', page.partition('class="page-links"')[2].partition("</nav>")[0])

    here = f"/accounts/{bench.accounts[NORTH]}"
    sees = [f"{here}/developer_keys", f"{here}/vetting", "/console/requests", "/console/explain"]
    mine = "/profile/settings"
    assert links("olga") == [*sees, "/console/audit", "/console/notices", "/accounts", mine]
    assert links("viola") == [*sees, "/console/notices", "/accounts", mine]
    assert links("rolf") == [f"{here}/roles", "/accounts", mine]
    assert links("pat") == [mine]


def test_files_are_for_whoever_may_export(bench: OAuthBench, audit: Audit) -> None:
    bench.holder("rita", NORTH, Right.VIEW_DEVELOPER_KEY_AUDIT)
    reader = bench.browser(NORTH).signed_in("rita")
    page, files = reader.get("/console/audit"), [reader.get(f"/console/audit.{form}") for form in ("csv", "jsonl")]

    assert audit.browser.get("/console/audit.csv").status_code == 200
    assert audit.browser.get("/console/audit.jsonl").status_code == 200
    assert page.status_code == 200
    assert "JSON Lines" not in words(page)
    assert [file.headers.get("location") for file in files] == ["/", "/"]


def test_whoever_may_switch_switches_and_sees_no_secret(bench: OAuthBench, audit: Audit) -> None:
    bench.holder("sven", NORTH, Right.SWITCH_DEVELOPER_KEYS)
    desk, address = bench.browser(NORTH).signed_in("sven"), audit.address(KEY)
    proof = re.findall(r'name="authenticity_token" value="([^"]*)"', desk.get(f"{address}/state?to=off").text)[0]

    listed = words(desk.get(audit.address(KEYS)))
    done = desk.post(f"{address}/state", {"authenticity_token": proof, "state": "off", "because": "term is over"})
    refused = desk.post(f"{address}/secret", {"authenticity_token": proof})

    assert "Your role may switch keys, not change them." in listed
    assert done.headers["location"].startswith(audit.address(KEYS))
    assert [(entry.after, entry.because) for entry in bench.audited("binding.set")] == [
        ({"workflow_state": "off"}, "term is over")
    ]
    assert refused.headers["location"] == "/"
