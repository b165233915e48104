"""The published set-up of a scoped key, step by step and by its labels, in a real browser; and what people do after."""

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page

from accessibility_checker.scopes import SCOPES as CHECKED
from examples.test_accessibility_checker import Checker, checker, keystead
from journeys.conftest import Installation
from journeys.looking import chromium, sign_in_on

__all__ = ["checker", "keystead"]

pytestmark = pytest.mark.browser

ALLY = (Path(__file__).parent / "ally_scopes.txt").read_text().split()
KEYS = "/accounts/2/developer_keys"
_numbers = count(1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(params=["scripts", "no-scripts", "phone"])
def context(request: pytest.FixtureRequest, browser: Browser, keystead: Installation) -> Iterator[BrowserContext]:
    """Somebody's browser: with JavaScript, without it, and as small as a telephone's."""
    shape: Any = PHONE if request.param == "phone" else {}
    opened = browser.new_context(base_url=keystead.url, java_script_enabled=request.param != "no-scripts", **shape)
    yield opened
    opened.close()


def open_editor(page: Page) -> None:
    """Go to the form of a new key as the guides say."""
    page.get_by_role("link", name="Developer Keys").first.click()
    page.get_by_role("button", name="+ Developer Key").click()
    page.get_by_role("link", name="API Key", exact=True).click()
    page.get_by_role("heading", name="Key Settings").wait_for()


def row_of(page: Page, name: str) -> Locator:
    """Return a key's row in the list."""
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True))


def make_key(page: Page, name: str, *scopes: str) -> None:
    """Make a key with these scopes pasted, and find it in the list."""
    open_editor(page)
    page.get_by_label("Key Name").fill(name)
    page.get_by_label("Redirect URIs").fill("https://vendor.example.com/cb")
    page.get_by_label("Paste a list of scopes").fill("\n".join(scopes))
    page.get_by_role("button", name="Add these scopes").click()
    page.get_by_role("button", name="Save", exact=True).click()
    row_of(page, name).wait_for()


def switch(page: Page, name: str, to: str) -> None:
    """Switch a key, and confirm."""
    row_of(page, name).get_by_role("switch").click()
    page.get_by_role("heading", name=f"Turn {to} Developer Key").wait_for()
    page.get_by_role("button", name=f"Switch to {to}").click()
    page.get_by_text(f"{name} is now {to.lower()}.").wait_for()


def test_the_eleven_published_steps_lead_to_a_configured_integration(
    checker: Checker, context: BrowserContext, browser: Browser
) -> None:
    page = context.new_page()
    name = f"Ally {next(_numbers)}"
    published = "Scope name Section\n" + "\n".join(
        f"{scope} Section" for scope in (*ALLY, *(one.text for one in CHECKED))
    )
    began = time.monotonic()

    sign_in_on(page, "admin")
    open_editor(page)  # 1, 2
    page.get_by_label("Key Name").fill(name)  # 3
    page.get_by_label("Owner Email").fill("ally@example.com")
    page.get_by_label("Redirect URIs").fill(f"{checker.url}/oauth/callback")  # 4
    page.get_by_label("Enforce Scopes").check()  # 5
    page.get_by_label("Allow Include Parameters").check()  # 6
    page.get_by_label("Paste a list of scopes").fill(published)  # 7
    page.get_by_role("button", name="Add these scopes").click()
    page.get_by_text("32 scopes matched and are chosen now. 3 lines said the same again.").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()  # 8
    row = row_of(page, name)
    row.wait_for()
    was_off = row.get_by_role("switch").get_attribute("aria-checked") == "false"  # 9
    switch(page, name, "On")  # 10
    client_id = row.locator("code").first.inner_text()  # 11
    hidden = page.content()
    row.get_by_role("button", name="Show Key").click()
    secret = row.locator("code.secret").inner_text()
    row.get_by_role("link", name="Hide Key").click()

    elsewhere = browser.new_context()
    vendor = elsewhere.new_page()
    vendor.goto(checker.url)
    vendor.get_by_label("Client ID").fill(client_id)
    vendor.get_by_label("Secret").fill(secret)
    vendor.get_by_role("button", name="Save and grant access").click()
    vendor.get_by_label("Login").fill("teacher")
    vendor.get_by_label("Password").fill("keystead-teacher")
    vendor.get_by_role("button", name="Sign in").click()
    vendor.get_by_role("button", name="Authorize").click()
    vendor.get_by_role("heading", name="The integration is configured correctly").wait_for()
    vendor.get_by_role("link", name="Report", exact=True).click()
    vendor.get_by_role("button", name="Check the courses").click()
    vendor.get_by_role("heading", name="The World since 1500").wait_for()
    elsewhere.close()

    assert was_off
    assert secret not in hidden
    assert len(secret) == 64
    assert secret not in page.content()
    print(f"clicking took {time.monotonic() - began:.1f} s")


