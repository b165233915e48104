"""Which tokens are there?"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select

from keystead.core.ids import KeyId, TokenId, UserId
from keystead.core.instants import Instant
from keystead.core.scopes import stored_scopes
from keystead.core.tokens import Token, TokenState
from keystead.storage.schema import keys, tokens
from keystead.storage.transaction import Transaction


def token_from(row: Row[Any]) -> Token:
    """Return the token a row of the table holds."""
    return Token(
        id=TokenId(row.id),
        user_id=UserId(row.user_id),
        key_id=KeyId(row.key_id),
        state=TokenState(row.state),
        hint=row.hint,
        scopes=stored_scopes(row.scopes),
        purpose=row.purpose,
        real_user_id=row.real_user_id,
        remember_access=bool(row.remember_access),
        lapses_at=row.lapses_at,
        expires_at=row.expires_at,
        created_at=Instant(row.created_at),
        updated_at=Instant(row.updated_at),
    )


def find_by_refresh(tx: Transaction, credential: str, *, for_change: bool = False) -> Token | None:
    """Return the token that is not deleted whose refresh credential this is, or None."""
    return _first(
        tx,
        tokens.c.refresh_digest.in_(tx.vault.tokens.digests(credential)),
        tokens.c.state != TokenState.DELETED,
        for_change=for_change,
    )


def find_by_access(tx: Transaction, credential: str, *, for_change: bool = False) -> Token | None:
    """Return the token, deleted ones too, whose access credential this is, or None."""
    return _first(tx, tokens.c.digest.in_(tx.vault.tokens.digests(credential)), for_change=for_change)


def find_token(tx: Transaction, token_id: int, *, for_change: bool = False) -> Token | None:
    """Return the token, deleted ones too, or None."""
    return _first(tx, tokens.c.id == token_id, for_change=for_change)


def find_of_user(
    tx: Transaction, user_id: int, *, token_id: int | None, hint: str | None, key_id: int | None = None
) -> Token | None:
    """Return a person's token that is not deleted by its hint, else by its id, or None; perhaps only of one key."""
    live = [tokens.c.user_id == user_id, tokens.c.state != TokenState.DELETED]
    if key_id is not None:
        live.append(tokens.c.key_id == key_id)
    if hint is not None:
        found = _first(tx, tokens.c.hint == hint, *live)
        if found is not None:
            return found
    return None if token_id is None else _first(tx, tokens.c.id == token_id, *live)


def list_manual_after(
    tx: Transaction, user_id: int, built_in_key_id: int, *, after: tuple[int, int] | None, limit: int
) -> tuple[Token, ...]:
    """Return a person's manual tokens that are not deleted, oldest first, after a moment of creation and an id."""
    chosen = select(tokens).where(
        tokens.c.user_id == user_id, tokens.c.key_id == built_in_key_id, tokens.c.state != TokenState.DELETED
    )  # fmt: skip
    if after is not None:
        created_at, token_id = after
        same = (tokens.c.created_at == created_at) & (tokens.c.id > token_id)
        chosen = chosen.where((tokens.c.created_at > created_at) | same)
    rows = tx.connection.execute(chosen.order_by(tokens.c.created_at, tokens.c.id).limit(limit))
    return tuple(token_from(row) for row in rows)


def list_integrations(tx: Transaction, user_id: int) -> tuple[Token, ...]:
    """Return all of a person's tokens that are not deleted, except those of keys hidden from people."""
    rows = tx.connection.execute(
        select(tokens)
        .join(keys, keys.c.id == tokens.c.key_id)
        .where(tokens.c.user_id == user_id, tokens.c.state != TokenState.DELETED, ~keys.c.internal_service)
        .order_by(tokens.c.created_at, tokens.c.id)
    )
    return tuple(token_from(row) for row in rows)


def live_of_user(tx: Transaction, user_id: int, key_id: int) -> tuple[Token, ...]:
    """Return a person's tokens of one key that are not deleted, newest first."""
    rows = tx.connection.execute(
        select(tokens)
        .where(tokens.c.user_id == user_id, tokens.c.key_id == key_id, tokens.c.state != TokenState.DELETED)
        .order_by(tokens.c.id.desc())
    )
    return tuple(token_from(row) for row in rows)


def token_ids_of_keys(tx: Transaction, key_ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Return the ids of each key's active tokens."""
    found: dict[int, list[int]] = {}
    rows = tx.connection.execute(
        select(tokens.c.id, tokens.c.key_id).where(tokens.c.key_id.in_(key_ids), tokens.c.state == TokenState.ACTIVE)
    )
    for row in rows:
        found.setdefault(row.key_id, []).append(row.id)
    return {key_id: tuple(ids) for key_id, ids in found.items()}


def _first(tx: Transaction, *where: ColumnElement[bool], for_change: bool = False) -> Token | None:
    chosen: Select[Any] = select(tokens).where(*where).order_by(tokens.c.id.desc()).limit(1)
    row = tx.connection.execute(chosen.with_for_update() if for_change else chosen).first()
    return None if row is None else token_from(row)
