"""Which authorization codes wait to be exchanged?"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from keystead.core.ids import AccountId, KeyId, TokenId, UserId
from keystead.core.instants import Instant
from keystead.storage.schema import codes
from keystead.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCode:
    """An authorization code's grant; the code itself is stored as its digest only."""

    id: int
    key_id: KeyId
    user_id: UserId
    real_user_id: UserId | None
    account_id: AccountId
    redirect_uri: str
    scopes: tuple[str, ...]
    purpose: str | None
    remember_access: bool
    challenge: str | None
    expires_at: Instant
    used_at: Instant | None
    token_id: TokenId | None


def find_code(tx: Transaction, code: str, *, for_change: bool = False) -> StoredCode | None:
    """Return the code's grant, used ones too, or None. ``for_change`` makes rival exchanges wait."""
    chosen: Select[Any] = select(codes).where(codes.c.digest.in_(tx.vault.codes.digests(code)))
    row = tx.connection.execute(chosen.with_for_update() if for_change else chosen).first()
    if row is None:
        return None
    return StoredCode(
        id=row.id,
        key_id=KeyId(row.key_id),
        user_id=UserId(row.user_id),
        real_user_id=row.real_user_id,
        account_id=AccountId(row.account_id),
        redirect_uri=row.redirect_uri,
        scopes=tuple(row.scopes.split()),
        purpose=row.purpose,
        remember_access=bool(row.remember_access),
        challenge=row.challenge,
        expires_at=Instant(row.expires_at),
        used_at=row.used_at,
        token_id=row.token_id,
    )
