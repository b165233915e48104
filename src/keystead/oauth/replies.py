"""What does a client get back? The token reply with Canvas's members, and the server's published description."""

from dataclasses import dataclass
from typing import Any

from keystead.core.actors import User
from keystead.core.credentials import Secret
from keystead.core.ids import global_id
from keystead.core.instants import SECOND, Instant
from keystead.core.keys import Key
from keystead.core.tokens import Token
from keystead.oauth.errors import OAuthError

CHALLENGE = "Canvas OAuth 2.0"
REGION = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A token just issued or refreshed, with its credentials in clear for this one reply."""

    token: Token
    user: User
    access: Secret | None
    refresh: Secret | None = None
    real_user: User | None = None


def token_reply(issued: Issued, key: Key, now: Instant) -> dict[str, Any]:
    """Return the members of the reply (docs/canvas-compat.md, Token reply)."""
    reply: dict[str, Any] = {
        "access_token": None if issued.access is None else issued.access.reveal(),
        "token_type": "Bearer",
        "user": {
            "id": issued.user.id,
            "name": issued.user.name,
            "global_id": str(global_id(issued.user.id)),
            "effective_locale": issued.user.locale or "en",
            "fake_student": False,
        },
        "canvas_region": REGION,
    }
    if issued.real_user is not None:
        reply["real_user"] = {
            "id": issued.real_user.id,
            "name": issued.real_user.name,
            "global_id": str(global_id(issued.real_user.id)),
        }
    if issued.refresh is not None:
        reply["refresh_token"] = issued.refresh.reveal()
    lasts_until = _lasts_until(key, issued.token)
    if lasts_until is not None:
        reply["expires_in"] = max(1, -(-(lasts_until - now) // SECOND))
    if key.is_strict:
        reply["scope"] = " ".join(issued.token.scopes)
    return reply


def error_reply(error: OAuthError) -> dict[str, str]:
    """Return the members of an error reply (RFC 6749 section 5.2)."""
    return {"error": error.error, "error_description": error.description}


def metadata(issuer: str) -> dict[str, Any]:
    """Return the authorization server's metadata (RFC 8414) for one public origin."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/login/oauth2/auth",
        "token_endpoint": f"{issuer}/login/oauth2/token",
        "jwks_uri": f"{issuer}/login/oauth2/jwks",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "service_documentation": f"{issuer}/",
    }


def _lasts_until(key: Key, token: Token) -> Instant | None:
    if key.auto_expire_tokens and token.lapses_at is not None:
        return token.lapses_at
    return None
