"""After how many refused calls a key is switched off by itself in an account."""

from typing import Any

from keystead.actions import permits
from keystead.actions import suspensions as act
from keystead.api.keys import because
from keystead.api.requests import Answer, Ask, OwnRoute
from keystead.core.actors import Right
from keystead.core.errors import Malformed
from keystead.core.parameters import Value
from keystead.storage.read.suspensions import SuspensionRule, find_rule

BASE = "/api/keystead/v1/accounts/:account_id/suspension_rule"


def show_rule(ask: Ask) -> Answer:
    """Show an account's rule."""
    account = ask.account()
    permits.require(ask.tx, ask.acting, Right.VIEW_DEVELOPER_KEYS, account)
    return Answer(body=_told(find_rule(ask.tx, account.id)))


def set_rule(ask: Ask) -> Answer:
    """Set an account's rule."""
    refused, minutes = (_number(ask.parameters.get(name), name) for name in ("refused", "minutes"))
    made = act.set_rule(ask.tx, ask.account(), refused, minutes, acting=ask.acting, because=because(ask))
    return Answer(body=_told(made))


def end_rule(ask: Ask) -> Answer:
    """Let no key be switched off by itself."""
    act.set_rule(ask.tx, ask.account(), None, None, acting=ask.acting, because=because(ask))
    return Answer(body=_told(None))


def _told(rule: SuspensionRule | None) -> dict[str, Any]:
    return {
        "refused": None if rule is None else rule.refused,
        "minutes": None if rule is None else rule.minutes,
    }  # fmt: skip


def _number(value: Value, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Malformed(f"{name} must be a whole number")
    try:
        return int(value)
    except ValueError:
        raise Malformed(f"{name} must be a whole number") from None


_GROUP: Any = {"resource": "keystead", "resource_name": "Keystead"}
_COUNT = {"type": ["integer", "null"]}
_RULE = {"type": "object", "properties": {"refused": _COUNT, "minutes": _COUNT}}
_TAKES = {
    "type": "object",
    "required": ["refused", "minutes"],
    "properties": {"refused": _COUNT, "minutes": _COUNT, "because": {"type": "string"}},
}  # fmt: skip

ROUTES = (
    OwnRoute(verb="GET", template=BASE, handler=show_rule, summary="Show when a key is suspended", gives=_RULE,
             **_GROUP),
    OwnRoute(verb="PUT", template=BASE, handler=set_rule, summary="Set when a key is suspended", takes=_TAKES,
             gives=_RULE, **_GROUP),
    OwnRoute(verb="DELETE", template=BASE, handler=end_rule, summary="Suspend no key by itself", gives=_RULE,
             **_GROUP),
)  # fmt: skip
