"""A whole Keystead for journeys: real processes, real HTTP, the sandbox LMS behind the gateway."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from databases import KINDS, fresh_url, postgresql
from ports import free_port

ROOT = Path(__file__).resolve().parents[2]
_MEMBER = re.compile(r'"(?:access_token|refresh_token|api_key|visible_token)":"([^"]{16,})"')
_CODE = re.compile(r"[?&]code=([0-9a-f]{128})")
BOOTSTRAP_TOKEN = "journey-bootstrap-token-0123456789abcdef"


@dataclass
class Installation:
    """A running Keystead. ``secrets`` collects every credential that its answers gave away, for the scan of its log."""

    url: str
    log: Path
    bootstrap_token: str = BOOTSTRAP_TOKEN
    secrets: set[str] = field(default_factory=lambda: {BOOTSTRAP_TOKEN})

    def client(self, **options: Any) -> httpx.Client:
        """Return a browser-like client: it keeps cookies and follows nothing by itself."""
        hooks = {"response": [self._note_secrets]}
        return httpx.Client(
            base_url=self.url, follow_redirects=False, timeout=30, trust_env=False, event_hooks=hooks, **options
        )

    def call(self, method: str, path: str, token: str | None, **options: Any) -> httpx.Response:
        """Make one API call with a token."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        with self.client() as client:
            return client.request(method, path, headers=headers, **options)

    def _note_secrets(self, response: httpx.Response) -> None:
        response.read()
        self.secrets |= set(_MEMBER.findall(response.text))
        self.secrets |= set(_CODE.findall(response.headers.get("location", "")))
        self.secrets |= {value for name, value in response.cookies.items() if len(value) > 20 and "session" in name}


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the server stopped instead of starting"
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(scope="session", params=KINDS)
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A Keystead over each kind of database. When it stops, no secret that it gave away may stand in its log."""
    home = tmp_path_factory.mktemp("installation")
    server_url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else None
    with fresh_url(request.param, home, server_url) as database_url, (home / "keystead.log").open("wb") as log:
        with running(home, database_url, log) as started:
            yield started
        assert started.secrets > {BOOTSTRAP_TOKEN}, "no journey was given any secret: the scan would prove nothing"
        written = started.log.read_text(errors="replace")
        assert [secret[:5] for secret in started.secrets if secret in written] == []
        if request.param == "sqlite":
            stored = b"".join(path.read_bytes() for path in home.glob("keystead*.db*"))
            assert [secret[:5] for secret in started.secrets if secret.encode() in stored] == []


@contextmanager
def running(home: Path, database_url: str, log: IO[bytes]) -> Iterator[Installation]:
    """Run the sandbox LMS and Keystead in front of it."""
    port, sandbox_port = free_port(), free_port()
    url, upstream = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KEYSTEAD_")} | {
        "KEYSTEAD_PORT": str(port),
        "KEYSTEAD_DATABASE_URL": database_url,
        "KEYSTEAD_SECRET_KEY": "a master secret of the journeys that is long enough",
        "KEYSTEAD_UPSTREAM_URL": upstream,
        "KEYSTEAD_SAMPLE_DATA": "1",
        "KEYSTEAD_BOOTSTRAP_TOKEN": BOOTSTRAP_TOKEN,
        "KEYSTEAD_BOOTSTRAP_PASSWORD": "keystead-siteadmin",
        "PYTHONPATH": str(ROOT / "examples"),
    }
    sandbox_arguments = ["--port", str(sandbox_port), "--jwks-url", f"{url}/login/oauth2/jwks"]
    commands = (
        [sys.executable, "-m", "sandbox_lms", *sandbox_arguments],
        [sys.executable, "-m", "keystead.cli", "serve"],
    )
    processes = [subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=home) for command in commands]
    try:
        wait_for(f"{upstream}/healthz", processes[0])
        wait_for(f"{url}/readyz", processes[1])
        yield Installation(url=url, log=home / "keystead.log")
    finally:
        for process in processes:
            process.terminate()
            process.wait(15)
