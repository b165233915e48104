"""The secret of a key: how old it is, replacing it without an outage, and what to do when it has leaked."""

from typing import Any

from keystead.actions import keys as act_keys
from keystead.actions import permits
from keystead.actions import secrets as act
from keystead.api.keys import because
from keystead.api.requests import Answer, Ask, OwnRoute, number
from keystead.core.actors import Right
from keystead.core.errors import Malformed, NotFound
from keystead.core.ids import global_id
from keystead.core.instants import DAY, iso
from keystead.core.keys import Key
from keystead.core.parameters import boolean
from keystead.storage.read import keys as read_keys

USUAL_OVERLAP = 24.0


def show(ask: Ask) -> Answer:
    """Tell how old a key's secret is, and until when the former one works."""
    account = ask.account()
    permits.require(ask.tx, ask.acting, Right.MANAGE_DEVELOPER_KEYS, account)
    key = read_keys.get_key(ask.tx, number(ask.values["id"]))
    if key.account_id != (None if account.is_site_admin else account.id):
        raise NotFound
    return Answer(body=_told(ask, key))


def replace_secret(ask: Ask) -> Answer:
    """Replace a key's secret; the answer alone holds the new one."""
    key = _changeable(ask)
    if boolean(ask.parameters.get("leaked"), "leaked"):
        changed = act.rotate_secret(ask.tx, key, acting=ask.acting, because=because(ask))
    else:
        hours = _hours(ask.parameters.get("overlap_hours", USUAL_OVERLAP))
        changed = act.replace_secret(ask.tx, key, overlap_hours=hours, acting=ask.acting, because=because(ask))
    return Answer(body=_told(ask, changed) | {"api_key": changed.secret.reveal()})


def end_former(ask: Ask) -> Answer:
    """Let the former secret work no more."""
    changed = act.end_former_secret(ask.tx, _changeable(ask), acting=ask.acting, because=because(ask))
    return Answer(body=_told(ask, changed))


def _changeable(ask: Ask) -> Key:
    account = ask.account()
    key = act_keys.get_for_change(ask.tx, number(ask.values["id"]), ask.domain_root, acting=ask.acting)
    if key.account_id != (None if account.is_site_admin else account.id):
        raise NotFound
    return key


def _told(ask: Ask, key: Key) -> dict[str, Any]:
    made = key.secret_made_at or key.created_at
    works = key.former_secret_at(ask.tx.now) is not None
    return {
        "key_id": global_id(key.id),
        "hint": f"{key.secret.hint}...",
        "made_at": iso(made),
        "age_days": max(0, ask.tx.now - made) // DAY,
        "former_works_until": iso(key.former_secret_until) if works else None,
        "former_last_used_at": iso(ask.world.usage.of_former_secret(key.id)),
    }


def _hours(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise Malformed("overlap_hours must be a number") from None


_GROUP: Any = {"resource": "keystead", "resource_name": "Keystead"}
_MOMENT = {"type": ["string", "null"], "format": "date-time"}
_SECRET = {
    "type": "object",
    "properties": {
        "key_id": {"type": "integer"}, "hint": {"type": "string", "description": "How it begins."},
        "made_at": _MOMENT, "age_days": {"type": "integer"},
        "former_works_until": _MOMENT, "former_last_used_at": _MOMENT,
    },
}  # fmt: skip
_REPLACED = {**_SECRET, "properties": {**_SECRET["properties"], "api_key": {"type": "string"}}}  # type: ignore[dict-item]  # a dict
_TAKES = {
    "type": "object",
    "properties": {
        "overlap_hours": {"type": "number", "description": "For how long the former secret works; 24 if none."},
        "leaked": {"type": "boolean", "description": "Replace at once and end all tokens."},
        "because": {"type": "string"},
    },
}  # fmt: skip
_TEMPLATE = "/api/keystead/v1/accounts/:account_id/keys/:id/secret"

ROUTES = (
    OwnRoute(verb="GET", template=_TEMPLATE, handler=show, summary="Tell how old a secret is", gives=_SECRET, **_GROUP),
    OwnRoute(
        verb="POST", template=_TEMPLATE, handler=replace_secret, summary="Replace a secret without an outage",
        takes=_TAKES, gives=_REPLACED, **_GROUP,
    ),
    OwnRoute(
        verb="DELETE", template=f"{_TEMPLATE}/former", handler=end_former, summary="End a former secret",
        gives=_SECRET, **_GROUP,
    ),
)  # fmt: skip
