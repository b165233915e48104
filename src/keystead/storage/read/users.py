"""Which people are there, how do they sign in, and which rights do they hold?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, or_, select

from keystead.core.accounts import Account
from keystead.core.actors import SITE_ADMIN_ONLY_RIGHTS, AdminSeat, Login, Right, Role, User, UserState, held
from keystead.core.errors import NotFound
from keystead.core.ids import AccountId, RoleId, UserId
from keystead.core.instants import Instant
from keystead.storage.read.accounts import descendant_ids, find_account, lineage, site_admin
from keystead.storage.read.pages import Listing, Window, listing
from keystead.storage.schema import admins, logins, roles, users
from keystead.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What a sign-in attempt is compared with."""

    user: User
    login: Login
    password_hash: str | None


def user_from(row: Row[Any]) -> User:
    """Return the person a row of the table holds."""
    return User(
        id=UserId(row.id),
        name=row.name,
        short_name=row.short_name,
        sortable_name=row.sortable_name,
        state=UserState(row.state),
        email=row.email,
        locale=row.locale,
        time_zone=row.time_zone,
        created_at=Instant(row.created_at),
    )


def login_from(row: Row[Any]) -> Login:
    """Return the way in a row of the table holds."""
    return Login(
        id=row.id, user_id=UserId(row.user_id), account_id=AccountId(row.account_id), unique_id=row.unique_id
    )  # fmt: skip


def find_user(tx: Transaction, user_id: int | None) -> User | None:
    """Return the person who is not deleted, or None."""
    if user_id is None:
        return None
    row = tx.connection.execute(select(users).where(users.c.id == user_id, users.c.state != UserState.DELETED)).first()
    return None if row is None else user_from(row)


def get_user(tx: Transaction, user_id: int | None) -> User:
    """Return the person. Raises NotFound."""
    user = find_user(tx, user_id)
    if user is None:
        raise NotFound
    return user


def hold_user(tx: Transaction, user_id: int) -> User:
    """Return the person as they are now, held until the transaction ends. Raises NotFound."""
    row = tx.connection.execute(
        select(users).where(users.c.id == user_id, users.c.state != UserState.DELETED).with_for_update()
    ).first()
    if row is None:
        raise NotFound
    return user_from(row)


def users_by_id(tx: Transaction, ids: Sequence[int]) -> dict[int, User]:
    """Return those of these people who are not deleted."""
    rows = tx.connection.execute(select(users).where(users.c.id.in_(ids), users.c.state != UserState.DELETED))
    return {row.id: user_from(row) for row in rows}


def logins_by_user(tx: Transaction, ids: Sequence[int]) -> dict[int, tuple[Login, ...]]:
    """Return each of these people's ways in, oldest first; those with none are left out."""
    found: dict[int, list[Login]] = {}
    chosen = select(logins).where(logins.c.user_id.in_(ids), logins.c.is_active).order_by(logins.c.id)
    for row in tx.connection.execute(chosen):
        found.setdefault(row.user_id, []).append(login_from(row))
    return {user_id: tuple(mine) for user_id, mine in found.items()}


def find_sign_in(tx: Transaction, unique_id: str, domain_root: Account) -> SignIn | None:
    """Return whom a login name means on this host: the root account's own login first, then Site Admin's."""
    rows = tx.connection.execute(
        select(logins).where(
            logins.c.folded_id == fold(unique_id),
            logins.c.account_id.in_((domain_root.id, site_admin(tx).id)),
            logins.c.is_active,
        )
    ).all()
    for row in sorted(rows, key=lambda row: row.account_id != domain_root.id):
        user = find_user(tx, row.user_id)
        if user is not None:
            return SignIn(user=user, login=login_from(row), password_hash=row.password_hash)
    return None


def logins_of(tx: Transaction, user_id: int) -> tuple[Login, ...]:
    """Return a person's ways in, oldest first."""
    rows = tx.connection.execute(
        select(logins).where(logins.c.user_id == user_id, logins.c.is_active).order_by(logins.c.id)
    )
    return tuple(login_from(row) for row in rows)


def has_login(tx: Transaction, user_id: int, domain_root: Account) -> bool:
    """Whether a person can sign in on this root account's host: with its own login or Site Admin's."""
    wanted = (domain_root.id, site_admin(tx).id)
    return any(login.account_id in wanted for login in logins_of(tx, user_id))


def seats_of(tx: Transaction, user_id: int) -> tuple[AdminSeat, ...]:
    """Return a person's administrative roles, everywhere."""
    rows = tx.connection.execute(_seats().where(admins.c.user_id == user_id, roles.c.is_active).order_by(admins.c.id))
    return tuple(_seat_from(row) for row in rows)


def list_seats(tx: Transaction, account: Account, window: Window) -> Listing[AdminSeat]:
    """Return who administers exactly this account."""
    chosen = _seats().where(admins.c.account_id == account.id)
    return listing(tx, chosen, window, order=(admins.c.id,), make=_seat_from)


def has_right(tx: Transaction, user_id: int, right: Right, account: Account) -> bool:
    """Whether a person holds the right in this account, by a role there, above it, or in Site Admin."""
    return right in rights_of(tx, user_id, account)


def rights_of(tx: Transaction, user_id: int, account: Account) -> frozenset[Right]:
    """Return every right that a person holds in this account; none for people who are suspended."""
    user = find_user(tx, user_id)
    if user is None or not user.is_active:
        return frozenset()
    above = tuple(step.id for step in lineage(tx, account))
    return held(seats_of(tx, user_id), above, site_admin(tx).id)


