"""What was a key used for? Calls by day, scope, outcome, place of origin, course and person."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import permits
from keystead.console.charts import Column, bar_chart
from keystead.console.key_paths import ONE, UNNAMED, key_address, list_address, may_change, owns, seen_account
from keystead.console.manners import signed_in
from keystead.console.usage_views import (
    NarrowedUndo,
    PeriodChoice,
    ScopeName,
    UsageLine,
    UsageTable,
    UsageView,
    outcome_words,
    person_id,
)
from keystead.core.accounts import Account
from keystead.core.actors import Right
from keystead.core.errors import Malformed
from keystead.core.ids import global_id, parse_id
from keystead.core.keys import Key, KeyState
from keystead.core.usage import OTHER, Period, date_of, day_of, month_name, month_start
from keystead.governance.narrowing import narrowed_by
from keystead.governance.periods import USUAL_DAYS, read_period
from keystead.governance.sight import key_seen_from
from keystead.governance.usage import Grouping, KeyUsage, UsageRow, usages_of
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

TITLE: Final = "Usage"
PERIODS: Final = (7, 30, 90, 365)
MOST_SHOWN: Final = 20
MOST_SCOPES: Final = 200
MOST_BARS: Final = 100
_TABLES: Final = (Grouping.SCOPE, Grouping.OUTCOME, Grouping.PERSON, Grouping.NETWORK, Grouping.COURSE)


class KeyUsagePage:
    """``/accounts/:account_id/developer_keys/:id/usage``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the route of this page."""
        return [Route(ONE + "/usage", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """Show the calls of a period, the last 30 days if none is asked for."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = seen_account(tx, visitor, request)
            key = key_seen_from(tx, account, parse_id(request.path_params["key_id"]), acting=visitor.acting)
            view = self._view(tx, visitor, account, key, request)
            return show(tx, self._surface.pages, visitor, view, TITLE, status=200 if view.problem is None else 400)

        return await signed_in(self._surface, request, work)

    def _view(self, tx: Transaction, visitor: Visitor, account: Account, key: Key, request: Request) -> UsageView:
        period, problem = _period(tx, visitor, request)
        by_day = Grouping.DAY if period.days <= MOST_BARS else Grouping.MONTH
        found = usages_of(self._surface.figures, key, account, period, (by_day, *_TABLES))
        exports = permits.holds(tx, visitor.acting, Right.EXPORT_DEVELOPER_KEY_RECORDS, account)
        address, csv = f"{key_address(account, key)}/usage", _csv(account, key, period, exports=exports)
        days, by_month = _days(found[by_day], period)
        return UsageView(
            key_name=key.name or UNNAMED,
            client_id=str(global_id(key.id)),
            address=address,
            list_href=list_address(account) + ("" if owns(account, key) else "?tab=inherited"),
            people_href=None if key.is_built_in else f"{key_address(account, key)}/people",
            first=date_of(period.first),
            last=date_of(period.last),
            periods=tuple(_choices(address, period, day_of(tx.now))),
            calls=found[by_day].calls,
            refused=found[by_day].calls - found[by_day].allowed,
            people=found[by_day].people,
            chart=bar_chart([Column(label=day.name, allowed=day.passed, refused=day.refused) for day in days]),
            days=tuple(days),
            days_csv_href=csv(Grouping.MONTH if by_month else Grouping.DAY),
            by_month=by_month,
            tables=tuple(_tables(tx, visitor, account, key, found, csv)),
            is_partial=not account.is_site_admin and not owns(account, key),
            is_counted=self._surface.settings.usage,
            narrow_href=_narrow_href(tx, visitor, account, key, period),
            undo=_undo(tx, visitor, account, key, request),
            authenticity_token=visitor.form_value,
            problem=problem,
        )


def _narrow_href(tx: Transaction, visitor: Visitor, account: Account, key: Key, period: Period) -> str | None:
    """Return where the key comes down to what it used; None where it may not, or enforces no scopes."""
    may = owns(account, key) and may_change(tx, visitor, account)
    if not may or not key.require_scopes or key.is_built_in or key.state is KeyState.DELETED:
        return None
    days = {"from": date_of(period.first), "to": date_of(period.last)}
    return f"{key_address(account, key)}/usage/narrow?{urlencode(days)}"


def _undo(
    tx: Transaction, visitor: Visitor, account: Account, key: Key, request: Request
) -> NarrowedUndo | None:  # fmt: skip
    """Return how to take back the narrowing that led here, as its redirect says."""
    entry_id = parse_id(request.query_params.get("narrowed", ""))
    if entry_id is None or not owns(account, key) or not may_change(tx, visitor, account):
        return None
    entry = narrowed_by(tx, key, entry_id)
    if entry is None:
        return None
    before, after = entry.before or {}, entry.after or {}
    return NarrowedUndo(
        action=f"{key_address(account, key)}/usage/narrow/undo", entry_id=entry.id,
        scopes=len(before["scopes"]) - len(after["scopes"]), tokens=after.get("tokens_ended", 0),
    )  # fmt: skip


