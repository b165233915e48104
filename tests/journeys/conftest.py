"""A whole Keystead for journeys: real processes, real HTTP, the sandbox LMS behind the gateway."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
BOOTSTRAP_TOKEN = "journey-bootstrap-token-0123456789abcdef"


@dataclass
class Installation:
    """A running Keystead. ``secrets`` collects every credential a journey was given, for the scan of the logs."""

    url: str
    log: Path
    database: Path
    bootstrap_token: str = BOOTSTRAP_TOKEN
    secrets: set[str] = field(default_factory=set)

    def client(self, **options: object) -> httpx.Client:
        """Return a browser-like client: it keeps cookies and follows nothing by itself."""
        return httpx.Client(base_url=self.url, follow_redirects=False, timeout=30, trust_env=False, **options)  # type: ignore[arg-type]

    def call(self, method: str, path: str, token: str | None, **options: object) -> httpx.Response:
        """Make one API call with a token."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        with self.client() as client:
            return client.request(method, path, headers=headers, **options)  # type: ignore[arg-type]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("installation")
    port, sandbox_port = free_port(), free_port()
    url, upstream = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{sandbox_port}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KEYSTEAD_")} | {
        "KEYSTEAD_PORT": str(port),
        "KEYSTEAD_DATABASE_URL": f"sqlite:///{home}/keystead.db",
        "KEYSTEAD_UPSTREAM_URL": upstream,
        "KEYSTEAD_SAMPLE_DATA": "1",
        "KEYSTEAD_BOOTSTRAP_TOKEN": BOOTSTRAP_TOKEN,
        "KEYSTEAD_BOOTSTRAP_PASSWORD": "keystead-siteadmin",
        "PYTHONPATH": str(ROOT / "examples"),
    }
    log = home / "keystead.log"
    with log.open("wb") as written:
        sandbox = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "sandbox_lms",
                "--port",
                str(sandbox_port),
                "--jwks-url",
                f"{url}/login/oauth2/jwks",
            ],
            env=environment,
            stdout=written,
            stderr=written,
        )
        server = subprocess.Popen(
            [sys.executable, "-m", "keystead.cli", "serve"], env=environment, stdout=written, stderr=written, cwd=home
        )
        try:
            wait_for(f"{url}/readyz", server)
            wait_for(f"{upstream}/healthz", sandbox)
            yield Installation(url=url, log=log, database=home / "keystead.db")
        finally:
            for process in (server, sandbox):
                process.terminate()
                process.wait(15)
