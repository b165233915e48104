"""How fast is a token told about, here and by others? ``python -m bench introspection``

The others are installed below ``build/`` the first time: Authlib over SQLite, django-oauth-toolkit over SQLite, Node's
oidc-provider with its store in memory.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from bench.served import ROOT, TOKEN, Subject, compared, free_port, keystead, server, table

PEERS = ROOT / "bench" / "peers"
BUILT = ROOT / "build" / "bench-peers"
SECRET = "secret" * 8
OURS = "Keystead"


def main() -> None:
    """Print how fast each is."""
    with ExitStack() as stack, tempfile.TemporaryDirectory() as home:
        subjects = [ours(stack, home)]
        python = installed()
        for name, script, path in (
            ("Authlib (Flask, SQLite)", "authlib_server.py", "/introspect"),
            ("django-oauth-toolkit (SQLite)", "toolkit_server.py", "/o/introspect/"),
        ):
            port = free_port()
            stack.enter_context(server([python, str(PEERS / script), home, str(port)], port))
            subjects.append(Subject(name=name, port=port, requests=[request(path, "bench", SECRET, TOKEN)]))
        if (node := shutil.which("node")) is not None and (BUILT / "node_modules").exists():
            port = free_port()
            stack.enter_context(server([node, str(BUILT / "oidc_provider.mjs"), str(port)], port))
            token = node_token(port)
            subjects.append(
                Subject(
                    name="oidc-provider (Node, in memory)", port=port,
                    requests=[request("/token/introspection", "bench", SECRET, token)],
                )
            )  # fmt: skip
        table("Introspection of a live token, 16 connections", compared(*subjects, connections=16), OURS)


def ours(stack: ExitStack, home: str) -> Subject:
    """Start a Keystead with a key that may ask about every token."""
    port = stack.enter_context(keystead(home))
    key = json.loads(call(port, "POST", "/api/v1/accounts/site_admin/developer_keys", {"developer_key[name]": "bench"}))
    flags = urllib.parse.urlencode({"may_introspect": "true"}).encode()
    call(port, "PATCH", f"/api/keystead/v1/developer_keys/{key['id']}", flags)
    asked = request("/login/oauth2/introspect", str(key["id"]), key["api_key"], TOKEN)
    return Subject(name=OURS, port=port, requests=[asked])


def call(port: int, verb: str, path: str, form: dict[str, str] | bytes) -> bytes:
    """Make one call as Site Admin."""
    body = form if isinstance(form, bytes) else urllib.parse.urlencode(form).encode()
    asked = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data=body, method=verb, headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return bytes(answer.read())


def request(path: str, client_id: str, secret: str, token: str) -> str:
    """Return the question whether a token is active."""
    body = urllib.parse.urlencode({"client_id": client_id, "client_secret": secret, "token": token})
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )


def node_token(port: int) -> str:
    """Let oidc-provider issue a token."""
    form = {"grant_type": "client_credentials", "client_id": "bench", "client_secret": SECRET, "scope": "read"}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/token", data=urllib.parse.urlencode(form).encode())
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return str(json.loads(answer.read())["access_token"])


def installed() -> str:
    """Install the others where they are not yet; return the Python that has them."""
    python = BUILT / "venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(BUILT / "venv")], check=True)
        quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([str(python), *quiet, "-r", str(PEERS / "requirements.txt")], check=True)
    if shutil.which("npm") and not (BUILT / "node_modules").exists():
        for name in ("package.json", "package-lock.json", "oidc_provider.mjs"):
            shutil.copy(PEERS / name, BUILT / name)
        subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=BUILT, check=False)
    return str(python)


if __name__ == "__main__":
    Path(BUILT).mkdir(parents=True, exist_ok=True)
    main()
