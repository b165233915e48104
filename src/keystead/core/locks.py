"""Who decides about a key instead of an account, and since when? (docs/canvas-compat.md, Locks)"""

from collections.abc import Mapping
from dataclasses import dataclass

from keystead.core.accounts import Account, AccountPath
from keystead.core.bindings import Binding
from keystead.core.instants import Instant
from keystead.core.keys import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Who decided instead of this account, and when. ``account_name`` is None for a consortium that has gone."""

    account_name: str | None
    at: Instant | None = None


def lock_of(
    key: Key, path: AccountPath, binding: Binding | None, decided: Mapping[int, Instant], site: Account
) -> Lock | None:
    """Return who decides instead of ``path.account``, None when it may decide.

    ``binding`` is the governing one, ``decided`` says when bindings were set, ``site`` is Site Admin.
    """
    account, names = path.account, {one.id: one.name for one in (site, *path.chain)}
    above_id = path.root.consortium_parent_id
    if above_id is not None and key.account_id != account.root_id:
        is_theirs = binding is not None and binding.account_id == above_id and above_id in names
        at = decided.get(binding.id) if binding is not None and is_theirs else None
        return Lock(account_name=names.get(above_id), at=at)
    if binding is None or not binding.state.is_explicit or binding.account_id == account.id:
        return None
    holder = names.get(binding.account_id)
    return None if holder is None else Lock(account_name=holder, at=decided.get(binding.id))
