"""Makes, changes, suspends and removes people, and settles who may see and manage them."""

from collections.abc import Mapping
from dataclasses import replace

from keystead.actions import permits
from keystead.actions.accounts import is_known, require
from keystead.actions.passwords import hash_password
from keystead.actions.roles import require_no_more, rights_in
from keystead.actions.user_values import (
    COLUMNS,
    NewPerson,
    PersonRefused,
    Problem,
    completed,
    normal,
    problem_of,
    problems_of,
)
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Login, Right, User, UserState
from keystead.core.errors import Forbidden, Invalid, Malformed, NotFound, Refused
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction
from keystead.storage.write import sessions as write_sessions
from keystead.storage.write import users as write_users
from keystead.storage.write.changes import record

LOGIN_TAKEN = "ID already in use for this account and authentication provider"


def create(tx: Transaction, account: Account, wanted: NewPerson, *, acting: Actor, because: str | None) -> User:
    """Make a person with a login to the account's tenant (Site Admin is its own).

    The right is asked of the tenant, since that is where the person will be. Raises NotFound, Forbidden, PersonRefused.
    """
    root = read_accounts.get_account(tx, account.root_id)
    require(tx, acting, root, Right.MANAGE_USER_LOGINS)
    problems = problems_of(wanted)
    if problems:
        raise PersonRefused(problems)
    wanted = completed(wanted)
    hashed = None if wanted.password is None else hash_password(wanted.password.reveal())
    if not write_users.login_is_free(tx, root.id, wanted.unique_id):
        raise PersonRefused({"pseudonym": {"unique_id": Problem(kind="taken", message=LOGIN_TAKEN)}})
    columns = {name: getattr(wanted, name) for name in COLUMNS}
    user_id = write_users.insert_user(tx, **columns)
    write_users.insert_login(
        tx, user_id=user_id, account_id=root.id, unique_id=wanted.unique_id, password_hash=hashed
    )  # fmt: skip
    record(
        tx,
        "user.created",
        "user",
        user_id,
        acting=acting,
        account_id=root.id,
        after={name: value for name, value in columns.items() if value is not None} | {"login": wanted.unique_id},
        because=because,
    )
    return read_users.get_user(tx, user_id)


def update(
    tx: Transaction, user: User, wanted: Mapping[str, str | None], *, acting: Actor, because: str | None
) -> User:
    """Change a person's names, address, language or time zone. Raises NotFound, Forbidden, Invalid.

    People change themselves; others need to manage logins in one of the person's tenants and may lack none of the
    person's rights.
    """
    if acting.user_id != user.id or acting.is_operator:
        require_manages(tx, acting, user, everywhere=False)
    values = {name: normal(name, value) for name, value in wanted.items() if name in COLUMNS}
    problems = {name: [problem] for name, value in values.items() if (problem := problem_of(name, value)) is not None}
    if problems:
        raise Invalid(problems)
    new = {name: value for name, value in values.items() if getattr(user, name) != value}
    if not new:
        return user
    write_users.update_user(tx, user.id, **new)
    before = {name: getattr(user, name) for name in new}
    record(tx, "user.updated", "user", user.id, acting=acting, before=before, after=new, because=because)
    return read_users.get_user(tx, user.id)


def set_suspended(tx: Transaction, user: User, *, suspended: bool, acting: Actor, because: str | None) -> User:
    """Suspend a person, which ends their sessions and rests their tokens, or take that back.

    It holds everywhere, so the right is needed in every tenant where the person has a login. Raises NotFound,
    Forbidden, Malformed for oneself.
    """
    require_manages(tx, acting, user, everywhere=True)
    if acting.user_id == user.id or acting.answerable_id == user.id:
        raise Malformed("nobody can suspend themselves")
    user = read_users.hold_user(tx, user.id)
    state = UserState.SUSPENDED if suspended else UserState.ACTIVE
    if user.state is state:
        return user
    write_users.update_user(tx, user.id, state=state)
    ended = write_sessions.delete_of_user(tx, user.id) if suspended else 0
    record(
        tx,
        "user.suspended" if suspended else "user.unsuspended",
        "user",
        user.id,
        acting=acting,
        after={"sessions_ended": ended} if suspended else None,
        because=because,
    )
    return replace(user, state=state)


def remove(tx: Transaction, account: Account, user: User, *, acting: Actor, because: str | None) -> User:
    """Take a person's login to the account's tenant and their roles in it away; with the last login they are deleted.

    All their sessions end. Their tokens stop where they have no login. Raises NotFound, Forbidden, Malformed.
    """
    root = read_accounts.get_account(tx, account.root_id)
    require(tx, acting, root, Right.MANAGE_USER_LOGINS)
    user = read_users.hold_user(tx, user.id)
    logins = read_users.logins_of(tx, user.id)
    mine = [login for login in logins if login.account_id == root.id]
    if not mine:
        raise NotFound
    if acting.user_id == user.id or acting.answerable_id == user.id:
        raise Malformed("nobody can remove themselves")
    _require_rank(tx, acting, user)
    for login in mine:
        write_users.update_login(tx, login.id, is_active=False)
    is_last = len(mine) == len(logins)
    here = (root.id, *read_accounts.descendant_ids(tx, root))
    seats = write_users.delete_seats_within(tx, user.id, None if is_last else here)
    if is_last:
        write_users.update_user(tx, user.id, state=UserState.DELETED)
    sessions = write_sessions.delete_of_user(tx, user.id)
    record(
        tx,
        "user.deleted" if is_last else "user.removed",
        "user",
        user.id,
        acting=acting,
        account_id=root.id,
        before={"logins": [login.unique_id for login in mine]},
        after={"roles_ended": seats, "sessions_ended": sessions},
        because=because,
    )
    return replace(user, state=UserState.DELETED) if is_last else user


def visible_logins(tx: Transaction, acting: Actor, user: User) -> tuple[Login, ...]:
    """Return the ways in that the person acting may see: their own, or those of tenants whose roster they read.

    Raises Forbidden when there are none, NotFound for people of other tenants.
    """
    logins = read_users.logins_of(tx, user.id)
    if acting.user_id == user.id:
        return logins
    seen = tuple(login for login in logins if _holds_at(tx, acting, Right.READ_ROSTER, login))
    if not seen:
        raise _refusal(tx, acting, logins)
    return seen


def require_manages(tx: Transaction, acting: Actor, user: User, *, everywhere: bool) -> None:
    """Raise unless the person acting manages logins in one of the person's tenants, or in all, and lacks no right."""
    logins = read_users.logins_of(tx, user.id)
    managed = [_holds_at(tx, acting, Right.MANAGE_USER_LOGINS, login) for login in logins]
    if not any(managed) or (everywhere and not all(managed)):
        raise _refusal(tx, acting, logins)
    _require_rank(tx, acting, user)


def _require_rank(tx: Transaction, acting: Actor, user: User) -> None:
    for seat in read_users.seats_of(tx, user.id):
        account = read_accounts.find_account(tx, seat.account_id)
        if account is not None:
            require_no_more(tx, acting, rights_in(seat.role, account), account)


def _holds_at(tx: Transaction, acting: Actor, right: Right, login: Login) -> bool:
    return permits.holds(tx, acting, right, read_accounts.get_account(tx, login.account_id))


def _refusal(tx: Transaction, acting: Actor, logins: tuple[Login, ...]) -> Refused:
    accounts = (read_accounts.get_account(tx, login.account_id) for login in logins)
    return Forbidden() if any(is_known(tx, acting, account) for account in accounts) else NotFound()
