"""How quickly does the scope picker answer a keystroke, and what does its page weigh? ``python -m bench picker``

Measured inside Chromium: from the keystroke until the page is laid out again. The baseline is the same page with
every endpoint open, laid out once.
"""

import shutil
import statistics
import sys
import tempfile

from playwright.sync_api import CDPSession, Page, sync_playwright

from bench.served import free_port, server

WORDS = ("c", "co", "cour", "course", "courses/:id", "grade", "get files", "submission", "zzz", "")
ROUNDS = 7
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)
TYPED = """words => {
  const box = document.getElementById("scope-search");
  return words.map(word => {
    box.value = word;
    const started = performance.now();
    box.dispatchEvent(new Event("input", { bubbles: true }));
    document.body.getBoundingClientRect();
    return performance.now() - started;
  });
}"""
LAID_OUT = """() => {
  const groups = document.querySelectorAll(".scope-group");
  groups.forEach(group => { group.open = false; });
  document.body.getBoundingClientRect();
  const started = performance.now();
  groups.forEach(group => { group.open = true; });
  document.body.getBoundingClientRect();
  const took = performance.now() - started;
  groups.forEach(group => { group.open = false; });
  return took;
}"""


def main() -> None:
    """Print the time of each keystroke, and the weight of the page."""
    port = free_port()
    with tempfile.TemporaryDirectory() as home:
        settings = {
            "KEYSTEAD_PORT": str(port),
            "KEYSTEAD_DATABASE_URL": f"sqlite:///{home}/keystead.db",
            "KEYSTEAD_SAMPLE_DATA": "1",
        }
        with server([sys.executable, "-m", "keystead.cli", "serve"], port, **settings):
            _measure(f"http://127.0.0.1:{port}")


def _measure(url: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{url}/login")
        page.get_by_label("Login").fill("admin")
        page.get_by_label("Password").fill("keystead-admin")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Sign out").wait_for()
        weight = _weight(page, page.context.new_cdp_session(page), f"{url}/accounts/2/developer_keys/new")
        rounds = [page.evaluate(TYPED, list(WORDS)) for _ in range(ROUNDS)]
        opened = statistics.median(page.evaluate(LAID_OUT) for _ in range(ROUNDS))
        browser.close()
    print(f"\n{'typed':<16} {'median':>9} {'slowest':>9}")
    for number, word in enumerate(WORDS):
        times = [one[number] for one in rounds]
        print(f"{word or '(emptied)':<16} {statistics.median(times):6.1f} ms {max(times):6.1f} ms")
    print(f"{'all groups open':<16} {opened:6.1f} ms   (baseline: one layout of everything)")
    print(f"\nthe page weighs {weight / 1000:.0f} kB as transferred, with nothing in the browser's cache")


def _weight(page: Page, session: CDPSession, address: str) -> int:
    sizes: dict[str, int] = {}
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.on(
        "Network.loadingFinished", lambda told: sizes.update({told["requestId"]: int(told["encodedDataLength"])})
    )
    page.goto(address)
    page.wait_for_load_state("networkidle")
    return sum(sizes.values())
