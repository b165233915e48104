"""Switches a key off in an account without anybody having asked, as the system itself."""

from collections.abc import Mapping
from typing import Any

from keystead.core.accounts import Account
from keystead.core.bindings import Binding, BindingState, resolve, serves
from keystead.core.keys import Key
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import bindings as read_bindings
from keystead.storage.transaction import Transaction
from keystead.storage.write import bindings as write_bindings
from keystead.storage.write.changes import record


def is_used(tx: Transaction, key: Key, account: Account) -> bool:
    """Whether a key is on in a root account, or in any account below it."""
    if not key.is_active or not serves(key, read_accounts.path_to(tx, account)):
        return False
    governing = _governing(tx, key, account)
    if governing is not None and governing.state.is_explicit:
        return governing.is_on
    return any(
        binding.is_on and (account.is_site_admin or _stands_below(tx, account_id, account))
        for account_id, binding in read_bindings.bindings_of(tx, key.id).items()
    )


def switch_off(
    tx: Transaction, key: Key, account: Account, action: str, *, after: Mapping[str, Any], because: str
) -> bool:
    """Switch a key off in a root account with an audit entry; False when it is not that account's to switch.

    Nothing happens to a key that is off already, nor to one that somebody above has decided about. It is turned on
    again like any other key.
    """
    governing = _governing(tx, key, account)
    if not is_used(tx, key, account) or (
        governing is not None and governing.state.is_explicit and governing.account_id != account.id
    ):
        return False
    held, is_made = write_bindings.ensure_binding(tx, account.id, key.id, BindingState.OFF)
    if not is_made:
        if held.state is BindingState.OFF:
            return False
        write_bindings.update_binding(tx, held.id, BindingState.OFF)
    record(
        tx, action, "key", key.id, acting=None, account_id=account.id,
        before=None if is_made else {"workflow_state": held.state},
        after={"workflow_state": BindingState.OFF, **after}, because=because,
    )  # fmt: skip
    return True


def _governing(tx: Transaction, key: Key, account: Account) -> Binding | None:
    path, site = read_accounts.path_to(tx, account), read_accounts.site_admin(tx)
    return resolve(key, path, read_bindings.bindings_of(tx, key.id), site.id)


def _stands_below(tx: Transaction, account_id: int, root: Account) -> bool:
    found = read_accounts.find_account(tx, account_id)
    return found is not None and found.root_id == root.id
