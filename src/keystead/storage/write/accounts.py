"""Stores accounts."""

from typing import Any

from sqlalchemy import func, insert, select, update

from keystead.core.accounts import Account, AccountKind
from keystead.core.ids import AccountId
from keystead.storage.schema import accounts
from keystead.storage.transaction import Transaction

_DOMAINS = 7_031


def insert_account(
    tx: Transaction,
    *,
    name: str,
    kind: AccountKind,
    uuid: str,
    parent: Account | None = None,
    domain: str | None = None,
    account_id: int | None = None,
) -> AccountId:
    """Store a new account and return its id; ``account_id`` is given only for the sample institution."""
    values: dict[str, Any] = {} if account_id is None else {"id": account_id}
    values |= {
        "name": name,
        "kind": kind,
        "parent_id": None if parent is None else parent.id,
        "root_id": None if parent is None else parent.root_id,
        "uuid": uuid,
        "domain": domain,
        "policies": [],
        "default_time_zone": "America/Denver",
        "created_at": tx.now,
    }
    done = tx.connection.execute(insert(accounts).values(values).returning(accounts.c.id))
    return AccountId(done.scalar_one())


def domain_is_free(tx: Transaction, domain: str) -> bool:
    """Whether no account has the domain; rivals for it wait here until the transaction ends."""
    if not tx.is_sqlite:
        tx.connection.execute(select(func.pg_advisory_xact_lock(_DOMAINS, func.hashtext(domain))))
    return tx.connection.execute(select(accounts.c.id).where(accounts.c.domain == domain)).first() is None


def update_account(tx: Transaction, account_id: int, **values: Any) -> None:
    """Set columns of an account."""
    tx.connection.execute(update(accounts).where(accounts.c.id == account_id).values(values))
