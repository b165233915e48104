"""Account bindings on Canvas's wire: make or change what an account says about a key."""

from keystead.actions import bindings as act
from keystead.api.keys import because
from keystead.api.requests import Answer, ApiRoute, Ask
from keystead.api.shapes import binding_object
from keystead.core.bindings import BindingMade, BindingState
from keystead.core.errors import Malformed
from keystead.core.ids import parse_id
from keystead.core.parameters import Tree, Value, mapping

ENVELOPE = "developer_key_account_binding"


def set_binding(ask: Ask) -> Answer:
    """Set an account's decision about a key: 201 when that made the binding, 200 when one was there."""
    account = ask.account()
    key = act.get_for_binding(ask.tx, account, parse_id(ask.values["developer_key_id"]), acting=ask.acting)
    binding, outcome = act.set_state(
        ask.tx, account, key.id, _state(ask.parameters), acting=ask.acting, because=because(ask),
        find=ask.world.catalogue.find,
    )  # fmt: skip
    return Answer(
        body=binding_object(binding, account), status=201 if isinstance(outcome, BindingMade) else 200
    )  # fmt: skip


def _state(parameters: Tree) -> BindingState:
    """Return the state asked for: in the envelope, else flat, else off.

    Raises Malformed for any other word, InvalidParameter for an envelope that is none.
    """
    wanted = mapping(parameters.get(ENVELOPE), ENVELOPE) or {}
    given: Value = wanted.get("workflow_state", parameters.get("workflow_state", BindingState.OFF))
    try:
        return BindingState(given)  # type: ignore[arg-type]  # anything but one of the three words is refused
    except ValueError:
        raise Malformed("workflow_state must be one of on, off, allow") from None


ROUTES = (
    ApiRoute(
        verb="POST",
        template="/api/v1/accounts/:account_id/developer_keys/:developer_key_id/developer_key_account_bindings",
        handler=set_binding,
        summary="Create or update a developer key account binding",
        resource="developer_key_account_bindings",
        resource_name="Developer Key Account Bindings",
    ),
)
