"""The checker in a real browser: its own rules let people through, with and without JavaScript, in every look."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from examples.test_accessibility_checker import WANTED, Checker, checker, keystead
from journeys.looking import chromium, faults

__all__ = ["checker", "keystead"]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def enter(page: Page, checker: Checker, key: dict[str, object]) -> None:
    """Give the checker a key."""
    page.goto(checker.url)
    page.get_by_label("Client ID").fill(str(key["id"]))
    page.get_by_label("Secret").fill(str(key["api_key"]))
    page.get_by_role("button", name="Save and grant access").click()


def authorize(page: Page) -> None:
    """Sign in to Keystead as a teacher and agree."""
    page.get_by_label("Login").fill("teacher")
    page.get_by_label("Password").fill("keystead-teacher")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Authorize").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_teacher_gets_from_the_key_to_the_report(checker: Checker, browser: Browser, *, scripts: bool) -> None:
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()

    enter(page, checker, checker.key(*WANTED))
    authorize(page)
    page.get_by_role("heading", name="The integration is configured correctly").wait_for()
    copies = page.get_by_role("button", name="Copy the scopes").is_visible()
    page.get_by_role("link", name="Report", exact=True).click()
    page.get_by_role("button", name="Check the courses").click()
    page.get_by_role("heading", name="The World since 1500").wait_for()
    page.get_by_role("link", name="Set-up").click()
    page.get_by_role("button", name="Disconnect").click()
    page.get_by_text("Not set up.").wait_for()

    assert copies is scripts
    context.close()


def test_its_pages_have_no_fault_in_any_look(checker: Checker, browser: Browser) -> None:
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()

    page.goto(checker.url)
    found = faults(page, "checker-new")
    page.get_by_role("button", name="Save and grant access").click()
    found |= faults(page, "checker-wrong")
    key = checker.key(WANTED[0])
    enter(page, checker, key)
    found |= faults(page, "checker-scopes-missing")
    checker.api("PUT", f"/api/v1/developer_keys/{key['id']}", data={"developer_key[scopes][]": WANTED})
    page.get_by_role("button", name="Save and grant access").click()
    authorize(page)
    found |= faults(page, "checker-configured")
    page.goto(f"{checker.url}/report")
    page.get_by_role("button", name="Check the courses").click()
    page.get_by_role("heading", name="The World since 1500").wait_for()
    found |= faults(page, "checker-report")
    context.close()

    assert found == {}
