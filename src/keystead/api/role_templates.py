"""Roles that are made in one step, such as an auditor's."""

from typing import Any

from keystead.actions import roles as act
from keystead.api.institution_shapes import role_object
from keystead.api.keys import because
from keystead.api.requests import Answer, Ask, OwnRoute
from keystead.core.parameters import text
from keystead.core.roles import TEMPLATES


def make_role(ask: Ask) -> Answer:
    """Make a role from a template; it is an ordinary role of the account."""
    account = ask.account()
    template = text(ask.parameters.get("template"), "template") or ""
    label = text(ask.parameters.get("label"), "label") or None
    role = act.create_from(ask.tx, account, template, label=label, acting=ask.acting, because=because(ask))
    return Answer(body=role_object(role, account), status=201)


_TEXT = {"type": "string"}
_TAKES = {
    "type": "object",
    "required": ["template"],
    "properties": {
        "template": {"enum": list(TEMPLATES)},
        "label": {"type": "string", "description": "What the role is called; as the template says if none."},
        "because": {"type": "string"},
    },
}  # fmt: skip
_ROLE: Any = {
    "type": "object",
    "description": "The role, in Canvas's shape.",
    "properties": {"id": {"type": "integer"}, "label": _TEXT, "permissions": {"type": "object"}},
}

ROUTES = (
    OwnRoute(
        verb="POST", template="/api/keystead/v1/accounts/:account_id/roles", handler=make_role,
        summary="Make a role from a template", takes=_TAKES, gives=_ROLE, resource="keystead",
        resource_name="Keystead",
    ),
)  # fmt: skip
