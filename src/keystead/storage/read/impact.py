"""Whom does a key concern: who has authorised it, which accounts, and which other keys are its vendor's?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, case, distinct, func, or_, select

from keystead.core.accounts import Account, AccountPath, path_of
from keystead.core.instants import Instant
from keystead.core.keys import Key, KeyState
from keystead.core.tokens import TokenState
from keystead.storage.read.accounts import MOST_LEVELS, account_from, find_account
from keystead.storage.schema import accounts, keys, logins, tokens
from keystead.storage.transaction import Transaction

MOST_RELATED: Final = 50
_FOR_EVERYBODY: Final = frozenset(
    {"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com", "me.com",
     "aol.com", "gmx.de", "gmx.net", "web.de", "proton.me", "protonmail.com", "mail.com"}
)  # fmt: skip
"""Domains whose addresses say nothing about who their owners work for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedKey:
    """Another key of the same vendor, by its owner's e-mail domain or its vendor code."""

    id: int
    name: str | None
    state: KeyState


def authorised(tx: Transaction, key: Key, account: Account) -> tuple[int, int]:
    """Return how many people have live tokens of the key, and how many tokens that are.

    Of an inherited key: people who can sign in to this root account. All is read from two indexes: how long it takes
    grows with the tokens of the key, and where it is inherited with the people of the account too.
    """
    live = (tokens.c.key_id == key.id, _is_live(tx))
    if account.is_site_admin or key.account_id == account.id:
        people = select(func.count(distinct(tokens.c.user_id))).where(*live)
        many = select(func.count()).select_from(tokens).where(*live)
        return tx.connection.execute(people).scalar_one(), tx.connection.execute(many).scalar_one()
    is_here = (logins.c.account_id == account.id, logins.c.is_active)
    held = select(tokens.c.user_id).where(*live)
    # Both indexes are in the order of people, so that the embedded database goes through them side by side.
    both = held.intersect(select(logins.c.user_id).where(*is_here)).order_by(tokens.c.user_id).subquery()
    people_here = int(tx.connection.execute(select(func.count()).select_from(both)).scalar_one())
    more = select(tokens.c.user_id, (func.count() - 1).label("more")).where(*live).group_by(tokens.c.user_id)
    several = more.having(func.count() > 1).subquery()
    others = select(func.coalesce(func.sum(several.c.more), 0)).where(
        select(logins.c.id).where(*is_here, logins.c.user_id == several.c.user_id).exists()
    )
    return people_here, people_here + int(tx.connection.execute(others).scalar_one())


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensHere:
    """The tokens of a key that belong to people of a root account: who has live ones, and when the last was given."""

    people: int
    live: int
    last_at: Instant


def tokens_here(tx: Transaction, account: Account, key_ids: Sequence[int]) -> dict[int, TokensHere]:
    """Return the tokens of these keys that people who can sign in here have or had; keys without any are left out."""
    here = select(logins.c.user_id).where(logins.c.account_id == account.id, logins.c.is_active)
    live = _is_live(tx)
    rows = tx.connection.execute(
        select(
            tokens.c.key_id,
            func.count(distinct(case((live, tokens.c.user_id)))).label("people"),
            func.count(case((live, 1))).label("live"),
            func.max(tokens.c.created_at).label("last_at"),
        )
        .where(tokens.c.key_id.in_(key_ids), tokens.c.user_id.in_(here))
        .group_by(tokens.c.key_id)
    )
    return {row.key_id: TokensHere(people=row.people, live=row.live, last_at=Instant(row.last_at)) for row in rows}


def _is_live(tx: Transaction) -> ColumnElement[bool]:
    return (tokens.c.state == TokenState.ACTIVE.value) & or_(
        tokens.c.expires_at.is_(None), tokens.c.expires_at > tx.now
    )  # fmt: skip


def same_vendor(tx: Transaction, key: Key, account: Account) -> tuple[RelatedKey, ...]:
    """Return the other keys of the key's vendor that the account owns or inherits, oldest first."""
    domain = (key.email or "").rpartition("@")[2].strip().lower()
    alike = []
    if domain and domain not in _FOR_EVERYBODY:
        alike.append(func.lower(keys.c.email).endswith(f"@{domain}", autoescape=True))
    if key.vendor_code:
        alike.append(keys.c.vendor_code == key.vendor_code)
    if not alike:
        return ()
    owners = [account.id] if account.consortium_parent_id is None else [account.id, account.consortium_parent_id]
    known = () if account.is_site_admin else (or_(keys.c.account_id.is_(None), keys.c.account_id.in_(owners)),)
    rows = tx.connection.execute(
        select(keys.c.id, keys.c.name, keys.c.state)
        .where(or_(*alike), *known, keys.c.id != key.id, keys.c.state != KeyState.DELETED.value)
        .order_by(keys.c.id)
        .limit(MOST_RELATED)
    )
    return tuple(RelatedKey(id=row.id, name=row.name, state=KeyState(row.state)) for row in rows)


def paths_below(tx: Transaction, account: Account) -> Iterator[AccountPath]:
    """Return the path of each account below; below Site Admin stand all others."""
    chosen = select(accounts).where(accounts.c.is_deleted.is_(False))
    if not account.is_site_admin:
        chosen = chosen.where(or_(accounts.c.root_id == account.id, accounts.c.id == account.id))
    here = {row.id: account_from(row) for row in tx.connection.execute(chosen)}
    parents = {account.consortium_parent_id: find_account(tx, account.consortium_parent_id)}
    for one in here.values():
        if one.id == account.id:
            continue
        steps = [one]
        while not steps[-1].is_root and steps[-1].parent_id is not None and len(steps) < MOST_LEVELS:
            above = here.get(steps[-1].parent_id)
            if above is None:
                break
            steps.append(above)
        parent_id = steps[-1].consortium_parent_id
        yield path_of(steps, parents.get(parent_id) if parent_id not in here else here[parent_id])
