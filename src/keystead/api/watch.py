"""Watching a key before its scopes are enforced: the proposal, what it would refuse, the steps there and back."""

from typing import Any

from keystead.actions import keys as act_keys
from keystead.actions import watches as act
from keystead.api.keys import because
from keystead.api.requests import Answer, Ask, OwnRoute, number
from keystead.api.usage import day_told, figures_of, key_asked, period_told
from keystead.core.errors import NotFound
from keystead.core.instants import iso
from keystead.core.keys import Key
from keystead.core.parameters import text_list
from keystead.governance.watching import WatchReport, watch_report
from keystead.storage.read.watches import find_watch

BASE = "/api/keystead/v1/accounts/:account_id/keys/:id/watch"


def show_watch(ask: Ask) -> Answer:
    """Tell what would have been refused since the watch began."""
    key, account = key_asked(ask)
    watch = find_watch(ask.tx, key.id)
    if watch is None or ask.world.examples is None:
        raise NotFound
    table = ask.world.routing.now.table
    report = watch_report(
        figures_of(ask), ask.world.examples, key, account, watch, table=table, now=ask.tx.now
    )  # fmt: skip
    return Answer(body=report_told(report))


def start_watch(ask: Ask) -> Answer:
    """Hold a key's calls against proposed scopes; all of them pass as before."""
    wanted = text_list(ask.parameters.get("scopes"), "scopes") or ()
    act.watch(
        ask.tx, _changeable(ask), wanted, catalogue=ask.world.catalogue, acting=ask.acting, because=because(ask)
    )  # fmt: skip
    return show_watch(ask)


def end_watch(ask: Ask) -> Answer:
    """Watch a key no more."""
    key = _changeable(ask)
    act.stop_watching(ask.tx, key, acting=ask.acting, because=because(ask))
    return Answer(body={"key_id": key.id})


def enforce(ask: Ask) -> Answer:
    """Enforce the proposal from now on."""
    key = _changeable(ask)
    narrowed = act.enforce(ask.tx, key, acting=ask.acting, because=because(ask))
    return Answer(body={"key_id": key.id, "require_scopes": True, "tokens_narrowed": narrowed})


def relax(ask: Ask) -> Answer:
    """Go back from enforcing to watching."""
    key = _changeable(ask)
    act.relax(ask.tx, key, acting=ask.acting, because=because(ask))
    return Answer(body={"key_id": key.id, "require_scopes": False})


def report_told(report: WatchReport) -> dict[str, Any]:
    """Return a report as an object."""
    return {
        "key_id": report.watch.key_id,
        "scopes": list(report.watch.scopes),
        "since": iso(report.watch.since),
        "enforced_at": iso(report.watch.enforced_at),
        **period_told(report.period),
        "calls": report.calls,
        "would_be_refused": report.refused_calls,
        "findings": [
            {
                "scope": one.scope, "calls": one.calls, "people": one.people, "last_used_on": day_told(one.last_day),
                "example": one.example,
            }
            for one in report.would_refuse
        ],
        "unused": list(report.unused),
    }  # fmt: skip


def _changeable(ask: Ask) -> Key:
    account = ask.account()
    key = act_keys.get_for_change(ask.tx, number(ask.values["id"]), ask.domain_root, acting=ask.acting)
    if key.account_id != (None if account.is_site_admin else account.id):
        raise NotFound
    return key


_GROUP: Any = {"resource": "keystead", "resource_name": "Keystead"}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_COUNT = {"type": "integer"}
_TEXT = {"type": ["string", "null"]}
_REPORT = {
    "type": "object",
    "properties": {
        "key_id": _COUNT, "scopes": _TEXTS, "since": _TEXT, "enforced_at": _TEXT, "from": _TEXT, "to": _TEXT,
        "calls": _COUNT, "would_be_refused": _COUNT, "unused": _TEXTS,
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "scope": {"type": "string"}, "calls": _COUNT, "people": _COUNT, "last_used_on": _TEXT,
                    "example": _TEXT,
                },
            },
        },
    },
}  # fmt: skip
_TAKES = {
    "type": "object",
    "required": ["scopes"],
    "properties": {"scopes": _TEXTS, "because": {"type": "string"}},
}  # fmt: skip
_DONE = {
    "type": "object",
    "properties": {"key_id": _COUNT, "require_scopes": {"type": "boolean"}, "tokens_narrowed": _COUNT},
}  # fmt: skip

ROUTES = (
    OwnRoute(verb="GET", template=BASE, handler=show_watch, summary="Tell what a proposal would refuse", gives=_REPORT,
             **_GROUP),
    OwnRoute(verb="PUT", template=BASE, handler=start_watch, summary="Watch a key against proposed scopes",
             takes=_TAKES, gives=_REPORT, **_GROUP),
    OwnRoute(verb="DELETE", template=BASE, handler=end_watch, summary="Watch a key no more", gives=_DONE, **_GROUP),
    OwnRoute(verb="POST", template=f"{BASE}/enforce", handler=enforce, summary="Enforce what was proposed",
             gives=_DONE, **_GROUP),
    OwnRoute(verb="POST", template=f"{BASE}/relax", handler=relax, summary="Go back from enforcing to watching",
             gives=_DONE, **_GROUP),
)  # fmt: skip
