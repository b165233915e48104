"""What is known of a key, its own or an inherited one, as one institution sees it."""

from typing import Any

from keystead.actions import key_notes as act
from keystead.api.keys import because
from keystead.api.requests import Answer, Ask, OwnRoute
from keystead.api.usage import key_asked
from keystead.core.ids import global_id
from keystead.core.instants import iso
from keystead.core.parameters import text
from keystead.governance.dossier import Dossier, dossier_of

BASE = "/api/keystead/v1/accounts/:account_id/keys/:id"


def show_dossier(ask: Ask) -> Answer:
    """Tell whose a key is, what it may do, who decided about it, and what is noted."""
    key, account = key_asked(ask)
    return Answer(body=dossier_told(dossier_of(ask.tx, key, account, catalogue=ask.world.catalogue)))


def set_note(ask: Ask) -> Answer:
    """Note something about a key; empty words take the note away."""
    key, account = key_asked(ask)
    words = text(ask.parameters.get("note"), "note") or ""
    act.set_note(ask.tx, account, key, words, acting=ask.acting, because=because(ask))
    return show_dossier(ask)


def dossier_told(found: Dossier) -> dict[str, Any]:
    """Return a dossier as an object. Of an inherited key it says no more than its owner publishes."""
    key, reach, note = found.key, found.reach, found.note
    told: dict[str, Any] = {
        "id": global_id(key.id),
        "name": key.name,
        "owner": found.owner_name,
        "inherited": not found.is_own,
        "workflow_state": str(found.state),
        "require_scopes": key.require_scopes,
        "allow_includes": key.allow_includes,
        "scopes": list(key.scopes) if key.require_scopes else [],
        "reads": reach.reads,
        "changes": reach.changes,
        "deletes": reach.deletes,
        "student_records": list(reach.student_records),
        "account_wide": list(reach.account_wide),
        "resources": [
            {"name": one.resource_name, "see": one.sees, "change": one.changes, "delete": one.deletes}
            for one in found.grants
        ],
        "decisions": [
            {
                "account_id": one.account_id, "account": one.account_name, "workflow_state": str(one.state),
                "at": iso(one.at), "governs": one.governs,
            }
            for one in found.decisions
        ],
        "note": None if note is None else {"words": note.words, "by": note.person, "at": iso(note.at)},
    }  # fmt: skip
    if found.is_own:
        told |= {"email": key.email, "created_at": iso(key.created_at), "made_by": found.made_by, "notes": key.notes}
    return told


_GROUP: Any = {"resource": "keystead", "resource_name": "Keystead"}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_COUNT = {"type": "integer"}
_TEXT = {"type": ["string", "null"]}
_FLAG = {"type": "boolean"}
_DOSSIER = {
    "type": "object",
    "properties": {
        "id": _COUNT, "name": _TEXT, "owner": {"type": "string"}, "inherited": _FLAG, "workflow_state": _TEXT,
        "require_scopes": _FLAG, "allow_includes": _FLAG, "scopes": _TEXTS, "reads": _COUNT, "changes": _COUNT,
        "deletes": _COUNT, "student_records": _TEXTS, "account_wide": _TEXTS, "email": _TEXT, "created_at": _TEXT,
        "made_by": _TEXT, "notes": _TEXT, "note": {"type": ["object", "null"]},
        "resources": {"type": "array", "items": {"type": "object"}},
        "decisions": {"type": "array", "items": {"type": "object"}},
    },
}  # fmt: skip
_TAKES = {"type": "object", "properties": {"note": {"type": "string"}, "because": {"type": "string"}}}

ROUTES = (
    OwnRoute(verb="GET", template=BASE, handler=show_dossier, summary="Tell what is known of a key", gives=_DOSSIER,
             **_GROUP),
    OwnRoute(verb="PUT", template=f"{BASE}/note", handler=set_note, summary="Note something about a key",
             takes=_TAKES, gives=_DOSSIER, **_GROUP),
)  # fmt: skip
