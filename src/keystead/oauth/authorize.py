"""May this client ask this browser's person for consent?

In order, as in Canvas (docs/canvas-compat.md, Authorization request):

1. trust checks; failing one shows an error and never redirects: the client is known and active; its redirect URI is
   acceptable;
2. request checks; failing one sends the browser back with an error: the scopes; the account; the response type; the
   prompt.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from keystead.core.ids import KeyId, UserId
from keystead.core.instants import Instant
from keystead.core.keys import OOB_URN, Key
from keystead.core.scopes import ScopeSet
from keystead.core.tokens import LONGEST_PURPOSE, Token, TokenState
from keystead.oauth.errors import (
    BAD_REDIRECT,
    UNKNOWN_CLIENT,
    OAuthError,
    RedirectError,
    invalid_scope,
)
from keystead.oauth.parameters import Parameters
from keystead.oauth.pkce import stored_challenge
from keystead.oauth.redirect import Acceptance, accepted

NO_ACCESS = RedirectError(
    error="unauthorized_client", description="Client does not have access to the specified Canvas account."
)  # fmt: skip
ONLY_CODE = RedirectError(
    error="unsupported_response_type", description="Only response_type=code is permitted"
)  # fmt: skip
ONLY_QUERY = RedirectError(error="invalid_request", description="Only response_mode=query is supported")
BAD_PROMPT = RedirectError(
    error="unsupported_prompt_type", description='prompt must be "none" (or omitted)'
)  # fmt: skip
NO_SESSION = RedirectError(
    error="login_required", description="prompt=none but there is no current session"
)  # fmt: skip
MUST_ASK = RedirectError(
    error="interaction_required",
    description="prompt=none but a token cannot be granted without user interaction",
)
NEEDS_PKCE = RedirectError(error="invalid_request", description="code_challenge with method S256 is required")
ACCESS_DENIED = RedirectError(error="access_denied", description=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A request whose client and redirect URI are good. Comes out of ``trusted_request`` only."""

    key_id: KeyId
    redirect_uri: str
    scopes: tuple[str, ...]
    purpose: str | None
    state: str | None
    challenge: str | None
    prompt: str | None
    wants_sign_in: bool
    unique_id: str | None

    @property
    def is_out_of_band(self) -> bool:
        """Whether the answer is shown in the browser instead of sent on."""
        return self.redirect_uri == OOB_URN

    def as_stored(self) -> dict[str, Any]:
        """Return the request as a session keeps it while the person signs in and decides."""
        return {
            "key_id": self.key_id,
            "redirect_uri": self.redirect_uri,
            "scopes": list(self.scopes),
            "purpose": self.purpose,
            "state": self.state,
            "challenge": self.challenge,
            "prompt": self.prompt,
            "wants_sign_in": self.wants_sign_in,
            "unique_id": self.unique_id,
        }

    @classmethod
    def from_stored(cls, kept: dict[str, Any]) -> "AuthorizationRequest":
        """Return what ``as_stored`` gave."""
        return cls(**{**kept, "scopes": tuple(kept["scopes"]), "key_id": KeyId(kept["key_id"])})


class Step(Enum):
    """What happens next with a good request."""

    GRANT = "grant"
    ASK = "ask"
    SIGN_IN = "sign_in"


def trusted_request(
    key: Key | None, given: Parameters, *, exact_only: bool, fetched_for: str | None
) -> tuple[AuthorizationRequest, Acceptance] | OAuthError:
    """Return the request when client and redirect URI are good. ``fetched_for`` is the browser's Sec-Fetch-Dest."""
    if key is None or not key.is_active:
        return UNKNOWN_CLIENT
    redirect_uri = given.get("redirect_uri")
    how = accepted(key, redirect_uri, exact_only=exact_only)
    if how is None or redirect_uri is None:
        return BAD_REDIRECT
    if how is Acceptance.OUT_OF_BAND and fetched_for not in (None, "document"):
        return BAD_REDIRECT
    prompt = given.get("prompt")
    return AuthorizationRequest(
        key_id=key.id,
        redirect_uri=redirect_uri,
        scopes=given.scopes,
        purpose=(given.get("purpose") or "")[:LONGEST_PURPOSE] or None,
        state=given.values.get("state"),
        challenge=stored_challenge(given.get("code_challenge"), given.get("code_challenge_method")),
        prompt=prompt,
        wants_sign_in=given.is_set("force_login") or prompt == "login",
        unique_id=given.get("unique_id"),
    ), how


