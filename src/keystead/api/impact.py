"""What would break if a key were changed? Asked before the change, by whoever sees keys in the account."""

from collections.abc import Sequence
from typing import Any

from keystead.api.requests import Answer, Ask, OwnRoute
from keystead.api.usage import day_told, figures_of, key_asked, period_told
from keystead.core.errors import Malformed
from keystead.core.parameters import boolean, text, text_list
from keystead.core.scopes import ScopeSet
from keystead.governance.impact import Impact, KeyChange, Reached, Switch, impact_of


def show_impact(ask: Ask) -> Answer:
    """Tell what a change would break; nothing is changed."""
    key, account = key_asked(ask)
    asked = ask.query.get("scopes")
    scopes = [text(asked, "scopes") or ""] if isinstance(asked, str) else text_list(asked, "scopes")
    change = read_change(
        text(ask.query.get("state"), "state"), scopes, boolean(ask.query.get("require_scopes"), "require_scopes")
    )
    table = ask.world.routing.now.table
    return Answer(body=impact_told(impact_of(ask.tx, figures_of(ask), key, account, change, table=table)))


def read_change(state: str | None, scopes: Sequence[str] | None, require_scopes: bool | None) -> KeyChange:
    """Return the change that is meant: a state, or scopes and whether they are enforced. Raises Malformed."""
    changes_scopes = scopes is not None or require_scopes is not None
    if bool(state) == changes_scopes:
        raise Malformed("give either state, or scopes, require_scopes or both")
    if not state:
        listed = None if scopes is None else ScopeSet.parse(" ".join(scopes)).items
        return KeyChange(scopes=listed, require_scopes=require_scopes)
    try:
        return KeyChange(state=Switch(state))
    except ValueError:
        raise Malformed(f"state must be one of {', '.join(Switch)}") from None


def impact_told(impact: Impact) -> dict[str, Any]:
    """Return an impact as an object."""
    change = impact.change
    asked: dict[str, Any] = {} if change.state is None else {"state": change.state.value}
    asked |= {} if change.scopes is None else {"scopes": list(change.scopes)}
    asked |= {} if change.require_scopes is None else {"require_scopes": change.require_scopes}
    return {
        "key_id": impact.key_id,
        "account_id": impact.account_id,
        "change": asked,
        **period_told(impact.period),
        "people": impact.people,
        "live_tokens": impact.live_tokens,
        "callers": impact.callers,
        "calls": impact.calls,
        "calls_by_day": [{"day": day, "calls": calls} for day, calls in impact.calls_by_day],
        "endpoints": [
            {"scope": one.scope, "calls": one.calls, "last_used_on": day_told(one.last_day)} for one in impact.endpoints
        ],
        "courses": _reached(impact.courses),
        "accounts": _reached(impact.accounts),
        "last_used_on": day_told(impact.last_day),
        "sub_accounts_affected": impact.sub_accounts,
        "same_vendor": [{"id": one.id, "name": one.name, "state": one.state.value} for one in impact.same_vendor],
    }


def _reached(reached: Reached) -> dict[str, Any]:
    return {"count": reached.many, "examples": list(reached.examples)}


_COUNT = {"type": "integer"}
_TEXT = {"type": "string"}
_DAY = {"type": ["string", "null"], "format": "date"}
_REACHED = {
    "type": "object",
    "properties": {"count": _COUNT, "examples": {"type": "array", "items": _TEXT}},
}
_IMPACT = {
    "type": "object",
    "required": ["key_id", "account_id", "change", "people", "live_tokens", "callers", "calls", "endpoints"],
    "properties": {
        "key_id": _COUNT, "account_id": _COUNT, "change": {"type": "object"}, "from": _DAY, "to": _DAY,
        "people": {"type": "integer", "description": "People who have authorised the key now."},
        "live_tokens": _COUNT,
        "callers": {"type": "integer", "description": "People some of whose calls would have been refused."},
        "calls": {"type": "integer", "description": "Calls that passed in the period and would have been refused."},
        "calls_by_day": {
            "type": "array", "items": {"type": "object", "properties": {"day": _TEXT, "calls": _COUNT}},
        },
        "endpoints": {
            "type": "array",
            "items": {"type": "object", "properties": {"scope": _TEXT, "calls": _COUNT, "last_used_on": _DAY}},
        },
        "courses": _REACHED, "accounts": _REACHED, "last_used_on": _DAY, "sub_accounts_affected": _COUNT,
        "same_vendor": {
            "type": "array",
            "items": {
                "type": "object", "properties": {"id": _COUNT, "name": {"type": ["string", "null"]}, "state": _TEXT},
            },
        },
    },
}  # fmt: skip

ROUTES = (
    OwnRoute(
        verb="GET", template="/api/keystead/v1/accounts/:account_id/keys/:id/impact", handler=show_impact,
        summary="Tell what would break if a key were changed", gives=_IMPACT, resource="keystead",
        resource_name="Keystead",
        query={
            "state": "off or deleted.", "scopes": "The scopes that the key would have, separated by spaces.",
            "require_scopes": "Whether scopes would be enforced.",
        },
    ),
)  # fmt: skip
