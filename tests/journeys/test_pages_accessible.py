"""Every page, as axe sees it: on a telephone and a desk, by day and by night. A new page is one line in ``PAGES``."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from journeys.browsing import agree, answered, authorization_url, sign_in
from journeys.conftest import Installation
from journeys.looking import chromium, faults, sign_in_on

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("installation", ["sqlite"], indirect=True)]

REDIRECT = "https://timetable.example.com/back"
SCOPES = (
    "url:GET|/api/v1/courses/:id",
    "url:PUT|/api/v1/courses/:id",
    "url:GET|/api/v1/courses/:course_id/pages",
    "url:DELETE|/api/v1/files/:id",
    "url:GET|/api/v1/accounts/:account_id/terms",
)
KEYS = "/accounts/2/developer_keys"
TOKENS = "/profile/settings/tokens"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


def press(name: str) -> Callable[[Page], None]:
    """Return a step that presses a button."""
    return lambda page: page.get_by_role("button", name=name).first.click()


def fail_to_sign_in(page: Page) -> None:
    page.get_by_label("Login").fill("teacher")
    page.get_by_label("Password").fill("wrong")
    press("Sign in")(page)
    page.get_by_role("alert").first.wait_for()


def make_a_token(page: Page) -> None:
    page.get_by_label("Purpose").fill("A look")
    press("Generate")(page)
    page.get_by_role("heading", name="Your access token").wait_for()


def make_a_token_without_a_purpose(page: Page) -> None:
    press("Generate")(page)
    page.get_by_role("alert").first.wait_for()


def paste_scopes(page: Page) -> None:
    page.get_by_label("Enforce Scopes").check()
    page.get_by_label("Paste a list of scopes").fill("\n".join((*SCOPES, "url:GET|/no/such/scope")))
    press("Add these scopes")(page)
    page.get_by_text("/no/such/scope").first.wait_for()


def take_scopes(page: Page) -> None:
    page.locator(f'input[value="{SCOPES[2]}"]').evaluate("box => box.click()")
    page.locator("main").get_by_role("button", name="Save", exact=True).last.click()
    page.get_by_text("Check what changes before you save").wait_for()


def open_details(page: Page) -> None:
    page.locator("main details summary").first.click()


def open_first(summary: str) -> Callable[[Page], None]:
    """Return a step that opens what is folded under these words."""
    return lambda page: page.locator("summary").filter(has_text=summary).first.click()


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A page: who looks at it (nobody signed in when None), where it is, and what is done there first.

    ``{key}``, ``{token}`` and others in an address are what the sample holds by that name.
    """

    name: str
    at: str
    who: str | None = "admin"
    then: Callable[[Page], None] | None = None


