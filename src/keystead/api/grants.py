"""Who has let a key act for them, and how an administrator ends that."""

from dataclasses import replace
from typing import Any

from keystead.actions import grants as act
from keystead.api.keys import because
from keystead.api.paging import page_of, paged, window_of
from keystead.api.requests import Answer, Ask, OwnRoute
from keystead.core.errors import Malformed
from keystead.core.ids import global_id, parse_id
from keystead.core.instants import iso
from keystead.core.parameters import text
from keystead.storage.read.grants import Grant, GrantSearch, list_grants

BASE = "/api/keystead/v1/accounts/:account_id/keys/:id/tokens"


def list_tokens(ask: Ask) -> Answer:
    """List the tokens of a key with the people they act for, newest first."""
    key, meant = act.key_with_grants(ask.tx, ask.account(), ask.values["id"], acting=ask.acting)
    page_of(ask)
    words = text(ask.query.get("search_term"), "search_term") or ""
    meant = replace(meant, words=words[:200], user_id=_reference(ask, "user_id"))
    found = list_grants(ask.tx, key.id, window_of(ask), meant)
    used = ask.world.usage.of_tokens([grant.token.id for grant in found.items])
    return paged(ask, found, lambda grant: _told(grant, iso(used.get(grant.token.id))), base=ask.url)


def end_tokens(ask: Ask) -> Answer:
    """End the tokens of one person, or everybody's with ``all``."""
    key, meant = act.key_with_grants(ask.tx, ask.account(), ask.values["id"], acting=ask.acting)
    user_id = _reference(ask, "user_id")
    if (user_id is None) == (text(ask.parameters.get("all"), "all") not in ("1", "true")):
        raise Malformed("give either user_id or all")
    return _ended(ask, key, replace(meant, user_id=user_id))


def end_token(ask: Ask) -> Answer:
    """End one token."""
    key, meant = act.key_with_grants(ask.tx, ask.account(), ask.values["id"], acting=ask.acting)
    return _ended(ask, key, replace(meant, token_id=parse_id(ask.values["token_id"]) or 0))


def _ended(ask: Ask, key: Any, meant: GrantSearch) -> Answer:
    ended = act.end_grants(ask.tx, key, ask.account(), meant, acting=ask.acting, because=because(ask))
    return Answer(body={"key_id": global_id(key.id), "tokens_ended": ended})


def _reference(ask: Ask, name: str) -> int | None:
    given = text(ask.parameters.get(name), name)
    return None if not given else (parse_id(given) or 0)


def _told(grant: Grant, used: str | None) -> dict[str, Any]:
    token = grant.token
    return {
        "id": token.id,
        "user_id": token.user_id,
        "user_name": grant.person,
        "workflow_state": token.state.value,
        "scopes": list(token.scopes),
        "created_at": iso(token.created_at),
        "expires_at": iso(token.expires_at),
        "last_used_at": used,
    }


_GROUP: Any = {"resource": "keystead", "resource_name": "Keystead"}
_MOMENT = {"type": ["string", "null"], "format": "date-time"}
_TOKENS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "id": {"type": "integer"}, "user_id": {"type": "integer"}, "user_name": {"type": "string"},
            "workflow_state": {"type": "string"}, "scopes": {"type": "array", "items": {"type": "string"}},
            "created_at": _MOMENT, "expires_at": _MOMENT, "last_used_at": _MOMENT,
        },
    },
}  # fmt: skip
_ENDED = {
    "type": "object",
    "properties": {"key_id": {"type": "integer"}, "tokens_ended": {"type": "integer"}},
}  # fmt: skip
_TAKES = {
    "type": "object",
    "properties": {
        "user_id": {"type": "integer"}, "all": {"type": "boolean"}, "because": {"type": "string"},
    },
}  # fmt: skip

ROUTES = (
    OwnRoute(
        verb="GET", template=BASE, handler=list_tokens, summary="List who has authorized a key", gives=_TOKENS,
        query={"search_term": "A part of a name or e-mail address.", "user_id": "Only this person's."}, **_GROUP,
    ),
    OwnRoute(
        verb="DELETE", template=BASE, handler=end_tokens, summary="End a person's tokens of a key, or all",
        takes=_TAKES, gives=_ENDED, **_GROUP,
    ),
    OwnRoute(
        verb="DELETE", template=f"{BASE}/:token_id", handler=end_token, summary="End one token of a key", gives=_ENDED,
        **_GROUP,
    ),
)  # fmt: skip
