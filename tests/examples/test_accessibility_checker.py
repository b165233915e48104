"""The checker as a vendor runs it: its own process before a served Keystead, from sign-in to the report."""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from accessibility_checker.scopes import SCOPES
from journeys.browsing import hidden_fields
from journeys.conftest import ROOT, Installation, running, wait_for
from ports import free_port

WANTED = [scope.text for scope in SCOPES]
CONFIGURED = "The integration is configured correctly"


@dataclass
class Checker:
    """The running checker and a person's browser, which keeps cookies and follows every redirect."""

    url: str
    file: Path
    keystead: Installation
    admin: str
    browser: httpx.Client = field(repr=False)

    def key(self, *scopes: str, state: str = "on") -> dict[str, Any]:
        """Make a key of the institution as an administrator does, and decide about it."""
        form = {
            "developer_key[name]": "Accessibility checker",
            "developer_key[redirect_uris]": f"{self.url}/oauth/callback",
            "developer_key[require_scopes]": "true",
            "developer_key[auto_expire_tokens]": "true",
            "developer_key[scopes][]": list(scopes),
        }
        made: dict[str, Any] = self.api("POST", "/api/v1/accounts/self/developer_keys", data=form).json()
        self.switch(made["id"], state)
        return made

    def switch(self, key_id: int, state: str) -> None:
        path = f"/api/v1/accounts/self/developer_keys/{key_id}/developer_key_account_bindings"
        form = {"developer_key_account_binding[workflow_state]": state}
        assert self.api("POST", path, data=form).json()["workflow_state"] == state

    def api(self, verb: str, path: str, **sent: Any) -> httpx.Response:
        reply = self.keystead.call(verb, path, self.admin, **sent)
        assert reply.is_success, reply.text
        return reply

    def throttled(self) -> float:
        """Tell how many calls the gateway has refused because they were too many."""
        metrics = httpx.get(f"{self.keystead.url}/metrics", trust_env=False).text
        return float(re.findall(r"^keystead_throttled_calls\S* (.*)$", metrics, re.MULTILINE)[0])

    def page(self, path: str) -> str:
        reply = self.browser.get(self.url + path)
        assert reply.status_code == 200
        return words_of(reply)

    def press(self, action: str, on: str = "/", **fields: str) -> httpx.Response:
        """Send a form of a page, with what it carries unseen."""
        hidden = hidden_fields(self.browser.get(self.url + on).text)
        return self.browser.post(self.url + action, data=hidden | fields)

    def enter(self, key: dict[str, Any], secret: str | None = None) -> httpx.Response:
        """Press *Save and grant access*; where Keystead asks, sign in as a teacher and press *Authorize*."""
        reply = self.press("/key", client_id=str(key["id"]), client_secret=secret or key["api_key"])
        if reply.url.path == "/login":
            form = {"pseudonym_session[unique_id]": "teacher", "pseudonym_session[password]": "keystead-teacher"}
            reply = self.browser.post(f"{self.keystead.url}/login", data=form)
        if reply.url.path == "/login/oauth2/confirm":
            reply = self.browser.post(f"{self.keystead.url}/login/oauth2/accept", data=hidden_fields(reply.text))
        return reply


def words_of(reply: httpx.Response) -> str:
    """What a page says in its content, without tags and line breaks."""
    content = reply.text.partition("<main")[2].partition("</main>")[0].partition(">")[2]
    return " ".join(re.sub(r"<[^>]*>", " ", content).split())


def token_in(kept: str) -> str:
    """The access token in the checker's file."""
    return kept.partition('"access_token": "')[2].partition('"')[0]


@pytest.fixture(scope="module")
def keystead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("checked")
    with (home / "keystead.log").open("wb") as log, running(home, f"sqlite:///{home}/keystead.db", log) as started:
        yield started


