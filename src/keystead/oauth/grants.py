"""May this code or refresh token be exchanged by this client, now? Single use is enforced last, by the caller."""

from enum import Enum

from keystead.core.ids import KeyId
from keystead.core.instants import Instant
from keystead.core.keys import Key
from keystead.core.tokens import Token, TokenState
from keystead.oauth.errors import (
    BAD_VERIFIER,
    CODE_UNKNOWN,
    INCORRECT_CLIENT,
    REFRESH_UNKNOWN,
    UNSUPPORTED_GRANT,
    OAuthError,
)
from keystead.oauth.parameters import Parameters
from keystead.oauth.pkce import is_proven


class Grant(Enum):
    """The grants that the token endpoint knows."""

    CODE = "authorization_code"
    REFRESH = "refresh_token"


def grant_asked_for(given: Parameters) -> Grant | OAuthError:
    """Return which grant is meant; a ``code`` without ``grant_type`` means the code grant, as in Canvas."""
    named = given.get("grant_type")
    if named is None and given.get("code") is not None:
        return Grant.CODE
    try:
        return Grant(named)
    except ValueError:
        return UNSUPPORTED_GRANT


def code_objection(
    key: Key,
    *,
    code_key_id: KeyId,
    expires_at: Instant,
    used_at: Instant | None,
    redirect_uri: str,
    given: Parameters,
    now: Instant,
) -> OAuthError | None:
    """Return why the client may not have the code's token, before the proof of possession.

    A used or expired code is not there any more, whoever asks. The owner comes before all else: a stranger's attempt
    must not use anything up (RFC 6749 section 4.1.3).
    """
    if used_at is not None or expires_at <= now:
        return CODE_UNKNOWN
    if code_key_id != key.id:
        return INCORRECT_CLIENT
    if key.is_strict and given.get("redirect_uri") != redirect_uri:
        return BAD_VERIFIER
    return None


class Proof(Enum):
    """What a verifier says about a code."""

    GOOD = "good"
    ABSENT = "absent"
    WRONG = "wrong"


def proof_of(challenge: str | None, verifier: str | None) -> Proof:
    """Return what the verifier proves: one without a challenge is wrong too (a downgrade, RFC 9700 section 4.8)."""
    if challenge is None:
        return Proof.GOOD if verifier is None else Proof.WRONG
    if verifier is None:
        return Proof.ABSENT
    return Proof.GOOD if is_proven(challenge, verifier) else Proof.WRONG


def refresh_objection(key: Key, token: Token | None, now: Instant) -> OAuthError | None:
    """Return why the client may not refresh this token. The one-hour expiry does not matter, the permanent one does."""
    if token is None:
        return REFRESH_UNKNOWN
    if token.key_id != key.id:
        return INCORRECT_CLIENT
    if token.state is not TokenState.ACTIVE or token.expired_at(now):
        return REFRESH_UNKNOWN
    return None
