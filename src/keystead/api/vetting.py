"""The vetting of keys for programs: risk, what is settled with a vendor, evidence, and all keys of an account."""

from typing import Any

from keystead.actions.gates import Gate
from keystead.api.keys import because
from keystead.api.paging import page_of, paged_shapes, window_of
from keystead.api.requests import Answer, Ask, OwnRoute, number
from keystead.core.errors import Malformed
from keystead.core.ids import global_id
from keystead.core.instants import iso
from keystead.core.parameters import mapping, text
from keystead.core.risk import told_risk
from keystead.core.vetting import Item, Vetting, told_item, told_lack
from keystead.governance import vetting as govern
from keystead.governance.rules import told_exception
from keystead.governance.situations import Situation, is_shown, list_standing, told_situation
from keystead.governance.vendors import told_vendor
from keystead.governance.vetting_values import about, item_change, item_named
from keystead.storage.read import vetting as read_vetting

BASE = "/api/keystead/v1/accounts/:account_id/keys/:id/vetting"


def show_risk(ask: Ask) -> Answer:
    """Tell how risky a key is, and why, by the account's table."""
    gate = _gate(ask)
    return Answer(body={"key_id": global_id(gate.key.id), **told_risk(gate.risk)})


def show_vetting(ask: Ask) -> Answer:
    """Tell what is settled with the vendor of a key, what is missing and what is overdue."""
    return Answer(body=told_gate(_gate(ask), in_full=True))


def change_vetting(ask: Ask) -> Answer:
    """Record what is given: items, vendor, note, answers."""
    gate, account = _gate(ask), ask.account()
    doing: Any = {"acting": ask.acting, "because": because(ask)}
    for name, given in (mapping(ask.parameters.get("items"), "items") or {}).items():
        change = item_change(item_named(name), mapping(given, f"items.{name}") or {})
        govern.set_item(ask.tx, account, gate.key, change, **doing)
    govern.set_about(ask.tx, account, gate.key, about(ask.parameters), **doing)
    answers = mapping(ask.parameters.get("answers"), "answers")
    if answers:
        given_answers = {name: text(value, "answers") or "" for name, value in answers.items()}
        govern.answer(ask.tx, account, gate.key, given_answers, **doing)
    return Answer(body=told_gate(_gate(ask), in_full=True))


def add_evidence(ask: Ask) -> Answer:
    """Keep a file as evidence of an item."""
    gate = _gate(ask)
    given = {name: text(ask.parameters.get(name), name) or "" for name in ("item", "name", "content_type", "content")}
    if given["item"] not in set(Item):
        raise Malformed(f"item must be one of {', '.join(Item)}")
    file = govern.add_evidence(
        ask.tx, ask.account(), gate.key, Item(given["item"]), name=given["name"],
        content_type=given["content_type"] or "application/octet-stream", content=given["content"],
        acting=ask.acting, because=because(ask),
    )  # fmt: skip
    told = {"id": file.id, "item": str(file.item), "name": file.name, "size": file.size, "digest": file.digest}
    return Answer(body=told, status=201)


def show_evidence(ask: Ask) -> Answer:
    """Give a file of the account's own record."""
    file, content = read_vetting.get_evidence(ask.tx, _gate(ask).own, number(ask.values["evidence_id"]))
    told = {
        "id": file.id, "item": str(file.item), "name": file.name, "content_type": file.content_type,
        "size": file.size, "digest": file.digest, "content": content,
    }  # fmt: skip
    return Answer(body=told)


def list_vettings(ask: Ask) -> Answer:
    """List every key of an account, owned or inherited, with its risk and what is missing or overdue."""
    page_of(ask)
    stands = list_standing(ask.tx, ask.account(), ask.world.catalogue.find, acting=ask.acting)
    shown, level = text(ask.query.get("show"), "show") or "", text(ask.query.get("risk"), "risk") or ""
    chosen = [one for one in stands if is_shown(*one, shown) and level in ("", one[0].risk.level)]
    window = window_of(ask)
    part = chosen[window.offset : window.offset + window.limit]
    return paged_shapes(ask, [told_standing(*one) for one in part], len(chosen))


def told_standing(gate: Gate, situation: Situation) -> dict[str, Any]:
    """Return how a key stands as an object, with what is of concern about it."""
    return told_gate(gate, in_full=False) | told_situation(situation)


def told_gate(gate: Gate, *, in_full: bool) -> dict[str, Any]:
    """Return how a key stands as an object, ``in_full`` with records, answers and exceptions."""
    exception = gate.exception
    told: dict[str, Any] = {
        "key_id": global_id(gate.key.id),
        "key_name": gate.key.name,
        "account_id": global_id(gate.root.id),
        "is_inherited": gate.key.account_id != (None if gate.root.is_site_admin else gate.root.id),
        "risk": told_risk(gate.risk) if in_full else {"level": str(gate.risk.level)},
        "vendor": None if gate.own.vendor is None else told_vendor(gate.own.vendor),
        "missing": [told_lack(lack) for lack in gate.lacks],
        "overdue": [told_lack(lack) for lack in gate.overdue],
        "completed_at": iso(gate.completed_at),
        "may_be_turned_on": not gate.is_closed,
        "exception_until": None if exception is None else iso(exception.expires_at),
    }
    if not in_full:
        return told
    return told | {
        "note": gate.own.note,
        "needed": [str(item) for item in Item if item in gate.needed],
        "items": _items(gate.own, gate),
        "owner": None if gate.owner is None else {"note": gate.owner.note, "items": _items(gate.owner, gate)},
        "questions": [
            {
                "id": one.id, "question": one.words, "item": None if one.item is None else str(one.item),
                "answer": gate.own.answers.get(one.id),
            }
            for one in gate.rules.questionnaires[gate.risk.level]
        ],
        "exceptions": [told_exception(one, gate.now) for one in gate.exceptions],
    }  # fmt: skip


