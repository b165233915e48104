"""Which accounts are there, and which one does a request mean?"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select

from keystead.core.accounts import Account, AccountKind, AccountPath, Policy, normal_host, path_of
from keystead.core.errors import NotFound
from keystead.core.ids import AccountId, parse_id
from keystead.core.instants import Instant
from keystead.core.throttle import stored_limits
from keystead.storage.read.pages import Listing, Window, listing
from keystead.storage.schema import accounts
from keystead.storage.transaction import Transaction

MOST_LEVELS = 200


def account_from(row: Row[Any]) -> Account:
    """Return the account a row of the table holds."""
    return Account(
        id=AccountId(row.id),
        name=row.name,
        kind=AccountKind(row.kind),
        parent_id=row.parent_id,
        root_id=AccountId(row.root_id or row.id),
        uuid=row.uuid,
        domain=row.domain,
        consortium_parent_id=row.consortium_parent_id,
        policies=frozenset(Policy(name) for name in row.policies),
        default_time_zone=row.default_time_zone,
        throttle=stored_limits(row.throttle),
        is_deleted=bool(row.is_deleted),
        created_at=Instant(row.created_at),
    )


def find_account(tx: Transaction, account_id: int | None) -> Account | None:
    """Return the account that is not deleted, or None."""
    if account_id is None:
        return None
    row = tx.connection.execute(
        select(accounts).where(accounts.c.id == account_id, accounts.c.is_deleted.is_(False))
    ).first()
    return None if row is None else account_from(row)


def get_account(tx: Transaction, account_id: int | None) -> Account:
    """Return the account. Raises NotFound."""
    account = find_account(tx, account_id)
    if account is None:
        raise NotFound
    return account


def site_admin(tx: Transaction) -> Account:
    """Return the one account above all tenants."""
    row = tx.connection.execute(select(accounts).where(accounts.c.kind == AccountKind.SITE_ADMIN)).one()
    return account_from(row)


def is_empty(tx: Transaction) -> bool:
    """Whether the database holds nothing yet, not even Site Admin."""
    return tx.connection.execute(select(accounts.c.id).limit(1)).first() is None


def default_root(tx: Transaction) -> Account:
    """Return the root account for hosts that nobody owns: the first one made, Site Admin while there is none."""
    row = tx.connection.execute(
        select(accounts)
        .where(accounts.c.kind == AccountKind.ROOT, accounts.c.is_deleted.is_(False))
        .order_by(accounts.c.id)
        .limit(1)
    ).first()
    return site_admin(tx) if row is None else account_from(row)


def root_for_host(tx: Transaction, host: str) -> Account:
    """Return the root account whose domain is this host; hosts nobody owns belong to the default one."""
    row = tx.connection.execute(
        select(accounts).where(accounts.c.domain == normal_host(host), accounts.c.is_deleted.is_(False))
    ).first()
    return default_root(tx) if row is None else account_from(row)


def find_by_reference(tx: Transaction, reference: str, domain_root: Account) -> Account | None:
    """Return what an account id in a path means: a number in any form, ``self``, ``default`` or ``site_admin``."""
    match reference:
        case "self":
            return domain_root
        case "default":
            return default_root(tx)
        case "site_admin":
            return site_admin(tx)
        case _:
            return find_account(tx, parse_id(reference))


def get_by_reference(tx: Transaction, reference: str, domain_root: Account) -> Account:
    """Return what an account id in a path means. Raises NotFound."""
    account = find_by_reference(tx, reference, domain_root)
    if account is None:
        raise NotFound
    return account


def lineage(tx: Transaction, account: Account) -> tuple[Account, ...]:
    """Return the account and everything above it up to its root account, nearest first."""
    if account.is_root:
        return (account,)
    above = accounts.alias("above")
    ladder = select(accounts.c.id, accounts.c.parent_id).where(accounts.c.id == account.id).cte("up", recursive=True)
    ladder = ladder.union(select(above.c.id, above.c.parent_id).join(ladder, above.c.id == ladder.c.parent_id))
    rows = tx.connection.execute(select(accounts).join(ladder, accounts.c.id == ladder.c.id)).all()
    by_id = {row.id: account_from(row) for row in rows}
    steps = [account]
    while steps[-1].parent_id is not None and steps[-1].parent_id in by_id and len(steps) < MOST_LEVELS:
        steps.append(by_id[steps[-1].parent_id])
    return tuple(steps)


def path_to(tx: Transaction, account: Account) -> AccountPath:
    """Return the account with everything above it that has a say about developer keys."""
    steps = lineage(tx, account)
    return path_of(steps, find_account(tx, steps[-1].consortium_parent_id))


def list_roots(tx: Transaction, window: Window) -> Listing[Account]:
    """Return the root accounts, oldest first."""
    return _list(tx, window, accounts.c.kind == AccountKind.ROOT)


def search_roots(tx: Transaction, window: Window, words: str) -> Listing[Account]:
    """Return the root accounts by name; ``words`` are looked for in names and hosts, without regard to case."""
    chosen = select(accounts).where(accounts.c.is_deleted.is_(False), accounts.c.kind == AccountKind.ROOT)
    if words.strip():
        looked_in = (accounts.c.name, accounts.c.domain)
        chosen = chosen.where(or_(*(one.icontains(words.strip(), autoescape=True) for one in looked_in)))
    return listing(tx, chosen, window, order=(func.lower(accounts.c.name), accounts.c.id), make=account_from)


def list_consortium_children(tx: Transaction, account: Account, window: Window) -> Listing[Account]:
    """Return the root accounts for which this one decides as the parent of their consortium, oldest first."""
    return _list(tx, window, accounts.c.consortium_parent_id == account.id)


def list_sub_accounts(tx: Transaction, account: Account, window: Window, *, recursive: bool) -> Listing[Account]:
    """Return the accounts directly below, or all below when ``recursive``; Site Admin's are the root accounts."""
    if account.is_site_admin:
        return list_roots(tx, window) if not recursive else _list(tx, window, accounts.c.id != account.id)
    if not recursive:
        return _list(tx, window, accounts.c.parent_id == account.id)
    below = select(accounts.c.id).where(accounts.c.parent_id == account.id).cte("below", recursive=True)
    below = below.union(select(accounts.c.id).join(below, accounts.c.parent_id == below.c.id))
    return _list(tx, window, accounts.c.id.in_(select(below.c.id)))


