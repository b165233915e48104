"""Which developer keys are there?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, Text, case, cast, func, or_, select

from keystead.core.accounts import Account
from keystead.core.bindings import BindingState
from keystead.core.credentials import Secret
from keystead.core.errors import NotFound
from keystead.core.ids import KeyId, global_id
from keystead.core.instants import Instant
from keystead.core.keys import ClientType, Key, KeyState, SecurityProfile
from keystead.core.scopes import stored_scopes
from keystead.core.throttle import stored_limits
from keystead.core.tokens import TokenState
from keystead.storage.read.pages import Listing, Window, listing
from keystead.storage.schema import bindings, keys, tokens
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
    return key_of(row._asdict(), tx.vault.open)


def key_of(stored: Mapping[str, Any], opened: Callable[[bytes], Secret]) -> Key:
    """Return the key that the columns of a row describe; ``opened`` opens its secrets."""
    former = stored["former_secret"]
    plain: dict[str, Any] = {name: stored[name] for name in _AS_THEY_ARE}
    plain |= {name: bool(stored[name]) for name in _FLAGS}
    return Key(
        id=KeyId(stored["id"]),
        state=KeyState(stored["state"]),
        secret=opened(stored["secret"]),
        secret_made_at=stored["secret_made_at"],
        former_secret=None if former is None else opened(former),
        former_secret_until=stored["former_secret_until"],
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


class KeyOrder(StrEnum):
    """What a list of keys may be sorted by."""

    NAME = "name"
    EMAIL = "email"
    CLIENT_ID = "id"
    TOKENS = "tokens"
    STATE = "state"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySearch:
    """Which keys of a list are wanted, and in which order.

    ``words`` are looked for in name, owner's e-mail and client id, without regard to case. The state is
    the listing account's own word about a key.
    """

    words: str = ""
    order: KeyOrder = KeyOrder.CLIENT_ID
    is_descending: bool = True
    key_id: int | None = None


NEWEST_FIRST: Final = KeySearch()


def list_own(tx: Transaction, account: Account, window: Window, search: KeySearch = NEWEST_FIRST) -> Listing[Key]:
    """Return the keys owned by exactly this account (Site Admin owns the global ones)."""
    owner = keys.c.account_id.is_(None) if account.is_site_admin else keys.c.account_id == account.id
    return _list(tx, window, _order(account, search), owner, *_wanted(search))


def list_inherited(
    tx: Transaction, account: Account, window: Window, search: KeySearch = NEWEST_FIRST, *, parent: Account | None
) -> Listing[Key]:
    """Return what the account inherits: its consortium parent's keys, then the visible global ones."""
    from_site_admin = keys.c.account_id.is_(None) & keys.c.visible
    if account.is_site_admin:
        return Listing(items=(), total=0)
    order = _order(account, search)
    if parent is None:
        return _list(tx, window, order, from_site_admin, *_wanted(search))
    owned_first = case((keys.c.account_id.is_(None), 1), else_=0)
    from_above = from_site_admin | (keys.c.account_id == parent.id)
    return _list(tx, window, (owned_first, *order), from_above, *_wanted(search))


def inherited_ids(tx: Transaction, account: Account, *, parent: Account | None) -> tuple[int, ...]:
    """Return the ids of all keys that an account inherits, or did before they were deleted."""
    if account.is_site_admin:
        return ()
    from_above = keys.c.account_id.is_(None) & keys.c.visible
    if parent is not None:
        from_above = from_above | (keys.c.account_id == parent.id)
    return tuple(tx.connection.execute(select(keys.c.id).where(from_above, ~keys.c.is_built_in)).scalars())


def inherited_and_on(
    tx: Transaction, *, owners: Sequence[int], deciders: Sequence[int], seen_by: Sequence[int]
) -> tuple[Key, ...]:
    """Return active global keys and keys of these owners that any of the deciders has on, by name.

    Hidden global keys only where one of ``seen_by`` has them on. Whose word counts is for the caller to see.
    """
    on = select(bindings.c.key_id).where(bindings.c.state == BindingState.ON)
    known = keys.c.visible | keys.c.id.in_(on.where(bindings.c.account_id.in_(seen_by)))
    from_above = (keys.c.account_id.is_(None) & known) | keys.c.account_id.in_(owners)
    chosen = select(keys).where(
        keys.c.state == KeyState.ACTIVE, ~keys.c.is_built_in, from_above,
        keys.c.id.in_(on.where(bindings.c.account_id.in_(deciders))),
    )  # fmt: skip
    found = [key_from(tx, row) for row in tx.connection.execute(chosen)]
    return tuple(sorted(found, key=lambda key: ((key.name or "").casefold(), key.id)))


def token_counts(tx: Transaction, key_ids: Sequence[int]) -> dict[int, int]:
    """Return how many tokens that are not deleted each key has."""
    rows = tx.connection.execute(
        select(tokens.c.key_id, func.count().label("many"))
        .where(tokens.c.key_id.in_(key_ids), tokens.c.state != TokenState.DELETED)
        .group_by(tokens.c.key_id)
    )
    return {row.key_id: row.many for row in rows}


def _wanted(search: KeySearch) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [] if search.key_id is None else [keys.c.id == search.key_id]
    words = search.words.strip()
    if words:
        client_id = cast(keys.c.id + global_id(0), Text)
        texts = (keys.c.name.icontains(words, autoescape=True), keys.c.email.icontains(words, autoescape=True))
        wanted.append(or_(*texts, client_id.contains(words, autoescape=True)))
    return wanted


def _order(account: Account, search: KeySearch) -> tuple[ColumnElement[Any], ...]:
    column: ColumnElement[Any]
    match search.order:
        case KeyOrder.NAME:
            column = func.lower(func.coalesce(keys.c.name, ""))
        case KeyOrder.EMAIL:
            column = func.lower(func.coalesce(keys.c.email, ""))
        case KeyOrder.TOKENS:
            mine = (tokens.c.key_id == keys.c.id) & (tokens.c.state != TokenState.DELETED)
            column = select(func.count()).where(mine).scalar_subquery()
        case KeyOrder.STATE:
            own = (bindings.c.key_id == keys.c.id) & (bindings.c.account_id == account.id)
            column = func.coalesce(select(bindings.c.state).where(own).scalar_subquery(), "")
        case KeyOrder.CLIENT_ID:
            return (keys.c.id.desc() if search.is_descending else keys.c.id.asc(),)
    return (column.desc() if search.is_descending else column.asc(), keys.c.id.desc())


def _list(
    tx: Transaction, window: Window, order: Sequence[ColumnElement[Any]], *where: ColumnElement[bool]
) -> Listing[Key]:
    chosen = select(keys).where(keys.c.state != KeyState.DELETED, *where)
    return listing(tx, chosen, window, order=order, make=lambda row: key_from(tx, row))
