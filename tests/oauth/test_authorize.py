from dataclasses import replace
from typing import Any

import pytest

from keystead.core.credentials import Secret
from keystead.core.ids import KeyId, TokenId, UserId
from keystead.core.instants import Instant
from keystead.core.keys import OOB_URN, Key, KeyState, SecurityProfile
from keystead.core.tokens import Token, TokenState
from keystead.oauth.authorize import (
    BAD_PROMPT,
    MUST_ASK,
    NEEDS_PKCE,
    NO_ACCESS,
    NO_SESSION,
    ONLY_CODE,
    ONLY_QUERY,
    AuthorizationRequest,
    Step,
    consent_is_needed,
    late_objection,
    next_step,
    objection,
    trusted_request,
)
from keystead.oauth.errors import BAD_REDIRECT, UNKNOWN_CLIENT, OAuthError, english_list
from keystead.oauth.parameters import Parameters

pytestmark = pytest.mark.pure
NOW = Instant(1000)
CALLBACK = "https://a.test/cb"
KEY = Key(id=KeyId(1), account_id=None, state=KeyState.ACTIVE, secret=Secret("s"), redirect_uris=(CALLBACK, OOB_URN))
GOOD = {"response_type": "code", "redirect_uri": CALLBACK}
USERINFO = "/auth/userinfo"


def request(**values: str) -> tuple[AuthorizationRequest, Parameters]:
    given = Parameters(values=GOOD | values)
    trusted = trusted_request(KEY, given, exact_only=False, fetched_for=None)
    assert not isinstance(trusted, OAuthError)
    return trusted[0], given


def token(**values: Any) -> Token:
    plain: dict[str, Any] = {
        "id": TokenId(1),
        "user_id": UserId(1),
        "key_id": KeyId(1),
        "state": TokenState.ACTIVE,
        "hint": "",
        "scopes": ("a", "b"),
        "purpose": "p",
    }
    return Token(**plain | values)


@pytest.mark.parametrize("state", [KeyState.INACTIVE, KeyState.DELETED])
def test_the_client_comes_before_the_redirect_uri(state: KeyState) -> None:
    nothing = Parameters(values={})

    assert trusted_request(None, nothing, exact_only=False, fetched_for=None) is UNKNOWN_CLIENT
    assert trusted_request(replace(KEY, state=state), nothing, exact_only=False, fetched_for=None) is UNKNOWN_CLIENT
    assert trusted_request(KEY, nothing, exact_only=False, fetched_for=None) is BAD_REDIRECT


def test_each_check_is_heard_only_when_those_before_it_pass() -> None:
    key = replace(KEY, require_scopes=True, scopes=("a",), profile=SecurityProfile.STRICT)
    wrong: dict[str, Any] = {"scope": "x", "response_type": "token", "response_mode": "fragment", "prompt": "x"}
    found: list[object] = []

    for repaired in ({}, {"scope": "a"}, {}, {"response_type": "code"}, {"response_mode": "query"}):
        wrong |= repaired
        asked, given = request(**wrong)
        refused = objection(key, asked, given, admitted=len(found) > 1)
        found.append(None if refused is None else refused.error if len(found) == 0 else refused)
    asked, given = request(**wrong, code_challenge="c", code_challenge_method="S256")
    found.append(objection(key, asked, given, admitted=True))
    asked, given = request(**wrong | {"prompt": "none"}, code_challenge="c", code_challenge_method="S256")
    found.append(objection(key, asked, given, admitted=True))

    assert found == ["invalid_scope", NO_ACCESS, ONLY_CODE, ONLY_QUERY, NEEDS_PKCE, BAD_PROMPT, None]