def _period(tx: Transaction, visitor: Visitor, request: Request) -> tuple[Period, str | None]:
    """Return the days asked for; the usual ones, and what is wrong, where they cannot be read."""
    first, last = request.query_params.get("from", ""), request.query_params.get("to", "")
    try:
        return read_period(first, last, tx.now, days=USUAL_DAYS), None
    except Malformed:
        problem = visitor.say("These days could not be read, or are too many. The last 30 days are shown.")
        return read_period("", "", tx.now, days=USUAL_DAYS), problem


def _choices(address: str, period: Period, today: int) -> list[PeriodChoice]:
    return [
        PeriodChoice(
            days=days,
            href=f"{address}?{urlencode({'from': date_of(today - days + 1), 'to': date_of(today)})}",
            is_current=period == Period(first=today - days + 1, last=today),
        )
        for days in PERIODS
    ]


def _csv(account: Account, key: Key, period: Period, *, exports: bool) -> Callable[[Grouping], str | None]:
    """Return where the rows of a table are to be had as a file, by whoever may export."""
    given = {"format": "csv", "from": date_of(period.first), "to": date_of(period.last)}
    address = f"/api/keystead/v1/accounts/{account.id}/keys/{key.id}/usage"
    return lambda grouping: f"{address}?{urlencode({'group_by': grouping.value} | given)}" if exports else None


def _days(found: KeyUsage, period: Period) -> tuple[list[UsageLine], bool]:
    """Return a line for each day, or for each month where there are too many days or some have become months."""
    by_month = found.grouping is Grouping.MONTH or any(len(row.name) == len("2026-05") for row in found.rows)
    if not by_month:
        rows = {row.name: row for row in found.rows}
        names = [date_of(day) for day in range(period.first, period.last + 1)]
        return [_line(rows.get(name) or UsageRow(name=name, calls=0, allowed=0, people=0)) for name in names], False
    sums = {name: UsageRow(name=name, calls=0, allowed=0) for name in _months(period)}
    for row in found.rows:
        name = row.name[:7]
        before = sums.get(name, UsageRow(name=name, calls=0, allowed=0))
        people = row.people if found.grouping is Grouping.MONTH else None
        sums[name] = UsageRow(
            name=name, calls=before.calls + row.calls, allowed=before.allowed + row.allowed, people=people
        )  # fmt: skip
    return [_line(row) for row in sums.values()], True


def _months(period: Period) -> list[str]:
    names, first = [], month_start(period.first)
    while first <= period.last:
        names.append(month_name(first))
        first = month_start(first + 31)
    return names


def _tables(
    tx: Transaction,
    visitor: Visitor,
    account: Account,
    key: Key,
    found: Mapping[Grouping, KeyUsage],
    csv: Callable[[Grouping], str | None],
) -> list[UsageTable]:
    say = visitor.say
    titles = {
        Grouping.SCOPE: (say("By endpoint"), say("Endpoint"), ""),
        Grouping.OUTCOME: (say("By outcome"), say("Outcome"), ""),
        Grouping.PERSON: (say("By person"), say("Person"), say("Whose permission the calls used.")),
        Grouping.NETWORK: (say("By origin"), say("Network"), say("Where the calls came from, cut to a network.")),
        Grouping.COURSE: (say("By course"), say("Course"), say("Courses that paths of passed calls named.")),
    }
    tables = []
    for grouping, (title, column, hint) in titles.items():
        rows = found[grouping].rows
        shown = rows[: MOST_SCOPES if grouping is Grouping.SCOPE else MOST_SHOWN]
        lines = _people(tx, visitor, account, key, shown) if grouping is Grouping.PERSON else [
            _named(row, grouping, visitor) for row in shown
        ]  # fmt: skip
        tables.append(
            UsageTable(
                id=grouping.value, title=title, column=column, lines=tuple(lines), more=len(rows) - len(shown),
                csv_href=csv(grouping), hint=hint,
            )
        )  # fmt: skip
    return tables


def _named(row: UsageRow, grouping: Grouping, visitor: Visitor) -> UsageLine:
    match grouping:
        case Grouping.SCOPE:
            return replace(_line(row), scope=ScopeName.of(row.name, visitor), granted=row.granted)
        case Grouping.OUTCOME:
            return replace(_line(row), name=outcome_words(row.name, visitor))
        case _:
            others, unknown = visitor.say("Others together"), visitor.say("Not known")
            return replace(_line(row), name=others if row.name == OTHER else row.name or unknown)


def _people(
    tx: Transaction, visitor: Visitor, account: Account, key: Key, rows: Sequence[UsageRow]
) -> list[UsageLine]:  # fmt: skip
    known = read_users.users_by_id(tx, [person_id(row.name) for row in rows])
    lines = []
    for row in rows:
        user = known.get(person_id(row.name))
        if user is None:
            words = visitor.say("Others together") if row.name == OTHER else visitor.say("Somebody who is gone")
            lines.append(replace(_line(row), name=words))
        else:
            href = f"{key_address(account, key)}/people?{urlencode({'q': user.name})}"
            lines.append(replace(_line(row), name=user.name, href=None if key.is_built_in else href))
    return lines


def _line(row: UsageRow) -> UsageLine:
    return UsageLine(name=row.name, calls=row.calls, refused=row.refused, people=row.people)
