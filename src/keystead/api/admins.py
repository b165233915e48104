"""Administrators on Canvas's wire: who holds which role in an account (docs/canvas-compat.md, Admins)."""

from collections.abc import Sequence
from typing import Any

from keystead.actions import accounts as act_accounts
from keystead.actions import admins as act
from keystead.api.institution_shapes import admin_object, login_shown
from keystead.api.keys import because
from keystead.api.paging import paged_shapes, window_of
from keystead.api.requests import Answer, ApiRoute, Ask
from keystead.core.accounts import Account
from keystead.core.actors import ADMIN_ROLE, AdminSeat, Right, Role, User
from keystead.core.errors import Malformed, NotFound, missing
from keystead.core.ids import parse_id
from keystead.core.parameters import text
from keystead.storage.read import users as read_users


def list_admins(ask: Ask) -> Answer:
    """List who holds a role in exactly this account."""
    account = ask.account()
    act_accounts.require(ask.tx, ask.acting, account, Right.MANAGE_ACCOUNT_MEMBERSHIPS)
    found = read_users.list_seats(ask.tx, account, window_of(ask))
    return paged_shapes(ask, _shapes(ask, account, found.items), found.total)


def list_own_roles(ask: Ask) -> Answer:
    """List the roles that the person asking holds in exactly this account."""
    account = ask.account()
    act_accounts.require_known(ask.tx, ask.acting, account)
    mine = [seat for seat in read_users.seats_of(ask.tx, ask.acting.user_id) if seat.account_id == account.id]
    window = window_of(ask)
    part = mine[window.offset : window.offset + window.limit]
    return paged_shapes(ask, _shapes(ask, account, part), len(mine))


def appoint(ask: Ask) -> Answer:
    """Give a person a role in an account: ``role_id``, else ``role`` by its label, else AccountAdmin."""
    account = ask.account()
    act_accounts.require(ask.tx, ask.acting, account, Right.MANAGE_ACCOUNT_MEMBERSHIPS)
    reference = text(ask.parameters.get("user_id"), "user_id")
    if not reference:
        raise missing("user_id")
    user = _person(ask, reference)
    seat = act.appoint(ask.tx, account, user, _role(ask, account), acting=ask.acting, because=because(ask))
    return Answer(body=_shapes(ask, account, (seat,))[0])


def dismiss(ask: Ask) -> Answer:
    """Take a role in an account from a person: ``role_id``, else ``role`` by its label, else AccountAdmin."""
    account = ask.account()
    act_accounts.require(ask.tx, ask.acting, account, Right.MANAGE_ACCOUNT_MEMBERSHIPS)
    user = ask.person()
    seat = act.dismiss(ask.tx, account, user, _role(ask, account), acting=ask.acting, because=because(ask))
    return Answer(body=_shapes(ask, account, (seat,), state="deleted")[0])


def _shapes(
    ask: Ask, account: Account, seats: Sequence[AdminSeat], *, state: str = "active"
) -> list[dict[str, Any]]:  # fmt: skip
    ids = [seat.user_id for seat in seats]
    users = read_users.users_by_id(ask.tx, ids)
    logins = read_users.logins_by_user(ask.tx, ids)
    shown = {at: login_shown(ways, account.root_id, *_elsewhere(account, ways)) for at, ways in logins.items()}
    return [
        admin_object(seat, users[seat.user_id], shown.get(seat.user_id), state=state)
        for seat in seats
        if seat.user_id in users
    ]


def _elsewhere(account: Account, logins: Sequence[Any]) -> tuple[int, ...]:
    """Return where else to look for the login of Site Admin's people, who come from anywhere."""
    return tuple(login.account_id for login in logins) if account.is_site_admin else ()


def _person(ask: Ask, reference: str) -> User:
    if reference == "self":
        return ask.user
    user = read_users.find_user(ask.tx, parse_id(reference))
    if user is None:
        raise NotFound
    return user


def _role(ask: Ask, account: Account) -> Role:
    reference = text(ask.parameters.get("role_id"), "role_id")
    if reference:
        role = read_users.find_role(ask.tx, parse_id(reference))
    else:
        label = text(ask.parameters.get("role"), "role") or ADMIN_ROLE
        role = read_users.find_role_by_label(ask.tx, label, account)
    if role is None:
        raise Malformed("role is not to be had in this account")
    return role


_ADMINS = {"resource": "admins", "resource_name": "Admins"}

ROUTES: tuple[ApiRoute, ...] = (
    ApiRoute(
        verb="GET",
        template="/api/v1/accounts/:account_id/admins",
        handler=list_admins,
        summary="List account admins",
        **_ADMINS,
    ),
    ApiRoute(
        verb="GET",
        template="/api/v1/accounts/:account_id/admins/self",
        handler=list_own_roles,
        summary="List my admin roles",
        **_ADMINS,
    ),
    ApiRoute(
        verb="POST",
        template="/api/v1/accounts/:account_id/admins",
        handler=appoint,
        summary="Make an account admin",
        **_ADMINS,
    ),
    ApiRoute(
        verb="DELETE",
        template="/api/v1/accounts/:account_id/admins/:user_id",
        handler=dismiss,
        summary="Remove account admin",
        **_ADMINS,
    ),
)