def test_single_scopes_are_found_and_ticked_by_their_names(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in_on(page, "admin")
    open_editor(page)
    name = f"Ticked {next(_numbers)}"
    page.get_by_label("Key Name").fill(name)

    if page.locator("#read-only").is_visible():
        page.get_by_label("Search endpoints").fill("quizzes/:id")
    else:
        page.get_by_text("Quizzes", exact=True).click()
    page.get_by_role("checkbox", name="GET /api/v1/courses/:course_id/quizzes/:id").first.check()
    page.get_by_role("button", name="Save", exact=True).click()
    row_of(page, name).get_by_role("link", name="Edit this key").click()
    page.get_by_role("heading", name="Key Settings").wait_for()

    ticked = page.locator('input[name="developer_key[scopes][]"]:checked')
    assert [one.get_attribute("value") for one in ticked.all()] == ["url:GET|/api/v1/courses/:course_id/quizzes/:id"]


def test_a_key_that_is_deleted_is_gone_and_one_that_was_switched_comes_back(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in_on(page, "admin")
    name = f"Doomed {next(_numbers)}"
    make_key(page, name, ALLY[0])

    switch(page, name, "On")
    page.get_by_role("button", name=f"Undo {name}").click()
    page.get_by_text(f"{name} is now off.").wait_for()
    undone = row_of(page, name).get_by_role("switch").get_attribute("aria-checked")
    row_of(page, name).get_by_role("link", name="Delete this key").click()
    page.get_by_role("link", name="Cancel").click()
    row_of(page, name).wait_for()
    kept = row_of(page, name).is_visible()
    row_of(page, name).get_by_role("link", name="Delete this key").click()
    page.get_by_role("heading", name="Delete Developer Key").wait_for()
    page.get_by_role("button", name="Delete").click()
    page.get_by_text(f"{name} was deleted.").wait_for()

    assert undone == "false"
    assert kept
    assert row_of(page, name).count() == 0


def test_an_inherited_key_is_free_or_locked_as_site_admin_says(context: BrowserContext, browser: Browser) -> None:
    site = context.new_page()
    sign_in_on(site, "siteadmin")
    name = f"Everybody's {next(_numbers)}"
    site.goto("/accounts/1/developer_keys")
    site.get_by_role("button", name="+ Developer Key").click()
    site.get_by_role("link", name="API Key", exact=True).click()
    site.get_by_label("Key Name").fill(name)
    site.get_by_label("Paste a list of scopes").fill(ALLY[0])
    site.get_by_role("button", name="Add these scopes").click()
    site.get_by_role("button", name="Save", exact=True).click()
    site.get_by_role("button", name=f"Make key visible {name}").click()
    row_of(site, name).get_by_role("button", name="Allow").click()
    site.get_by_role("heading", name='Set Developer Key to "Allow"').wait_for()
    site.get_by_role("button", name="Switch to Allow").click()
    site.get_by_text(f"{name} is now allow.").wait_for()
    pressed = row_of(site, name).get_by_role("button", name="Allow").get_attribute("aria-pressed")

    theirs = browser.new_context(base_url=site.url.partition("/accounts")[0])
    page = theirs.new_page()
    sign_in_on(page, "admin")
    page.get_by_role("link", name="Developer Keys").first.click()
    page.get_by_role("link", name="Inherited").click()
    free = row_of(page, name).get_by_role("switch").is_enabled()
    switch(page, name, "On")
    on = row_of(page, name).get_by_role("switch").get_attribute("aria-checked")
    row_of(site, name).get_by_role("button", name="Off").click()
    site.get_by_role("button", name="Switch to Off").click()
    site.get_by_text(f"{name} is now off.").wait_for()
    page.goto(f"{KEYS}?tab=inherited")
    locked = row_of(page, name).get_by_role("switch")

    assert pressed == "true"
    assert free
    assert on == "true"
    assert locked.is_disabled()
    assert locked.get_attribute("aria-checked") == "false"
    assert "Locked. Set to Off by Site Admin" in row_of(page, name).inner_text()
    assert row_of(page, name).get_by_role("button", name="Show Key").count() == 0
    theirs.close()


@pytest.mark.parametrize("context", ["scripts"], indirect=True)
def test_a_key_is_made_with_the_keyboard_alone(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in_on(page, "admin")
    name = f"Typed {next(_numbers)}"

    def tab_to(words: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if words in page.evaluate(FOCUSED):
                return
        raise AssertionError(f"{words} is not reached with the Tab key")

    tab_to("Developer Keys")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{KEYS}")
    tab_to("+ Developer Key")
    page.keyboard.press("Enter")
    tab_to("API Key")
    page.keyboard.press("Enter")
    page.wait_for_url("**/new")
    tab_to("Key Name")
    page.keyboard.type(name)
    tab_to("Search endpoints")
    page.keyboard.type("accounts/:id get")
    tab_to("GET /api/v1/accounts/:id")
    page.keyboard.press("Space")
    chosen = page.locator('input[name="developer_key[scopes][]"]:checked').count()
    page.get_by_label("Key Name").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{KEYS}")

    assert chosen == 1
    assert row_of(page, name).is_visible()


FOCUSED = """() => {
  const at = document.activeElement;
  const label = at.labels && at.labels.length ? at.labels[0].textContent : at.textContent;
  return label.replace(/\\s+/g, ' ').trim();
}"""


@pytest.mark.parametrize("context", ["scripts"], indirect=True)
def test_read_only_is_exactly_every_get_and_its_end_is_none(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in_on(page, "admin")
    page.goto(f"{KEYS}/new")
    gets = page.locator('li:has(.verb-get) input[name="developer_key[scopes][]"]').count()
    ticked = page.locator('input[name="developer_key[scopes][]"]:checked')

    page.get_by_label("Read only").check()
    all_reading, only = ticked.count(), page.locator("li:has(.verb-get) input:checked").count()
    page.get_by_label("Search endpoints").fill("DELETE /api/v1/files/:id")
    page.get_by_role("checkbox", name="DELETE /api/v1/files/:id").check()
    told = page.get_by_label("Read only").is_checked()
    page.get_by_role("checkbox", name="DELETE /api/v1/files/:id").uncheck()
    again = page.get_by_label("Read only").is_checked()
    page.get_by_label("Read only").uncheck()

    assert all_reading == only == gets > 400
    assert not told
    assert again
    assert ticked.count() == 0


@pytest.mark.parametrize("context", ["scripts"], indirect=True)
def test_the_list_is_searched_as_one_types(context: BrowserContext) -> None:
    page = context.new_page()
    sign_in_on(page, "admin")
    name = f"Needle {next(_numbers)}"
    make_key(page, name, ALLY[0])
    make_key(page, f"Hay {next(_numbers)}", ALLY[0])

    page.get_by_label("Search", exact=True).fill("needle")
    page.wait_for_url("**q=needle**")
    page.get_by_text("Hay").first.wait_for(state="detached")

    assert row_of(page, name).is_visible()
    assert page.get_by_label("Search", exact=True).evaluate("one => one === document.activeElement")


@pytest.mark.parametrize("context", ["scripts"], indirect=True)
def test_pages_ask_nobody_else_and_run_nothing_foreign(context: BrowserContext, keystead: Installation) -> None:
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda failed: complaints.append(str(failed)))
    page.on("dialog", _never)
    sign_in_on(page, "admin")
    make_key(page, '<img src=x onerror="alert(1)">', ALLY[0])

    for address in ("/", KEYS, f"{KEYS}?q=%3Cscript%3Ealert(1)%3C/script%3E", f"{KEYS}/new", "/profile/settings"):
        page.goto(address)
        page.wait_for_load_state("networkidle")

    assert [url for url in asked if not url.startswith(keystead.url)] == []
    assert complaints == []


def _never(dialog: Dialog) -> None:
    raise AssertionError(f"a page opened a dialog: {dialog.message}")
