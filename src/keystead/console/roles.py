"""What may people do in an account? Its roles in plain words, who has them, and how they are made, given and taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import accounts as act_accounts
from keystead.actions import admins as act_admins
from keystead.actions import permits
from keystead.actions import roles as act
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.console.requests import said
from keystead.core.accounts import Account
from keystead.core.actors import ROLE_READERS, SITE_ADMIN_ONLY_RIGHTS, Right, Role, User, with_implied
from keystead.core.errors import Forbidden, Invalid, Malformed, NotFound
from keystead.core.ids import parse_id
from keystead.core.parameters import Tree
from keystead.core.roles import AUDITOR, RIGHT_WORDS, TEMPLATES
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.read.pages import EVERYTHING
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

ADDRESS: Final = "/accounts/{account_id}/roles"
TITLE: Final = "Roles"


@dataclass(frozen=True, slots=True, kw_only=True)
class RightLine:
    """One right of a role, or of the form of one. ``is_implied`` follows from another, ``is_offered`` may be given."""

    right: str
    words: str
    is_given: bool = False
    is_implied: bool = False
    is_offered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody who has a role in this very account."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleCard:
    """One role. ``made_in`` is the account above that made it; only the account's own roles have a ``form``."""

    id: int
    label: str
    is_active: bool
    rights: tuple[RightLine, ...]
    people: tuple[Holder, ...]
    made_in: str | None = None
    is_built_in: bool = False
    form: tuple[RightLine, ...] = ()
    may_give: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesView:
    """The roles to be had in an account. ``typed`` is what was sent last, where it has to be mended."""

    TEMPLATE: ClassVar = "console/roles.html"

    account_name: str
    address: str
    roles: tuple[RoleCard, ...]
    offered: tuple[RightLine, ...]
    makes: bool
    appoints: bool
    makes_auditors: bool
    authenticity_token: str = field(repr=False)
    typed: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None


class Roles:
    """``/accounts/:account_id/roles``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        return [Route(ADDRESS, self.show, methods=["GET"]), Route(ADDRESS, self.change, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """Show the roles with their rights and people."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            return self._page(tx, visitor, _account(tx, visitor, request))

        return await signed_in(self._surface, request, work)

    async def change(self, request: Request) -> Response:
        """Make a role, change one, take it out of use or back, give it to somebody or take it from them."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account = _account(tx, visitor, request)
            try:
                words = _done(tx, visitor, account, form)
            except Invalid as wrong:
                return self._page(tx, visitor, account, form=form, problem=said(visitor, wrong))
            except (Malformed, NotFound) as wrong:
                return self._page(tx, visitor, account, form=form, problem=visitor.say(str(wrong)))
            except Forbidden:
                words = visitor.say("You may not do that: it takes a right that you lack yourself.")
                return self._page(tx, visitor, account, form=form, problem=words, status=403)
            return back_to(tx, visitor, f"/accounts/{account.id}/roles", words)

        return await with_own_form(self._surface, request, work)

    def _page(
        self,
        tx: Transaction,
        visitor: Visitor,
        account: Account,
        *,
        form: Tree | None = None,
        problem: str | None = None,
        status: int = 400,
    ) -> Response:
        mine = permits.rights_of(tx, visitor.acting, account)
        makes, appoints = Right.MANAGE_ROLE_OVERRIDES in mine, Right.MANAGE_ACCOUNT_MEMBERSHIPS in mine
        known = read_users.list_roles_of_states(tx, account, EVERYTHING, inherited=True, states=(True, False)).items
        above = {step.id: step.name for step in read_accounts.lineage(tx, account)}
        holders = _holders(tx, account)
        view = RolesView(
            account_name=account.name,
            address=f"/accounts/{account.id}/roles",
            roles=tuple(
                RoleCard(
                    id=role.id,
                    label=role.label,
                    is_active=role.is_active,
                    rights=_given(visitor, act.rights_in(role, account)),
                    people=holders.get(role.id, ()),
                    made_in=None if role.account_id in (None, account.id) else above.get(role.account_id),
                    is_built_in=role.is_built_in,
                    form=_offered(visitor, account, mine, role) if makes and role.account_id == account.id else (),
                    may_give=appoints and act.rights_in(role, account) <= mine,
                )
                for role in known
            ),
            offered=_offered(visitor, account, mine),
            makes=makes,
            appoints=appoints,
            makes_auditors=makes and TEMPLATES[AUDITOR].rights <= mine,
            authenticity_token=visitor.form_value,
            typed={} if form is None else {name: _text(form, name) for name in ("do", "role", "label", "login")},
            problem=problem,
        )
        return show(tx, self._surface.pages, visitor, view, TITLE, status=200 if problem is None else status)


def _account(tx: Transaction, visitor: Visitor, request: Request) -> Account:
    """Return the account of the path to whoever makes roles in it or gives them. Raises NotFound, Forbidden."""
    account = read_accounts.get_by_reference(tx, request.path_params["account_id"], visitor.domain_root)
    act_accounts.require(tx, visitor.acting, account, *ROLE_READERS)
    return account


def _done(tx: Transaction, visitor: Visitor, account: Account, form: Tree) -> str:
    """Do what a form asks for; return what to say of it."""
    acting, because = visitor.acting, _text(form, "because").strip()[:2000] or None
    label, role = _text(form, "label").strip(), None
    match form.get("do"):
        case "auditor":
            made = act.create_from(tx, account, AUDITOR, label=label or None, acting=acting, because=because)
            return visitor.say("The role %(role)s is made. Give it to somebody next.", role=made.label)
        case "make":
            switches = _ticked(form, _may_give(tx, visitor, account))
            made = act.create(tx, account, label=label, switches=switches, acting=acting, because=because)
            return visitor.say("The role %(role)s is made. Give it to somebody next.", role=made.label)
        case "change":
            role = _role(tx, account, form)
            switches = _ticked(form, _may_give(tx, visitor, account))
            act.update(tx, account, role, label=label, switches=switches, acting=acting, because=because)
            return visitor.say("The role %(role)s is changed.", role=label)
        case "deactivate":
            act.deactivate(tx, account, role := _role(tx, account, form), acting=acting, because=because)
            return visitor.say("The role %(role)s gives nothing any more.", role=role.label)
        case "activate":
            act.activate(tx, account, role := _role(tx, account, form), acting=acting, because=because)
            return visitor.say("The role %(role)s is in use again.", role=role.label)
        case "give":
            role, person = _role(tx, account, form), _signing_in(tx, account, _text(form, "login"))
            act_admins.appoint(tx, account, person, role, acting=acting, because=because)
            return visitor.say("%(person)s has the role %(role)s now.", person=person.name, role=role.label)
        case "take":
            role, person = _role(tx, account, form), read_users.get_user(tx, parse_id(_text(form, "person")))
            act_admins.dismiss(tx, account, person, role, acting=acting, because=because)
            return visitor.say("%(person)s has the role %(role)s no more.", person=person.name, role=role.label)
        case _:
            raise Malformed("The form does not say what to do.")


def _may_give(tx: Transaction, visitor: Visitor, account: Account) -> frozenset[Right]:
    """Return the rights that the visitor's forms offer: those that they have themselves, and that count here."""
    mine = permits.rights_of(tx, visitor.acting, account)
    return mine if account.is_site_admin else mine - SITE_ADMIN_ONLY_RIGHTS


