"""What is fetched from elsewhere: public addresses only, bounded in time and size, pinned to what was checked."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from keystead.gateway import outside
from keystead.gateway.outside import OutsideError, fetch, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::a00:1",
        "2002:7f00:1::", "ff02::1", "not an address", "", "192.0.2.1", "2001:db8::1",
    ],
)  # fmt: skip
def test_what_is_not_public_is_not_asked(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111"])
def test_what_is_public_is(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/x", "ftp://example.com", "https://user@example.com/", "https://u:p@example.com/", "https://",
        "example.com", "https://example.com:99999/", "file:///etc/passwd", "https://127.0.0.1/", "https://[::1]/",
        "https://169.254.169.254/latest/meta-data", "https://１２７.0.0.1/", "https://127。0。0。1/", "https://2130706433/",
        "https://a.example\\@127.0.0.1/", "https://[::ffff:127.0.0.1]/", "https://[::1%25lo]/", "https://[::1/",
    ],
)  # fmt: skip
def test_only_https_at_public_addresses_is_fetched(url: str) -> None:
    async def nowhere(_host: str, _port: int) -> Sequence[str]:
        return ["10.0.0.1"]

    with pytest.raises(OutsideError):
        asyncio.run(fetch(url, look=nowhere))


def test_a_name_with_one_private_address_among_public_ones_is_not_asked() -> None:
    async def mixed(_host: str, _port: int) -> Sequence[str]:
        return ["1.1.1.1", "127.0.0.1"]

    with pytest.raises(OutsideError, match="not public"):
        asyncio.run(fetch("https://example.com/", look=mixed))


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def against(serve: Serve, *, within: float = 5.0, most: int = 100_000, allowed: int = 10) -> outside.Fetched:
    """Fetch from a server of the test's own, which stands for a public one; ``allowed`` looks are."""

    async def run() -> outside.Fetched:
        looks: list[str] = []

        async def look(_host: str, _port: int) -> Sequence[str]:
            looks.append("127.0.0.1")
            return ["127.0.0.1" if len(looks) <= allowed else "10.0.0.1"]

        writers: list[asyncio.StreamWriter] = []

        async def serving(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            await serve(reader, writer)

        server = await asyncio.start_server(serving, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            return await fetch(
                f"https://docs.example.com:{port}/openapi.json", look=look, most=most, within=within,
                is_allowed=lambda address: address == "127.0.0.1",
            )  # fmt: skip
        finally:
            server.close()
            for writer in writers:
                writer.close()
            await asyncio.sleep(0.05)

    return asyncio.run(run())


def test_a_server_without_a_certificate_is_not_believed() -> None:
    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    with pytest.raises(OutsideError, match="cannot be reached"):
        against(serve)


def test_a_server_that_never_answers_is_given_up() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    with pytest.raises(OutsideError, match="longer than"):
        against(serve, within=0.3)
