"""Which values may a key hold?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from keys_builders import key
from keystead.core.keys import OOB_URN, Key, is_redirect_uri, normal_redirect_uri, problems_of

pytestmark = pytest.mark.pure


def problems(wanted: Key) -> dict[str, list[str]]:
    return problems_of(wanted, unknown_scopes=lambda scopes: [scope for scope in scopes if scope.startswith("bad")])


def test_a_key_without_any_value_may_be_stored() -> None:
    assert problems(key()) == {}


def test_unknown_scopes_are_named_in_their_order() -> None:
    assert problems(key(scopes=("bad1", "good", "bad2"))) == {"scopes": ["cannot contain bad1, bad2"]}


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/cb",
        "http://localhost:3000/cb?next=%2Fhome",
        "https://app.example",
        "https://APP.example:8443/Cb/",
        "http://127.0.0.1/cb",
        "http://[::1]:8080/cb",
        "tealpass://login",
        "com.example.app:/callback",
        "com.example.app://callback",
        "canvas-courses://x",
        OOB_URN,
        "https://xn--bcher-kva.example/cb",
        "https://app.example/a..b/c",
    ],
)
def test_absolute_uris_of_any_harmless_scheme_may_be_registered(uri: str) -> None:
    assert is_redirect_uri(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "", " ", "/cb", "cb", "//evil.example/cb", "?x=1",
        "https://app.example/cb#", "https://app.example/cb#frag", "urn:ietf:wg:oauth:2.0:oob#x",
        "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "file:///etc/passwd", "FILE:x", "vbscript:x",
        "java\tscript:alert(1)", "\x01javascript:alert(1)",
        "https://", "https:///cb", "https:app.example", "https://:443/cb", "https://?x", "http://../cb", "http://a..b/",
        "https://app.example@evil.example/cb", "https://user:pw@app.example/cb", "tealpass://a@b",
        "https://app.example\\@evil.example", "https://app.example/\tevil", "https://app.example/a b",
        "https://app.example/cb\r\nX: y", "https://app.example/\x00", "https://bücher.example/cb", "https://exa%6dple.com/",
        "https://*.app.example/cb", "https://app.example:99999/cb", "https://app.example:port/cb", "http://[::1/cb",
        "https://app.example/cb/../evil", "https://app.example/./cb", "https://app.example/%2e%2e/x", "https://app.example/.%2E",
    ],
)  # fmt: skip
def test_relative_dangerous_and_ambiguous_uris_may_not(uri: str) -> None:
    assert not is_redirect_uri(uri)


@pytest.mark.parametrize(
    ("given_text", "stored"),
    [
        ("app.example", "http://app.example"),
        ("app.example/cb", "http://app.example/cb"),
        ("app.example:8080/cb", "http://app.example:8080/cb"),
        ("app.example?x=1", "http://app.example?x=1"),
        ("localhost", "http://localhost"),
        ("localhost:3000/cb", "http://localhost:3000/cb"),
        ("  https://app.example/cb ", "https://app.example/cb"),
        ("https://app.example", "https://app.example"),
        ("tealpass://login", "tealpass://login"),
        ("com.example.app:/callback", "com.example.app:/callback"),
        (OOB_URN, OOB_URN),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("user@app.example", "user@app.example"),
        ("/cb", "/cb"),
        ("", ""),
    ],
)
def test_only_a_bare_host_gets_a_scheme(given_text: str, stored: str) -> None:
    assert normal_redirect_uri(given_text) == stored


@pytest.mark.parametrize(
    ("many", "messages"),
    [(64, {}), (65, {"redirect_uris": ["Developer keys cannot have more than 64 active redirect URIs"]})],
)
def test_sixty_four_redirect_uris_are_the_most(many: int, messages: dict[str, list[str]]) -> None:
    assert problems(key(redirect_uris=tuple(f"https://a.example/{number}" for number in range(many)))) == messages


@pytest.mark.parametrize(
    ("length", "messages"), [(4096, {}), (4097, {"redirect_uris": ["a redirect_uri is too long"]})]
)
def test_a_redirect_uri_has_at_most_4096_characters(length: int, messages: dict[str, list[str]]) -> None:
    assert problems(key(redirect_uris=("https://a.example/".ljust(length, "x"),))) == messages


def test_each_message_is_said_once_and_every_attribute_is_looked_at() -> None:
    wanted = key(
        redirect_uris=("nonsense", "also nonsense"), redirect_uri="/cb", scopes=("bad",), auto_expire_tokens=True,
        force_token_reuse=True, name="x" * 256, email="x" * 256, notes="x" * 65_536,
    )  # fmt: skip

    assert problems(wanted) == {
        "scopes": ["cannot contain bad"],
        "redirect_uri": ["is not a valid URI"],
        "redirect_uris": ["is not a valid URI"],
        "name": ["is too long (maximum is 255 characters)"],
        "email": ["is too long (maximum is 255 characters)"],
        "notes": ["is too long (maximum is 65535 characters)"],
        "auto_expire_tokens": ["auto_expire_tokens cannot be set if force_token_reuse is set"],
    }


@settings(max_examples=80, deadline=None)
@given(uri=some.text(max_size=40) | some.from_regex(r"\A[a-z:/.@#?%\[\]\\]{0,25}\Z"))
def test_no_text_breaks_the_reading_and_storing_twice_changes_nothing(uri: str) -> None:
    stored = normal_redirect_uri(uri)
    is_redirect_uri(stored)

    assert normal_redirect_uri(stored) == stored
