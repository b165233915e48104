"""Under which conditions a key may be used in an account, or all keys there."""

from typing import Any

from keystead.api.dossier import BASE as OF_KEY
from keystead.api.keys import because
from keystead.api.requests import Answer, Ask, OwnRoute, number
from keystead.api.usage import figures_of
from keystead.core.instants import iso
from keystead.core.key_policies import KeyPolicy, told_policy
from keystead.core.parameters import boolean
from keystead.governance import key_policies as govern
from keystead.governance.key_policies import Place
from keystead.governance.policy_values import policy_values
from keystead.governance.situations import situation_of, told_situation
from keystead.storage.transaction import Transaction

OF_ALL = "/api/keystead/v1/accounts/:account_id/policy"


def show_policy(ask: Ask) -> Answer:
    """Show what is laid down about a key, what is in force, and how the key stands."""
    return Answer(body=place_told(ask.tx, _place(ask)))


def set_policy(ask: Ask) -> Answer:
    """Lay down what is given, in place of all that was; with ``dry_run`` only say what that would do."""
    place = _place(ask)
    given = {name: value for name, value in ask.parameters.items() if name not in ("because", "dry_run")}
    values = policy_values(given)
    if boolean(ask.parameters.get("dry_run"), "dry_run"):
        _, wanted = govern.proposed(ask.tx, place, values, acting=ask.acting)
        tried = govern.tried(ask.tx, figures_of(ask), place, wanted.ranges)
        return Answer(body=_wanted_told(ask, wanted) | {"tried": govern.told_tried(tried)})
    wanted = govern.set_policy(ask.tx, place, values, acting=ask.acting, because=because(ask))
    return Answer(body=_wanted_told(ask, wanted) | place_told(ask.tx, place))


def clear_policy(ask: Ask) -> Answer:
    """Lay down nothing any more."""
    place = _place(ask)
    govern.set_policy(ask.tx, place, {}, acting=ask.acting, because=because(ask))
    return Answer(body=place_told(ask.tx, place))


def place_told(tx: Transaction, place: Place) -> dict[str, Any]:
    """Return what is laid down by the account itself, all that is in force, and how a key stands, as an object."""
    own, account, key = govern.laid_down(tx, place), place.account, place.key
    nothing = KeyPolicy(account_id=account.id, key_id=None if key is None else key.id)
    told: dict[str, Any] = {
        "policy": told_policy(nothing if own is None else own.policy),
        "set_by": None if own is None else own.person,
        "set_at": None if own is None else iso(own.at),
        "in_force": [govern.told_stored(one, account) for one in govern.in_force(tx, place)],
    }
    return told if key is None else told | {"situation": told_situation(situation_of(tx, account, key))}


def _wanted_told(ask: Ask, wanted: KeyPolicy) -> dict[str, Any]:
    return {"policy": told_policy(wanted), "shuts_you_out": govern.shuts_out(wanted, ask.tx.origin.address)}


def _place(ask: Ask) -> Place:
    if "id" in ask.values:
        return govern.place_of(ask.tx, ask.account(), number(ask.values["id"]), acting=ask.acting)
    return govern.whole_of(ask.tx, ask.account(), acting=ask.acting)


_GROUP: Any = {"resource": "keystead", "resource_name": "Keystead"}
_TEXT = {"type": ["string", "null"]}
_NUMBER = {"type": ["integer", "null"]}
_PARTS: dict[str, Any] = {
    "address_ranges": {"type": ["array", "null"], "items": {"type": "string"}, "description": "Networks; none: all."},
    "hours": {
        "type": ["object", "null"],
        "required": ["zone", "days", "from", "to"],
        "properties": {
            "zone": {"type": "string", "description": "Such as Europe/Berlin."},
            "days": {"type": "array", "items": {"enum": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]}},
            "from": {"type": "string", "description": "Such as 08:00."},
            "to": {"type": "string", "description": "Of the next day, when it is not later than from."},
        },
    },
    "review_on": {**_TEXT, "description": "A day; the key is switched off the day after."},
    "expires_at": {**_TEXT, "description": "A moment; calls are refused from then on."},
    "owner": {
        "type": ["object", "null"],
        "description": "Tell when the person who answers for the key has left.",
        "properties": {
            "user_id": {**_NUMBER, "description": "None: whoever asked for the key, or made it."},
            "off_after_days": {**_NUMBER, "description": "None: leave the key on."},
        },
    },
}
_TAKES = {
    "type": "object",
    "properties": _PARTS | {"because": {"type": "string"}, "dry_run": {"type": "boolean"}},
}
_POLICY = {"type": "object", "properties": _PARTS | {"account_id": _NUMBER}}
_GIVES = {
    "type": "object",
    "properties": {
        "policy": _POLICY, "set_by": _TEXT, "set_at": _TEXT,
        "in_force": {"type": "array", "items": {"type": "object"}}, "situation": {"type": "object"},
        "shuts_you_out": {"type": "boolean", "description": "Your own address is none of those allowed."},
        "tried": {"type": "object", "description": "With dry_run: what ranges would have refused in 30 days."},
    },
}  # fmt: skip

ROUTES = tuple(
    OwnRoute(verb=verb, template=template, handler=handler, summary=f"{what} {about}", takes=takes, gives=_GIVES,
             **_GROUP)
    for template, about in ((f"{OF_KEY}/policy", "under which conditions a key may be used"),
                            (OF_ALL, "under which conditions all keys may be used"))
    for verb, handler, what, takes in (
        ("GET", show_policy, "Show", None), ("PUT", set_policy, "Lay down", _TAKES),
        ("DELETE", clear_policy, "Lay down no more", None),
    )
)  # fmt: skip
