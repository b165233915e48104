"""How access is asked for, given and taken back: OAuth 2 with Authlib, as any vendor would do it."""

import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from accessibility_checker.connection import Connection
from accessibility_checker.scopes import SCOPES
from accessibility_checker.settings import Settings
from accessibility_checker.trouble import not_exchanged, unreachable

with warnings.catch_warnings(record=True):  # Authlib announces that it will want httpx's successor one day.
    from authlib.common.security import generate_token
    from authlib.integrations.base_client.errors import OAuthError
    from authlib.integrations.httpx_client import AsyncOAuth2Client

__all__ = ["Asked", "AsyncOAuth2Client", "OAuthError", "ask", "client_for", "exchange"]

SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Where to send the browser, and what must be known when it comes back."""

    address: str
    state: str
    verifier: str | None


async def ask(settings: Settings, connection: Connection) -> Asked:
    """Prepares the question for consent; with PKCE where the service says that it knows it (RFC 7636)."""
    async with client_for(settings, connection) as client:
        verifier = generate_token(64) if await _knows_pkce(settings, client) else None
        address, state = client.create_authorization_url(
            f"{settings.keystead_url}/login/oauth2/auth", state=generate_token(48), code_verifier=verifier
        )
    return Asked(address=address, state=state, verifier=verifier)


async def exchange(settings: Settings, connection: Connection, code: str, verifier: str | None) -> dict[str, Any]:
    """Makes a token of the code; the secret goes over in the request's header."""
    proof = {} if verifier is None else {"code_verifier": verifier}
    async with client_for(settings, connection) as client:
        try:
            return dict(await client.fetch_token(grant_type="authorization_code", code=code, **proof))
        except OAuthError as error:
            raise not_exchanged(error.error, error.description) from None
        except (httpx.HTTPError, ValueError):
            raise unreachable() from None


@asynccontextmanager
async def client_for(
    settings: Settings, connection: Connection, keep: Callable[..., Awaitable[None]] | None = None
) -> AsyncIterator[AsyncOAuth2Client]:
    """Authlib's client of this key; `keep` is told each new token."""
    async with AsyncOAuth2Client(
        connection.client_id,
        connection.client_secret,
        scope=" ".join(scope.text for scope in SCOPES),
        redirect_uri=settings.redirect_uri,
        code_challenge_method="S256",
        token_endpoint=f"{settings.keystead_url}/login/oauth2/token",
        token=connection.token,
        update_token=keep,
        timeout=SECONDS,
    ) as client:
        yield client


async def _knows_pkce(settings: Settings, client: AsyncOAuth2Client) -> bool:
    try:
        described_at = f"{settings.keystead_url}/.well-known/oauth-authorization-server"
        about = await client.request("GET", described_at, withhold_token=True)
        described = about.json() if about.status_code == 200 else {}
    except httpx.HTTPError:
        raise unreachable() from None
    except ValueError:
        return False
    return "S256" in described.get("code_challenge_methods_supported", ())
