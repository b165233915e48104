"""Which accounts does somebody administer here, and where are their keys? The switcher between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import permits
from keystead.actions.accounts import administers
from keystead.console.manners import signed_in
from keystead.console.paging import links, page_of
from keystead.console.views import PageLinks
from keystead.core.accounts import Account, Branch, in_tree_order
from keystead.core.actors import ROLE_READERS, AdminSeat, Right, held
from keystead.core.errors import Forbidden, NotFound
from keystead.core.ids import AccountId, parse_id
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.read.pages import EVERYTHING, Window
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

ADDRESS: Final = "/accounts"
TITLE: Final = "Accounts"
PAGE_SIZE: Final = 50
_DEEPEST_DRAWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """One account. ``level`` is how far it stands below the first one; ``above`` are the names between.

    Without ``keys_href`` its keys are not this person's business; sub-accounts have none of their own. ``roles_href``
    is for those who look after its roles.
    """

    id: int
    name: str
    kind: str
    domain: str | None = None
    level: int = 0
    above: tuple[str, ...] = ()
    below: int = 0
    below_href: str | None = None
    keys_href: str | None = None
    roles_href: str | None = None
    is_here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountsView:
    """A tree of accounts, or the list of all institutions. ``root`` is whose tree it is, where one was chosen."""

    TEMPLATE: ClassVar = "console/accounts.html"

    heading: str
    rows: tuple[AccountRow, ...]
    total: int
    words: str
    is_tree: bool
    root: str = ""
    back_href: str | None = None
    members: tuple[AccountRow, ...] = ()
    pages: PageLinks | None = None


class Accounts:
    """``/accounts``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        return [Route(ADDRESS, self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """Show the tree of the host's account; to Site Admin's people all institutions, and ``?root=`` one of them."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            words, page = request.query_params.get("q", "")[:200].strip(), page_of(request)
            site = read_accounts.site_admin(tx)
            reference = request.query_params.get("root", "")
            listing = _Listing(
                tx=tx, visitor=visitor, words=words, page=page, managed=_managed(tx, visitor, site), site_id=site.id,
                seats=read_users.seats_of(tx, visitor.acting.user_id),
            )  # fmt: skip
            if not administers(tx, visitor.acting, site):
                view = listing.tree(visitor.domain_root)
            elif reference:
                view = listing.tree(_root(tx, reference), is_chosen=True)
            else:
                view = listing.institutions(site)
            return show(tx, self._surface.pages, visitor, view, TITLE)

        return await signed_in(self._surface, request, work)


def _root(tx: Transaction, reference: str) -> Account:
    account = read_accounts.get_account(tx, parse_id(reference))
    if not account.is_root or account.is_site_admin:
        raise NotFound
    return account


@dataclass(frozen=True, slots=True, kw_only=True)
class _Managed:
    """Whose keys the person may see on this host: those of the host's account, those of every other one."""

    here: bool
    elsewhere: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """One page of accounts for one person, in one transaction."""

    tx: Transaction
    visitor: Visitor
    words: str
    page: int
    managed: _Managed
    seats: tuple[AdminSeat, ...]
    site_id: AccountId

    def tree(self, root: Account, *, is_chosen: bool = False) -> AccountsView:
        """Return an institution's accounts as a tree, the person's part of it. Raises Forbidden."""
        below = read_accounts.list_sub_accounts(self.tx, root, EVERYTHING, recursive=True).items
        branches = in_tree_order(_tops(self.tx, self.visitor, root), below)
        found = [one for one in branches if self.words.casefold() in one.account.name.casefold()]
        shown = found[self.window.offset : self.window.offset + PAGE_SIZE]
        asked = {"q": self.words, "root": str(root.id) if is_chosen else ""}
        return AccountsView(
            heading=root.name,
            rows=self._rows(shown),
            total=len(found),
            words=self.words,
            is_tree=True,
            root=asked["root"],
            back_href=ADDRESS if is_chosen else None,
            members=self._members(root),
            pages=self._links(asked, len(found)),
        )

    def institutions(self, site: Account) -> AccountsView:
        """Return the root accounts of the whole installation, Site Admin before them."""
        found = read_accounts.search_roots(self.tx, self.window, self.words)
        is_first = self.page == 1 and self.words.casefold() in site.name.casefold()
        shown = [Branch(account=account) for account in ((site,) if is_first else ()) + found.items]
        return AccountsView(
            heading=self.visitor.say("All institutions"),
            rows=self._rows(shown),
            total=found.total,
            words=self.words,
            is_tree=False,
            pages=self._links({"q": self.words}, found.total),
        )

    @property
    def window(self) -> Window:
        """The part of the list that is shown."""
        return Window(limit=PAGE_SIZE, offset=(self.page - 1) * PAGE_SIZE)

    def _members(self, root: Account) -> tuple[AccountRow, ...]:
        """Return the institutions of the consortium that a root account is the parent of, for its administrators."""
        if not administers(self.tx, self.visitor.acting, root):
            return ()
        found = read_accounts.list_consortium_children(self.tx, root, EVERYTHING).items
        return self._rows([Branch(account=account) for account in found])

    def _rows(self, branches: Sequence[Branch]) -> tuple[AccountRow, ...]:
        counts = read_accounts.children_counts(self.tx, [branch.account.id for branch in branches])
        return tuple(self._row(branch, counts.get(branch.account.id, 0)) for branch in branches)

    def _row(self, branch: Branch, below: int) -> AccountRow:
        account = branch.account
        is_here = account.id == self.visitor.domain_root.id
        manages = account.is_root and (self.managed.here if is_here else self.managed.elsewhere)
        return AccountRow(
            id=account.id,
            name=account.name,
            kind=_kind(self.visitor, account),
            domain=account.domain,
            level=min(len(branch.above), _DEEPEST_DRAWN),
            above=tuple(one.name for one in branch.above),
            below=below,
            below_href=f"{ADDRESS}?root={account.id}" if account.is_root and below else None,
            keys_href=f"/accounts/{account.id}/developer_keys" if manages else None,
            roles_href=f"/accounts/{account.id}/roles" if self._holds(branch) & ROLE_READERS else None,
            is_here=is_here,
        )

    def _holds(self, branch: Branch) -> frozenset[Right]:
        """Return the person's rights in an account; a seat above the tree's top would have made that the top."""
        return held(self.seats, (branch.account.id, *(one.id for one in branch.above)), self.site_id)

    def _links(self, asked: dict[str, str], total: int) -> PageLinks | None:
        return links(self.visitor, ADDRESS, asked, page=self.page, size=PAGE_SIZE, total=total)


def _managed(tx: Transaction, visitor: Visitor, site: Account) -> _Managed:
    """Return for which accounts the page of keys opens on this host (console/key_paths.py)."""
    right = Right.VIEW_DEVELOPER_KEYS
    return _Managed(
        here=permits.holds(tx, visitor.acting, right, visitor.domain_root),
        elsewhere=permits.holds(tx, visitor.acting, right, site),
    )


def _tops(tx: Transaction, visitor: Visitor, root: Account) -> tuple[Account, ...]:
    """Return where the person's part of a tree begins: its root, or the accounts in which they have a seat.

    Raises Forbidden when they administer nothing of it.
    """
    if administers(tx, visitor.acting, root):
        return (root,)
    seats = {seat.account_id for seat in read_users.seats_of(tx, visitor.acting.user_id)}
    found = [account for one in sorted(seats) if (account := read_accounts.find_account(tx, one)) is not None]
    mine = [account for account in found if account.root_id == root.id]
    if not mine:
        raise Forbidden
    above = {account.id: {step.id for step in read_accounts.lineage(tx, account)[1:]} for account in mine}
    return tuple(account for account in mine if not above[account.id] & seats)


def _kind(visitor: Visitor, account: Account) -> str:
    if account.is_site_admin:
        return visitor.say("Site Admin")
    return visitor.say("Institution") if account.is_root else visitor.say("Sub-account")
