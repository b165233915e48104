"""Makes, changes, deletes developer keys and replaces their secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

from keystead.actions import permits
from keystead.core.accounts import Account, Policy
from keystead.core.actors import Actor, Right
from keystead.core.bindings import BindingState
from keystead.core.errors import Invalid, Malformed, NotFound
from keystead.core.ids import KeyId
from keystead.core.keys import Key, KeyState, problems_of
from keystead.core.throttle import Limits, told
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.transaction import Transaction
from keystead.storage.vault import new_token
from keystead.storage.write import bindings as write_bindings
from keystead.storage.write import keys as write_keys
from keystead.storage.write import tokens as write_tokens
from keystead.storage.write.changes import record


class ScopeCatalogue(Protocol):
    """What this module must know of the scope catalogue."""

    def unknown(self, scopes: Sequence[str]) -> Sequence[str]:
        """Return those scopes that no key may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChange:
    """What is wanted of a key: new values by attribute, and perhaps an event (``activate``, ``deactivate``)."""

    values: Mapping[str, Any]
    event: str | None = None


_EVENTS = {
    "deactivate": (KeyState.ACTIVE, KeyState.INACTIVE),
    "activate": (KeyState.INACTIVE, KeyState.ACTIVE),
}
_SECRETS = ("secret", "secret_made_at", "former_secret", "former_secret_until")
_UNSPOKEN = (*_SECRETS, "id", "created_at", "updated_at", "account_id", "state", "is_built_in")


def create(
    tx: Transaction,
    account: Account,
    values: Mapping[str, Any],
    *,
    catalogue: ScopeCatalogue,
    acting: Actor,
    because: str | None,
) -> Key:
    """Make a key owned by a root account (by none when it is Site Admin), with one binding in it, off.

    The caller has settled that ``acting`` may. Raises Forbidden, NotFound for a sub-account, Invalid.
    """
    permits.require_site_admin_keys(tx, acting, account)
    if not account.is_root:
        raise NotFound
    owner = None if account.is_site_admin else account.id
    blank = Key(
        id=KeyId(0),
        account_id=owner,
        state=KeyState.ACTIVE,
        secret=new_token(),
        visible=not account.is_site_admin,
        created_at=tx.now,
        updated_at=tx.now,
    )
    key = _checked(replace(blank, **values), catalogue)
    key = replace(key, id=write_keys.insert_key(tx, _columns(key)))
    write_bindings.ensure_binding(tx, account.id, key.id, BindingState.OFF)
    record(
        tx, "key.created", "key", key.id, acting=acting, account_id=account.id, after=_spoken(key), because=because
    )  # fmt: skip
    return key


def update(
    tx: Transaction,
    key: Key,
    wanted: KeyChange,
    *,
    catalogue: ScopeCatalogue,
    acting: Actor,
    because: str | None,
) -> Key:
    """Change a key. Losing a scope ends every token of the key. Raises Malformed for an event out of turn, Invalid."""
    owner = owner_of(tx, key)
    changed = replace(key, **wanted.values)
    if wanted.event is not None:
        changed = replace(changed, state=_after(key, wanted.event))
    changed = replace(_checked(changed, catalogue, held=key.scopes), updated_at=tx.now)
    before, after = _difference(key, changed)
    if not after:
        return key
    write_keys.update_key(tx, key.id, {name: getattr(changed, name) for name in after})
    ended = write_tokens.delete_of_key(tx, key.id) if set(key.scopes) - set(changed.scopes) else 0
    record(
        tx,
        "key.updated",
        "key",
        key.id,
        acting=acting,
        account_id=owner.id,
        before=_plain(before),
        after=_plain(after) | ({"tokens_ended": ended} if ended else {}),
        because=because,
    )
    return changed


