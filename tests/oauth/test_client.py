import base64
from dataclasses import replace
from urllib.parse import quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.core.credentials import Secret
from keystead.core.ids import KeyId
from keystead.core.instants import Instant
from keystead.core.keys import ClientType, Key, KeyState, SecurityProfile
from keystead.oauth.client import objection, presented
from keystead.oauth.errors import INVALID_CLIENT, UNKNOWN_CLIENT
from keystead.oauth.parameters import Parameters

pytestmark = pytest.mark.pure
KEY = Key(id=KeyId(1), account_id=None, state=KeyState.ACTIVE, secret=Secret("right"))
PUBLIC = replace(KEY, client_type=ClientType.PUBLIC)
STRICT = replace(KEY, profile=SecurityProfile.STRICT)
NOW = Instant(1_000)
REPLACED = replace(KEY, former_secret=Secret("former"), former_secret_until=Instant(NOW + 1))


def basic(text: str | bytes) -> str:
    octets = text if isinstance(text, bytes) else text.encode()
    return "Basic " + base64.b64encode(octets).decode()


def shown(authorization: str | None, **values: str) -> tuple[str | None, str | None]:
    found = presented(Parameters(values=values), authorization)
    return found.client_id, None if found.secret is None else found.secret.reveal()


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (basic("1:s"), ("1", "s")),
        (basic("1:a%2Bb+c%3Ad"), ("1", "a+b c:d")),
        (basic("1:a:b"), ("1", "a:b")),
        (basic("%31:s").replace("Basic", "bAsIc"), ("1", "s")),
        (basic("1:"), ("1", None)),
        (basic("1"), ("1", None)),
        (basic(":s"), (None, "s")),
        (basic(b"\xff:s"), (None, None)),
        (basic("1:%ff"), ("1", "\ufffd")),
        ("Basic !!!", (None, None)),
        ("Basic", (None, None)),
        ("Bearer abc", (None, None)),
        ("Basic é", (None, None)),
        (None, (None, None)),
    ],
)
def test_basic_credentials_are_form_encoded(authorization: str | None, expected: tuple[str | None, str | None]) -> None:
    """RFC 6749 section 2.3.1"""
    assert shown(authorization) == expected


@settings(max_examples=50)
@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_any_credentials_survive_basic(client_id: str, secret: str) -> None:
    assert shown(basic(f"{quote_plus(client_id)}:{quote_plus(secret)}")) == (client_id, secret)


def test_each_parameter_counts_before_its_counterpart_in_basic() -> None:
    assert shown(basic("1:a"), client_id="2", client_secret="b") == ("2", "b")
    assert shown(basic("1:a"), client_id="2") == ("2", "a")
    assert shown(basic("1:a"), client_secret="b") == ("1", "b")
    assert shown(basic("1:a"), client_secret="") == ("1", "a")


@pytest.mark.parametrize(
    ("key", "secret", "may_omit", "in_query", "expected"),
    [
        (None, "right", False, (), UNKNOWN_CLIENT),
        (replace(KEY, state=KeyState.INACTIVE), "right", False, (), UNKNOWN_CLIENT),
        (KEY, "right", False, (), None),
        (KEY, "right", False, ("client_secret",), None),
        (KEY, "wrong", False, (), INVALID_CLIENT),
        (KEY, None, True, (), INVALID_CLIENT),
        (replace(KEY, secret=Secret("")), None, False, (), INVALID_CLIENT),
        (PUBLIC, None, True, (), None),
        (PUBLIC, None, False, (), INVALID_CLIENT),
        (PUBLIC, "wrong", True, (), INVALID_CLIENT),
        (PUBLIC, "right", False, (), None),
        (STRICT, "right", False, (), None),
        (STRICT, "right", False, ("client_secret",), INVALID_CLIENT),
        (STRICT, "right", False, ("refresh_token",), INVALID_CLIENT),
        (REPLACED, "former", False, (), None),
        (REPLACED, "right", False, (), None),
        (REPLACED, "wrong", False, (), INVALID_CLIENT),
        (REPLACED, None, False, (), INVALID_CLIENT),
        (replace(REPLACED, former_secret_until=NOW), "former", False, (), INVALID_CLIENT),
        (replace(REPLACED, former_secret_until=None), "former", False, (), INVALID_CLIENT),
        (replace(REPLACED, former_secret=Secret("")), "", False, (), INVALID_CLIENT),
    ],
)
def test_who_is_the_client(
    key: Key | None, secret: str | None, may_omit: bool, in_query: tuple[str, ...], expected: object
) -> None:
    values = {} if secret is None else {"client_secret": secret}
    found = presented(Parameters(values=values, in_query=frozenset(in_query)), None)

    assert objection(key, found, may_omit_secret=may_omit, now=NOW) is expected


def test_credentials_are_not_printed() -> None:
    found = presented(Parameters(values={"client_secret": "hunter2-hunter2"}), None)

    assert "hunter2" not in repr(found)
