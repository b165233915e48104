"""Who acts: the signed identity that the gateway puts on each request, checked against its published keys."""

import asyncio
import json
import time
import urllib.parse
import urllib.request
import warnings
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import Key, KeySet
from joserfc.jws import extract_compact

from sandbox_lms.ids import local_id
from sandbox_lms.refusals import RefusalError, plain, unauthenticated

HEADER = "x-keystead-identity"
ALGORITHMS = ["Ed25519", "EdDSA", "ES256"]
LEEWAY_SECONDS = 5
LONGEST_HEADER = 16_384
LARGEST_KEY_SET = 1 << 20
REFETCH_PAUSE_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The acting person as the gateway names them. With masquerading it is the person acted as: theirs are the rights.

    `includes` is False when the gateway could not cut `include[]` itself and leaves that to the upstream.
    """

    subject: str
    login: str
    name: str
    account_id: int | None
    includes: bool


class Keys(Protocol):
    async def find(self, kid: str) -> Key | None: ...


class GivenKeys:
    """A fixed set of verification keys."""

    def __init__(self, key_set: KeySet) -> None:
        self._keys = {key.kid: key for key in key_set.keys}

    async def find(self, kid: str) -> Key | None:
        return self._keys.get(kid)


class PublishedKeys:
    """The keys at a JWKS address, fetched when first needed and again for an unknown `kid`, but not more often than
    the pause allows: made-up `kid`s must not turn into traffic. Keys already known outlive a failing fetch.
    """

    def __init__(
        self,
        url: str,
        fetch: Callable[[str], Awaitable[bytes]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._fetch = fetch or _fetch
        self._clock = clock
        self._lock = asyncio.Lock()
        self._known: dict[str, Key] = {}
        self._next_fetch = float("-inf")

    async def find(self, kid: str) -> Key | None:
        if kid in self._known:
            return self._known[kid]
        async with self._lock:
            if kid not in self._known and self._clock() >= self._next_fetch:
                await self._refresh()
        return self._known.get(kid)

    async def _refresh(self) -> None:
        self._next_fetch = self._clock() + REFETCH_PAUSE_SECONDS
        try:
            keys = KeySet.import_key_set(json.loads(await self._fetch(self._url))).keys
            self._known = {key.kid: key for key in keys if key.kid}
        except (OSError, ValueError, TypeError, KeyError, JoseError) as error:
            if not self._known:
                self._next_fetch = self._clock() + 1.0
                raise plain(503, "The identity keys cannot be read.") from error


async def identify(token: str | None, keys: Keys, *, audience: str, issuer: str | None) -> Identity:
    """The identity in the token, or a refusal: 401 for everything that is not signed, timely and meant for us."""
    if not token or len(token) > LONGEST_HEADER:
        raise unauthenticated()
    try:
        kid = extract_compact(token.encode("ascii")).headers().get("kid")
        key = await keys.find(kid) if isinstance(kid, str) else None
        if key is None or key.key_type == "oct":
            raise unauthenticated()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)
            claims = jwt.decode(token, key, algorithms=ALGORITHMS).claims
        _claims_to_hold(audience, issuer).validate(claims)
        return _identity(claims)
    except RefusalError:
        raise
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise unauthenticated() from error


def _claims_to_hold(audience: str, issuer: str | None) -> jwt.JWTClaimsRegistry:
    issued_by: jwt.ClaimsOption = {"essential": True, "value": issuer} if issuer else {"essential": True}
    return jwt.JWTClaimsRegistry(
        leeway=LEEWAY_SECONDS,
        exp={"essential": True},
        aud={"essential": True, "value": audience},
        iss=issued_by,
        sub={"essential": True},
    )


def _identity(claims: Mapping[str, object]) -> Identity:
    subject, login, name, account = (claims.get(each) for each in ("sub", "login", "name", "account"))
    if not isinstance(subject, str) or not isinstance(login, str):
        raise unauthenticated()
    return Identity(
        subject=subject,
        login=login,
        name=name if isinstance(name, str) else login,
        account_id=local_id(str(account)),
        includes=claims.get("includes") is not False,
    )


async def _fetch(url: str) -> bytes:
    return await asyncio.to_thread(_read, url)


def _read(url: str) -> bytes:
    if urllib.parse.urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError(url)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=5) as reply:
        body: bytes = reply.read(LARGEST_KEY_SET)
        return body
