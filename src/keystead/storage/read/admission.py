"""Is a key on anywhere on this host? What the authorization endpoint asks before it asks a person."""

from keystead.core.accounts import Account
from keystead.core.bindings import resolve, serves
from keystead.core.key_policies import expiry_of
from keystead.core.keys import Key
from keystead.gateway.facts import Cluster
from keystead.storage.gathering import policies_in_force
from keystead.storage.lookups import TransactionLookups
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import bindings as read_bindings
from keystead.storage.transaction import Transaction


def is_admitted(tx: Transaction, key: Key, domain_root: Account, cluster: Cluster) -> bool:
    """Whether the key is active and on in the domain's root account, or in any account below it, and has not expired.

    Each later call is decided for its own account (docs/canvas-compat.md, Bindings).
    """
    if not key.is_active or cluster.refuses(key):
        return False
    bindings = read_bindings.bindings_of(tx, key.id)
    site = read_accounts.site_admin(tx)
    home = read_accounts.path_to(tx, domain_root)
    if not serves(key, home) or has_expired(tx, key, domain_root):
        return False
    governing = resolve(key, home, bindings, site.id)
    if governing is not None and governing.is_on:
        return True
    for account_id, binding in bindings.items():
        account = read_accounts.find_account(tx, account_id) if binding.is_on else None
        if account is None or account.root_id != domain_root.id:
            continue
        found = resolve(key, read_accounts.path_to(tx, account), bindings, site.id)
        if found is not None and found.is_on:
            return True
    return False


def has_expired(tx: Transaction, key: Key, domain_root: Account) -> bool:
    """Whether somebody with a say in the domain's root account has laid down that the key has expired."""
    path, site = read_accounts.path_to(tx, domain_root), read_accounts.site_admin(tx)
    expires_at = expiry_of(policies_in_force(TransactionLookups(tx), key, path, domain_root, site))
    return expires_at is not None and expires_at <= tx.now