def delete(tx: Transaction, key: Key, *, acting: Actor, because: str | None) -> Key:
    """Delete a key and its bindings. Its tokens stop because it is no longer active."""
    if key.is_built_in:
        raise Malformed("Please never delete the default developer key")
    write_keys.update_key(tx, key.id, {"state": KeyState.DELETED})
    write_bindings.delete_of_key(tx, key.id)
    record(
        tx,
        "key.deleted",
        "key",
        key.id,
        acting=acting,
        account_id=owner_of(tx, key).id,
        before={"workflow_state": key.state},
        after={"workflow_state": KeyState.DELETED},
        because=because,
    )
    return replace(key, state=KeyState.DELETED, updated_at=tx.now)


def owner_of(tx: Transaction, key: Key) -> Account:
    """Return the account that owns the key; Site Admin when none does."""
    if key.account_id is None:
        return read_accounts.site_admin(tx)
    return read_accounts.get_account(tx, key.account_id)


def get_for_change(tx: Transaction, key_id: int | None, domain_root: Account, *, acting: Actor) -> Key:
    """Return a key that the person acting may change, held until the transaction ends.

    In Canvas's order: the key is there, the right on its owner, Site Admin's own right, the optional rule that keys
    are managed on their own domain. Raises NotFound, Forbidden.
    """
    key = read_keys.get_key(tx, key_id, for_change=True)
    owner = owner_of(tx, key)
    permits.require(tx, acting, Right.MANAGE_DEVELOPER_KEYS, owner)
    permits.require_site_admin_keys(tx, acting, owner)
    require_own_domain(owner, domain_root)
    return key


def require_owner(tx: Transaction, account: Account, domain_root: Account, *, acting: Actor) -> None:
    """Raise unless the account may be given a new key by the person acting, who holds the right to manage keys.

    In Canvas's order: Site Admin's own right, being a root account, the optional rule about domains.
    """
    permits.require_site_admin_keys(tx, acting, account)
    if not account.is_root:
        raise NotFound
    require_own_domain(account, domain_root)


def require_own_domain(owner: Account, domain_root: Account) -> None:
    """Raise ForbiddenPlainly when the owner's keys may be managed on its own host only, and this is another."""
    if Policy.OWN_DOMAIN_ONLY in owner.policies and owner.id != domain_root.id:
        raise permits.ForbiddenPlainly(permits.OTHER_DOMAIN)


def _after(key: Key, event: str) -> KeyState:
    if event not in _EVENTS:
        raise Malformed("event must be activate or deactivate")
    before, after = _EVENTS[event]
    if key.is_built_in and after is not KeyState.ACTIVE:
        raise Malformed("Please never delete the default developer key")
    if key.state is not before:
        raise Malformed(f"cannot {event} a key that is {key.state}")
    return after


def _checked(key: Key, catalogue: ScopeCatalogue, *, held: Sequence[str] = ()) -> Key:
    """Return the key as it may be stored. Scopes that it ``held`` before may stay when their API is described no more.

    Else a key could not even be deactivated once a scope of it has gone. Raises Invalid.
    """

    def unknown(scopes: Sequence[str]) -> Sequence[str]:
        return [scope for scope in catalogue.unknown(scopes) if scope not in held]

    problems = problems_of(key, unknown_scopes=unknown)
    if problems:
        raise Invalid(problems)
    if key.public_jwk is not None or key.public_jwk_url is not None:
        return replace(key, require_scopes=True)
    return key


def _columns(key: Key) -> dict[str, Any]:
    return {field.name: getattr(key, field.name) for field in fields(key) if field.name != "id"}


def _difference(old: Key, new: Key) -> tuple[dict[str, Any], dict[str, Any]]:
    names = [
        field.name
        for field in fields(old)
        if field.name not in ("updated_at", *_SECRETS) and getattr(old, field.name) != getattr(new, field.name)
    ]
    return {name: getattr(old, name) for name in names}, {name: getattr(new, name) for name in names}


def _spoken(key: Key) -> dict[str, Any]:
    return _plain({field.name: getattr(key, field.name) for field in fields(key) if field.name not in _UNSPOKEN})


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in values.items()}


def _plain_value(value: Any) -> Any:
    match value:
        case tuple():
            return list(value)
        case Limits():
            return told(value)
        case _:
            return value