def _ticked(form: Tree, offered: frozenset[Right]) -> dict[Right, bool]:
    """Return which of the offered rights are ticked. A box that is not ticked is not sent, so it counts as no."""
    given = form.get("rights")
    ticked = given if isinstance(given, list) else [given]
    return {right: right in ticked for right in offered}


def _role(tx: Transaction, account: Account, form: Tree) -> Role:
    role = read_users.find_role(tx, parse_id(_text(form, "role")))
    if role is None or not act.is_usable(tx, role, account):
        raise NotFound("There is no such role in this account.")
    return role


def _signing_in(tx: Transaction, account: Account, login: str) -> User:
    found = read_users.find_sign_in(tx, login, read_accounts.get_account(tx, account.root_id))
    if found is None:
        raise NotFound("Nobody signs in here with this login.")
    return found.user


def _holders(tx: Transaction, account: Account) -> dict[int, tuple[Holder, ...]]:
    seats = read_users.list_seats(tx, account, EVERYTHING).items
    people = read_users.users_by_id(tx, [seat.user_id for seat in seats])
    found: dict[int, tuple[Holder, ...]] = {}
    for seat in seats:
        if seat.user_id in people:
            holder = Holder(id=seat.user_id, name=people[seat.user_id].name)
            found[seat.role.id] = (*found.get(seat.role.id, ()), holder)
    return found


def _given(visitor: Visitor, rights: frozenset[Right]) -> tuple[RightLine, ...]:
    held = with_implied(rights)
    return tuple(
        RightLine(right=right, words=visitor.say(words), is_given=right in rights, is_implied=right not in rights)
        for right, words in RIGHT_WORDS.items()
        if right in held
    )


def _offered(
    visitor: Visitor, account: Account, mine: frozenset[Right], role: Role | None = None
) -> tuple[RightLine, ...]:
    given = frozenset() if role is None else role.rights
    return tuple(
        RightLine(right=right, words=visitor.say(words), is_given=right in given, is_offered=right in mine)
        for right, words in RIGHT_WORDS.items()
        if account.is_site_admin or right not in SITE_ADMIN_ONLY_RIGHTS
    )


def _text(form: Tree, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""
