import ipaddress
from typing import Any

import pytest

from keystead.gateway.origin import is_within, origin_of

pytestmark = pytest.mark.pure

PROXY = (ipaddress.ip_network("10.0.0.0/8"),)


def scope(peer: str, **headers: str) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http", "scheme": "http", "client": (peer, 1), "headers": raw}


def test_forwarded_headers_of_strangers_are_not_believed() -> None:
    sent = scope(
        "192.0.2.9",
        host="keys.test:8090",
        x_forwarded_host="evil.test",
        x_forwarded_proto="https",
        x_forwarded_for="1.1.1.1",
    )

    origin = origin_of(sent, trusted=PROXY, request_id="r")

    assert (origin.url, origin.domain, origin.address) == ("http://keys.test:8090", "keys.test", "192.0.2.9")


def test_forwarded_headers_of_a_known_proxy_are_believed() -> None:
    sent = scope(
        "10.1.2.3", host="inner", x_forwarded_host="Keys.Test", x_forwarded_proto="https", x_forwarded_for="1.1.1.1"
    )

    origin = origin_of(sent, trusted=PROXY, request_id="r")

    assert (origin.url, origin.address) == ("https://keys.test", "1.1.1.1")


def test_the_sender_is_the_nearest_hop_that_is_no_proxy_of_ours() -> None:
    """What stands further left was written by the sender, who may write anything."""
    sent = scope("10.1.2.3", host="keys.test", x_forwarded_for="6.6.6.6, 1.1.1.1, 10.9.9.9")

    assert origin_of(sent, trusted=PROXY, request_id="r").address == "1.1.1.1"


@pytest.mark.parametrize("host", ["evil.test/path", "a b", "a\tb", "x" * 300, "user@host", "<script>", "é"])
def test_a_host_that_is_none_becomes_localhost(host: str) -> None:
    assert origin_of(scope("192.0.2.9", host=host), trusted=(), request_id="r").host == "localhost"


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("10.0.0.1", True),
        ("::ffff:10.0.0.1", True),
        ("11.0.0.1", False),
        ("testclient", False),
        (None, False),
        ("", False),
    ],
)
def test_an_address_stands_in_a_network_or_not(address: str | None, *, inside: bool) -> None:
    assert is_within(address, PROXY) is inside
