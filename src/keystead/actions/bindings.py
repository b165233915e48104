"""Changes an account's decision about a key."""

from keystead.actions import gates, permits
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.bindings import Binding, BindingChanged, BindingMade, BindingState, Unchanged, change
from keystead.core.errors import NotFound
from keystead.core.keys import Key, KeyState
from keystead.core.risk import Find
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import bindings as read_bindings
from keystead.storage.read import keys as read_keys
from keystead.storage.transaction import Transaction
from keystead.storage.write import bindings as write_bindings
from keystead.storage.write.changes import record


def set_state(
    tx: Transaction,
    account: Account,
    key_id: int | None,
    state: BindingState,
    *,
    acting: Actor,
    because: str | None,
    find: Find | None = None,
    batch_id: int | None = None,
) -> tuple[Binding, BindingMade | BindingChanged | Unchanged]:
    """Set what an account says about a key; return its binding and what that changed.

    ``find`` looks a scope up, to tell the key's risk; without it a key counts as one of critical risk where the
    account's rules block. ``batch_id`` names what it is done together with. Raises what ``get_for_binding`` raises,
    and GateClosed.
    """
    key = get_for_binding(tx, account, key_id, acting=acting)
    before = read_bindings.find_binding(tx, account.id, key.id, for_change=True)
    outcome = change(before, state)
    if state is BindingState.ON and not isinstance(outcome, Unchanged):
        gates.require_open(tx, account, key, find)
    binding, made = write_bindings.ensure_binding(tx, account.id, key.id, state)
    if before is None and not made:
        outcome = change(binding, state)
    if isinstance(outcome, BindingChanged):
        write_bindings.update_binding(tx, binding.id, state)
    if not isinstance(outcome, Unchanged):
        record(
            tx,
            "binding.set",
            "key",
            key.id,
            acting=acting,
            account_id=account.id,
            before={"workflow_state": outcome.before} if isinstance(outcome, BindingChanged) else None,
            after={"workflow_state": state} | ({} if batch_id is None else {"batch_id": batch_id}),
            because=because,
        )
    return Binding(id=binding.id, account_id=account.id, key_id=key.id, state=state), outcome


def get_for_binding(tx: Transaction, account: Account, key_id: int | None, *, acting: Actor) -> Key:
    """Return a key about which the person acting may decide for the account, held until the transaction ends.

    The order of the checks is Canvas's (docs/canvas-compat.md, Bindings): the right, Site Admin's own right, then
    whether the key is to be had here. Raises Forbidden or NotFound.
    """
    permits.require(tx, acting, Right.SWITCH_DEVELOPER_KEYS, account)
    permits.require_site_admin_keys(tx, acting, account)
    key = read_keys.find_key(tx, key_id, for_change=True)
    if key is None or not _is_to_be_had(tx, key, account):
        raise NotFound
    return key


def _is_to_be_had(tx: Transaction, key: Key, account: Account) -> bool:
    """Whether the account may say anything about the key; a consortium child only about its own keys."""
    if key.state is KeyState.DELETED:
        return False
    path = read_accounts.path_to(tx, account)
    if path.is_consortium_child and not (key.account_id is not None and key.account_id == account.root_id):
        return False
    if key.is_global:
        return key.is_active
    return key.account_id in path.ids