@contextmanager
def serving(home: Path, keystead: Installation) -> Iterator[str]:
    """Run the checker with nothing of Keystead but its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "examples"),
        "CHECKER_KEYSTEAD_URL": keystead.url,
        "CHECKER_PORT": str(port),
        "CHECKER_FILE": str(home / "kept" / "checker.json"),
    }
    with (home / "checker.log").open("wb") as log:
        command = [sys.executable, "-m", "accessibility_checker"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=home)
        try:
            wait_for(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(15)


@pytest.fixture
def checker(keystead: Installation, tmp_path: Path) -> Iterator[Checker]:
    """A fresh checker. When it stops, nothing secret may stand in its log."""
    made = keystead.call("POST", "/api/v1/users/2/tokens", keystead.bootstrap_token, data={"token[purpose]": "checks"})
    noted: set[str] = set()

    def note(response: httpx.Response) -> None:
        noted.update(*(parse_qs(urlsplit(response.headers.get("location", "")).query).values()))

    with (
        serving(tmp_path, keystead) as url,
        httpx.Client(follow_redirects=True, timeout=60, trust_env=False, event_hooks={"response": [note]}) as browser,
    ):
        yield Checker(
            url=url,
            file=tmp_path / "kept" / "checker.json",
            keystead=keystead,
            admin=made.json()["visible_token"],
            browser=browser,
        )
    log = (tmp_path / "checker.log").read_text()
    assert [secret[:5] for secret in noted | keystead.secrets if len(secret) > 16 and secret in log] == []


def test_a_teacher_sets_it_up_reads_the_report_and_disconnects(checker: Checker) -> None:
    key = checker.key(*WANTED)
    before = checker.page("/")

    back = checker.enter(key)
    token = token_in(checker.file.read_text())
    checker.press("/report", on="/report")
    report = checker.page("/report")
    used = checker.keystead.call("GET", "/api/v1/courses", token)
    gone = checker.press("/disconnect")
    refused = checker.keystead.call("GET", "/api/v1/courses", token)

    assert "Not set up." in before
    assert " ".join(WANTED[:2]) in before
    assert (back.url.path, CONFIGURED in words_of(back)) == ("/", True)
    assert "works with the access of Tomás Herrera" in words_of(back)
    assert "The World since 1500" in report
    assert "Image without alternative text" in report
    assert "Heading jumps from level 2 to 4" in report
    assert "2 video" in report
    assert used.status_code == 200
    assert "The token was ended at Keystead" in words_of(gone)
    assert "Not set up." in words_of(gone)
    assert refused.json() == {"errors": [{"message": "Revoked access token."}]}
    assert not checker.file.exists()


def test_each_missing_scope_is_named_and_the_integration_works_once_they_are_added(checker: Checker) -> None:
    key = checker.key(WANTED[0], WANTED[3])

    refused = words_of(checker.enter(key))
    checker.api("PUT", f"/api/v1/developer_keys/{key['id']}", data={"developer_key[scopes][]": WANTED})
    accepted = words_of(checker.enter(key))

    assert "Scopes are missing." in refused
    named = refused.partition("does not have:")[2].partition("So an administrator")[0].split()
    assert named == ["GET", SCOPES[1].path, "GET", SCOPES[2].path]
    assert "Paste a list of scopes" in refused
    assert CONFIGURED in accepted


def test_a_walk_after_the_person_took_access_back_says_so(checker: Checker) -> None:
    key = checker.key(*WANTED)
    checker.enter(key)
    profile = checker.browser.get(f"{checker.keystead.url}/profile/settings")
    for address in set(re.findall(r'href="(/profile/settings/tokens/[^"/]+)"', profile.text)):
        asked = checker.browser.get(f"{checker.keystead.url}{address}/revoke")
        checker.browser.post(f"{checker.keystead.url}{address}/revoke", data=hidden_fields(asked.text))

    walked = checker.press("/report", on="/report")
    again = checker.enter(key)

    assert walked.url.path == "/"
    assert "The access has ended. Keystead answered: “Revoked access token.”" in words_of(walked)
    assert CONFIGURED in words_of(again)


def test_a_key_that_is_off_is_explained(checker: Checker) -> None:
    key = checker.key(*WANTED, state="off")

    back = words_of(checker.enter(key))

    assert "The key is off An administrator turns it on under Developer Keys." in back
    assert "Waiting for consent." in back


def test_a_lapsed_token_is_refreshed_on_the_way_and_before_it_is_ended(checker: Checker) -> None:
    checker.enter(checker.key(*WANTED))
    kept = checker.file.read_text()
    token = token_in(kept)
    checker.file.write_text(kept.replace(token, "x" * len(token)))

    checker.press("/report", on="/report")
    checker.file.write_text((refreshed := checker.file.read_text()).replace(token_in(refreshed), "x" * len(token)))
    report = checker.page("/report")
    gone = checker.press("/disconnect")

    assert "The World since 1500" in report
    assert token_in(refreshed) not in (token, "x" * len(token))
    assert "The token was ended at Keystead" in words_of(gone)


def test_a_throttled_walk_waits_and_comes_to_its_end(checker: Checker) -> None:
    key = checker.key(*WANTED)
    checker.enter(key)
    limits = {"refuses_at": 0.01, "cap": 0.02, "drains_per_second": 0.05, "upfront": 0.005}
    narrowed = checker.keystead.call(
        "PATCH",
        f"/api/keystead/v1/developer_keys/{key['id']}",
        checker.keystead.bootstrap_token,
        json={"throttle": limits},
    )
    before = checker.throttled()

    checker.press("/report", on="/report")

    assert narrowed.status_code == 200
    assert checker.throttled() > before
    assert "The World since 1500" in checker.page("/report")


def test_a_wrong_secret_is_explained_and_no_secret_is_shown(checker: Checker) -> None:
    key = checker.key(*WANTED)

    back = checker.enter(key, secret="w" * 64)
    kept = stat.S_IMODE(checker.file.stat().st_mode)

    assert "The client ID and the secret do not belong together" in words_of(back)
    assert "w" * 64 not in back.text
    assert kept == 0o600


def test_a_form_of_another_site_and_a_strangers_code_change_nothing(checker: Checker) -> None:
    key = checker.key(*WANTED)
    checker.enter(key)
    kept = checker.file.read_bytes()

    forged = checker.browser.post(f"{checker.url}/disconnect", data={"csrf": "guessed"})
    planted = checker.browser.get(f"{checker.url}/oauth/callback?code=stolen&state=guessed")
    elsewhere = checker.browser.get(checker.url, headers={"host": "evil.example"})

    assert "The page was out of date" in words_of(forged)
    assert "Nobody here asked for this" in words_of(planted)
    assert elsewhere.status_code == 400
    assert checker.file.read_bytes() == kept


def test_its_pages_carry_a_strict_policy_and_a_cookie_that_scripts_cannot_read(checker: Checker) -> None:
    page = checker.browser.get(checker.url)

    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
    assert {"HttpOnly", "SameSite=lax"} <= set(page.headers["set-cookie"].split("; "))
    assert "style=" not in page.text
