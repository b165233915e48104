"""What has a key been used for, and which of its scopes does it need? For whoever sees keys in the account."""

from dataclasses import asdict
from typing import Any, Final

from keystead.actions import permits
from keystead.api.requests import Answer, Ask, OwnRoute, number
from keystead.core.accounts import Account
from keystead.core.actors import Right
from keystead.core.errors import Malformed, NotFound
from keystead.core.keys import Key
from keystead.core.parameters import text
from keystead.core.usage import Period, date_of
from keystead.governance.periods import PRIVILEGE_DAYS, USUAL_DAYS, read_period
from keystead.governance.privileges import LeastPrivilege, least_privilege
from keystead.governance.sight import key_seen_from
from keystead.governance.tables import as_csv, as_json_lines
from keystead.governance.usage import Grouping, KeyUsage, usage_of
from keystead.storage.usage_figures import UsageFigures

FORMATS: Final = ("json", "csv", "jsonl")
CSV: Final = "text/csv; charset=utf-8"
JSON_LINES: Final = "application/x-ndjson"


def show_usage(ask: Ask) -> Answer:
    """Tell what a key was used for, as JSON, or its rows as CSV or JSON Lines."""
    key, account = key_asked(ask)
    period = read_period(_query(ask, "from"), _query(ask, "to"), ask.tx.now, days=USUAL_DAYS)
    grouping = read_grouping(_query(ask, "group_by") or Grouping.DAY)
    wanted = _query(ask, "format") or "json"
    if wanted not in FORMATS:
        raise Malformed(f"format must be one of {', '.join(FORMATS)}")
    told = usage_told(usage_of(figures_of(ask), key, account, period, grouping))
    if wanted == "json":
        return Answer(body=told)
    permits.require(ask.tx, ask.acting, Right.EXPORT_DEVELOPER_KEY_RECORDS, account)
    rows, kind = (as_csv(told["rows"]), CSV) if wanted == "csv" else (as_json_lines(told["rows"]), JSON_LINES)
    headers = {"content-type": kind, "content-disposition": f'attachment; filename="usage-{key.id}.{wanted}"'}
    return Answer(body=None, text=rows, headers=headers)


def show_least_privilege(ask: Ask) -> Answer:
    """Tell used scopes against granted ones, and the narrowest list that lets pass what passed."""
    key, account = key_asked(ask)
    period = read_period(_query(ask, "from"), _query(ask, "to"), ask.tx.now, days=PRIVILEGE_DAYS)
    table = ask.world.routing.now.table
    found = least_privilege(figures_of(ask), key, account, period, table=table, now=ask.tx.now)
    return Answer(body=privilege_told(found))


def key_asked(ask: Ask) -> tuple[Key, Account]:
    """Return the key and the account of the path. Raises NotFound and Forbidden."""
    account = ask.account()
    return key_seen_from(ask.tx, account, number(ask.values["id"]), acting=ask.acting), account


def figures_of(ask: Ask) -> UsageFigures:
    """Return where calls are added up. Raises NotFound where they are not counted."""
    if ask.world.figures is None:
        raise NotFound
    return ask.world.figures


def read_grouping(wanted: str) -> Grouping:
    """Return by what usage is to be told apart. Raises Malformed."""
    try:
        return Grouping(wanted)
    except ValueError:
        raise Malformed(f"group_by must be one of {', '.join(Grouping)}") from None


def usage_told(usage: KeyUsage) -> dict[str, Any]:
    """Return usage as an object. Each row has the name of its group, under the name of what is told apart."""
    rows = []
    for row in usage.rows:
        told: dict[str, Any] = {usage.grouping.value: row.name}
        told |= {"calls": row.calls, "allowed": row.allowed, "refused": row.refused}
        if row.people is not None:
            told["people"] = row.people
        if row.granted is not None:
            told["granted"] = row.granted
        rows.append(told)
    return {
        "key_id": usage.key_id, "account_id": usage.account_id, **period_told(usage.period),
        "group_by": usage.grouping.value, "calls": usage.calls, "allowed": usage.allowed,
        "refused": usage.calls - usage.allowed, "people": usage.people, "rows": rows,
    }  # fmt: skip