def list_administered(tx: Transaction, ids: Sequence[int], window: Window, *, with_roots: bool) -> Listing[Account]:
    """Return these accounts, and every root account when ``with_roots``, oldest first."""
    chosen = accounts.c.id.in_(ids)
    return _list(tx, window, or_(chosen, accounts.c.kind == AccountKind.ROOT) if with_roots else chosen)


def children_counts(tx: Transaction, ids: Sequence[int]) -> dict[int, int]:
    """Return how many accounts stand directly below each of these; those with none are left out."""
    rows = tx.connection.execute(
        select(accounts.c.parent_id, func.count().label("children"))
        .where(accounts.c.parent_id.in_(ids), accounts.c.is_deleted.is_(False))
        .group_by(accounts.c.parent_id)
    )
    return {row.parent_id: row.children for row in rows}


def hold_account(tx: Transaction, account_id: int) -> Account:
    """Return the account as it is now, held until the transaction ends. Raises NotFound."""
    row = tx.connection.execute(
        select(accounts).where(accounts.c.id == account_id, accounts.c.is_deleted.is_(False)).with_for_update()
    ).first()
    if row is None:
        raise NotFound
    return account_from(row)


def has_consortium_children(tx: Transaction, account: Account) -> bool:
    """Whether the account is the parent of a consortium."""
    child = select(accounts.c.id).where(accounts.c.consortium_parent_id == account.id, accounts.c.is_deleted.is_(False))
    return tx.connection.execute(child.limit(1)).first() is not None


def descendant_ids(tx: Transaction, account: Account) -> tuple[AccountId, ...]:
    """Return the ids of all accounts below this one."""
    below = select(accounts.c.id).where(accounts.c.parent_id == account.id, ~accounts.c.is_deleted)
    ladder = below.cte("below", recursive=True)
    ladder = ladder.union(
        select(accounts.c.id).join(ladder, accounts.c.parent_id == ladder.c.id).where(~accounts.c.is_deleted)
    )
    return tuple(AccountId(row.id) for row in tx.connection.execute(select(ladder.c.id)))


def ids_ever_within(tx: Transaction, account: Account) -> tuple[AccountId, ...]:
    """Return the ids of the account and of all below it, also of those that were deleted."""
    ladder = select(accounts.c.id).where(accounts.c.id == account.id).cte("within", recursive=True)
    ladder = ladder.union(select(accounts.c.id).join(ladder, accounts.c.parent_id == ladder.c.id))
    return tuple(AccountId(row.id) for row in tx.connection.execute(select(ladder.c.id)))


def count_children(tx: Transaction, account: Account) -> int:
    """Return how many accounts stand directly below."""
    return tx.connection.execute(
        select(func.count()).where(accounts.c.parent_id == account.id, accounts.c.is_deleted.is_(False))
    ).scalar_one()


def _list(tx: Transaction, window: Window, *where: ColumnElement[bool]) -> Listing[Account]:
    chosen = select(accounts).where(accounts.c.is_deleted.is_(False), *where)
    return listing(tx, chosen, window, order=(accounts.c.id,), make=account_from)
