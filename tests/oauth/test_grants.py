from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.core.credentials import Digester, Secret
from keystead.core.ids import KeyId, TokenId, UserId
from keystead.core.instants import SECOND, Instant
from keystead.core.keys import Key, KeyState, SecurityProfile
from keystead.core.tokens import Token, TokenState
from keystead.oauth import rotation
from keystead.oauth.errors import BAD_VERIFIER, CODE_UNKNOWN, INCORRECT_CLIENT, REFRESH_UNKNOWN, UNSUPPORTED_GRANT
from keystead.oauth.grants import Grant, Proof, code_objection, grant_asked_for, proof_of, refresh_objection
from keystead.oauth.parameters import Parameters
from keystead.oauth.pkce import challenge_of, is_proven, stored_challenge

pytestmark = pytest.mark.pure
NOW = Instant(1000 * SECOND)
KEY = Key(id=KeyId(1), account_id=None, state=KeyState.ACTIVE, secret=Secret("s"))
STRICT = replace(KEY, profile=SecurityProfile.STRICT)
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
TOKEN = Token(id=TokenId(1), user_id=UserId(1), key_id=KeyId(1), state=TokenState.ACTIVE, hint="", updated_at=NOW)
_verifiers = st.text(alphabet="abcXYZ019-._~", min_size=43, max_size=128)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"grant_type": "authorization_code"}, Grant.CODE),
        ({"grant_type": "refresh_token"}, Grant.REFRESH),
        ({"code": "c"}, Grant.CODE),
        ({"code": "c", "grant_type": ""}, Grant.CODE),
        ({"code": "c", "grant_type": "password"}, UNSUPPORTED_GRANT),
        ({"refresh_token": "r"}, UNSUPPORTED_GRANT),
        ({}, UNSUPPORTED_GRANT),
    ],
)
def test_which_grant_is_meant(values: dict[str, str], expected: object) -> None:
    assert grant_asked_for(Parameters(values=values)) is expected


@pytest.mark.parametrize(
    ("key", "owner", "expires_in", "used", "redirect_uri", "expected"),
    [
        (KEY, 1, 1, False, None, None),
        (KEY, 1, 1, False, "https://other.test/", None),
        (KEY, 1, 0, False, None, CODE_UNKNOWN),
        (KEY, 1, 1, True, None, CODE_UNKNOWN),
        (KEY, 2, 1, False, None, INCORRECT_CLIENT),
        (KEY, 2, 0, False, None, CODE_UNKNOWN),
        (KEY, 2, 1, True, None, CODE_UNKNOWN),
        (STRICT, 1, 1, False, "https://a.test/cb", None),
        (STRICT, 1, 1, False, None, BAD_VERIFIER),
        (STRICT, 1, 1, False, "https://a.test/cb/", BAD_VERIFIER),
    ],
)
def test_whose_code_it_is_and_whether_it_still_is_one(
    key: Key, owner: int, expires_in: int, used: bool, redirect_uri: str | None, expected: object
) -> None:
    found = code_objection(
        key,
        code_key_id=KeyId(owner),
        expires_at=Instant(NOW + expires_in),
        used_at=NOW if used else None,
        redirect_uri="https://a.test/cb",
        given=Parameters(values={} if redirect_uri is None else {"redirect_uri": redirect_uri}),
        now=NOW,
    )

    assert found is expected


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (TOKEN, None),
        (None, REFRESH_UNKNOWN),
        (replace(TOKEN, key_id=KeyId(2)), INCORRECT_CLIENT),
        (replace(TOKEN, state=TokenState.DELETED), REFRESH_UNKNOWN),
        (replace(TOKEN, expires_at=NOW), REFRESH_UNKNOWN),
        (replace(TOKEN, lapses_at=Instant(1)), None),
    ],
)
def test_what_may_be_refreshed(token: Token | None, expected: object) -> None:
    assert refresh_objection(KEY, token, NOW) is expected


def test_the_example_of_rfc_7636() -> None:
    assert challenge_of(VERIFIER) == CHALLENGE
    assert is_proven(CHALLENGE, VERIFIER)


@pytest.mark.parametrize(
    ("challenge", "verifier", "expected"),
    [
        (None, None, Proof.GOOD),
        (None, VERIFIER, Proof.WRONG),
        (CHALLENGE, None, Proof.ABSENT),
        (CHALLENGE, VERIFIER, Proof.GOOD),
        (f"{CHALLENGE}=", VERIFIER, Proof.GOOD),
        (CHALLENGE, VERIFIER + "\n", Proof.WRONG),
        (VERIFIER, VERIFIER, Proof.WRONG),
        (challenge_of("abcd"), "abcd", Proof.WRONG),
        (challenge_of("a" * 42), "a" * 42, Proof.WRONG),
        (challenge_of("a" * 129), "a" * 129, Proof.WRONG),
        (challenge_of("é" * 43), "é" * 43, Proof.WRONG),
        (challenge_of("+" * 43), "+" * 43, Proof.WRONG),
    ],
)
def test_what_a_verifier_proves(challenge: str | None, verifier: str | None, expected: Proof) -> None:
    assert proof_of(challenge, verifier) is expected


@pytest.mark.parametrize("method", [None, "", "plain", "s256", "S256\nplain", "S256 "])
def test_a_challenge_of_another_method_is_passed_over(method: str | None) -> None:
    assert stored_challenge(CHALLENGE, method) is None
    assert stored_challenge(CHALLENGE, "S256") == CHALLENGE
    assert stored_challenge(None, "S256") is None


@settings(max_examples=50)
@given(_verifiers, _verifiers)
def test_only_the_very_verifier_proves(right: str, other: str) -> None:
    assert is_proven(challenge_of(right), right)
    assert is_proven(challenge_of(right), other) is (right == other)


def test_successors_are_unlike_anything_given_out_and_depend_on_the_server_s_key() -> None:
    digester, another = Digester([b"one"]), Digester([b"two"])
    chain = [secret.reveal() for secret in rotation.successors(digester, "r" * 64)]

    assert len(chain) == len(set(chain)) == rotation.LONGEST_WALK
    assert all(len(text) == 64 and text.isalnum() and text.isascii() for text in chain)
    assert chain[0] == rotation.successor(digester, "r" * 64).reveal()
    assert chain[1] == rotation.successor(digester, chain[0]).reveal()
    assert rotation.successor(another, "r" * 64).reveal() not in chain
    assert rotation.access_after(digester, "r" * 64).reveal() not in chain


@pytest.mark.parametrize(
    ("generation", "seconds", "retry"), [(0, 0, True), (0, 10, True), (0, 11, False), (1, 0, False), (0, -1, True)]
)
def test_a_retry_comes_soon_and_with_the_last_one(generation: int, seconds: int, retry: bool) -> None:
    assert rotation.is_retry(TOKEN, generation, Instant(NOW + seconds * SECOND)) is retry
