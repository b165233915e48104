"""How is something fetched from elsewhere without being led astray? From public addresses only, bounded, once checked.

For documents that vendors and operators name by URL. Every address that a name stands for must be public, and the
connection goes to the very addresses that were checked, so a name cannot change its mind in between.
"""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

MOST_OCTETS: Final = 5 * 1024 * 1024
LONGEST: Final = 10.0
MOST_REDIRECTS: Final = 3

Look = Callable[[str, int], Awaitable[Sequence[str]]]


class OutsideError(Exception):
    """Nothing was fetched; the message says why, and may be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came: the octets, their declared type, and from where in the end."""

    octets: bytes
    content_type: str
    url: str


async def look_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses that a host name stands for."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


async def fetch(
    url: str,
    *,
    look: Look = look_up,
    is_allowed: Callable[[str], bool] | None = None,
    most: int = MOST_OCTETS,
    within: float = LONGEST,
    ssl: Any = True,
) -> Fetched:
    """Fetch a document by ``https``, in at most ``within`` seconds and ``most`` octets, over at most three redirects.

    ``is_allowed`` says which addresses may be asked; public ones if it is None. Raises OutsideError.
    """
    allowed = is_allowed or is_public
    try:
        async with asyncio.timeout(within):
            for _ in range(MOST_REDIRECTS + 1):
                answer = await _once(url, look, allowed, most, ssl)
                if isinstance(answer, Fetched):
                    return answer
                url = answer
    except TimeoutError:
        raise OutsideError(f"it took longer than {within:.0f} seconds") from None
    except (aiohttp.ClientError, OSError, UnicodeError) as failed:
        raise OutsideError(f"it cannot be reached ({type(failed).__name__})") from None
    raise OutsideError(f"it redirects more than {MOST_REDIRECTS} times")


async def post(
    url: str,
    octets: bytes,
    headers: Mapping[str, str],
    *,
    look: Look = look_up,
    is_allowed: Callable[[str], bool] | None = None,
    within: float = LONGEST,
    ssl: Any = True,
) -> None:
    """Send something by ``https`` to a public address, over no redirect. Raises OutsideError unless it answers 2xx."""
    allowed = is_allowed or is_public
    try:
        async with asyncio.timeout(within), _session(_target(url), look, allowed, ssl) as (session, target):
            sent = {"User-Agent": "Keystead", **headers}
            async with session.post(target, data=octets, headers=sent, allow_redirects=False) as answer:
                if not 200 <= answer.status < 300:
                    raise OutsideError(f"it answers {answer.status}")
    except TimeoutError:
        raise OutsideError(f"it took longer than {within:.0f} seconds") from None
    except (aiohttp.ClientError, OSError, UnicodeError) as failed:
        raise OutsideError(f"it cannot be reached ({type(failed).__name__})") from None


def is_public(address: str) -> bool:
    """Whether an address may be asked: none that is private, local, shared, reserved or a tunnel to one of those."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if parsed in _NAT64:
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


async def _once(url: str, look: Look, allowed: Callable[[str], bool], most: int, ssl: Any) -> Fetched | str:
    async with (
        _session(_target(url), look, allowed, ssl) as (session, target),
        session.get(
            target, allow_redirects=False, headers={"Accept-Encoding": "identity", "User-Agent": "Keystead"}
        ) as answer,
    ):
        if answer.status in (301, 302, 303, 307, 308):
            return _joined(target, answer.headers.get("Location", ""))
        if answer.status != 200:
            raise OutsideError(f"it answers {answer.status}")
        if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise OutsideError("it is compressed although that was not asked for")
        octets = bytearray()
        async for chunk in answer.content.iter_chunked(64 * 1024):
            octets += chunk
            if len(octets) > most:
                raise OutsideError(f"it is larger than {most} octets")
        return Fetched(octets=bytes(octets), content_type=answer.headers.get("Content-Type", ""), url=url)


@asynccontextmanager
async def _session(
    target: URL, look: Look, allowed: Callable[[str], bool], ssl: Any
) -> AsyncIterator[tuple[aiohttp.ClientSession, URL]]:
    """Open a session that can reach nothing but the checked addresses of one target. Raises OutsideError."""
    host = target.raw_host or ""
    addresses = [host] if _is_literal(host) else list(await look(host, target.port or 443))
    if not addresses or not all(allowed(address) for address in addresses):
        raise OutsideError("it stands at an address that is not public")
    connector = aiohttp.TCPConnector(resolver=_Pinned(addresses), use_dns_cache=False, limit=1, ssl=ssl)
    async with aiohttp.ClientSession(
        connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
    ) as session:
        yield session, target


def _target(url: str) -> URL:
    """Return the URL, read by the very reader that connects. Raises OutsideError unless it may be asked for at all."""
    try:
        parts = URL(url)
    except ValueError:
        raise OutsideError("it is no URL") from None
    if parts.scheme != "https" or not parts.raw_host or parts.user is not None or parts.password is not None:
        raise OutsideError("only https URLs without a user are fetched")
    return parts


def _joined(url: URL, location: str) -> str:
    try:
        return str(url.join(URL(location)))
    except ValueError:
        raise OutsideError("it redirects to no URL") from None


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class _Pinned(AbstractResolver):
    """Resolves every name to the addresses that were checked."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the checked addresses."""
        return [
            ResolveResult(
                hostname=host, host=address, port=port, proto=0, flags=socket.AI_NUMERICHOST,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
            )
            for address in self._addresses
            if family in (socket.AF_UNSPEC, socket.AF_INET6 if ":" in address else socket.AF_INET)
        ]  # fmt: skip

    async def close(self) -> None:
        """Do nothing."""
