"""Which developer keys are there?"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, select

from keystead.core.accounts import Account
from keystead.core.credentials import Secret
from keystead.core.errors import NotFound
from keystead.core.ids import KeyId
from keystead.core.instants import Instant
from keystead.core.keys import ClientType, Key, KeyState, SecurityProfile
from keystead.core.scopes import stored_scopes
from keystead.core.throttle import stored_limits
from keystead.core.tokens import TokenState
from keystead.storage.read.pages import Listing, Window, listing
from keystead.storage.schema import keys, tokens
from keystead.storage.transaction import Transaction

_AS_THEY_ARE = (
    "account_id", "name", "email", "icon_url", "notes", "vendor_code", "unified_tool_id", "redirect_uri",
    "client_credentials_audience", "public_jwk", "public_jwk_url", "service_user_id",
)  # fmt: skip
_FLAGS = (
    "require_scopes", "allow_includes", "auto_expire_tokens", "visible", "test_cluster_only", "trusted",
    "force_token_reuse", "replace_tokens", "internal_service", "may_introspect", "is_built_in",
)  # fmt: skip


def key_from(tx: Transaction, row: Row[Any]) -> Key:
    """Return the key a row of the table holds, its secret opened."""
    return key_of(row._asdict(), tx.vault.open(row.secret))


def key_of(stored: Mapping[str, Any], secret: Secret) -> Key:
    """Return the key that the columns of a row describe."""
    plain: dict[str, Any] = {name: stored[name] for name in _AS_THEY_ARE}
    plain |= {name: bool(stored[name]) for name in _FLAGS}
    return Key(
        id=KeyId(stored["id"]),
        state=KeyState(stored["state"]),
        secret=secret,
        redirect_uris=tuple(stored["redirect_uris"]),
        scopes=stored_scopes(stored["scopes"]),
        client_type=ClientType(stored["client_type"]),
        profile=SecurityProfile(stored["profile"]),
        authorized_flows=tuple(stored["authorized_flows"]),
        throttle=stored_limits(stored["throttle"]),
        created_at=Instant(stored["created_at"]),
        updated_at=Instant(stored["updated_at"]),
        **plain,
    )


def find_key(tx: Transaction, key_id: int | None, *, for_change: bool = False) -> Key | None:
    """Return the key, deleted ones too, or None. ``for_change`` holds its row until the transaction ends."""
    if key_id is None:
        return None
    chosen: Select[Any] = select(keys).where(keys.c.id == key_id)
    row = tx.connection.execute(chosen.with_for_update() if for_change else chosen).first()
    return None if row is None else key_from(tx, row)


def get_key(tx: Transaction, key_id: int | None, *, for_change: bool = False) -> Key:
    """Return the key that is not deleted. Raises NotFound."""
    key = find_key(tx, key_id, for_change=for_change)
    if key is None or key.state is KeyState.DELETED:
        raise NotFound
    return key


def built_in_key(tx: Transaction) -> Key:
    """Return the key that manual tokens belong to."""
    return key_from(tx, tx.connection.execute(select(keys).where(keys.c.is_built_in).order_by(keys.c.id)).first())  # type: ignore[arg-type]  # made with the database


def list_own(tx: Transaction, account: Account, window: Window, *, key_id: int | None = None) -> Listing[Key]:
    """Return the keys owned by exactly this account (Site Admin owns the global ones), newest first."""
    owner = keys.c.account_id.is_(None) if account.is_site_admin else keys.c.account_id == account.id
    return _list(tx, window, (keys.c.id.desc(),), owner, *_only(key_id))


def list_inherited(
    tx: Transaction, account: Account, window: Window, *, parent: Account | None, key_id: int | None = None
) -> Listing[Key]:
    """Return what the account inherits: its consortium parent's keys, then the visible global ones, newest first."""
    from_site_admin = keys.c.account_id.is_(None) & keys.c.visible
    if account.is_site_admin:
        return Listing(items=(), total=0)
    if parent is None:
        return _list(tx, window, (keys.c.id.desc(),), from_site_admin, *_only(key_id))
    owned_first = case((keys.c.account_id.is_(None), 1), else_=0)
    return _list(tx, window, (owned_first, keys.c.id.desc()), from_site_admin | (keys.c.account_id == parent.id))


def token_counts(tx: Transaction, key_ids: Sequence[int]) -> dict[int, int]:
    """Return how many tokens that are not deleted each key has."""
    rows = tx.connection.execute(
        select(tokens.c.key_id, func.count().label("many"))
        .where(tokens.c.key_id.in_(key_ids), tokens.c.state != TokenState.DELETED)
        .group_by(tokens.c.key_id)
    )
    return {row.key_id: row.many for row in rows}


def _only(key_id: int | None) -> tuple[ColumnElement[bool], ...]:
    return () if key_id is None else (keys.c.id == key_id,)


def _list(
    tx: Transaction, window: Window, order: Sequence[ColumnElement[Any]], *where: ColumnElement[bool]
) -> Listing[Key]:
    chosen = select(keys).where(keys.c.state != KeyState.DELETED, *where)
    return listing(tx, chosen, window, order=order, make=lambda row: key_from(tx, row))
