"""An unmodified client library against a running server: Authlib signs somebody in, calls the API and refreshes."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from ports import free_port

TOKEN = "authlib-bootstrap-token-0123456789abcdef"
CALLBACK = "https://tool.test/cb"
SCOPE = "url:GET|/api/v1/users/:id"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running server with the Site Admin person only."""
    home: Path = tmp_path_factory.mktemp("server")
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KEYSTEAD_")} | {
        "KEYSTEAD_PORT": str(port),
        "KEYSTEAD_DATABASE_URL": f"sqlite:///{home}/keystead.db",
        "KEYSTEAD_BOOTSTRAP_TOKEN": TOKEN,
        "KEYSTEAD_BOOTSTRAP_PASSWORD": "correct horse",
    }
    url = f"http://127.0.0.1:{port}"
    with (home / "log").open("wb") as log:
        command = [sys.executable, "-m", "keystead.cli", "serve"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=home)
        try:
            _wait_for(f"{url}/readyz", process)
            yield url
        finally:
            process.terminate()
            process.wait(15)


@pytest.fixture
def session(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[OAuth2Session]:
    """Authlib's client of a fresh key that is on."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with httpx.Client(base_url=server, headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False) as api:
        keys = "/api/v1/accounts/site_admin/developer_keys"
        values = {
            "name": "Authlib",
            "redirect_uris": CALLBACK,
            "require_scopes": True,
            "scopes": [SCOPE],
            "auto_expire_tokens": True,
        }
        key = api.post(keys, json={"developer_key": values}).json()
        bound = api.post(
            f"{keys}/{key['id']}/developer_key_account_bindings",
            json={"developer_key_account_binding": {"workflow_state": "on"}},
        )
        assert bound.status_code in (200, 201), bound.text
    made = OAuth2Session(
        str(key["id"]),
        key["api_key"],
        scope=SCOPE,
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        token_endpoint=f"{server}/login/oauth2/token",
    )
    made.trust_env = False
    yield made
    made.close()


def test_authlib_signs_in_with_pkce_and_basic_calls_and_refreshes(server: str, session: OAuth2Session) -> None:
    verifier = generate_token(48)
    address, state = session.create_authorization_url(f"{server}/login/oauth2/auth", code_verifier=verifier)

    returned = _agree(server, address)
    token = session.fetch_token(authorization_response=returned, state=state, code_verifier=verifier)
    called = session.get(f"{server}/api/v1/users/self")
    refreshed = session.refresh_token(f"{server}/login/oauth2/token")
    again = session.get(f"{server}/api/v1/users/self")

    assert (token["token_type"], token["expires_in"]) == ("Bearer", 3600)
    assert called.json()["name"] == again.json()["name"] == "Site Admin"
    assert refreshed["access_token"] != token["access_token"]
    assert refreshed["refresh_token"] == token["refresh_token"]


def test_authlib_reads_a_refusal(server: str, session: OAuth2Session) -> None:
    with pytest.raises(OAuthError) as refused:
        session.fetch_token(f"{server}/login/oauth2/token", code="nonsense")

    assert (refused.value.error, refused.value.description) == ("invalid_grant", "authorization_code not found")


def _agree(server: str, address: str) -> str:
    """Open an address in a browser, sign in, agree; return where that leads."""
    with httpx.Client(base_url=server, trust_env=False) as browser:
        browser.get(address)
        form = {"pseudonym_session[unique_id]": "siteadmin", "pseudonym_session[password]": "correct horse"}
        assert browser.post("/login", data=form).headers["location"] == "/login/oauth2/confirm"
        page = browser.get("/login/oauth2/confirm").text
        (value,) = set(re.findall(r"\b[0-9a-f]{48}\b", page.partition("custom_csrf_token")[2]))
        location = browser.post("/login/oauth2/accept", data={"custom_csrf_token": value}).headers["location"]
    assert set(parse_qs(urlsplit(location).query)) == {"code", "state"}
    return location


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the server stopped instead of starting"
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")
