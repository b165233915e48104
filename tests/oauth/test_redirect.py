from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.core.credentials import Secret
from keystead.core.ids import KeyId
from keystead.core.keys import OOB_URN, ClientType, Key, KeyState, SecurityProfile
from keystead.oauth.redirect import Acceptance, accepted, with_parameters

pytestmark = pytest.mark.pure
STRICT = SecurityProfile.STRICT


def key(*uris: str, legacy: str | None = None, profile: SecurityProfile = SecurityProfile.COMPATIBLE) -> Key:
    return Key(
        id=KeyId(1),
        account_id=None,
        state=KeyState.ACTIVE,
        secret=Secret("s"),
        redirect_uris=uris,
        redirect_uri=legacy,
        client_type=ClientType.CONFIDENTIAL,
        profile=profile,
    )


@pytest.mark.parametrize(
    ("presented", "good"),
    [
        ("http://example.com/a/b", True),
        ("http://example.com/other", True),
        ("http://example.com/", True),
        ("http://example.com", True),
        ("http://example.com:8080", True),
        ("http://EXAMPLE.com/", True),
        ("http://www.example.com/a/b", True),
        ("http://a.b.example.com/", True),
        ("http://example.com/?x=1", True),
        ("http://wwwexample.com/", False),
        ("http://example.com.evil/", False),
        ("http://evil.example.org/", False),
        ("https://example.com/a/b", False),
        ("intents://example.com/a", False),
        ("http://example.com@evil.test/", False),
        ("http://example.com:80@evil.test/", False),
        ("http://evil.test#example.com/", False),
        ("http://evil.test\\@example.com/", False),
        ("http://evil.test/\\example.com", False),
        ("http://examplexcom/", False),
        ("http://.example.com.evil.test/", False),
        ("http://example.com/#x", False),
        ("http://example.com/a/../b", False),
        ("http://example.com/%2e%2e/b", False),
        ("http://[::1/", False),
        ("http://example.com:port/", False),
        ("//example.com/", False),
        ("http:/example.com/", False),
        ("http:///example.com/", False),
        ("/a/b", False),
        ("example.com", False),
        (" http://example.com/", False),
        ("http://example.com/\t", False),
        ("http://example.com/\r\nx: y", False),
        ("http://exаmple.com/", False),
        ("", False),
        (None, False),
    ],
)
def test_a_legacy_uri_admits_any_path_port_and_subdomain_of_its_host(presented: str | None, good: bool) -> None:
    assert (accepted(key(legacy="http://example.com/a/b"), presented) is not None) is good


@pytest.mark.parametrize(
    ("presented", "good"),
    [
        ("https://a.test/cb", True),
        ("https://A.TEST/cb", True),
        ("HTTPS://a.test/cb", True),
        ("https://a.test/cb/", False),
        ("https://a.test/cb?x=1", False),
        ("https://a.test/cb?", False),
        ("https://a.test/CB", False),
        ("https://www.a.test/cb", False),
        ("https://a.test:443/cb", False),
        ("http://a.test/cb", False),
        ("https://a.test/cb/../evil", False),
        ("https://a.test/cb%2f..%2fevil", False),
        ("https://a.test/cb/..;/x", False),
        ("https://a.test@evil.test/cb", False),
        ("https://a.test/cb#x", False),
        ("https://a.test/c%62", False),
    ],
)
def test_one_of_the_redirect_uris_is_matched_exactly(presented: str, good: bool) -> None:
    assert accepted(key("https://a.test/cb"), presented) is (Acceptance.EXACT if good else None)


@pytest.mark.parametrize("uri", ["myapp://cb", "com.example.app:/cb", "http://h/cb", "http://127.0.0.1:5000/cb"])
def test_other_schemes_and_loopback_are_matched_exactly(uri: str) -> None:
    assert accepted(key(uri), uri) is Acceptance.EXACT
    assert accepted(key(uri), uri + "x") is None
    assert accepted(key(uri), uri.replace(":5000", ":5001").replace("cb", "CB2")) is None


@pytest.mark.parametrize(
    "uri", ["javascript:alert(1)", "JavaScript:x", "data:text/html,x", "vbscript:x", "file:///etc"]
)
def test_schemes_that_run_or_read_something_are_refused_even_when_stored(uri: str) -> None:
    assert accepted(key(uri, legacy=uri), uri) is None


def test_out_of_band_only_for_keys_that_list_it() -> None:
    assert accepted(key(OOB_URN), OOB_URN) is Acceptance.OUT_OF_BAND
    assert accepted(key(legacy=OOB_URN), OOB_URN) is Acceptance.OUT_OF_BAND
    assert accepted(key("https://a.test/cb", legacy="https://a.test/"), OOB_URN) is None
    assert accepted(key(OOB_URN, profile=STRICT), OOB_URN) is None
    assert accepted(key(legacy=OOB_URN), "urn:ietf:wg:oauth:2.0:oob:auto") is None


def test_the_subdomain_rule_can_be_switched_off() -> None:
    legacy = "https://a.test/cb"

    assert accepted(key(legacy=legacy), "https://a.test/x") is Acceptance.LENIENT
    assert accepted(key(legacy=legacy), "https://x.a.test/x", exact_only=True) is None
    assert accepted(key(legacy=legacy, profile=STRICT), "https://a.test/x") is None
    assert accepted(key(legacy=legacy, profile=STRICT), legacy) is Acceptance.EXACT


_names = st.sampled_from(["code", "state", "error", "error_description", "iss"])


@settings(max_examples=60)
@given(st.dictionaries(_names, st.text(max_size=20)), st.sampled_from(["https://a.test/cb", "https://a.test/?x=%2B+y"]))
def test_parameters_come_back_as_they_were_in_alphabetical_order(told: dict[str, str], base: str) -> None:
    address = with_parameters(base, told)

    assert address.startswith(base)
    assert address.isascii()
    assert address.isprintable()
    added = parse_qsl(urlsplit(address).query, keep_blank_values=True)[base.count("=") :]
    assert added == sorted(told.items())


@settings(max_examples=80)
@given(st.text(alphabet="abz.:/@#?\\%2eE-[]", max_size=14))
def test_nothing_put_behind_a_registered_host_leads_elsewhere(tail: str) -> None:
    presented = "https://a.test" + tail

    if accepted(key(legacy="https://a.test/cb"), presented) is not None:
        assert (urlsplit(presented).hostname or "").removesuffix(".") == "a.test"