def _items(vetting: Vetting, gate: Gate) -> list[dict[str, object]]:
    return [told_item(vetting.item(item), gate.now) for item in Item]


def _gate(ask: Ask) -> Gate:
    find = ask.world.catalogue.find
    return govern.gate_for(ask.tx, ask.account(), ask.values["id"], find, acting=ask.acting)


_GROUP: Any = {"resource": "keystead", "resource_name": "Keystead"}
_TEXT = {"type": ["string", "null"]}
_COUNT = {"type": "integer"}
_LIST = {"type": "array", "items": {"type": "object"}}
_RISK = {
    "type": "object",
    "properties": {
        "key_id": _COUNT,
        "level": {"type": "string", "enum": ["low", "moderate", "high", "critical"]},
        "reasons": _LIST,
    },
}
_SUMMARY = {
    "type": "object",
    "properties": {
        "key_id": _COUNT, "key_name": _TEXT, "account_id": _COUNT, "is_inherited": {"type": "boolean"},
        "risk": _RISK, "vendor": {"type": ["object", "null"]}, "missing": _LIST, "overdue": _LIST,
        "completed_at": _TEXT, "may_be_turned_on": {"type": "boolean"}, "exception_until": _TEXT,
        "concerns": {"type": "array", "items": {"type": "string"}}, "review_on": _TEXT, "expires_at": _TEXT,
        "answerable": {"type": ["object", "null"]},
    },
}  # fmt: skip
_RECORD = {
    **_SUMMARY,
    "properties": {
        **_SUMMARY["properties"],  # type: ignore[dict-item]  # a dict
        "note": _TEXT, "needed": {"type": "array", "items": {"type": "string"}}, "items": _LIST,
        "owner": {"type": ["object", "null"]}, "questions": _LIST, "exceptions": _LIST,
    },
}  # fmt: skip
_ITEM = {
    "type": "object",
    "properties": {
        "state": {"type": "string", "enum": ["missing", "asked", "in_place", "not_needed"]},
        "valid_from": _TEXT, "valid_until": _TEXT, "link": _TEXT, "note": _TEXT,
        "digest": {"type": ["string", "null"], "description": "SHA-256, hexadecimal."},
        "evidence_id": {"type": ["integer", "null"], "description": "A file of this record."},
    },
}  # fmt: skip
_TAKES = {
    "type": "object",
    "properties": {
        "items": {"type": "object", "description": "By item.", "additionalProperties": _ITEM},
        "vendor_id": {"type": ["integer", "null"]}, "note": _TEXT,
        "answers": {"type": "object", "additionalProperties": {"type": "string"}},
        "because": {"type": "string"},
    },
}  # fmt: skip
_FILE = {
    "type": "object",
    "required": ["item", "name", "content"],
    "properties": {
        "item": {"type": "string"}, "name": {"type": "string"}, "content_type": {"type": "string"},
        "content": {"type": "string", "description": "The file in base64, at most 700,000 octets of it."},
        "because": {"type": "string"},
    },
}  # fmt: skip
_KEPT = {
    "type": "object",
    "properties": {
        "id": _COUNT, "item": _TEXT, "name": _TEXT, "content_type": _TEXT, "size": _COUNT, "digest": _TEXT,
        "content": _TEXT,
    },
}  # fmt: skip

ROUTES = (
    OwnRoute(
        verb="GET", template="/api/keystead/v1/accounts/:account_id/keys/:id/risk", handler=show_risk,
        summary="Tell how risky a key is, and why", gives=_RISK, **_GROUP,
    ),
    OwnRoute(verb="GET", template=BASE, handler=show_vetting, summary="Show the vetting of a key", gives=_RECORD,
             **_GROUP),
    OwnRoute(verb="PATCH", template=BASE, handler=change_vetting, summary="Record the vetting of a key",
             takes=_TAKES, gives=_RECORD, **_GROUP),
    OwnRoute(verb="POST", template=f"{BASE}/evidence", handler=add_evidence, summary="Keep a file as evidence",
             takes=_FILE, gives=_KEPT, **_GROUP),
    OwnRoute(verb="GET", template=f"{BASE}/evidence/:evidence_id", handler=show_evidence,
             summary="Give a file of evidence", gives=_KEPT, **_GROUP),
    OwnRoute(
        verb="GET", template="/api/keystead/v1/accounts/:account_id/vetting", handler=list_vettings,
        summary="List keys by what is missing or overdue", gives={"type": "array", "items": _SUMMARY},
        query={
            "show": "lacking, overdue, complete, review_overdue, expired, ownerless, unscoped.", "risk": "A level.",
            "page": "Which page.",
            "per_page": "At most 100.",
        }, **_GROUP,
    ),
)  # fmt: skip