def covers(tx: Transaction, person_id: int, other_id: int) -> bool:
    """Whether a person holds every right that another one holds, wherever the other holds it."""
    site = site_admin(tx)
    mine = seats_of(tx, person_id)
    for seat in seats_of(tx, other_id):
        account = find_account(tx, seat.account_id)
        if account is None:
            continue
        above = tuple(step.id for step in lineage(tx, account))
        counting = seat.role.rights if account.is_site_admin else seat.role.rights - SITE_ADMIN_ONLY_RIGHTS
        if not counting <= held(mine, above, site.id):
            return False
    return True


def list_users(tx: Transaction, account: Account, window: Window, *, search: str | None) -> Listing[User]:
    """Return the people with a login in this root account, by name; ``search`` is part of a name or login."""
    mine = select(logins.c.user_id).where(logins.c.account_id == account.root_id, logins.c.is_active)
    chosen = select(users).where(users.c.id.in_(mine), users.c.state != UserState.DELETED)
    chosen = _found(chosen, account, search)
    return listing(tx, chosen, window, order=(users.c.sortable_name, users.c.id), make=user_from)


def list_people_of(tx: Transaction, account: Account, window: Window, *, search: str | None) -> Listing[User]:
    """Return the account's people, by name: of a root account all, of a sub-account those who administer in it.

    Without courses, a role in it or below it is the only tie that somebody has to a sub-account.
    """
    if account.is_root:
        return list_users(tx, account, window, search=search)
    here = (account.id, *descendant_ids(tx, account))
    tied = select(admins.c.user_id).where(admins.c.account_id.in_(here))
    chosen = select(users).where(users.c.id.in_(tied), users.c.state != UserState.DELETED)
    chosen = _found(chosen, account, search)
    return listing(tx, chosen, window, order=(users.c.sortable_name, users.c.id), make=user_from)


def find_seat(tx: Transaction, account_id: int, user_id: int, role_id: int) -> AdminSeat | None:
    """Return the seat that a person has in exactly this account by this role, or None."""
    row = tx.connection.execute(
        _seats().where(admins.c.account_id == account_id, admins.c.user_id == user_id, admins.c.role_id == role_id)
    ).first()
    return None if row is None else _seat_from(row)


def find_role(tx: Transaction, role_id: int | None) -> Role | None:
    """Return the role, or None."""
    row = tx.connection.execute(select(roles).where(roles.c.id == role_id)).first()
    return None if row is None else role_from(row)


def find_role_by_label(tx: Transaction, label: str, account: Account) -> Role | None:
    """Return the active role of this name that the account can use: the nearest one up the tree, or a built-in one."""
    above = [step.id for step in lineage(tx, account)]
    rows = tx.connection.execute(
        select(roles).where(
            roles.c.label == label, roles.c.is_active, or_(roles.c.account_id.in_(above), roles.c.is_built_in)
        )
    ).all()
    found = sorted((role_from(row) for row in rows), key=lambda role: _distance(role, above))
    return found[0] if found else None


def list_roles(tx: Transaction, account: Account, window: Window, *, inherited: bool, active: bool) -> Listing[Role]:
    """Return the roles an account can use: built-in ones and its own, and those from above when ``inherited``."""
    return list_roles_of_states(tx, account, window, inherited=inherited, states=(active,))


def list_roles_of_states(
    tx: Transaction, account: Account, window: Window, *, inherited: bool, states: Sequence[bool]
) -> Listing[Role]:
    """As ``list_roles``, of those whose being in use is among ``states``."""
    above = [step.id for step in lineage(tx, account)] if inherited else [account.id]
    chosen = select(roles).where(
        or_(roles.c.account_id.in_(above), roles.c.is_built_in), roles.c.is_active.in_(states)
    )  # fmt: skip
    return listing(tx, chosen, window, order=(roles.c.id,), make=role_from)


def role_from(row: Row[Any]) -> Role:
    """Return the role a row of the table holds."""
    return Role(
        id=RoleId(row.id),
        account_id=row.account_id,
        label=row.label,
        rights=frozenset(Right) if row.is_built_in else frozenset(Right(name) for name in row.rights),
        is_built_in=bool(row.is_built_in),
        is_active=bool(row.is_active),
        created_at=Instant(row.created_at),
    )


def fold(unique_id: str) -> str:
    """Return a login name as it is compared: without regard to case and surrounding space."""
    return unique_id.strip().casefold()


def _found(chosen: Select[Any], account: Account, search: str | None) -> Select[Any]:
    """Return those of the people chosen with the search text in their name or their login to the tenant."""
    if not search:
        return chosen
    like = "%" + search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    by_login = select(logins.c.user_id).where(
        logins.c.account_id == account.root_id, logins.c.is_active, logins.c.unique_id.ilike(like, escape="\\")
    )
    return chosen.where(or_(users.c.name.ilike(like, escape="\\"), users.c.id.in_(by_login)))


def _seats() -> Any:
    return select(
        admins.c.id.label("seat_id"), admins.c.account_id.label("seat_account_id"), admins.c.user_id, roles
    ).join(roles, roles.c.id == admins.c.role_id)


def _seat_from(row: Row[Any]) -> AdminSeat:
    return AdminSeat(
        id=row.seat_id, account_id=AccountId(row.seat_account_id), user_id=UserId(row.user_id), role=role_from(row)
    )


def _distance(role: Role, above: list[AccountId]) -> int:
    return above.index(role.account_id) if role.account_id in above else len(above)
