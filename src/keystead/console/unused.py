"""Never used here: the inherited keys that nobody uses, turned off together, and turned on again by one undo."""

from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.console.key_paths import BASE, list_address, rights_about, seen_account
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.console.unused_views import BatchView, OffView, UnusedView, batch_row, left_row, noon, unused_row
from keystead.core.accounts import Account
from keystead.core.actors import Right
from keystead.core.errors import Malformed
from keystead.core.ids import parse_id
from keystead.core.parameters import Tree
from keystead.governance.batches import Chosen, get_batch, plan_off, read_chosen, turn_off, undo
from keystead.governance.unused import LONGEST_DAYS, USUAL_DAYS, unused_keys
from keystead.storage.read.batches import list_batches
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

TITLE: Final = "Never used here"


class UnusedPages:
    """``/accounts/:account_id/developer_keys/unused``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        return [
            Route(BASE + "/unused", self.show, methods=["GET"]),
            Route(BASE + "/unused/off", self.ask, methods=["GET"]),
            Route(BASE + "/unused/off", self.turn_off, methods=["POST"]),
            Route(BASE + "/unused/batches/{batch_id}", self.show_batch, methods=["GET"]),
            Route(BASE + "/unused/batches/{batch_id}/undo", self.undo, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show the keys that nobody uses, and what was turned off together before."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = seen_account(tx, visitor, request)
            days, problem = _days(request.query_params.get("days")), None
            if days is None:
                days, problem = USUAL_DAYS, visitor.say("The number of days could not be read.")
            return self._page(tx, visitor, account, days, problem)

        return await signed_in(self._surface, request, work)

    async def ask(self, request: Request) -> Response:
        """Ask before keys are turned off together."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account, given = seen_account(tx, visitor, request, Right.SWITCH_DEVELOPER_KEYS), request.query_params
            days = _days(given.get("days")) or USUAL_DAYS
            keys, authorised = given.getlist("keys[]"), given.getlist("authorised[]")
            if not keys and not authorised:
                return self._page(tx, visitor, account, days, visitor.say("Choose at least one key."))
            chosen = read_chosen(tuple(keys), tuple(authorised))
            plan = plan_off(tx, self._surface.figures, account, chosen, days=days, acting=visitor.acting)
            address = _address(account)
            view = OffView(
                account_name=account.name,
                action=f"{address}/off",
                cancel_href=f"{address}?{urlencode({'days': days})}",
                days=days,
                rows=tuple(unused_row(account, one) for one in plan.off),
                skipped=tuple(map(left_row, plan.skipped)),
                keys=tuple(one.key.id for one in plan.off if one.key.id not in chosen.authorised),
                authorised=tuple(one.key.id for one in plan.off if one.key.id in chosen.authorised),
                is_counted=self._surface.settings.usage,
                authenticity_token=visitor.form_value,
            )
            return show(tx, self._surface.pages, visitor, view, TITLE)

        return await signed_in(self._surface, request, work)

    async def turn_off(self, request: Request) -> Response:
        """Turn keys off together; the page that follows says what happened and can undo it."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account = seen_account(tx, visitor, request, Right.SWITCH_DEVELOPER_KEYS)
            days = _days(form.get("days")) or USUAL_DAYS
            batch, plan = turn_off(
                tx, self._surface.figures, account, _chosen(form), days=days, acting=visitor.acting,
                because=_because(form),
            )  # fmt: skip
            if batch is None:
                left = "; ".join(f"{row.name}: {visitor.say(row.why)}" for row in map(left_row, plan.skipped))
                problem = visitor.say("Nothing was turned off. %(keys)s", keys=left)
                return self._page(tx, visitor, account, days, problem)
            return back_to(tx, visitor, f"{_address(account)}/batches/{batch.id}")

        return await with_own_form(self._surface, request, work)

    async def show_batch(self, request: Request) -> Response:
        """Show what became of keys that were turned off together."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = seen_account(tx, visitor, request)
            batch = get_batch(tx, account, parse_id(request.path_params["batch_id"]), acting=visitor.acting)
            address = _address(account)
            can_undo = batch.undone_at is None and bool(batch.turned_off) and _may_switch(tx, visitor, account)
            view = BatchView(
                account_name=account.name,
                back_href=address,
                at=batch.at,
                person=batch.person,
                because=batch.because,
                names=tuple(one.name or str(one.key_id) for one in batch.turned_off),
                skipped=tuple(map(left_row, batch.skipped)),
                left_off=tuple(map(left_row, batch.left_off)),
                undone_at=batch.undone_at,
                undone_by=batch.undone_by,
                undo_action=f"{address}/batches/{batch.id}/undo" if can_undo else None,
                authenticity_token=visitor.form_value,
            )
            return show(tx, self._surface.pages, visitor, view, TITLE)

        return await signed_in(self._surface, request, work)

    async def undo(self, request: Request) -> Response:
        """Give the keys of a batch the state back that they had."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account = seen_account(tx, visitor, request, Right.SWITCH_DEVELOPER_KEYS)
            find = self._surface.routing.now.catalogue.find
            batch_id = parse_id(request.path_params["batch_id"])
            done = undo(tx, account, batch_id, find=find, acting=visitor.acting, because=_because(form))
            return back_to(tx, visitor, f"{_address(account)}/batches/{done.id}")

        return await with_own_form(self._surface, request, work)

    def _page(
        self, tx: Transaction, visitor: Visitor, account: Account, days: int, problem: str | None
    ) -> Response:  # fmt: skip
        counted = self._surface.settings.usage
        found = unused_keys(
            tx, self._surface.figures, account, days=days, counted=counted, acting=visitor.acting
        )  # fmt: skip
        address = _address(account)
        view = UnusedView(
            account_name=account.name,
            address=address,
            back_href=f"{list_address(account)}?tab=inherited",
            days=days,
            never_used=tuple(unused_row(account, one) for one in found.never_used),
            authorised=tuple(unused_row(account, one) for one in found.authorised),
            batches=tuple(batch_row(address, one) for one in list_batches(tx, account)),
            is_counted=counted,
            counted_since=None if found.counted_since is None else noon(found.counted_since),
            may_change=_may_switch(tx, visitor, account),
            problem=problem,
        )
        return show(tx, self._surface.pages, visitor, view, TITLE, status=200 if problem is None else 400)


def _address(account: Account) -> str:
    return f"{list_address(account)}/unused"


def _may_switch(tx: Transaction, visitor: Visitor, account: Account) -> bool:
    return Right.SWITCH_DEVELOPER_KEYS in rights_about(tx, visitor, account)


def _days(given: object) -> int | None:
    """Return a number of days, the usual one where none is given, None where it cannot be read."""
    if given is None or given == "":
        return USUAL_DAYS
    if not isinstance(given, str) or not (given.isascii() and given.isdigit() and len(given) < 9):
        return None
    return int(given) if 1 <= int(given) <= LONGEST_DAYS else None


def _chosen(form: Tree) -> Chosen:
    lists = []
    for name in ("keys", "authorised"):
        given = form.get(name, [])
        if not isinstance(given, list):
            raise Malformed("The keys must be a list.")
        lists.append(tuple(one for one in given if isinstance(one, str)))
    return read_chosen(*lists)


def _because(form: Tree) -> str | None:
    given = form.get("because")
    return given.strip()[:2000] or None if isinstance(given, str) else None
