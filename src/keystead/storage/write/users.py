"""Stores people, their logins, roles and seats."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from keystead.core.actors import Right, UserState
from keystead.core.ids import RoleId, UserId
from keystead.storage.read.users import fold
from keystead.storage.schema import admins, logins, roles, users
from keystead.storage.transaction import Transaction

_LOGINS = 7_032


def insert_user(tx: Transaction, **values: Any) -> UserId:
    """Store a new person and return their id."""
    row = {"state": UserState.ACTIVE, "created_at": tx.now} | values
    return UserId(tx.connection.execute(insert(users).values(row).returning(users.c.id)).scalar_one())


def update_user(tx: Transaction, user_id: int, **values: Any) -> None:
    """Set columns of a person."""
    tx.connection.execute(update(users).where(users.c.id == user_id).values(values))


def insert_login(tx: Transaction, *, user_id: int, account_id: int, unique_id: str, password_hash: str | None) -> int:
    """Store a way in and return its id."""
    row = {
        "user_id": user_id,
        "account_id": account_id,
        "unique_id": unique_id.strip(),
        "folded_id": fold(unique_id),
        "password_hash": password_hash,
        "created_at": tx.now,
    }
    return int(tx.connection.execute(insert(logins).values(row).returning(logins.c.id)).scalar_one())


def login_is_free(tx: Transaction, account_id: int, unique_id: str) -> bool:
    """Whether nobody signs in to the account by this name; rivals for it wait here until the transaction ends."""
    folded = fold(unique_id)
    if not tx.is_sqlite:
        tx.connection.execute(select(func.pg_advisory_xact_lock(_LOGINS, func.hashtext(f"{account_id} {folded}"))))
    taken = select(logins.c.id).where(
        logins.c.account_id == account_id, logins.c.folded_id == folded, logins.c.is_active
    )  # fmt: skip
    return tx.connection.execute(taken).first() is None


def insert_people(tx: Transaction, people: Sequence[Mapping[str, Any]], *, account_id: int) -> None:
    """Store many people with ids of their own and their logins to one account, for the sample institution.

    Each brings ``id, name, short_name, sortable_name, email, unique_id, password_hash``.
    """
    if not people:
        return
    common = {"state": UserState.ACTIVE, "created_at": tx.now}
    names = ("id", "name", "short_name", "sortable_name", "email")
    tx.connection.execute(insert(users), [common | {name: person[name] for name in names} for person in people])
    tx.connection.execute(
        insert(logins),
        [
            {
                "user_id": person["id"],
                "account_id": account_id,
                "unique_id": person["unique_id"],
                "folded_id": fold(person["unique_id"]),
                "password_hash": person["password_hash"],
                "created_at": tx.now,
            }
            for person in people
        ],
    )


def update_login(tx: Transaction, login_id: int, **values: Any) -> None:
    """Set columns of a login."""
    tx.connection.execute(update(logins).where(logins.c.id == login_id).values(values))


def insert_role(
    tx: Transaction, *, account_id: int | None, label: str, rights: Iterable[Right], is_built_in: bool = False
) -> RoleId:
    """Store a new role and return its id."""
    row = {
        "account_id": account_id,
        "label": label,
        "rights": sorted(rights),
        "is_built_in": is_built_in,
        "created_at": tx.now,
    }
    return RoleId(tx.connection.execute(insert(roles).values(row).returning(roles.c.id)).scalar_one())


def update_role(tx: Transaction, role_id: int, **values: Any) -> None:
    """Set columns of a role."""
    tx.connection.execute(update(roles).where(roles.c.id == role_id).values(values))


def insert_seat(tx: Transaction, *, account_id: int, user_id: int, role_id: int) -> int:
    """Give a person a role in an account and return the seat's id."""
    row = {"account_id": account_id, "user_id": user_id, "role_id": role_id, "created_at": tx.now}
    return int(tx.connection.execute(insert(admins).values(row).returning(admins.c.id)).scalar_one())


def ensure_seat(tx: Transaction, *, account_id: int, user_id: int, role_id: int) -> bool:
    """Give a person a role in an account; return whether this call did."""
    insert_here = insert_sqlite if tx.is_sqlite else insert_postgresql
    row = {"account_id": account_id, "user_id": user_id, "role_id": role_id, "created_at": tx.now}
    done = tx.connection.execute(insert_here(admins).values(row).on_conflict_do_nothing().returning(admins.c.id))
    return done.first() is not None


def delete_seats_within(tx: Transaction, user_id: int, account_ids: Sequence[int] | None) -> int:
    """Take all of a person's roles in these accounts away, or everywhere for None; return how many."""
    mine = delete(admins).where(admins.c.user_id == user_id)
    if account_ids is not None:
        mine = mine.where(admins.c.account_id.in_(account_ids))
    return tx.connection.execute(mine).rowcount


def delete_seat(tx: Transaction, seat_id: int) -> None:
    """Take a person's role in an account away."""
    tx.connection.execute(delete(admins).where(admins.c.id == seat_id))
