"""From where does a request come, and by which origin was it asked? Only known proxies are believed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from keystead.config import Network
from keystead.core.accounts import normal_host
from keystead.core.addresses import is_inside, read_address

Scope = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOrigin:
    """``host`` is as asked, with port; ``address`` is the sender's, None when it is not known."""

    scheme: str
    host: str
    address: str | None
    request_id: str

    @property
    def url(self) -> str:
        """The origin the sender used, as clients write it."""
        return f"{self.scheme}://{self.host}"

    @property
    def domain(self) -> str:
        """The host as domains are compared."""
        return normal_host(self.host)


def header(scope: Scope, name: bytes) -> str | None:
    """Return the first value of a header, None when it is absent."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return None


def headers_named(scope: Scope, name: bytes) -> tuple[str, ...]:
    """Return every value of a header, in order."""
    return tuple(value.decode("latin-1") for key, value in scope["headers"] if key == name)


def origin_of(scope: Scope, *, trusted: Sequence[Network], request_id: str) -> RequestOrigin:
    """Return where the request comes from."""
    client = scope.get("client")
    peer = None if not client else str(client[0])
    host = header(scope, b"host") or "localhost"
    scheme = str(scope.get("scheme", "http"))
    address = peer
    if trusted and is_within(peer, trusted):
        host = _last(header(scope, b"x-forwarded-host")) or host
        scheme = _last(header(scope, b"x-forwarded-proto")) or scheme
        address = sender_of(headers_named(scope, b"x-forwarded-for"), peer, trusted)
    return RequestOrigin(
        scheme=scheme if scheme in ("http", "https") else "http",
        host=clean_host(host),
        address=address,
        request_id=request_id,
    )


def is_within(address: str | None, networks: Sequence[Network]) -> bool:
    """Whether an address stands in one of the networks; what cannot be read does not."""
    parsed = read_address(address)
    return parsed is not None and is_inside(parsed, tuple(networks))


@lru_cache(maxsize=1024)
def clean_host(host: str) -> str:
    """Return the host in small letters, or ``localhost`` for what can be none."""
    allowed = all(character.isalnum() or character in ".-_:[]" for character in host)
    return host.lower() if host.isascii() and allowed and len(host) <= 255 else "localhost"


def sender_of(forwarded: Sequence[str], peer: str | None, trusted: Sequence[Network]) -> str | None:
    """Return the nearest address that is no proxy of ours, from the peer on; ``forwarded`` is what it says."""
    if not is_within(peer, trusted):
        return peer
    hops = [hop.strip() for line in forwarded for hop in line.split(",") if hop.strip()]
    for hop in reversed(hops):
        if not is_within(hop, trusted):
            return hop
    return hops[0] if hops else peer


def _last(value: str | None) -> str | None:
    return None if value is None else value.rpartition(",")[2].strip().lower() or None
