"""The Developer Keys page of an account: its own keys and those it inherits, searched, sorted, and their secrets."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import permits
from keystead.actions import secrets as act
from keystead.console.key_lists import PAGE_SIZE, KeyListing
from keystead.console.key_paths import (
    BASE,
    ONE,
    UNNAMED,
    key_address,
    list_address,
    managed_account,
    owns,
    rights_about,
    seen_account,
)
from keystead.console.key_views import (
    Heading,
    KeyActs,
    KeyGroup,
    KeyRights,
    KeyRow,
    KeyStats,
    KeysView,
    Tab,
    Undo,
)
from keystead.console.manners import signed_in, with_own_form
from keystead.console.views import PageLinks
from keystead.core.accounts import Account, AccountPath, Policy
from keystead.core.actors import Right
from keystead.core.bindings import Binding, BindingState, resolve
from keystead.core.errors import NotFound
from keystead.core.ids import global_id, parse_id
from keystead.core.keys import Key
from keystead.core.locks import Lock, lock_of
from keystead.core.parameters import Tree
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import bindings as read_bindings
from keystead.storage.read import keys as read_keys
from keystead.storage.read import tokens as read_tokens
from keystead.storage.read.keys import KeyOrder
from keystead.storage.read.pages import Listing
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

TITLE = "Developer Keys"
_COLUMNS = (
    ("Name", "Sort by Name", KeyOrder.NAME, True),
    ("Owner Email", "Sort by Email", KeyOrder.EMAIL, False),
    ("Details", "Sort by Client ID", KeyOrder.CLIENT_ID, True),
    ("Stats", "Sort by Access Token Count", KeyOrder.TOKENS, False),
    ("Type", "", None, True),
    ("State", "Sort by State", KeyOrder.STATE, True),
    ("Actions", "", None, False),
)


class KeyPages:
    """``/accounts/:account_id/developer_keys``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        return [
            Route(BASE, self.show, methods=["GET"]),
            Route(ONE + "/secret", self.show_secret, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show one page of an account's keys; ``?tab=inherited`` shows those it inherits."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = seen_account(tx, visitor, request)
            view = self._view(tx, visitor, request, account)
            return show(tx, self._surface.pages, visitor, view, TITLE)

        return await signed_in(self._surface, request, work)

    async def show_secret(self, request: Request) -> Response:
        """Show the same list with one key's secret in it, once, and note who looked."""

        def work(tx: Transaction, visitor: Visitor, _form: Tree) -> Response:
            account = managed_account(tx, visitor, request)
            key = read_keys.get_key(tx, parse_id(request.path_params["key_id"]))
            if not owns(account, key) or Policy.REGENERATE_SECRETS in account.policies:
                raise NotFound
            secret = act.show_secret(tx, key, acting=visitor.acting)
            view = self._view(tx, visitor, request, account, shown=(key.id, secret))
            return show(tx, self._surface.pages, visitor, view, TITLE)

        return await with_own_form(self._surface, request, work)

    def _view(
        self,
        tx: Transaction,
        visitor: Visitor,
        request: Request,
        account: Account,
        *,
        shown: tuple[int, str] | None = None,
    ) -> KeysView:
        wanted = KeyListing.read(request.query_params)
        path = read_accounts.path_to(tx, account)
        found = _found(tx, path, wanted)
        address, rights = list_address(account), rights_about(tx, visitor, account)
        reveals = permits.holds(tx, visitor.acting, Right.MANAGE_DEVELOPER_KEYS, account)
        switches, changes = Right.SWITCH_DEVELOPER_KEYS in rights, Right.MANAGE_DEVELOPER_KEYS in rights
        may = KeyRights(switches=switches, changes=changes, reveals=reveals)
        rows = self._rows(tx, found, path, wanted, may)
        if shown is not None:
            rows = [_with_secret(row, shown[1]) if row.id == shown[0] else row for row in rows]
        shows_pages = not wanted.shows_all and found.total > PAGE_SIZE
        return KeysView(
            account_name=account.name,
            tabs=_tabs(account, visitor, inherited=wanted.is_inherited),
            headings=tuple(_headings(address, wanted)),
            groups=_groups(rows, found.items, wanted),
            is_inherited=wanted.is_inherited,
            list_href=address,
            hide_href=address + wanted.query,
            authenticity_token=visitor.form_value,
            words=wanted.words,
            kind=wanted.kind,
            order="" if wanted.is_as_usual else wanted.order.value,
            is_site_admin=account.is_site_admin,
            new_href=f"{address}/new" if changes else None,
            limits=_limits(visitor, may),
            show_all_href=address + wanted.whole().query if shows_pages else None,
            undo=_undo(tx, request, account) if switches else None,
            pages=_links(visitor, address, found, wanted) if shows_pages else None,
        )

    def _rows(
        self, tx: Transaction, found: Listing[Key], path: AccountPath, wanted: KeyListing, may: KeyRights
    ) -> list[KeyRow]:
        ids = [key.id for key in found.items]
        bindings = read_bindings.bindings_of_keys(tx, ids)
        site = read_accounts.site_admin(tx)
        governing = {key.id: resolve(key, path, bindings.get(key.id, {}), site.id) for key in found.items}
        decided = read_bindings.decided_at(tx, [one.id for one in governing.values() if one is not None])
        stats = {} if wanted.is_inherited else self._stats(tx, found.items)
        return [
            _row(
                key,
                path.account,
                governing[key.id],
                lock_of(key, path, governing[key.id], decided, site),
                stats.get(key.id),
                wanted,
                may,
            )
            for key in found.items
        ]

    def _stats(self, tx: Transaction, keys: tuple[Key, ...]) -> dict[int, KeyStats]:
        ids = [key.id for key in keys]
        counts = read_keys.token_counts(tx, ids)
        by_key = read_tokens.token_ids_of_keys(tx, ids)
        used = self._surface.usage.of_tokens([one for many in by_key.values() for one in many])
        return {
            key.id: KeyStats(
                tokens=counts.get(key.id, 0),
                created_at=key.created_at,
                last_used_at=max((used[one] for one in by_key.get(key.id, ()) if one in used), default=None),
            )
            for key in keys
        }


def _found(tx: Transaction, path: AccountPath, wanted: KeyListing) -> Listing[Key]:
    account = path.account
    if not wanted.is_inherited:
        return read_keys.list_own(tx, account, wanted.window, wanted.search)
    parent = next((above for above in path.chain if above.id == account.consortium_parent_id), None)
    return read_keys.list_inherited(tx, account, wanted.window, wanted.search, parent=parent)


def _row(
    key: Key,
    account: Account,
    binding: Binding | None,
    lock: Lock | None,
    stats: KeyStats | None,
    wanted: KeyListing,
    may: KeyRights,
) -> KeyRow:
    otherwise = BindingState.ALLOW if account.is_site_admin else BindingState.OFF
    choices = (
        (BindingState.ON, BindingState.ALLOW, BindingState.OFF)
        if account.is_site_admin
        else (BindingState.ON, BindingState.OFF)
    )
    return KeyRow(
        id=key.id,
        name=key.name,
        client_id=str(global_id(key.id)),
        state=otherwise if binding is None else binding.state,
        state_href=f"{key_address(account, key)}/state",
        choices=() if lock is not None or not may.switches else choices,
        lock=lock,
        icon_url=key.icon_url,
        email=None if stats is None else key.email,
        redirect_uri=None if stats is None else key.redirect_uri,
        stats=stats,
        is_visible=key.visible,
        about_href=None if key.is_built_in else f"{key_address(account, key)}/about",
        acts=None if wanted.is_inherited else _acts(account, key, wanted, may),
    )


def _acts(account: Account, key: Key, wanted: KeyListing, may: KeyRights) -> KeyActs:
    address = key_address(account, key)
    hidden = Policy.REGENERATE_SECRETS in account.policies or key.is_built_in
    return KeyActs(
        edit_href=address,
        people_href=f"{address}/people",
        delete_href=f"{address}/delete" if may.changes and not key.is_built_in else None,
        visible_action=f"{address}/visibility" if may.changes and account.is_site_admin else None,
        secret_action=None if hidden or not may.reveals else f"{address}/secret{wanted.query}",
        secret_hint=f"{key.secret.hint}..." if hidden and may.reveals else None,
    )


def _with_secret(row: KeyRow, secret: str) -> KeyRow:
    return row if row.acts is None else replace(row, acts=replace(row.acts, secret=secret))


def _groups(rows: list[KeyRow], keys: tuple[Key, ...], wanted: KeyListing) -> tuple[KeyGroup, ...]:
    from_parent = tuple(row for row, key in zip(rows, keys, strict=True) if not key.is_global)
    if not wanted.is_inherited or not from_parent:
        return (KeyGroup(rows=tuple(rows)),)
    return (
        KeyGroup(heading="Consortium Parent Keys", rows=from_parent),
        KeyGroup(heading="Global Keys", rows=tuple(rows[len(from_parent) :])),
    )


def _headings(address: str, wanted: KeyListing) -> list[Heading]:
    found = []
    for label, tooltip, order, is_of_inherited in _COLUMNS:
        if wanted.is_inherited and not is_of_inherited:
            continue
        now = None
        if order is wanted.order:
            now = "descending" if wanted.is_descending else "ascending"
        href = None if order is None else address + wanted.sorted_by(order).query
        found.append(Heading(label=label, tooltip=tooltip, href=href, sorted=now))
    return found


def _tabs(account: Account, visitor: Visitor, *, inherited: bool) -> tuple[Tab, ...]:
    own = Tab(label=visitor.say("Account"), href=list_address(account), is_current=not inherited)
    if account.is_site_admin:
        return (own,)
    label = visitor.say("Inherited")
    return (own, Tab(label=label, href=f"{list_address(account)}?tab=inherited", is_current=inherited))


def _links(visitor: Visitor, address: str, found: Listing[Key], wanted: KeyListing) -> PageLinks:
    first = (wanted.page - 1) * PAGE_SIZE + 1
    last = min(first + PAGE_SIZE - 1, found.total)
    return PageLinks(
        words=visitor.say("%(first)s to %(last)s of %(total)s", first=first, last=last, total=found.total),
        previous_href=address + wanted.on(wanted.page - 1).query if wanted.page > 1 else None,
        next_href=address + wanted.on(wanted.page + 1).query if wanted.page * PAGE_SIZE < found.total else None,
    )


def _limits(visitor: Visitor, may: KeyRights) -> str | None:
    """Return why some controls are not there, in words."""
    if may.changes:
        return None
    if may.switches:
        return visitor.say("Your role may switch keys, not change them.")
    return visitor.say("Your role may look at keys, not switch or change them.")


def _undo(tx: Transaction, request: Request, account: Account) -> Undo | None:
    """Return how to take back the switch that led here, as its redirect says."""
    before, reference = request.query_params.get("before", ""), request.query_params.get("switched", "")
    key = read_keys.find_key(tx, parse_id(reference))
    if key is None or before not in set(BindingState):
        return None
    return Undo(
        action=f"{key_address(account, key)}/state", state=BindingState(before), key_name=key.name or UNNAMED
    )  # fmt: skip
