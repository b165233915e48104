"""Stores tokens; their credentials only as digests."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import insert, select, update

from keystead.core.credentials import Secret
from keystead.core.ids import KeyId, TokenId, UserId
from keystead.core.tokens import TokenState
from keystead.storage.schema import tokens
from keystead.storage.transaction import Transaction


def insert_token(
    tx: Transaction,
    *,
    user_id: UserId,
    key_id: KeyId,
    access: Secret | None,
    refresh: Secret | None,
    scopes: Iterable[str],
    **values: Any,
) -> TokenId:
    """Store a new token and return its id; ``access`` is None for tokens that only name a person."""
    row: dict[str, Any] = {"state": TokenState.ACTIVE} | values
    row |= {
        "user_id": user_id,
        "key_id": key_id,
        "digest": _digest(tx, access),
        "refresh_digest": _digest(tx, refresh),
        "hint": "" if access is None else access.hint,
        "scopes": " ".join(scopes),
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    return TokenId(tx.connection.execute(insert(tokens).values(row).returning(tokens.c.id)).scalar_one())


def replace_access(tx: Transaction, token_id: int, access: Secret, **values: Any) -> None:
    """Give a token a new access credential; the old one is unknown from then on."""
    update_token(tx, token_id, digest=_digest(tx, access), hint=access.hint, **values)


def replace_refresh(tx: Transaction, token_id: int, refresh: Secret) -> None:
    """Give a token a new refresh credential; the old one is unknown from then on."""
    update_token(tx, token_id, refresh_digest=_digest(tx, refresh))


def update_token(tx: Transaction, token_id: int, **values: Any) -> None:
    """Set columns of a token."""
    tx.connection.execute(update(tokens).where(tokens.c.id == token_id).values(updated_at=tx.now, **values))


def delete_of_key(tx: Transaction, key_id: int) -> int:
    """Delete every token of a key that is not deleted yet; return how many."""
    done = tx.connection.execute(
        update(tokens)
        .where(tokens.c.key_id == key_id, tokens.c.state != TokenState.DELETED)
        .values(state=TokenState.DELETED, updated_at=tx.now)
    )
    return done.rowcount


def delete_tokens(tx: Transaction, token_ids: Sequence[int]) -> int:
    """Delete these tokens where they are not deleted yet; return how many were."""
    done = 0
    for start in range(0, len(token_ids), 500):
        part = token_ids[start : start + 500]
        done += tx.connection.execute(
            update(tokens)
            .where(tokens.c.id.in_(part), tokens.c.state != TokenState.DELETED)
            .values(state=TokenState.DELETED, updated_at=tx.now)
        ).rowcount
    return done


def limit_to(tx: Transaction, key_id: int, scopes: Sequence[str]) -> int:
    """Let tokens of a key that name no scopes name these, and others keep of theirs what is among these; return how
    many that changed.
    """
    live = (tokens.c.key_id == key_id) & (tokens.c.state != TokenState.DELETED)
    done = tx.connection.execute(
        update(tokens).where(live, tokens.c.scopes == "").values(scopes=" ".join(scopes), updated_at=tx.now)
    ).rowcount
    kept = frozenset(scopes)
    rows = tx.connection.execute(select(tokens.c.id, tokens.c.scopes).where(live, tokens.c.scopes != "")).all()
    for row in rows:
        left = " ".join(scope for scope in row.scopes.split() if scope in kept)
        if left != row.scopes:
            tx.connection.execute(update(tokens).where(tokens.c.id == row.id).values(scopes=left, updated_at=tx.now))
            done += 1
    return done


def delete_of_user(tx: Transaction, user_id: int, key_id: int, *, but: int | None = None) -> int:
    """Delete a person's tokens of one key, except one; return how many."""
    done = tx.connection.execute(
        update(tokens)
        .where(
            tokens.c.user_id == user_id,
            tokens.c.key_id == key_id,
            tokens.c.state != TokenState.DELETED,
            tokens.c.id != (but or 0),
        )
        .values(state=TokenState.DELETED, updated_at=tx.now)
    )
    return done.rowcount


def _digest(tx: Transaction, credential: Secret | None) -> bytes | None:
    return None if credential is None else tx.vault.tokens.digest(credential.reveal())
