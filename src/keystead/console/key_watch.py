"""Watch first, enforce later: the page where a list of scopes is proposed for a key and tried on its calls."""

from dataclasses import dataclass, field
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import keys as act_keys
from keystead.actions import watches as act
from keystead.console.key_paths import ONE, UNNAMED, key_address, managed_account, may_change, owns, seen_account
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.core.accounts import Account
from keystead.core.errors import Invalid, Malformed, NotFound
from keystead.core.ids import global_id, parse_id
from keystead.core.instants import Instant
from keystead.core.keys import Key
from keystead.core.parameters import Tree
from keystead.core.scope_lists import PastedList, read_scope_list
from keystead.core.usage import Period, day_of
from keystead.governance.privileges import least_privilege
from keystead.governance.watching import WatchReport, watch_report
from keystead.storage.read import keys as read_keys
from keystead.storage.read.watches import find_watch
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

TITLE: Final = "Watch before enforcing"
_DAYS: Final = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchView:
    """A key's proposal and what it would refuse. ``suggested`` is what the key was seen to use."""

    TEMPLATE: ClassVar = "console/key_watch.html"

    key_name: str
    client_id: str
    action: str
    back_href: str
    enforces: bool
    authenticity_token: str = field(repr=False)
    report: WatchReport | None = None
    since: Instant | None = None
    enforced_at: Instant | None = None
    suggested: tuple[str, ...] = ()
    pasted: str = ""
    wrong: PastedList | None = None
    problem: str | None = None
    is_read_only: bool = False


class KeyWatch:
    """``/accounts/:account_id/developer_keys/:id/watch``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        return [
            Route(ONE + "/watch", self.show, methods=["GET"]),
            Route(ONE + "/watch", self.change, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show what a proposal would refuse, or the form that makes one."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = seen_account(tx, visitor, request)
            key = read_keys.get_key(tx, parse_id(request.path_params["key_id"]))
            if not owns(account, key) or key.is_built_in:
                raise NotFound
            return self._page(tx, visitor, account, key)

        return await signed_in(self._surface, request, work)

    async def change(self, request: Request) -> Response:
        """Begin to watch, stop, enforce, or go back."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account = managed_account(tx, visitor, request)
            key_id = parse_id(request.path_params["key_id"])
            key = act_keys.get_for_change(tx, key_id, visitor.domain_root, acting=visitor.acting)
            if not owns(account, key) or key.is_built_in:
                raise NotFound
            return self._changed(tx, visitor, account, key, form)

        return await with_own_form(self._surface, request, work)

    def _changed(self, tx: Transaction, visitor: Visitor, account: Account, key: Key, form: Tree) -> Response:
        acting, because = visitor.acting, (_text(form.get("because")).strip()[:2000] or None)
        where = f"{key_address(account, key)}/watch"
        match form.get("do"):
            case "watch":
                pasted, catalogue = _text(form.get("scopes")), self._surface.routing.now.catalogue
                listed = read_scope_list(pasted, catalogue)
                if listed.unmatched or not listed.scopes:
                    problem = visitor.say("Nothing was changed: mend the list first.")
                    return self._page(tx, visitor, account, key, pasted=pasted, wrong=listed, problem=problem)
                try:
                    act.watch(tx, key, listed.scopes, catalogue=catalogue, acting=acting, because=because)
                except (Invalid, Malformed) as refused:
                    return self._page(tx, visitor, account, key, pasted=pasted, problem=str(refused))
                return back_to(tx, visitor, where, visitor.say("The key is watched from now on. Nothing is refused."))
            case "stop":
                act.stop_watching(tx, key, acting=acting, because=because)
                return back_to(tx, visitor, where, visitor.say("The key is watched no more."))
            case "enforce":
                narrowed = act.enforce(tx, key, acting=acting, because=because)
                words = visitor.say("The scopes are enforced. %(number)s tokens go on with them.", number=narrowed)
                return back_to(tx, visitor, where, words)
            case "relax":
                act.relax(tx, key, acting=acting, because=because)
                return back_to(tx, visitor, where, visitor.say("Nothing is refused any more for want of a scope."))
            case _:
                raise Malformed("The form does not say what to do.")

    def _page(
        self,
        tx: Transaction,
        visitor: Visitor,
        account: Account,
        key: Key,
        *,
        pasted: str = "",
        wrong: PastedList | None = None,
        problem: str | None = None,
    ) -> Response:
        surface, watch, table = self._surface, find_watch(tx, key.id), self._surface.routing.now.table
        report = None
        if watch is not None:
            report = watch_report(
                surface.figures, surface.examples, key, account, watch, table=table, now=tx.now
            )  # fmt: skip
        suggested: tuple[str, ...] = ()
        if watch is None and not key.require_scopes:
            period = Period(first=day_of(tx.now) - _DAYS, last=day_of(tx.now))
            suggested = least_privilege(surface.figures, key, account, period, table=table, now=tx.now).narrowed
        view = WatchView(
            key_name=key.name or UNNAMED,
            client_id=str(global_id(key.id)),
            action=f"{key_address(account, key)}/watch",
            back_href=key_address(account, key),
            enforces=key.require_scopes,
            authenticity_token=visitor.form_value,
            report=report,
            since=None if watch is None else watch.since,
            enforced_at=None if watch is None else watch.enforced_at,
            suggested=suggested,
            pasted=pasted or "\n".join(suggested),
            wrong=wrong,
            problem=problem,
            is_read_only=not may_change(tx, visitor, account),
        )
        return show(tx, surface.pages, visitor, view, TITLE, status=200 if problem is None else 400)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
