"""Narrow a key to what it uses: what would go, asked first, done as it was read, and taken back by one undo."""

from dataclasses import dataclass, field
from typing import ClassVar, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import keys as act
from keystead.console.key_forms import review_mark
from keystead.console.key_paths import ONE, UNNAMED, key_address, managed_account, may_change, owns
from keystead.console.key_views import ImpactFacts
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.console.usage_views import ScopeName
from keystead.core.accounts import Account
from keystead.core.errors import NotFound
from keystead.core.ids import global_id, parse_id
from keystead.core.keys import Key
from keystead.core.parameters import Tree
from keystead.core.usage import date_of
from keystead.governance.narrowing import Narrowing, narrow, narrowing_of, restore
from keystead.governance.periods import PRIVILEGE_DAYS, read_period
from keystead.governance.privileges import RARE, ScopeNeed
from keystead.storage.read import keys as read_keys
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

TITLE: Final = "Narrow a key"


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedLine:
    """One scope. ``days_unused`` is None where no call of it is known at all."""

    scope: ScopeName
    calls: int
    days_unused: int | None
    is_rare_write: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NarrowView:
    """Asks before a key comes down to what it used from ``first`` to ``last``. ``has_changed`` says that it asks again
    since what was read does not hold any more.
    """

    TEMPLATE: ClassVar = "console/key_narrow.html"

    key_name: str
    client_id: str
    action: str
    usage_href: str
    off_href: str
    first: str
    last: str
    going: tuple[NeedLine, ...]
    staying: tuple[NeedLine, ...]
    tokens: int
    impact: ImpactFacts
    mark: str
    authenticity_token: str = field(repr=False)
    is_counted: bool
    has_changed: bool = False
    rare: int = RARE

    @property
    def used_before(self) -> int:
        """How many of the scopes that go were used, though not in the period."""
        return sum(line.days_unused is not None for line in self.going)

    @property
    def rare_writes(self) -> tuple[NeedLine, ...]:
        """The scopes that stay, change things, and were seldom used."""
        return tuple(line for line in self.staying if line.is_rare_write)


class KeyNarrow:
    """``/accounts/:account_id/developer_keys/:id/usage/narrow``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        return [
            Route(ONE + "/usage/narrow", self.ask, methods=["GET"]),
            Route(ONE + "/usage/narrow", self.narrow, methods=["POST"]),
            Route(ONE + "/usage/narrow/undo", self.undo, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Show what narrowing a key to what it used in a period means."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = managed_account(tx, visitor, request)
            key = read_keys.get_key(tx, parse_id(request.path_params["key_id"]))
            if not owns(account, key) or not may_change(tx, visitor, account):
                raise NotFound
            given = request.query_params
            found = self._found(tx, account, key, given.get("from", ""), given.get("to", ""))
            return self._page(tx, visitor, account, key, found)

        return await signed_in(self._surface, request, work)

    async def narrow(self, request: Request) -> Response:
        """Take the scopes away if they are still those that were read; the page that follows can take it back."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account, key = self._changeable(tx, visitor, request)
            found = self._found(tx, account, key, _text(form, "from"), _text(form, "to"))
            if not found.is_possible or _text(form, "reviewed") != _mark(found):
                return self._page(tx, visitor, account, key, found, has_changed=True)
            catalogue = self._surface.routing.now.catalogue
            entry = narrow(
                tx,
                key,
                found,
                catalogue=catalogue,
                acting=visitor.acting,
                because=_text(form, "because").strip() or None,
            )
            days = {"from": date_of(found.period.first), "to": date_of(found.period.last), "narrowed": entry.id}
            words = visitor.say("The key holds only what it used now.")
            return back_to(tx, visitor, f"{key_address(account, key)}/usage?{urlencode(days)}", words)

        return await with_own_form(self._surface, request, work)

    async def undo(self, request: Request) -> Response:
        """Give the key the scopes back that a narrowing took."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account, key = self._changeable(tx, visitor, request)
            catalogue = self._surface.routing.now.catalogue
            entry_id = parse_id(_text(form, "entry"))
            restore(tx, key, entry_id, catalogue=catalogue, acting=visitor.acting, because=None)
            words = visitor.say("The key holds its scopes again. Tokens that have ended stay ended.")
            return back_to(tx, visitor, f"{key_address(account, key)}/usage", words)

        return await with_own_form(self._surface, request, work)

    def _changeable(self, tx: Transaction, visitor: Visitor, request: Request) -> tuple[Account, Key]:
        account = managed_account(tx, visitor, request)
        key_id = parse_id(request.path_params["key_id"])
        key = act.get_for_change(tx, key_id, visitor.domain_root, acting=visitor.acting)
        if not owns(account, key):
            raise NotFound
        return account, key

    def _found(self, tx: Transaction, account: Account, key: Key, first: str, last: str) -> Narrowing:
        period = read_period(first, last, tx.now, days=PRIVILEGE_DAYS)
        table = self._surface.routing.now.table
        return narrowing_of(tx, self._surface.figures, key, account, period, table=table)

    def _page(
        self,
        tx: Transaction,
        visitor: Visitor,
        account: Account,
        key: Key,
        found: Narrowing,
        *,
        has_changed: bool = False,
    ) -> Response:
        address = key_address(account, key)
        first, last = date_of(found.period.first), date_of(found.period.last)
        view = NarrowView(
            key_name=key.name or UNNAMED,
            client_id=str(global_id(key.id)),
            action=f"{address}/usage/narrow",
            usage_href=f"{address}/usage?{urlencode({'from': first, 'to': last})}",
            off_href=f"{address}/state?to=off",
            first=first,
            last=last,
            going=tuple(_line(need, visitor) for need in found.going),
            staying=tuple(_line(need, visitor) for need in found.staying),
            tokens=read_keys.token_counts(tx, (key.id,)).get(key.id, 0),
            impact=ImpactFacts.of(found.impact),
            mark=_mark(found),
            authenticity_token=visitor.form_value,
            is_counted=self._surface.settings.usage,
            has_changed=has_changed,
        )
        return show(tx, self._surface.pages, visitor, view, TITLE, status=400 if has_changed else 200)


def _mark(found: Narrowing) -> str:
    return review_mark((need.scope for need in found.going), enforces=True)


def _line(need: ScopeNeed, visitor: Visitor) -> NeedLine:
    return NeedLine(
        scope=ScopeName.of(need.scope, visitor), calls=need.calls, days_unused=need.days_unused,
        is_rare_write=need.is_rare_write,
    )  # fmt: skip


def _text(form: Tree, name: str) -> str:
    value = form.get(name)
    return value[:2000] if isinstance(value, str) else ""
