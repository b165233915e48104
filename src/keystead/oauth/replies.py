"""What does a client get back? The token reply with Canvas's members, and the server's published description."""

from dataclasses import dataclass
from typing import Any

from keystead.core.actors import User
from keystead.core.credentials import Secret
from keystead.core.ids import AccountId, global_id
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
        "introspection_endpoint": f"{issuer}/login/oauth2/introspect",
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "revocation_endpoint": f"{issuer}/login/oauth2/revoke",
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "service_documentation": f"{issuer}/",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A token that acts now, for whoever may know: of which key and person, and until when if there is an end."""

    token: Token
    key: Key
    login: str | None
    until: Instant | None
    is_refresh: bool = False


def may_know_of(client: Key, key: Key, used_in: AccountId) -> bool:
    """Whether a client may be told about a token of ``key`` that is used in a root account.

    Its own ones always. Clients that the operator lets introspect: a global one every token, one of an account those
    that are used there (docs/canvas-compat.md, Introspection).
    """
    if client.id == key.id:
        return True
    return client.may_introspect and (client.account_id is None or client.account_id == used_in)


def introspection_reply(live: Live, issuer: str) -> dict[str, Any]:
    """Return the members of the answer about a token that acts now (RFC 7662 section 2.2)."""
    reply: dict[str, Any] = {
        "active": True,
        "scope": " ".join(live.token.scopes),
        "client_id": str(global_id(live.key.id)),
        "sub": str(live.token.user_id),
        "iss": issuer,
        "iat": live.token.created_at // SECOND,
    }
    if not live.is_refresh:
        reply["token_type"] = "Bearer"  # noqa: S105  (RFC 6750)
    if live.login is not None:
        reply["username"] = live.login
    if live.until is not None:
        reply["exp"] = live.until // SECOND
    if live.token.real_user_id is not None:
        reply["act"] = {"sub": str(live.token.real_user_id)}
    return reply


def _lasts_until(key: Key, token: Token) -> Instant | None:
    if key.auto_expire_tokens and token.lapses_at is not None:
        return token.lapses_at
    return None
