"""What only a real browser can show: that its own rules let people through our pages, with and without JavaScript."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page

from journeys.browsing import authorization_url
from journeys.conftest import Installation
from journeys.looking import chromium

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("installation", ["sqlite"], indirect=True)]


@dataclass
class Client:
    """The vendor's callback: a real web server that notes what it is told, and sends the browser on elsewhere."""

    redirect_uri: str
    told: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    class Callback(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            if asked.path == "/callback":
                made.told.append({name: values[0] for name, values in parse_qs(asked.query).items()})
                self.send_response(302)
                self.send_header("Location", "/done")
                self.end_headers()
            else:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"<h1>Configured</h1>")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Callback)
    made = Client(redirect_uri=f"http://127.0.0.1:{server.server_port}/callback")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def key_id(installation: Installation, client: Client) -> str:
    """A key of the institution that lists the callback; off, as every new one."""
    token = installation.call(
        "POST", "/api/v1/users/2/tokens", installation.bootstrap_token, data={"token[purpose]": "browser"}
    ).json()["visible_token"]
    form = {
        "developer_key[name]": "Course Mapper",
        "developer_key[redirect_uris]": client.redirect_uri,
        "developer_key[require_scopes]": "1",
        "developer_key[scopes][]": ["url:GET|/api/v1/courses/:id", "url:DELETE|/api/v1/files/:id"],
    }
    made = installation.call("POST", "/api/v1/accounts/self/developer_keys", token, data=form)
    return str(made.json()["id"])


def fill_in(page: Page, login: str) -> None:
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(f"keystead-{login}")
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_an_administrator_turns_a_key_on_and_a_teacher_authorizes_it(
    installation: Installation, client: Client, browser: Browser, key_id: str, *, scripts: bool
) -> None:
    for_admin = browser.new_context(base_url=installation.url, java_script_enabled=scripts)
    page = for_admin.new_page()
    page.goto("/")
    fill_in(page, "admin")
    page.get_by_role("link", name="Developer Keys").first.click()
    row = page.get_by_role("row").filter(has_text="Course Mapper")
    if "Off" in row.inner_text():
        row.get_by_role("switch").click()
        assert page.get_by_role("heading", name="Turn On Developer Key").is_visible()
        page.get_by_role("button", name="Switch to On").click()
    assert "On" in row.inner_text()
    for_admin.close()

    for_teacher = browser.new_context(base_url=installation.url, java_script_enabled=scripts)
    page = for_teacher.new_page()
    scope = "url:GET|/api/v1/courses/:id url:DELETE|/api/v1/files/:id"
    page.goto(authorization_url(key_id, client.redirect_uri, scope=scope, state="a b&c"))
    fill_in(page, "teacher")
    words = page.get_by_role("main").inner_text()
    page.get_by_role("button", name="Authorize").click()
    page.get_by_role("heading", name="Configured").wait_for()

    assert "Course Mapper" in words
    assert "Courses" in words
    assert "Delete" in words
    assert "url:" not in words
    assert client.told[-1]["state"] == "a b&c"
    assert len(client.told[-1]["code"]) == 128
    for_teacher.close()


def test_a_person_who_cancels_is_sent_back_without_a_code(
    installation: Installation, client: Client, browser: Browser, key_id: str
) -> None:
    context = browser.new_context(base_url=installation.url)
    page = context.new_page()
    page.goto(authorization_url(key_id, client.redirect_uri, scope="url:GET|/api/v1/courses/:id"))
    fill_in(page, "teacher")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("heading", name="Configured").wait_for()

    assert client.told[-1] == {"error": "access_denied"}
    context.close()
