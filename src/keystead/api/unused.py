"""Which inherited keys has nobody here ever used? Turned off together, and on again by one undo."""

from typing import Any

from keystead.api.keys import because
from keystead.api.requests import Answer, Ask, OwnRoute, number
from keystead.api.usage import figures_of
from keystead.core.parameters import boolean, integer, text_list
from keystead.governance.batches import Why, plan_off, read_chosen, told_batch, told_left, turn_off, undo
from keystead.governance.unused import USUAL_DAYS, told_unused, unused_keys
from keystead.storage.read.batches import list_batches

BASE = "/api/keystead/v1/accounts/:account_id/unused_keys"


def list_unused(ask: Ask) -> Answer:
    """List the inherited keys that are on and that nobody here uses, and what was turned off together before."""
    account, days = ask.account(), integer(ask.query.get("days"), "days")
    found = unused_keys(
        ask.tx, figures_of(ask), account, days=USUAL_DAYS if days is None else days,
        counted=ask.world.settings.usage, acting=ask.acting,
    )  # fmt: skip
    batches = [told_batch(one) for one in list_batches(ask.tx, account)]
    return Answer(body=told_unused(found) | {"batches": batches})


def turn_keys_off(ask: Ask) -> Answer:
    """Turn keys off together, or with ``dry_run`` tell what that would do."""
    account, days = ask.account(), integer(ask.parameters.get("days"), "days")
    chosen = read_chosen(
        text_list(ask.parameters.get("keys"), "keys") or (),
        text_list(ask.parameters.get("authorised_keys"), "authorised_keys") or (),
    )
    doing: Any = {"days": USUAL_DAYS if days is None else days, "acting": ask.acting}
    if boolean(ask.parameters.get("dry_run"), "dry_run"):
        batch, plan = None, plan_off(ask.tx, figures_of(ask), account, chosen, **doing)
    else:
        batch, plan = turn_off(ask.tx, figures_of(ask), account, chosen, because=because(ask), **doing)
    off = [
        {"key_id": one.key.id, "name": one.key.name, "people": one.people, "live_tokens": one.tokens}
        for one in plan.off
    ]  # fmt: skip
    told = {"turned_off": off, "skipped": list(map(told_left, plan.skipped))}
    if batch is None:
        return Answer(body=told | {"batch_id": None})
    return Answer(body=told_batch(batch) | {"batch_id": batch.id})


def undo_batch(ask: Ask) -> Answer:
    """Give the keys of a batch the state back that they had before."""
    find = ask.world.catalogue.find
    done = undo(
        ask.tx, ask.account(), number(ask.values["batch_id"]), find=find, acting=ask.acting, because=because(ask)
    )  # fmt: skip
    return Answer(body=told_batch(done))


_GROUP: Any = {"resource": "keystead", "resource_name": "Keystead"}
_COUNT = {"type": "integer"}
_TEXT = {"type": ["string", "null"]}
_KEY = {
    "type": "object",
    "properties": {
        "key_id": _COUNT, "client_id": {"type": "string"}, "name": _TEXT, "owner": {"type": "string"},
        "purpose": {**_TEXT, "description": "What this institution noted, else the owner's vetting record."},
        "on_since": _TEXT, "on_by": {"type": "string", "description": "The account whose word counts."},
        "on_by_person": _TEXT, "locked_by": _TEXT, "may_turn_off": {"type": "boolean"},
        "people": {**_COUNT, "description": "People of this institution with live tokens."}, "live_tokens": _COUNT,
        "last_token_at": _TEXT, "last_used_on": _TEXT,
    },
}  # fmt: skip
_LEFT = {
    "type": "array",
    "items": {
        "type": "object", "properties": {"key_id": _COUNT, "name": _TEXT, "why": {"enum": list(Why)}},
    },
}  # fmt: skip
_OFF = {
    "type": "array",
    "items": {"type": "object", "properties": {"key_id": _COUNT, "name": _TEXT, "before": {"type": "string"}}},
}
_BATCH: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": _COUNT, "at": _TEXT, "by": _TEXT, "because": _TEXT, "turned_off": _OFF, "skipped": _LEFT,
        "undone_at": _TEXT, "undone_by": _TEXT, "left_off": _LEFT,
    },
}  # fmt: skip
_KEYS = {"type": "array", "items": _KEY}
_UNUSED = {
    "type": "object",
    "properties": {
        "account_id": _COUNT, "days": _COUNT, "counted": {"type": "boolean"}, "counted_since": _TEXT,
        "never_used": _KEYS, "authorised": _KEYS, "batches": {"type": "array", "items": _BATCH},
    },
}  # fmt: skip
_IDS = {"type": "array", "items": {"type": "string"}}
_TAKES = {
    "type": "object",
    "properties": {
        "keys": {**_IDS, "description": "Keys that nobody has ever used; one that is used by now is skipped."},
        "authorised_keys": {**_IDS, "description": "Keys that may go off although people have live tokens."},
        "days": _COUNT, "dry_run": {"type": "boolean"}, "because": {"type": "string"},
    },
}  # fmt: skip
_DONE = {**_BATCH, "properties": {**_BATCH["properties"], "batch_id": {"type": ["integer", "null"]}}}

ROUTES = (
    OwnRoute(
        verb="GET", template=BASE, handler=list_unused, summary="List the inherited keys that nobody here has used",
        gives=_UNUSED, query={"days": "After how many days without a call a key is not used; 90 if none."}, **_GROUP,
    ),
    OwnRoute(verb="POST", template=f"{BASE}/off", handler=turn_keys_off, summary="Turn keys off together",
             takes=_TAKES, gives=_DONE, **_GROUP),
    OwnRoute(verb="POST", template=f"{BASE}/off/:batch_id/undo", handler=undo_batch,
             summary="Undo what was turned off together", gives=_BATCH,
             takes={"type": "object", "properties": {"because": {"type": "string"}}}, **_GROUP),
)  # fmt: skip
