"""Who changed what? The audit on a page, filtered, and as a file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import permits
from keystead.console.manners import signed_in
from keystead.console.paging import links, page_of
from keystead.console.views import PageLinks
from keystead.core.accounts import Account
from keystead.core.actors import Right
from keystead.core.errors import Malformed
from keystead.core.instants import Instant
from keystead.governance.auditing import MOST_EXPORTED, as_csv, as_json_lines, require_export, search_of
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read.audit import AuditEntry, AuditSearch, actions_known, every_entry, list_entries
from keystead.storage.read.pages import Window
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

ADDRESS: Final = "/console/audit"
TITLE: Final = "Audit"
PAGE_SIZE: Final = 50
SURFACES: Final = ("api", "console", "oauth", "cli", "system")
_FIELDS: Final = ("action", "user_id", "key_id", "surface", "from", "to", "search")
_EVERYTHING: Final = "all"
_SHORT: Final = 40
_MANY: Final = 5
_MOST_ITEMS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLine:
    """One value before and after; a list is told by what has gone from it and come to it, and how many ``more``."""

    name: str
    before: str | None = None
    after: str | None = None
    gone: tuple[str, ...] = ()
    come: tuple[str, ...] = ()
    more: int = 0

    @property
    def is_short(self) -> bool:
        """Whether it is one value in the place of another, and both fit on a line."""
        return self.before is not None and self.after is not None and max(len(self.before), len(self.after)) <= _SHORT


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """One entry of the audit."""

    id: int
    at: Instant
    action: str
    what: str
    who: str
    behind: str | None
    changes: tuple[ChangeLine, ...]
    because: str | None
    surface: str
    address: str | None
    request_id: str | None
    account: str | None
    is_sealed: bool

    @property
    def brief(self) -> tuple[ChangeLine, ...]:
        """The changes that fit beside the entry: at most two, of an entry that tells few."""
        return tuple(line for line in self.changes if line.is_short)[:2] if len(self.changes) < _MANY else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditView:
    """The entries of one page, with the filters that chose them; files of them for whoever may export."""

    TEMPLATE: ClassVar = "console/audit.html"

    rows: tuple[EntryRow, ...]
    total: int
    values: Mapping[str, str] = field(default_factory=dict)
    actions: tuple[str, ...] = ()
    surfaces: tuple[str, ...] = SURFACES
    csv_href: str | None = None
    lines_href: str | None = None
    offers_everything: bool = False
    problem: str | None = None
    pages: PageLinks | None = None


class Audit:
    """``/console/audit``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        return [
            Route(ADDRESS, self.show, methods=["GET"]),
            Route(f"{ADDRESS}.csv", self.export, methods=["GET"]),
            Route(f"{ADDRESS}.jsonl", self.export, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the entries that the filters choose, newest first."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account, values = _account(tx, visitor, request), _values(request)
            page, right = page_of(request), Right.EXPORT_DEVELOPER_KEY_RECORDS
            exports = permits.holds(tx, visitor.acting, right, account)
            window = Window(limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
            problem = None
            try:
                search = search_of(tx, account, _in_zone(values, visitor), acting=visitor.acting)
            except Malformed:
                problem = visitor.say("A day is written as 2026-05-30.")
                search = search_of(tx, account, values | {"from": "", "to": ""}, acting=visitor.acting)
            found = list_entries(tx, search, window)
            asked = urlencode({name: text for name, text in values.items() if text})
            view = AuditView(
                rows=tuple(_row(entry) for entry in found.items),
                total=found.total,
                values=values,
                actions=actions_known(tx, search),
                csv_href=f"{ADDRESS}.csv?{asked}" if exports else None,
                lines_href=f"{ADDRESS}.jsonl?{asked}" if exports else None,
                offers_everything=_sees_everything(tx, visitor),
                problem=problem,
                pages=links(visitor, ADDRESS, values, page=page, size=PAGE_SIZE, total=found.total),
            )
            return show(tx, self._surface.pages, visitor, view, TITLE, status=200 if problem is None else 400)

        return await signed_in(self._surface, request, work)

    async def export(self, request: Request) -> Response:
        """Give the entries that the filters choose as a file."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = _account(tx, visitor, request)
            require_export(tx, account, acting=visitor.acting)
            search: AuditSearch = search_of(tx, account, _in_zone(_values(request), visitor), acting=visitor.acting)
            entries = every_entry(tx, search, most=MOST_EXPORTED)
            is_csv = request.url.path.endswith(".csv")
            body = "".join(as_csv(entries) if is_csv else as_json_lines(entries))
            kind = "text/csv; charset=utf-8" if is_csv else "application/x-ndjson"
            name = "audit.csv" if is_csv else "audit.jsonl"
            headers = {
                "content-disposition": f'attachment; filename="{name}"',
                "cache-control": "no-store",
                "x-content-type-options": "nosniff",
            }
            return Response(body, headers=headers, media_type=kind)

        return await signed_in(self._surface, request, work)


def _account(tx: Transaction, visitor: Visitor, request: Request) -> Account:
    wants_all = request.query_params.get("account") == _EVERYTHING and _sees_everything(tx, visitor)
    return read_accounts.site_admin(tx) if wants_all else visitor.domain_root


def _sees_everything(tx: Transaction, visitor: Visitor) -> bool:
    return permits.holds(tx, visitor.acting, Right.VIEW_DEVELOPER_KEY_AUDIT, read_accounts.site_admin(tx))


def _values(request: Request) -> dict[str, str]:
    values = {name: request.query_params.get(name, "")[:200].strip() for name in _FIELDS}
    return values | {"account": _EVERYTHING if request.query_params.get("account") == _EVERYTHING else ""}


def _in_zone(values: Mapping[str, str], visitor: Visitor) -> dict[str, str]:
    """Return the filters with days as the moments between which they last where the visitor is."""
    return dict(values) | {
        name: begun
        for name, later in (("from", 0), ("to", 1))
        if (begun := _midnight(values[name], later, visitor.reader.zone)) is not None
    }


def _midnight(day: str, later: int, zone: tzinfo) -> str | None:
    """Return the moment a day begins, or one of the next days, None for what is no day."""
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=later), time(), zone).isoformat()
    except (ValueError, OverflowError):
        return None


def _row(entry: AuditEntry) -> EntryRow:
    subject = f"{entry.subject} {entry.subject_id}"
    return EntryRow(
        id=entry.id,
        at=entry.at,
        action=entry.action,
        what=subject if entry.subject_name is None else f"{entry.subject_name} ({subject})",
        who=entry.user_name or ("" if entry.user_id is None else f"user {entry.user_id}"),
        behind=entry.real_user_name,
        changes=tuple(_changes(entry.before or {}, entry.after or {})),
        because=entry.because,
        surface=entry.surface,
        address=entry.address,
        request_id=entry.request_id,
        account=entry.account_name,
        is_sealed=entry.is_sealed,
    )


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[ChangeLine]:
    lines = []
    for name in dict.fromkeys((*before, *after)):
        old, new = before.get(name), after.get(name)
        if isinstance(old, list) or isinstance(new, list):
            lines.append(_list_line(name, _items(old), _items(new)))
        else:
            lines.append(ChangeLine(name=name, before=_said(old, name in before), after=_said(new, name in after)))
    return lines


def _list_line(name: str, old: list[str], new: list[str]) -> ChangeLine:
    had, has = set(old), set(new)
    gone, come = [one for one in old if one not in has], [one for one in new if one not in had]
    more = max(0, len(gone) - _MOST_ITEMS) + max(0, len(come) - _MOST_ITEMS)
    return ChangeLine(name=name, gone=tuple(gone[:_MOST_ITEMS]), come=tuple(come[:_MOST_ITEMS]), more=more)


def _items(value: Any) -> list[str]:
    return list(map(str, value)) if isinstance(value, list) else []


def _said(value: Any, is_given: bool) -> str | None:
    if not is_given:
        return None
    if value is None or value == "":
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