@pytest.mark.parametrize(
    ("prompt", "force", "signed_in", "needs_consent", "expected"),
    [
        (None, "0", True, False, Step.GRANT),
        (None, "0", True, True, Step.ASK),
        (None, "0", False, True, Step.SIGN_IN),
        (None, "1", True, False, Step.SIGN_IN),
        ("login", "0", True, False, Step.SIGN_IN),
        ("login", "0", False, True, Step.SIGN_IN),
        ("none", "0", False, True, NO_SESSION),
        ("none", "1", True, False, NO_SESSION),
        ("none", "0", True, True, MUST_ASK),
        ("none", "0", True, False, Step.GRANT),
    ],
)
def test_what_happens_next(
    prompt: str | None, force: str, signed_in: bool, needs_consent: bool, expected: object
) -> None:
    asked, _ = request(force_login=force, **({} if prompt is None else {"prompt": prompt}))

    assert next_step(asked, signed_in=signed_in, needs_consent=needs_consent) == expected


@pytest.mark.parametrize(
    ("values", "asks", "held", "expected"),
    [
        ({}, {}, None, True),
        ({}, {"scope": "a b", "purpose": "p"}, {}, True),
        ({"trusted": True}, {}, None, False),
        ({"trusted": True}, {"redirect_uri": OOB_URN}, None, True),
        ({"force_token_reuse": True}, {"scope": "b a", "purpose": "p"}, {}, False),
        ({"force_token_reuse": True}, {"scope": "b a", "purpose": "p", "redirect_uri": OOB_URN}, {}, True),
        ({"force_token_reuse": True}, {"scope": "a", "purpose": "p"}, {}, True),
        ({"force_token_reuse": True}, {"scope": "a b c", "purpose": "p"}, {}, True),
        ({"force_token_reuse": True}, {"scope": "a b", "purpose": "q"}, {}, True),
        ({"force_token_reuse": True}, {"scope": "a b"}, {"purpose": "Tool"}, True),
        ({"force_token_reuse": True}, {"scope": "a b", "purpose": "p"}, {"real_user_id": UserId(2)}, True),
        ({"force_token_reuse": True}, {"scope": "a b", "purpose": "p"}, {"state": TokenState.DELETED}, True),
        ({"force_token_reuse": True}, {"scope": "a b", "purpose": "p"}, {"expires_at": NOW}, True),
        ({}, {"scope": USERINFO, "purpose": "p"}, {"scopes": (USERINFO,), "remember_access": True}, False),
        ({}, {"scope": USERINFO, "purpose": "p"}, {"scopes": (USERINFO,)}, True),
        ({}, {"scope": USERINFO, "purpose": "q"}, {"scopes": (USERINFO,), "remember_access": True}, True),
        ({}, {"scope": f"{USERINFO} a", "purpose": "p"}, {"scopes": (USERINFO,), "remember_access": True}, True),
        ({}, {"scope": USERINFO, "purpose": "p"}, {"scopes": (USERINFO, "a"), "remember_access": True}, True),
    ],
)
def test_who_is_asked(
    values: dict[str, Any], asks: dict[str, str], held: dict[str, Any] | None, expected: bool
) -> None:
    asked, _ = request(**asks)
    tokens = () if held is None else (token(**held),)

    assert consent_is_needed(replace(KEY, **values), asked, tokens, None, NOW) is expected


def test_a_request_is_the_same_after_it_waited() -> None:
    asked, _ = request(
        scope="b a", purpose="p", state="", force_login="1", code_challenge="c", code_challenge_method="S256"
    )  # fmt: skip

    assert AuthorizationRequest.from_stored(asked.as_stored()) == asked
    assert asked.state == ""


@pytest.mark.parametrize(
    ("key", "admitted", "expected"),
    [
        (KEY, True, None),
        (None, True, BAD_REDIRECT),
        (replace(KEY, redirect_uris=()), True, BAD_REDIRECT),
        (KEY, False, NO_ACCESS),
    ],
)
def test_a_request_that_waited_is_held_against_the_key_as_it_is_now(
    key: Key | None, admitted: bool, expected: object
) -> None:
    asked, _ = request()

    assert late_objection(key, asked, exact_only=False, admitted=admitted) == expected


@pytest.mark.parametrize(
    ("words", "expected"), [((), ""), (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b, and c")]
)
def test_lists_are_written_in_english(words: tuple[str, ...], expected: str) -> None:
    assert english_list(words) == expected
