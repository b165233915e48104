"""The rules of vetting for programs: risk table, gates, questionnaires, exceptions; and the vendors of an account."""

from typing import Any

from keystead.api.keys import because
from keystead.api.requests import Answer, Ask, OwnRoute, number
from keystead.core.keys import Key
from keystead.core.parameters import boolean
from keystead.core.questionnaires import exported
from keystead.core.vetting_rules import Asking, told_rules
from keystead.governance import rules as govern
from keystead.governance import vendors as govern_vendors
from keystead.governance.vetting_values import days, vendor_values

_PARTS = ("risk", "needs", "blocks", "two_people", "accepts_owner", "who_may_ask", "format", "questionnaires")
_ACCOUNT = "/api/keystead/v1/accounts/:account_id"


def show_rules(ask: Ask) -> Answer:
    """Tell an account's rules."""
    return Answer(body=told_rules(govern.see_rules(ask.tx, ask.account(), acting=ask.acting)))


def change_rules(ask: Ask) -> Answer:
    """Change the parts of the rules that are given."""
    given: dict[str, object] = {name: ask.parameters[name] for name in _PARTS if name in ask.parameters}
    if "accepts_owner" in given:
        given["accepts_owner"] = boolean(ask.parameters["accepts_owner"], "accepts_owner")
    changed = govern.set_rules(ask.tx, ask.account(), given, acting=ask.acting, because=because(ask))
    return Answer(body=told_rules(changed))


def show_questionnaires(ask: Ask) -> Answer:
    """Export an account's questionnaires."""
    return Answer(body=exported(govern.see_rules(ask.tx, ask.account(), acting=ask.acting).questionnaires))


def import_questionnaires(ask: Ask) -> Answer:
    """Take questionnaires from a document that was exported."""
    given: dict[str, object] = {name: ask.parameters.get(name) for name in ("format", "questionnaires")}
    changed = govern.set_rules(ask.tx, ask.account(), given, acting=ask.acting, because=because(ask))
    return Answer(body=exported(changed.questionnaires))


def make_exception(ask: Ask) -> Answer:
    """Let a key be turned on for some days although something is lacking."""
    made = govern.make_exception(
        ask.tx, ask.account(), _key(ask), days=days(ask.parameters.get("days")), acting=ask.acting,
        because=because(ask),
    )  # fmt: skip
    return Answer(body=govern.told_exception(made, ask.tx.now), status=201)


def end_exception(ask: Ask) -> Answer:
    """End an exception early."""
    exception_id = number(ask.values["exception_id"])
    ended = govern.end_exception(
        ask.tx, ask.account(), _key(ask), exception_id, acting=ask.acting, because=because(ask)
    )  # fmt: skip
    return Answer(body=govern.told_exception(ended, ask.tx.now))


def list_vendors(ask: Ask) -> Answer:
    """List the vendors that an account knows."""
    known = govern_vendors.list_vendors(ask.tx, ask.account(), acting=ask.acting)
    return Answer(body=[govern_vendors.told_vendor(vendor) for vendor in known])


def add_vendor(ask: Ask) -> Answer:
    """Note a vendor."""
    values = vendor_values(ask.parameters)
    made = govern_vendors.add_vendor(ask.tx, ask.account(), values, acting=ask.acting, because=because(ask))
    return Answer(body=govern_vendors.told_vendor(made), status=201)


def change_vendor(ask: Ask) -> Answer:
    """Change what is known of a vendor."""
    values = vendor_values(ask.parameters)
    changed = govern_vendors.change_vendor(
        ask.tx, ask.account(), number(ask.values["vendor_id"]), values, acting=ask.acting, because=because(ask)
    )  # fmt: skip
    return Answer(body=govern_vendors.told_vendor(changed))


def _key(ask: Ask) -> Key:
    return govern.key_for_exception(ask.tx, ask.account(), ask.values["id"], acting=ask.acting)


_GROUP: Any = {"resource": "keystead", "resource_name": "Keystead"}
_TEXT = {"type": ["string", "null"]}
_LEVELS = {"type": "array", "items": {"type": "string", "enum": ["low", "moderate", "high", "critical"]}}
_QUESTIONNAIRES = {
    "type": "object",
    "required": ["format", "questionnaires"],
    "properties": {
        "format": {"type": "string", "const": "keystead.questionnaires/1"},
        "questionnaires": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "object"}}},
    },
}
_RULES = {
    "type": "object",
    "properties": {
        "risk": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Level by trait."},
        "needs": {
            "type": "object", "description": "What should be in place, by level.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "blocks": {**_LEVELS, "description": "At which levels it must be, before a key is turned on."},
        "two_people": {**_LEVELS, "description": "At which levels two must agree to a request."},
        "accepts_owner": {"type": "boolean", "description": "Whether what an owner has settled counts here."},
        "who_may_ask": {"enum": list(Asking), "description": "Who may ask for keys."},
        "format": {"type": "string"}, "questionnaires": {"type": "object"}, "because": {"type": "string"},
    },
}  # fmt: skip
_EXCEPTION = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"}, "because": {"type": "string"}, "made_by": _TEXT, "created_at": _TEXT,
        "expires_at": _TEXT, "ended_at": _TEXT, "is_live": {"type": "boolean"},
    },
}  # fmt: skip
_VENDOR = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "name": _TEXT, "website": _TEXT, "contacts": _TEXT},
}
_MAKES = {
    "type": "object",
    "required": ["days", "because"],
    "properties": {"days": {"type": "integer", "minimum": 1, "maximum": 365}, "because": {"type": "string"}},
}
_EXCEPTIONS = f"{_ACCOUNT}/keys/:id/vetting/exceptions"

ROUTES = (
    OwnRoute(verb="GET", template=f"{_ACCOUNT}/vetting/rules", handler=show_rules, summary="Show the rules of vetting",
             gives=_RULES, **_GROUP),
    OwnRoute(verb="PATCH", template=f"{_ACCOUNT}/vetting/rules", handler=change_rules,
             summary="Change the rules of vetting", takes=_RULES, gives=_RULES, **_GROUP),
    OwnRoute(verb="GET", template=f"{_ACCOUNT}/vetting/questionnaires", handler=show_questionnaires,
             summary="Export questionnaires", gives=_QUESTIONNAIRES, **_GROUP),
    OwnRoute(verb="PUT", template=f"{_ACCOUNT}/vetting/questionnaires", handler=import_questionnaires,
             summary="Import questionnaires", takes=_QUESTIONNAIRES, gives=_QUESTIONNAIRES, **_GROUP),
    OwnRoute(verb="POST", template=_EXCEPTIONS, handler=make_exception, summary="Make an exception from the rules",
             takes=_MAKES, gives=_EXCEPTION, **_GROUP),
    OwnRoute(verb="DELETE", template=f"{_EXCEPTIONS}/:exception_id", handler=end_exception,
             summary="End an exception", gives=_EXCEPTION, **_GROUP),
    OwnRoute(verb="GET", template=f"{_ACCOUNT}/vendors", handler=list_vendors, summary="List vendors",
             gives={"type": "array", "items": _VENDOR}, **_GROUP),
    OwnRoute(verb="POST", template=f"{_ACCOUNT}/vendors", handler=add_vendor, summary="Note a vendor", takes=_VENDOR,
             gives=_VENDOR, **_GROUP),
    OwnRoute(verb="PATCH", template=f"{_ACCOUNT}/vendors/:vendor_id", handler=change_vendor,
             summary="Change a vendor", takes=_VENDOR, gives=_VENDOR, **_GROUP),
)  # fmt: skip