PAGES = (
    Visit(name="sign-in", who=None, at="/login"),
    Visit(name="sign-in-failed", who=None, at="/login", then=fail_to_sign_in),
    Visit(name="sign-out", at="/logout"),
    Visit(name="home", at="/"),
    Visit(name="home-teacher", who="teacher", at="/"),
    Visit(name="not-found", at=KEYS + "/999/state?to=on"),
    Visit(name="keys", at=KEYS),
    Visit(name="keys-inherited", at=f"{KEYS}?tab=inherited"),
    Visit(name="unused", at=f"{KEYS}/unused"),
    Visit(name="unused-off", at=KEYS + "/unused/off?keys[]={idle}&keys[]={locked}"),
    Visit(name="unused-batch", at=KEYS + "/unused/batches/{batch}"),
    Visit(name="unused-none-chosen", at=f"{KEYS}/unused/off"),
    Visit(name="keys-site", who="siteadmin", at="/accounts/1/developer_keys"),
    Visit(name="key-off", at=KEYS + "/{key}/state?to=off"),
    Visit(name="key-on", at=KEYS + "/{key}/state?to=on"),
    Visit(name="keys-search", at=f"{KEYS}?q=timetable"),
    Visit(name="key-new", at=f"{KEYS}/new"),
    Visit(name="key-new-pasted", at=f"{KEYS}/new", then=paste_scopes),
    Visit(name="key-edit", at=KEYS + "/{key}"),
    Visit(name="key-edit-review", at=KEYS + "/{key}", then=take_scopes),
    Visit(name="key-about", at=KEYS + "/{key}/about"),
    Visit(name="key-policy", at=KEYS + "/{key}/policy"),
    Visit(name="account-policy", at="/accounts/2/policy"),
    Visit(name="key-watch", at=KEYS + "/{key}/watch"),
    Visit(name="key-secret", at=KEYS + "/{key}/secrets"),
    Visit(name="key-delete", at=KEYS + "/{key}/delete"),
    Visit(name="keys-refused", who="teacher", at=KEYS),
    Visit(name="key-people", at=KEYS + "/{key}/people"),
    Visit(name="key-people-end", at=KEYS + "/{key}/people/end"),
    Visit(name="key-usage", at=KEYS + "/{key}/usage", then=open_details),
    Visit(name="key-usage-none", at=KEYS + "/{key}/usage?from=2020-01-01&to=2020-12-31"),
    Visit(name="key-usage-wrong", at=KEYS + "/{key}/usage?from=tomorrow"),
    Visit(name="key-narrow", at=KEYS + "/{key}/usage/narrow"),
    Visit(name="explain", at="/console/explain"),
    Visit(name="explain-refused", at="/console/explain?key={key}&path=/api/v1/users/5&method=GET"),
    Visit(name="explain-decision", at="/console/explain?decision={decision}"),
    Visit(name="explain-unknown", at="/console/explain?decision=nonsense"),
    Visit(name="audit", at="/console/audit", then=open_details),
    Visit(name="audit-none", at="/console/audit?search=nothing+says+this"),
    Visit(name="audit-site", who="siteadmin", at="/console/audit?account=all"),
    Visit(name="notices", at="/console/notices"),
    Visit(name="notices-asker", who="teacher", at="/console/notices"),
    Visit(name="vetting", at=KEYS + "/{key}/vetting", then=open_first("Contract")),
    Visit(name="vetting-questionnaire", at=KEYS + "/{key}/vetting/questionnaire"),
    Visit(name="vetting-list", at="/accounts/2/vetting"),
    Visit(name="vetting-unscoped", at="/accounts/2/vetting?show=unscoped"),
    Visit(name="vetting-rules", at="/accounts/2/vetting/rules"),
    Visit(name="vetting-vendors", at="/accounts/2/vetting/vendors"),
    Visit(name="requests", at="/console/requests"),
    Visit(name="request-new", who="teacher", at="/console/requests/new"),
    Visit(name="request", at="/console/requests/{request}"),
    Visit(name="request-asker", who="teacher", at="/console/requests/{request}"),
    Visit(name="roles", at="/accounts/2/roles", then=open_first("Auditor")),
    Visit(name="auditor-home", who="auditor", at="/"),
    Visit(name="auditor-keys", who="auditor", at=KEYS),
    Visit(name="auditor-key", who="auditor", at=KEYS + "/{key}"),
    Visit(name="auditor-key-about", who="auditor", at=KEYS + "/{key}/about"),
    Visit(name="auditor-key-people", who="auditor", at=KEYS + "/{key}/people"),
    Visit(name="auditor-key-usage", who="auditor", at=KEYS + "/{key}/usage"),
    Visit(name="auditor-key-watch", who="auditor", at=KEYS + "/{key}/watch"),
    Visit(name="auditor-vetting", who="auditor", at=KEYS + "/{key}/vetting", then=open_first("Contract")),
    Visit(name="auditor-questionnaire", who="auditor", at=KEYS + "/{key}/vetting/questionnaire"),
    Visit(name="auditor-vendors", who="auditor", at="/accounts/2/vetting/vendors"),
    Visit(name="auditor-rules", who="auditor", at="/accounts/2/vetting/rules"),
    Visit(name="auditor-request", who="auditor", at="/console/requests/{request}"),
    Visit(name="auditor-audit", who="auditor", at="/console/audit"),
    Visit(name="auditor-explain", who="auditor", at="/console/explain?decision={decision}"),
    Visit(name="auditor-notices", who="auditor", at="/console/notices"),
    Visit(name="auditor-refused", who="auditor", at=KEYS + "/{key}/secrets"),
    Visit(name="patterns", at="/console/patterns"),
    Visit(name="accounts", at="/accounts"),
    Visit(name="accounts-site", who="siteadmin", at="/accounts"),
    Visit(name="accounts-search", at="/accounts?q=science"),
    Visit(name="profile", at="/profile/settings"),
    Visit(name="profile-teacher", who="teacher", at="/profile/settings"),
    Visit(name="token", at=TOKENS + "/{token}"),
    Visit(name="token-new", at=f"{TOKENS}/new"),
    Visit(name="token-new-refused", at=f"{TOKENS}/new", then=make_a_token_without_a_purpose),
    Visit(name="token-shown", at=f"{TOKENS}/new", then=make_a_token),
    Visit(name="token-regenerate", at=TOKENS + "/{token}/regenerate"),
    Visit(name="token-revoke", at=TOKENS + "/{token}/revoke"),
    Visit(name="consent", who="teacher", at="{consent}"),
    Visit(name="consent-out-of-band", who="teacher", at="/login/oauth2/auth?code=0123456789abcdef"),
    Visit(name="consent-out-of-band-refused", who="teacher", at="/login/oauth2/auth?error=access_denied"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def sample(installation: Installation) -> dict[str, str]:
    """A key that is on, a token of the administrator, and the address at which the key asks for consent."""
    made = installation.call(
        "POST", "/api/v1/users/2/tokens", installation.bootstrap_token, data={"token[purpose]": "looks"}
    ).json()
    form = {
        "developer_key[name]": "Timetable Importer for every department of the university",
        "developer_key[email]": "integrations@timetable.example.com",
        "developer_key[redirect_uris]": REDIRECT,
        "developer_key[require_scopes]": "1",
        "developer_key[scopes][]": SCOPES,
    }
    key = installation.call("POST", "/api/v1/accounts/2/developer_keys", made["visible_token"], data=form).json()
    for state in ("on", "off", "on"):
        switch(installation, 2, key["id"], state, made["visible_token"])
    consent = authorization_url(str(key["id"]), REDIRECT, scope=" ".join(SCOPES))
    teacher = installation.call(
        "POST", "/api/v1/users/3/tokens", installation.bootstrap_token, data={"token[purpose]": "asks"}
    ).json()
    manifest = {
        "manifest_version": 1, "name": "Seminar Planner", "vendor": "Larch", "redirect_uris": [REDIRECT],
        "scopes": [{"scope": scope, "reason": "to plan seminars"} for scope in SCOPES],
    }  # fmt: skip
    asked = installation.call(
        "POST", "/api/keystead/v1/accounts/2/requests", teacher["visible_token"], json={"manifest": manifest}
    ).json()
    said = {"comment": "Which departments will use it, and for how long?"}
    path = f"/api/keystead/v1/accounts/2/requests/{asked['id']}/comments"
    assert installation.call("POST", path, made["visible_token"], json=said).status_code in (200, 201)
    refused = refused_call(installation, key, consent)
    idle, locked, gone = (inherited_key(installation, name) for name in ("Quiz Archive", "Proctor", "Old Podcasts"))
    switch(installation, 1, locked, "on", installation.bootstrap_token)
    batch = installation.call(
        "POST", "/api/keystead/v1/accounts/2/unused_keys/off", made["visible_token"],
        json={"keys": [gone, locked], "because": "Nobody has used it since the pilot"},
    ).json()  # fmt: skip
    return {
        "idle": idle,
        "locked": locked,
        "batch": str(batch["batch_id"]),
        "key": str(key["id"]),
        "token": str(made["id"]),
        "consent": consent,
        "decision": refused,
        "request": str(asked["id"]),
    }


def inherited_key(installation: Installation, name: str) -> str:
    """Make a global key that the institution has on, and nobody uses; return its id."""
    root, form = installation.bootstrap_token, {"developer_key[name]": name}
    made = installation.call("POST", "/api/v1/accounts/1/developer_keys", root, data=form).json()["id"]
    installation.call("PUT", f"/api/v1/developer_keys/{made}", root, data={"developer_key[visible]": "1"})
    note = {"note": f"{name}: asked for by the library in 2024, for a pilot with two courses."}
    installation.call("PUT", f"/api/keystead/v1/accounts/2/keys/{made}/note", root, json=note)
    switch(installation, 1, made, "allow", root)
    switch(installation, 2, made, "on", root)
    return str(made)


def switch(installation: Installation, account: int, key: int | str, state: str, token: str) -> None:
    """Set what an account says about a key."""
    path = f"/api/v1/accounts/{account}/developer_keys/{key}/developer_key_account_bindings"
    form = {"developer_key_account_binding[workflow_state]": state}
    assert installation.call("POST", path, token, data=form).status_code in (200, 201)


def refused_call(installation: Installation, key: dict[str, str], consent: str) -> str:
    """Let a person authorize the key, on a telephone; make a call outside its scopes; return the decision's id."""
    with installation.client(headers={"user-agent": PHONE}) as browser:
        sign_in(browser, "teacher", "keystead-teacher")
        browser.get(consent)
        code = answered(agree(browser))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    client = {"client_id": str(key["id"]), "client_secret": key["api_key"]}
    token = installation.call("POST", "/login/oauth2/token", None, data=form | client).json()["access_token"]
    installation.call("GET", "/api/v1/courses/101/pages", token)
    return installation.call("GET", "/api/v1/users/5", token).headers["x-keystead-decision"]


@pytest.fixture(scope="module")
def visitors(installation: Installation, browser: Browser) -> Iterator[Callable[[str | None], Page]]:
    """Give the page of a person, signed in once, which lets the script of the test in.

    It stays open: Chromium may never answer when a page is closed while it still loads something.
    """
    opened: dict[str | None, Page] = {}

    def visitor(who: str | None) -> Page:
        if who not in opened:
            opened[who] = browser.new_context(base_url=installation.url, bypass_csp=True).new_page()
            if who is not None:
                sign_in_on(opened[who], who)
        return opened[who]

    yield visitor
    for page in opened.values():
        page.context.close()


@pytest.mark.parametrize("visit", PAGES, ids=lambda visit: visit.name)
def test_a_page_has_no_fault_in_any_look(
    visitors: Callable[[str | None], Page], sample: dict[str, str], visit: Visit
) -> None:
    page = visitors(visit.who)

    page.goto(re.sub(r"\{(\w+)\}", lambda named: sample[named.group(1)], visit.at))
    if visit.then is not None:
        visit.then(page)
    found = faults(page, visit.name)

    assert found == {}
