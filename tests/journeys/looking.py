"""A real browser, and how a page looks in it: on a telephone and a desk, by day and by night."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from journeys.conftest import ROOT

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-quic",
)  # fmt: skip
WIDTHS = {390: 844, 1280: 900}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SCREENSHOTS = ROOT / "build" / "screenshots"
# Off by default in axe, since WCAG 2.2 is young; our pages are to have targets of 24 by 24 pixels.
OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
# The picker's groups are made alike, 140 of them: the open ones and a few closed ones stand for all.
CONTEXT = {"exclude": [[".scope-group:not([open]):nth-of-type(n+5)"]]}
# By night only the colours of a page are others.
COLOURS = {"resultTypes": ["violations"], "runOnly": ["color-contrast", "link-in-text-block"]}
TOO_WIDE = "document.scrollingElement.scrollWidth - document.documentElement.clientWidth"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the machine's Chromium for as long as the block lasts."""
    path = next(found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name)))
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield opened
        opened.close()


def sign_in_on(page: Page, login: str) -> None:
    """Sign a person of the sample in on the first page, and wait until that is done."""
    page.goto("/")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(f"keystead-{login}")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out").wait_for()


def faults(page: Page, name: str) -> dict[str, list[str]]:
    """Return what is not accessible on the open page in each look, and keep a picture of each.

    The page must be in a context with ``bypass_csp=True``: its own rules let no script of a test in.
    """
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    found = {}
    for width, height in WIDTHS.items():
        for scheme in SCHEMES:
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            look = f"{name}-{width}-{scheme}"
            page.screenshot(path=SCREENSHOTS / f"{look}.png", full_page=True)
            options = OPTIONS if scheme == "light" else COLOURS
            told = [_told(violation) for violation in Axe().run(page, CONTEXT, options).response["violations"]]
            if (excess := page.evaluate(TOO_WIDE)) > 0:
                told.append(f"the page is {excess} pixels too wide")
            if told:
                found[look] = told
    return found


def _told(violation: dict[str, Any]) -> str:
    """Say a violation in one line: the rule, where it is broken, and by what."""
    where = "; ".join(
        f"{' '.join(map(str, node['target']))} {' '.join(node['html'].split())[:160]}"
        for node in violation["nodes"][:3]
    )
    return f"{violation['id']} ({violation['help']}): {where}"