def objection(key: Key, request: AuthorizationRequest, given: Parameters, *, admitted: bool) -> RedirectError | None:
    """Return why the browser is sent back at once, None when it is not. ``admitted``: the key is on in this account."""
    refused = _standing_objection(key, request, admitted=admitted)
    if refused is not None:
        return refused
    if given.get("response_type") != "code":
        return ONLY_CODE
    if given.get("response_mode") not in (None, "query"):
        return ONLY_QUERY
    if key.is_strict and request.challenge is None:
        return NEEDS_PKCE
    return BAD_PROMPT if request.prompt not in (None, "none", "login") else None


def late_objection(
    key: Key | None, request: AuthorizationRequest, *, exact_only: bool, admitted: bool
) -> OAuthError | RedirectError | None:
    """Return why a request that waited may not be granted any more: meanwhile the key was changed, or switched off."""
    if key is None or accepted(key, request.redirect_uri, exact_only=exact_only) is None:
        return BAD_REDIRECT
    return _standing_objection(key, request, admitted=admitted)


def next_step(request: AuthorizationRequest, *, signed_in: bool, needs_consent: bool) -> Step | RedirectError:
    """Return what to do with a good request, given whether somebody is signed in and would have to be asked."""
    if request.prompt == "none":
        if not signed_in or request.wants_sign_in:
            return NO_SESSION
        return MUST_ASK if needs_consent else Step.GRANT
    if not signed_in or request.wants_sign_in:
        return Step.SIGN_IN
    return Step.ASK if needs_consent else Step.GRANT


def consent_is_needed(
    key: Key, request: AuthorizationRequest, tokens: tuple[Token, ...], real_user_id: UserId | None, now: Instant
) -> bool:
    """Whether the person must be asked; ``tokens`` are theirs of this key (docs/canvas-compat.md, Consent)."""
    if request.is_out_of_band:
        return True
    if key.trusted:
        return False
    return reusable_token(key, request.scopes, request.purpose, tokens, real_user_id, now) is None


def _standing_objection(key: Key, request: AuthorizationRequest, *, admitted: bool) -> RedirectError | None:
    """Return which of the checks fails that can turn out differently later."""
    if key.require_scopes:
        refused = ScopeSet.of(request.scopes).minus(ScopeSet.of(key.scopes))
        if not request.scopes or len(refused):
            return invalid_scope(refused.items)
    return None if admitted else NO_ACCESS


def reusable_token(
    key: Key,
    scopes: tuple[str, ...],
    purpose: str | None,
    tokens: tuple[Token, ...],
    real_user_id: UserId | None,
    now: Instant,
) -> Token | None:
    """Return the token that would be given out again: by a key that forces it, or one that only names the person.

    A token issued without a purpose bears the key's name, so without an explicit one nothing is found, as in Canvas.
    """
    userinfo = ScopeSet.of(scopes).is_userinfo_only
    for token in tokens:
        usable = token.state is TokenState.ACTIVE and not token.expired_at(now)
        if not usable or token.purpose != purpose:
            continue
        same_scopes = set(token.scopes) == set(scopes) and token.real_user_id == real_user_id
        if key.force_token_reuse and same_scopes:
            return token
        if userinfo and token.remember_access and ScopeSet.of(token.scopes).is_userinfo_only:
            return token
    return None