def privilege_told(found: LeastPrivilege) -> dict[str, Any]:
    """Return used against granted as an object."""
    needs = []
    for need in found.needs:
        told = {name: value for name, value in asdict(need).items() if name != "last_day"}
        told["rare_write"] = told.pop("is_rare_write")
        needs.append(told | {"used": need.is_used, "last_used_on": day_told(need.last_day)})
    return {
        "key_id": found.key_id, "account_id": found.account_id, **period_told(found.period), "scopes": needs,
        "unused": list(found.unused), "narrowed": list(found.narrowed), "unmapped_calls": found.unmapped_calls,
    }  # fmt: skip


def period_told(period: Period) -> dict[str, str]:
    """Return the first and the last day of a period."""
    return {"from": date_of(period.first), "to": date_of(period.last)}


def day_told(day: int | None) -> str | None:
    """Return a day as a date."""
    return None if day is None else date_of(day)


def _query(ask: Ask, name: str) -> str:
    return text(ask.query.get(name), name) or ""


_COUNT = {"type": "integer"}
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_DAY = {"type": ["string", "null"], "format": "date"}
_SPAN = {"from": {"type": "string", "format": "date"}, "to": {"type": "string", "format": "date"}}
_HEAD = {"key_id": _COUNT, "account_id": _COUNT, **_SPAN}
_USAGE = {
    "type": "object",
    "required": ["key_id", "account_id", "from", "to", "group_by", "calls", "allowed", "refused", "people", "rows"],
    "properties": {
        **_HEAD, "group_by": _TEXT, "calls": _COUNT, "allowed": _COUNT, "refused": _COUNT,
        "people": {"type": "integer", "description": "How many people made calls in the period."},
        "rows": {
            "type": "array",
            "description": "One for each group, under the name that group_by says: day, month, scope and so on.",
            "items": {
                "type": "object",
                "properties": {
                    "calls": _COUNT, "allowed": _COUNT, "refused": _COUNT, "people": _COUNT,
                    "granted": {"type": "boolean", "description": "Of scopes: whether the key holds it now."},
                },
            },
        },
    },
}  # fmt: skip
_PRIVILEGE = {
    "type": "object",
    "properties": {
        **_HEAD, "unused": _TEXTS, "narrowed": _TEXTS, "unmapped_calls": _COUNT,
        "scopes": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "scope": _TEXT, "granted": {"type": "boolean"}, "used": {"type": "boolean"}, "calls": _COUNT,
                    "last_used_on": _DAY, "days_unused": {"type": ["integer", "null"]},
                    "rare_write": {"type": "boolean", "description": "It changes things, and was seldom called."},
                    "needed_for": {**_TEXTS, "description": "Scopes that are not granted, whose calls pass by it."},
                },
            },
        },
    },
}  # fmt: skip
_DAYS = {"from": "The first day, such as 2026-05-01.", "to": "The last day; today if none."}
_GROUP: Any = {"resource": "keystead", "resource_name": "Keystead"}

ROUTES = (
    OwnRoute(
        verb="GET", template="/api/keystead/v1/accounts/:account_id/keys/:id/usage", handler=show_usage,
        summary="Tell what a key was used for", gives=_USAGE, **_GROUP,
        query={
            **_DAYS, "group_by": f"One of {', '.join(Grouping)}; day if none.",
            "format": "json, or for the rows alone csv or jsonl.",
        },
    ),
    OwnRoute(
        verb="GET", template="/api/keystead/v1/accounts/:account_id/keys/:id/least_privilege",
        handler=show_least_privilege, summary="Tell used scopes against granted ones", gives=_PRIVILEGE, query=_DAYS,
        **_GROUP,
    ),
)  # fmt: skip
