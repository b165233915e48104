"""Which keys may somebody ask about from an account, and whose numbers are they shown?"""

from keystead.actions import permits
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.errors import NotFound
from keystead.core.keys import Key
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import bindings as read_bindings
from keystead.storage.read import keys as read_keys
from keystead.storage.transaction import Transaction


def key_seen_from(tx: Transaction, account: Account, key_id: int | None, *, acting: Actor) -> Key:
    """Return a key, deleted ones too, that a root account owns or inherits.

    Raises NotFound for accounts below a root account, whose calls are not told apart, and for keys of others; Forbidden
    for people who may not see keys there.
    """
    if not account.is_root:
        raise NotFound
    permits.require(tx, acting, Right.VIEW_DEVELOPER_KEYS, account)
    key = read_keys.find_key(tx, key_id)
    if key is None:
        raise NotFound
    may_know = account.is_site_admin or _is_published(tx, key, account)
    if not may_know:
        raise NotFound
    return key


def _is_published(tx: Transaction, key: Key, account: Account) -> bool:
    """Whether a key is the account's own or its consortium's, or a global one that it can see, has decided about, or
    that is on everywhere.
    """
    if not key.is_global:
        return key.account_id in read_accounts.path_to(tx, account).ids
    said = read_bindings.bindings_of(tx, key.id)
    above = said.get(read_accounts.site_admin(tx).id)
    return key.visible or account.id in said or (above is not None and above.is_on)


def roots_shown(account: Account) -> tuple[int, ...] | None:
    """Return the root accounts whose numbers are shown: an institution's own; all of them to Site Admin."""
    return None if account.is_site_admin else (account.id,)
