"""In which ways does OAuth say no? Values, never exceptions: some refusals must still be committed.

``OAuthError`` is answered where it stands; ``RedirectError`` is carried back to the client by the browser, which only
happens once the client and its redirect URI are known to be good (RFC 6749 section 4.1.2.1).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthError:
    """Status, error code and public description."""

    status: int
    error: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RedirectError:
    """Error code and public description for the client's redirect URI; ``description`` None leaves it out."""

    error: str
    description: str | None


UNKNOWN_CLIENT = OAuthError(status=401, error="invalid_client", description="unknown client")
INVALID_CLIENT = OAuthError(status=401, error="invalid_client", description="invalid client")
BAD_REDIRECT = OAuthError(
    status=400, error="invalid_request", description="redirect_uri does not match client settings"
)  # fmt: skip
UNSUPPORTED_GRANT = OAuthError(
    status=400,
    error="unsupported_grant_type",
    description="The grant_type you requested is not currently supported",
)
NO_CODE = OAuthError(
    status=400,
    error="invalid_request",
    description="You must provide the code parameter when using the authorization_code grant type",
)
CODE_UNKNOWN = OAuthError(status=400, error="invalid_grant", description="authorization_code not found")
INCORRECT_CLIENT = OAuthError(status=400, error="invalid_grant", description="incorrect client")
BAD_VERIFIER = OAuthError(
    status=400,
    error="invalid_grant",
    description=(
        "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in "
        "the authorization request, or was issued to another client."
    ),
)
NO_TOKEN = OAuthError(status=400, error="invalid_request", description="You must provide the token parameter")
TOKEN_IN_QUERY = OAuthError(
    status=400, error="invalid_request", description="token and client_secret must be sent in the request body"
)
NO_REFRESH_TOKEN = OAuthError(
    status=400,
    error="invalid_request",
    description="You must provide the refresh_token parameter when using the refresh_token grant type",
)
REFRESH_UNKNOWN = OAuthError(status=400, error="invalid_grant", description="refresh_token not found")
SCOPES_GONE = OAuthError(
    status=400, error="invalid_scope", description="requested scopes must match scopes on developer key"
)  # fmt: skip
_SCOPE_WORDS = (
    "A requested scope is invalid, unknown, malformed, or exceeds the scope granted by the resource owner."
)  # fmt: skip


def repeated(name: str) -> OAuthError:
    """Return the refusal of a parameter that may be given once only (RFC 6749 section 3.1)."""
    return OAuthError(status=400, error="invalid_request", description=f"{name} must not be given more than once")


def unreadable(words: str) -> OAuthError:
    """Return the refusal of parameters that cannot be read."""
    return OAuthError(status=400, error="invalid_request", description=words)


def invalid_scope(refused: tuple[str, ...]) -> RedirectError:
    """Return the refusal of scopes, naming them in an English list."""
    if not refused:
        return RedirectError(error="invalid_scope", description=_SCOPE_WORDS)
    named = f"{_SCOPE_WORDS} The following scopes were requested, but not granted: {english_list(refused)}"
    return RedirectError(error="invalid_scope", description=named)


def english_list(words: tuple[str, ...]) -> str:
    """Return ``a``, ``a and b`` or ``a, b, and c``."""
    match words:
        case ():
            return ""
        case (only,):
            return only
        case (first, second):
            return f"{first} and {second}"
        case (*most, last):
            return f"{', '.join(most)}, and {last}"
    raise AssertionError(words)
