"""Which client asks for a token, and does it prove that it is that client? (RFC 6749 section 2.3)"""

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import unquote_plus

from keystead.core.credentials import Secret, same
from keystead.core.instants import Instant
from keystead.core.keys import Key
from keystead.oauth.errors import INVALID_CLIENT, UNKNOWN_CLIENT, OAuthError
from keystead.oauth.parameters import Parameters

_SECRET = ("client_secret", "refresh_token")
_NOBODY = "a client that is not there is compared with this, so that finding out takes as long"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """What the client presented: its id as written, its secret, and whether a secret of any kind stood in the query."""

    client_id: str | None
    secret: Secret | None
    exposed: bool


def presented(given: Parameters, authorization: str | None) -> ClientCredentials:
    """Return the client's credentials; a parameter counts before its counterpart in HTTP Basic."""
    basic_id, basic_secret = _basic(authorization)
    secret = given.get("client_secret")
    return ClientCredentials(
        client_id=given.get("client_id") or basic_id,
        secret=Secret(secret) if secret is not None else basic_secret,
        exposed=not given.in_query.isdisjoint(_SECRET),
    )


def objection(key: Key | None, shown: ClientCredentials, *, may_omit_secret: bool, now: Instant) -> OAuthError | None:
    """Return why this is not the client, None when it is. ``may_omit_secret``: the grant lets public clients do so.

    A secret that was replaced counts until its time is over.
    """
    presented_secret = "" if shown.secret is None else shown.secret.reveal()
    if key is None or not key.is_active:
        same(presented_secret, _NOBODY)
        return UNKNOWN_CLIENT
    if shown.exposed and key.is_strict:
        return INVALID_CLIENT
    if shown.secret is None and key.is_public and may_omit_secret:
        return None
    expected = key.secret.reveal()
    if expected and same(presented_secret, expected):
        return None
    return None if uses_former_secret(key, shown, now) else INVALID_CLIENT


def uses_former_secret(key: Key, shown: ClientCredentials, now: Instant) -> bool:
    """Whether the client proves itself with the secret that was replaced and still works."""
    former = key.former_secret_at(now)
    if former is None or shown.secret is None or not former.reveal():
        return False
    return same(shown.secret.reveal(), former.reveal())


def _basic(authorization: str | None) -> tuple[str | None, Secret | None]:
    scheme, _, value = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        client_id, colon, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None, None
    return unquote_plus(client_id) or None, Secret(unquote_plus(secret)) if colon and secret else None
