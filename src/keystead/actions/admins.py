"""Gives people roles in accounts and takes them away."""

from keystead.actions.accounts import require
from keystead.actions.roles import is_usable, require_no_more, rights_in
from keystead.core.accounts import Account
from keystead.core.actors import Actor, AdminSeat, Right, Role, User
from keystead.core.errors import Malformed, NotFound
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction
from keystead.storage.write import users as write_users
from keystead.storage.write.changes import record


def appoint(
    tx: Transaction, account: Account, user: User, role: Role, *, acting: Actor, because: str | None
) -> AdminSeat:  # fmt: skip
    """Give a person a role in an account; who has it already keeps it.

    The person must have a login to the account's tenant; Site Admin takes people from anywhere. Raises NotFound,
    Forbidden for a role with rights that the person acting lacks, Malformed for a role that is not to be had here.
    """
    require(tx, acting, account, Right.MANAGE_ACCOUNT_MEMBERSHIPS)
    user = read_users.hold_user(tx, user.id)
    if not _is_at_home(tx, user, account):
        raise NotFound
    if not role.is_active or not is_usable(tx, role, account):
        raise Malformed("role is not to be had in this account")
    require_no_more(tx, acting, rights_in(role, account), account)
    made = write_users.ensure_seat(tx, account_id=account.id, user_id=user.id, role_id=role.id)
    seat = _get_seat(tx, account, user, role)
    if made:
        record(
            tx,
            "admin.appointed",
            "user",
            user.id,
            acting=acting,
            account_id=account.id,
            after={"role": role.label, "role_id": role.id},
            because=because,
        )
    return seat


def dismiss(
    tx: Transaction, account: Account, user: User, role: Role, *, acting: Actor, because: str | None
) -> AdminSeat:  # fmt: skip
    """Take a role in an account from a person. Raises NotFound, Forbidden as for appointing."""
    require(tx, acting, account, Right.MANAGE_ACCOUNT_MEMBERSHIPS)
    seat = _get_seat(tx, account, user, role)
    require_no_more(tx, acting, rights_in(role, account), account)
    write_users.delete_seat(tx, seat.id)
    record(
        tx,
        "admin.dismissed",
        "user",
        user.id,
        acting=acting,
        account_id=account.id,
        before={"role": role.label, "role_id": role.id},
        because=because,
    )
    return seat


def _is_at_home(tx: Transaction, user: User, account: Account) -> bool:
    logins = read_users.logins_of(tx, user.id)
    return bool(logins) if account.is_site_admin else any(login.account_id == account.root_id for login in logins)


def _get_seat(tx: Transaction, account: Account, user: User, role: Role) -> AdminSeat:
    seat = read_users.find_seat(tx, account.id, user.id, role.id)
    if seat is None:
        raise NotFound
    return seat
