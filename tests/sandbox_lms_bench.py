"""The sandbox LMS in one process: ask it as anybody, with identities signed by a key of the test."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey

from sandbox_lms.app import Settings, create_app
from sandbox_lms.identity import GivenKeys, Keys

AUDIENCE = "http://sandbox.example:8091"
ISSUER = "https://keystead.example"
NOON = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
SIGNING = OKPKey.generate_key("Ed25519", {"kid": "one"})
OTHER_CURVE = ECKey.generate_key("P-256", {"kid": "two"})
PUBLIC_KEYS = KeySet([SIGNING, OTHER_CURVE])
LOGINS = {"college": "sofia.aguilar", "stranger": "nobody.known"}


def claims(login: str, /, **changes: object) -> dict[str, Any]:
    stated = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": int(time.time()) + 60,
        "sub": "77",
        "name": login,
        "login": login,
        "account": 2,
        "client_id": "10000000000001",
        "scopes": [],
        **changes,
    }
    return {name: value for name, value in stated.items() if value is not None}


def signed(stated: Mapping[str, Any], key: OKPKey | ECKey = SIGNING, alg: str = "Ed25519") -> str:
    header = {"alg": alg, "kid": key.kid}
    return jwt.encode(header, dict(stated), key, algorithms=["Ed25519", "ES256"])


class Sandbox:
    """Fresh sample data, and a way to ask as a named person: `/path` is below the API, other addresses are absolute."""

    def __init__(self, keys: Keys | None = None) -> None:
        settings = Settings(jwks_url="http://keystead.example/jwks", audience=AUDIENCE, issuer=ISSUER)
        self.app = create_app(settings, keys=keys or GivenKeys(PUBLIC_KEYS), clock=lambda: NOON)

    def ask(self, person: str | None, verb: str, path: str, *, headers: Any = (), **sent: Any) -> httpx.Response:
        given = dict(headers)
        if person is not None:
            given["X-Keystead-Identity"] = signed(claims(LOGINS.get(person, person)))
        return asyncio.run(self._send(verb, path, headers=given, **sent))

    def get(self, person: str | None, path: str, **sent: Any) -> httpx.Response:
        return self.ask(person, "GET", path, **sent)

    def put(self, person: str | None, path: str, **sent: Any) -> httpx.Response:
        return self.ask(person, "PUT", path, **sent)

    async def _send(self, verb: str, path: str, **sent: Any) -> httpx.Response:
        address = f"/api/v1{path}" if path.startswith("/") else path
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app), base_url=AUDIENCE) as client:
            return await client.request(verb, address, **sent)
