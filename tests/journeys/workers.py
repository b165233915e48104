"""A Keystead of several server processes for races and faults: started, stopped and killed at will."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from journeys.browsing import agree, answered, authorization_url, sign_in
from journeys.conftest import BOOTSTRAP_TOKEN
from ports import free_port

MASTER = "the master secret of the races that is long enough"
CALLBACK = "https://tool.example.com/callback"


@dataclass(kw_only=True)
class Server:
    """``keystead serve`` with its workers, in a process group of its own."""

    home: Path
    database_url: str
    count: int = 3
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it has written."""
        return (self.home / f"{self.port}.log").read_text(errors="replace")

    def start(self, *, wait: bool = True) -> "Server":
        """Start it."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KEYSTEAD_")} | {
            "KEYSTEAD_THROTTLE": "false",
            "KEYSTEAD_PORT": str(self.port),
            "KEYSTEAD_WORKERS": str(self.count),
            "KEYSTEAD_DATABASE_URL": self.database_url,
            "KEYSTEAD_SECRET_KEY": MASTER,
            "KEYSTEAD_SAMPLE_DATA": "1",
            "KEYSTEAD_BOOTSTRAP_TOKEN": BOOTSTRAP_TOKEN,
            **self.settings,
        }
        with (self.home / f"{self.port}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "keystead.cli", "serve"],
                env=environment, stdout=log, stderr=log, cwd=self.home, start_new_session=True,
            )  # fmt: skip
        if wait:
            self.wait()
        return self

    def wait(self) -> None:
        """Wait until it can serve."""
        assert self.process is not None
        for _ in range(600):
            assert self.process.poll() is None, self.log[-2000:]
            try:
                if httpx.get(f"{self.url}/readyz", trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError("it did not start: " + self.log[-2000:])

    def kill(self) -> None:
        """Kill it and all its workers at once, as a power cut would."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(15)

    def stop(self) -> int:
        """Ask it to stop; return its exit status."""
        assert self.process is not None
        self.process.terminate()
        try:
            return self.process.wait(20)
        finally:
            if self.process.poll() is None:
                self.kill()

    def client(self, **options: Any) -> httpx.Client:
        """Return a browser-like client."""
        return httpx.Client(base_url=self.url, follow_redirects=False, timeout=40, trust_env=False, **options)

    def call(self, method: str, path: str, token: str | None = BOOTSTRAP_TOKEN, **options: Any) -> httpx.Response:
        """Make one call on a connection of its own, so that any worker may answer."""
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        with self.client(headers=headers) as client:
            return client.request(method, path, **options)

    def token(self, user_id: int = 2) -> str:
        """Make somebody's API token; 2 is the sample institution's administrator."""
        made = self.call("POST", f"/api/v1/users/{user_id}/tokens", data={"token[purpose]": "race"})
        assert made.status_code == 200, made.text
        return str(made.json()["visible_token"])

    def key(self, admin: str, name: str = "Race") -> "Tool":
        """Make a key of the institution and turn it on."""
        form = {"developer_key[name]": name, "developer_key[redirect_uris]": CALLBACK}
        made = self.call("POST", "/api/v1/accounts/self/developer_keys", admin, data=form)
        assert made.status_code == 200, made.text
        tool = Tool(server=self, admin=admin, id=made.json()["id"], secret=made.json()["api_key"])
        assert tool.switch("on").status_code in (200, 201)
        return tool


@dataclass(kw_only=True)
class Tool:
    """A key, as its vendor and its administrator use it."""

    server: Server
    admin: str
    id: int
    secret: str

    @property
    def local_id(self) -> int:
        """The key's number in the database."""
        return self.id % 10_000_000_000_000

    def switch(self, state: str) -> httpx.Response:
        """Set the institution's decision about the key."""
        path = f"/api/v1/accounts/self/developer_keys/{self.id}/developer_key_account_bindings"
        form = {"developer_key_account_binding[workflow_state]": state}
        return self.server.call("POST", path, self.admin, data=form)

    def code(self, browser: httpx.Client) -> str:
        """Let whoever is signed in agree; return the code."""
        sent = browser.get(authorization_url(str(self.id), CALLBACK))
        if not sent.headers["location"].startswith(CALLBACK):
            sent = agree(browser)
        return answered(sent)["code"]

    def codes(self, count: int, login: str = "teacher") -> list[str]:
        """Let a person agree several times."""
        with self.server.client() as browser:
            sign_in(browser, login, f"keystead-{login}")
            return [self.code(browser) for _ in range(count)]

    def exchange(self, code: str) -> httpx.Response:
        """Exchange a code."""
        return self._ask({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK})

    def refresh(self, credential: str) -> httpx.Response:
        """Refresh a token."""
        return self._ask({"grant_type": "refresh_token", "refresh_token": credential})

    def _ask(self, form: dict[str, str]) -> httpx.Response:
        client = {"client_id": str(self.id), "client_secret": self.secret}
        return self.server.call("POST", "/login/oauth2/token", None, data=form | client)


def at_once(number: int, work: Callable[[int], Any]) -> list[Any]:
    """Do the work so many times at the same moment; return what each gave."""
    start = threading.Barrier(number)

    def one(at: int) -> Any:
        start.wait()
        return work(at)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def statuses(answers: Iterable[httpx.Response]) -> list[int]:
    """Return the statuses, sorted."""
    return sorted(answer.status_code for answer in answers)
