"""How does a token look on Canvas's wire? (docs/canvas-compat.md, Tokens)"""

from dataclasses import dataclass
from typing import Any

from keystead.core.credentials import Secret
from keystead.core.instants import Instant, iso
from keystead.core.keys import Key
from keystead.core.tokens import Token

NO_APP = "No App"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenView:
    """A token with what its object shows besides. ``secret`` is there only in the answer that made the credential."""

    token: Token
    key: Key | None
    now: Instant
    last_used_at: Instant | None = None
    secret: Secret | None = None


def token_object(view: TokenView) -> dict[str, Any]:
    """Return the token object; its ids are local ones."""
    token = view.token
    is_manual = view.key is not None and view.key.is_built_in
    return {
        "id": token.id,
        "created_at": iso(token.created_at),
        "updated_at": iso(token.updated_at),
        "last_used_at": iso(view.last_used_at),
        "expires_at": iso(token.expires_at),
        "purpose": token.purpose,
        "user_id": token.user_id,
        "real_user_id": token.real_user_id,
        "remember_access": token.remember_access,
        "scopes": list(token.scopes),
        "workflow_state": str(token.state),
        "app_name": NO_APP if view.key is None or not view.key.name else view.key.name,
        "visible_token": _visible(view) if is_manual else None,
        "can_manually_regenerate": is_manual and not token.expired_at(view.now),
    }


def _visible(view: TokenView) -> str:
    return f"{view.token.hint}..." if view.secret is None else view.secret.reveal()
