"""An API that is not Canvas's, from its description to a call, and what a new description does to whom."""

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from databases import KINDS, fresh_url
from journeys.browsing import agree, answered, authorization_url, sign_in
from journeys.workers import CALLBACK, MASTER, Server, Tool
from ports import free_port

DOCUMENT = (Path(__file__).parents[2] / "examples" / "loaded_api" / "library.yaml").read_text()
PERSON, BOOKS, EXPORT = (f"url:GET|/library/v1/{path}" for path in ("people/:id", "books", "people/export"))


class Library(BaseHTTPRequestHandler):
    """Says what it was asked."""

    def do_GET(self) -> None:
        body = json.dumps({"path": self.path, "identity": "X-Keystead-Identity" in self.headers}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def library() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", free_port()), Library)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two processes on one database."""
    home = tmp_path_factory.mktemp("library")
    server_url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else None
    with fresh_url(request.param, home, server_url) as url:
        made = Server(home=home, database_url=url, count=2).start()
        yield made
        made.stop()
        assert "Traceback" not in made.log


def command(server: Server, *arguments: str) -> tuple[int, Any]:
    """Run ``keystead catalogue`` beside the server; return its status and what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KEYSTEAD_")} | {
        "KEYSTEAD_DATABASE_URL": server.database_url,
        "KEYSTEAD_SECRET_KEY": MASTER,
    }
    done = subprocess.run(
        [sys.executable, "-m", "keystead.cli", "catalogue", *arguments, "--json"],
        env=environment, cwd=server.home, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.returncode == 0 else done.stderr


def asked_by_a_proxy(server: Server, path: str, token: str) -> httpx.Response:
    """Ask at the second door about a call that another proxy carries."""
    headers = {"x-original-uri": path, "x-original-method": "GET", "authorization": f"Bearer {token}"}
    return server.call("GET", "/gateway/check", None, headers=headers)


def claims_of(answer: httpx.Response) -> Any:
    part = answer.headers["x-keystead-identity"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def known_everywhere(server: Server, path: str, token: str) -> None:
    """Wait until every process has learnt of a prefix that one of them loaded: they look once a second."""
    in_a_row, until = 0, time.monotonic() + 30
    while in_a_row < 12:
        assert time.monotonic() < until, "a process does not learn of the new prefix"
        in_a_row = 0 if server.call("GET", path, token).status_code == 404 else in_a_row + 1


def token_of(server: Server, tool: Tool, *scopes: str) -> str:
    """Let the teacher agree to these scopes; return the token."""
    with server.client() as browser:
        sign_in(browser, "teacher", "keystead-teacher")
        sent = browser.get(authorization_url(str(tool.id), CALLBACK, scope=" ".join(scopes)))
        assert sent.headers["location"].endswith("/confirm"), sent.headers["location"]
        return str(tool.exchange(answered(agree(browser))["code"]).json()["access_token"])


def test_from_a_description_to_a_call_and_a_new_description_widens_nothing(server: Server, library: str) -> None:
    file = server.home / "library.yaml"
    file.write_text(DOCUMENT)
    where = ("--name", "library", "--prefix", "/library/v1")
    assert server.call("GET", "/library/v1/books").status_code == 404
    status, planned = command(server, "diff", str(file), *where)
    assert (status, sorted(planned["added"]), planned["keys"]) == (0, [BOOKS, PERSON], [])

    status, loaded = command(server, "load", str(file), *where, "--upstream", library)

    assert (status, loaded["scopes"]) == (0, 2)
    admin = server.token()
    scopes = {one["scope"]: one for one in server.call("GET", "/api/v1/accounts/self/scopes", admin).json()}
    assert (scopes[PERSON]["resource_name"], scopes[PERSON]["sensitivity"]) == ("People", "personal")
    form = {
        "developer_key[name]": "Reader", "developer_key[redirect_uris]": CALLBACK,
        "developer_key[require_scopes]": "true", "developer_key[scopes][]": [PERSON],
    }  # fmt: skip
    made = server.call("POST", "/api/v1/accounts/self/developer_keys", admin, data=form)
    assert made.status_code == 200, made.text
    tool = Tool(server=server, admin=admin, id=made.json()["id"], secret=made.json()["api_key"])
    tool.switch("on")
    token = token_of(server, tool, PERSON)
    known_everywhere(server, "/library/v1/books", token)
    for _ in range(4):
        passed = server.call("GET", "/library/v1/people/7?full=1", token)
        assert (passed.status_code, passed.json()) == (200, {"path": "/library/v1/people/7?full=1", "identity": True})
        assert server.call("GET", "/library/v1/books", token).status_code == 401
    assert server.call("GET", "/library/v1/books", admin).status_code == 200
    assert server.call("GET", "/library/v1/books", None).status_code == 401

    asked = asked_by_a_proxy(server, "/library/v1/people/7", token)
    assert (asked.status_code, claims_of(asked)["aud"]) == (204, library)
    assert asked_by_a_proxy(server, "/library/v1/books", token).status_code == 401

    file.write_text(DOCUMENT.replace("/books:", "/people/export:").replace("List books", "Export all"))
    _, changed = command(server, "load", str(file), *where, "--upstream", library, "--strip-prefix")

    assert (changed["added"], changed["removed"]) == ([EXPORT], [BOOKS])
    for _ in range(6):
        refused = server.call("GET", "/library/v1/people/export", token)
        assert (refused.status_code, refused.headers["x-keystead-missing-scope"]) == (401, EXPORT)
        assert server.call("GET", "/library/v1/people/7", token).json()["path"] == "/people/7"

    file.write_text(DOCUMENT.replace("/people/{id}:", "/persons/{id}:"))
    _, planned = command(server, "diff", str(file), *where)
    assert [(key["id"], key["scopes"], key["live_tokens"]) for key in planned["keys"]] == [(tool.local_id, [PERSON], 1)]

    status, unloaded = command(server, "unload", "library", "--because", "the contract ended")

    assert (status, [key["id"] for key in unloaded["keys"]]) == (0, [tool.local_id])
    for _ in range(6):
        assert server.call("GET", "/library/v1/people/7", token).status_code in (401, 404)
    assert command(server, "unload", "library")[0] == 1
    assert command(server, "list") == (0, [])

    again = {"name": "other", "prefix": "/library/v1", "upstream": library, "document": DOCUMENT}
    returned = server.call("POST", "/api/keystead/v1/catalogues", json=again)

    assert (returned.status_code, returned.json()["returning"]) == (200, [PERSON])
    assert [key["id"] for key in returned.json()["keys"]] == [tool.local_id]


@pytest.mark.parametrize(
    ("document", "arguments", "words"),
    [
        ("openapi: 2.0", (), "openapi: must be 3.0 or 3.1"),
        ("a: [", (), "neither JSON nor YAML"),
        (DOCUMENT, ("--prefix", "/api/v1"), "stands under a path of Keystead's own"),
        (DOCUMENT, ("--name", "a b"), "name must be letters"),
    ],
)
def test_what_cannot_be_loaded_is_one_line_and_status_1(
    tmp_path: Path, document: str, arguments: tuple[str, ...], words: str
) -> None:
    file = tmp_path / "document.yaml"
    file.write_text(document)
    server = Server(home=tmp_path, database_url=f"sqlite:///{tmp_path}/keystead.db")

    status, printed = command(server, "diff", str(file), "--name", "x", "--prefix", "/x", *arguments)

    assert (status, words in printed, printed.count("\n")) == (1, True, 1)
