"""A vendor's wish becomes a key that is on: asked, narrowed, agreed to, vetted, turned on; without scripts too."""

from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, Page

from journeys.conftest import Installation
from journeys.looking import chromium, sign_in_on

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("installation", ["sqlite"], indirect=True)]

CALLS = "GET /api/v1/courses to list seminars\nDELETE /api/v1/files/:id to tidy up\nPUT /api/v1/courses/:id to rename"
_numbers = count(1)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def person(browser: Browser, installation: Installation, login: str, *, scripts: bool) -> Page:
    """Return the first page of somebody who has signed in."""
    page = browser.new_context(base_url=installation.url, java_script_enabled=scripts).new_page()
    sign_in_on(page, login)
    return page


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_wish_becomes_a_key_that_is_on(browser: Browser, installation: Installation, *, scripts: bool) -> None:
    teacher = person(browser, installation, "teacher", scripts=scripts)
    name = f"Seminar Planner {next(_numbers)}"

    teacher.get_by_role("link", name="Ask for a key").click()
    teacher.get_by_label("Name of the app").fill(name)
    teacher.get_by_label("Vendor", exact=True).fill("Larch")
    teacher.get_by_label("Redirect URIs, one a line").fill("https://larch.example.com/cb")
    teacher.get_by_label("Calls, one a line, each with its reason behind it", exact=True).fill(CALLS)
    teacher.get_by_role("button", name="Ask for this key").click()
    teacher.get_by_text("The request waits for a review.").wait_for()

    admin = person(browser, installation, "admin", scripts=scripts)
    admin.get_by_role("link", name="Requests", exact=True).click()
    admin.get_by_role("link", name=name, exact=True).click()
    admin.get_by_label("url:DELETE|/api/v1/files/:id").uncheck()
    admin.get_by_role("button", name="Let only the ticked ones stand").click()
    admin.get_by_text("The request is narrowed.").wait_for()
    admin.get_by_label("Reason, which whoever asked will read").fill("reads and names are enough")
    admin.get_by_role("button", name="Agree").click()
    admin.get_by_text("It is done. A new key is off until somebody turns it on.").wait_for()

    teacher.reload()
    assert teacher.get_by_text("reads and names are enough").count() == 1
    assert teacher.get_by_text("narrowed away").count() == 1

    admin.get_by_role("link", name="10000000").click()
    admin.get_by_role("heading", name=f"Vetting of {name}").wait_for()
    assert admin.get_by_text("Asked by Tomás Herrera on").count() == 1
    admin.locator("summary").filter(has_text="Contacts").first.click()
    contacts = admin.locator("#item-contacts")
    contacts.get_by_label("State").select_option("in place")
    contacts.get_by_label("Note").fill("ring the support")
    contacts.get_by_role("button", name="Record").click()
    admin.get_by_text("The record is kept.").wait_for()
    assert admin.locator("#item-contacts").get_by_text("complete").count() == 1

    admin.get_by_role("link", name="Developer Keys").first.click()
    row = admin.get_by_role("row").filter(has=admin.get_by_role("rowheader", name=name, exact=True))
    row.get_by_role("switch").click()
    admin.get_by_text("Not everything is settled with the vendor of this key.").wait_for()
    admin.get_by_role("button", name="Switch to On").click()
    admin.get_by_text(f"{name} is now on.").wait_for()

    token = installation.call(
        "POST", "/api/v1/users/2/tokens", installation.bootstrap_token, data={"token[purpose]": "looks"}
    ).json()["visible_token"]
    listed = installation.call("GET", "/api/v1/accounts/2/developer_keys?per_page=100", token).json()
    (made,) = [key for key in listed if key["name"] == name]
    assert made["scopes"] == ["url:GET|/api/v1/courses", "url:PUT|/api/v1/courses/:id"]
    assert made["developer_key_account_binding"]["workflow_state"] == "on"
