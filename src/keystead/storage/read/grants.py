"""Who has let a key act for them?"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, or_, select

from keystead.core.accounts import Account
from keystead.core.instants import Instant
from keystead.core.tokens import Token, TokenState
from keystead.storage.read.pages import Listing, Window, listing
from keystead.storage.read.tokens import token_from
from keystead.storage.schema import logins, tokens, users
from keystead.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A token of a key, with the name of the person it acts for."""

    token: Token
    person: str
    expires_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantSearch:
    """Which grants of a key are meant: those of people of one root account, of one person, of one token, or of all.

    ``words`` are looked for in people's names and e-mail addresses, without regard to case.
    """

    root: Account | None = None
    user_id: int | None = None
    token_id: int | None = None
    words: str = ""


def list_grants(tx: Transaction, key_id: int, window: Window, search: GrantSearch) -> Listing[Grant]:
    """Return the grants of a key that are not deleted, newest first."""
    chosen = select(tokens, users.c.name.label("person")).join(users, users.c.id == tokens.c.user_id)
    found = chosen.where(*_wanted(key_id, search))
    return listing(tx, found, window, order=(tokens.c.id.desc(),), make=_grant)


def grant_ids(tx: Transaction, key_id: int, search: GrantSearch) -> tuple[int, ...]:
    """Return the ids of the tokens that are meant."""
    chosen = select(tokens.c.id).join(users, users.c.id == tokens.c.user_id).where(*_wanted(key_id, search))
    return tuple(tx.connection.execute(chosen.order_by(tokens.c.id)).scalars())


def count_people(tx: Transaction, key_id: int, search: GrantSearch) -> int:
    """Return how many people these grants are from."""
    chosen = select(tokens.c.user_id).join(users, users.c.id == tokens.c.user_id).where(*_wanted(key_id, search))
    return len(set(tx.connection.execute(chosen.distinct()).scalars()))


def _wanted(key_id: int, search: GrantSearch) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [tokens.c.key_id == key_id, tokens.c.state != TokenState.DELETED]
    if search.root is not None:
        here = select(logins.c.id).where(
            logins.c.user_id == tokens.c.user_id, logins.c.account_id == search.root.id, logins.c.is_active
        )
        wanted.append(here.exists())
    if search.user_id is not None:
        wanted.append(tokens.c.user_id == search.user_id)
    if search.token_id is not None:
        wanted.append(tokens.c.id == search.token_id)
    words = search.words.strip()
    if words:
        wanted.append(
            or_(users.c.name.icontains(words, autoescape=True), users.c.email.icontains(words, autoescape=True))
        )  # fmt: skip
    return wanted


def _grant(row: Row[Any]) -> Grant:
    token = token_from(row)
    return Grant(token=token, person=row.person, expires_at=token.expires_at)
