"""What was changed in an account, by whom, from what to what?"""

from typing import Any

from keystead.api.paging import page_of, paged, window_of
from keystead.api.requests import Answer, Ask, OwnRoute
from keystead.core.parameters import text
from keystead.governance.auditing import COLUMNS, entry_object, search_of
from keystead.storage.read.audit import list_entries

_ASKED = ("action", "user_id", "key_id", "surface", "from", "to", "search")


def list_audit(ask: Ask) -> Answer:
    """List audit entries of an account and those below it, newest first; of all accounts in Site Admin."""
    asked = {name: text(ask.query.get(name), name) or "" for name in _ASKED}
    search = search_of(ask.tx, ask.account(), asked, acting=ask.acting)
    page_of(ask)
    return paged(ask, list_entries(ask.tx, search, window_of(ask)), entry_object)


_GROUP: Any = {"resource": "keystead", "resource_name": "Keystead"}
_ENTRY = {
    "type": "object",
    "properties": {name: {"type": ["string", "integer", "object", "boolean", "null"]} for name in COLUMNS},
}

ROUTES = (
    OwnRoute(
        verb="GET", template="/api/keystead/v1/accounts/:account_id/audit", handler=list_audit,
        summary="List what was changed", gives={"type": "array", "items": _ENTRY},
        query={
            "action": "An action, or how it begins, such as key.",
            "user_id": "Who acted: an id, or a part of a name or login.",
            "key_id": "The key that was changed, or acted through.", "surface": "api, console, oauth, cli or system.",
            "from": "The first day or moment.", "to": "The last day, or the moment that ends it.",
            "search": "Words of the reason.", "page": "Which page.", "per_page": "At most 100.",
        }, **_GROUP,
    ),
)  # fmt: skip
