"""The Developer Keys page of an account: its own keys, those it inherits, and their switches."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import bindings as act
from keystead.actions import permits
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.console.views import KeyGroup, KeyRow, KeyStats, KeysView, PageLinks, SwitchView, Tab
from keystead.core.accounts import Account, AccountPath
from keystead.core.actors import Right
from keystead.core.bindings import Binding, BindingState, resolve
from keystead.core.errors import Malformed, NotFound
from keystead.core.ids import global_id, parse_id
from keystead.core.keys import Key
from keystead.core.parameters import Tree
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import bindings as read_bindings
from keystead.storage.read import keys as read_keys
from keystead.storage.read import tokens as read_tokens
from keystead.storage.read.pages import Listing, Window
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.sessions import form_value
from keystead.web.surface import Surface, Visitor

TITLE = "Developer Keys"
PAGE_SIZE = 25


class KeyPages:
    """``/accounts/:account_id/developer_keys``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        base = "/accounts/{account_id}/developer_keys"
        return [
            Route(base, self.list, methods=["GET"]),
            Route(base + "/{key_id}/state", self.confirm, methods=["GET"]),
            Route(base + "/{key_id}/state", self.switch, methods=["POST"]),
        ]

    async def list(self, request: Request) -> Response:
        """Show one page of an account's keys; ``?tab=inherited`` shows those it inherits."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = _managed_account(tx, visitor, request)
            inherited = request.query_params.get("tab") == "inherited"
            page = _page_number(request)
            window = Window(limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE)
            path = read_accounts.path_to(tx, account)
            parent = next((above for above in path.chain if above.id == account.consortium_parent_id), None)
            found = (
                read_keys.list_inherited(tx, account, window, parent=parent)
                if inherited
                else read_keys.list_own(tx, account, window)
            )
            view = KeysView(
                account_name=account.name,
                tabs=_tabs(account, inherited=inherited),
                groups=self._groups(tx, found, path, inherited=inherited),
                is_inherited=inherited,
                pages=_links(account, found, page, inherited=inherited),
            )
            return show(tx, self._surface.pages, visitor, view, TITLE)

        return await signed_in(self._surface, request, work)

    async def confirm(self, request: Request) -> Response:
        """Ask before a key's state changes."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = _managed_account(tx, visitor, request)
            key = read_keys.get_key(tx, parse_id(request.path_params["key_id"]))
            session = visitor.session
            if session is None:
                raise NotFound
            view = SwitchView(
                key_name=key.name,
                client_id=str(global_id(key.id)),
                account_name=account.name,
                to=_state(request.query_params.get("to")),
                action=f"{_address(account)}/{key.id}/state",
                cancel_href=_address(account),
                authenticity_token=form_value(session),
                tokens=read_keys.token_counts(tx, (key.id,)).get(key.id, 0) if _owns(account, key) else None,
            )
            return show(tx, self._surface.pages, visitor, view, view.title)

        return await signed_in(self._surface, request, work)

    async def switch(self, request: Request) -> Response:
        """Set what the account says about a key."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account = _managed_account(tx, visitor, request)
            state = _state(form.get("state"))
            key_id = parse_id(request.path_params["key_id"])
            reason = form.get("because")
            binding, _ = act.set_state(
                tx, account, key_id, state, acting=visitor.acting, because=reason if isinstance(reason, str) else None
            )
            key = read_keys.get_key(tx, binding.key_id)
            where = _address(account) + ("" if _owns(account, key) else "?tab=inherited")
            return back_to(tx, visitor, where, f"{key.name or 'Unnamed Tool'} is now {state}.")

        return await with_own_form(self._surface, request, work)

    def _groups(
        self, tx: Transaction, found: Listing[Key], path: AccountPath, *, inherited: bool
    ) -> tuple[KeyGroup, ...]:
        ids = [key.id for key in found.items]
        bindings = read_bindings.bindings_of_keys(tx, ids)
        counts = {} if inherited else read_keys.token_counts(tx, ids)
        by_key = {} if inherited else read_tokens.token_ids_of_keys(tx, ids)
        used = self._surface.usage.of_tokens([one for many in by_key.values() for one in many])
        site = read_accounts.site_admin(tx)
        rows: dict[bool, list[KeyRow]] = {False: [], True: []}
        for key in found.items:
            binding = resolve(key, path, bindings.get(key.id, {}), site.id)
            stats = None
            if not inherited:
                last = max((used[one] for one in by_key.get(key.id, ()) if one in used), default=None)
                stats = KeyStats(tokens=counts.get(key.id, 0), created_at=key.created_at, last_used_at=last)
            rows[key.is_global].append(_row(tx, key, path, binding, stats))
        if not inherited or not rows[False]:
            return (KeyGroup(rows=(*rows[False], *rows[True])),)
        return (
            KeyGroup(heading="Consortium Parent Keys", rows=tuple(rows[False])),
            KeyGroup(heading="Global Keys", rows=tuple(rows[True])),
        )


def _row(tx: Transaction, key: Key, path: AccountPath, binding: Binding | None, stats: KeyStats | None) -> KeyRow:
    account = path.account
    locked_by = _locked_by(tx, key, path, binding)
    shown = BindingState.OFF if not account.is_site_admin else BindingState.ALLOW
    choices = tuple(BindingState) if account.is_site_admin else (BindingState.ON, BindingState.OFF)
    return KeyRow(
        name=key.name,
        client_id=str(global_id(key.id)),
        state=shown if binding is None else binding.state,
        state_href=f"{_address(account)}/{key.id}/state",
        choices=() if locked_by is not None else choices,
        locked_by=locked_by,
        icon_url=key.icon_url,
        email=None if stats is None else key.email,
        redirect_uri=None if stats is None else key.redirect_uri,
        stats=stats,
    )


def _locked_by(tx: Transaction, key: Key, path: AccountPath, binding: Binding | None) -> str | None:
    """Return who decides instead of this account, None when it may decide (docs/canvas-compat.md, Locks)."""
    account = path.account
    if path.is_consortium_child and key.account_id != account.root_id:
        above = read_accounts.find_account(tx, path.root.consortium_parent_id)
        return "the consortium" if above is None else above.name
    if binding is None or not binding.state.is_explicit or binding.account_id == account.id:
        return None
    holder = read_accounts.find_account(tx, binding.account_id)
    return None if holder is None else holder.name


def _managed_account(tx: Transaction, visitor: Visitor, request: Request) -> Account:
    account = read_accounts.get_by_reference(tx, request.path_params["account_id"], visitor.domain_root)
    asked_of = account if account.id == visitor.domain_root.id else read_accounts.site_admin(tx)
    permits.require(tx, visitor.acting, Right.MANAGE_DEVELOPER_KEYS, asked_of)
    if not account.is_root:
        raise NotFound
    return account


def _owns(account: Account, key: Key) -> bool:
    return key.account_id == (None if account.is_site_admin else account.id)


def _state(word: object) -> BindingState:
    try:
        return BindingState(str(word))
    except ValueError:
        raise Malformed("The state must be on, off or allow.") from None


def _address(account: Account) -> str:
    return f"/accounts/{account.id}/developer_keys"


def _tabs(account: Account, *, inherited: bool) -> tuple[Tab, ...]:
    own = Tab(label="Account", href=_address(account), is_current=not inherited)
    if account.is_site_admin:
        return (own,)
    return (own, Tab(label="Inherited", href=f"{_address(account)}?tab=inherited", is_current=inherited))


def _page_number(request: Request) -> int:
    given = request.query_params.get("page", "1")
    return max(1, int(given)) if given.isascii() and given.isdigit() and len(given) < 9 else 1


def _links(account: Account, found: Listing[Key], page: int, *, inherited: bool) -> PageLinks | None:
    if found.total <= PAGE_SIZE:
        return None
    first = (page - 1) * PAGE_SIZE + 1

    def href(number: int) -> str:
        asked = {"page": number} | ({"tab": "inherited"} if inherited else {})
        return f"{_address(account)}?{urlencode(asked)}"

    return PageLinks(
        words=f"{first} to {min(first + PAGE_SIZE - 1, found.total)} of {found.total}",
        previous_href=href(page - 1) if page > 1 else None,
        next_href=href(page + 1) if page * PAGE_SIZE < found.total else None,
    )
