"""Which account's decision governs a key here? The table of docs/canvas-compat.md, Bindings, written once."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from keystead.core.accounts import AccountPath
from keystead.core.ids import AccountId, KeyId
from keystead.core.keys import Key


class BindingState(StrEnum):
    """An account's decision about a key. ``allow`` is no opinion: look further down the tree."""

    ON = "on"
    OFF = "off"
    ALLOW = "allow"

    @property
    def is_explicit(self) -> bool:
        """Whether the account has decided."""
        return self is not BindingState.ALLOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One account's decision about one key."""

    id: int
    account_id: AccountId
    key_id: KeyId
    state: BindingState

    @property
    def is_on(self) -> bool:
        """Whether this decision admits."""
        return self.state is BindingState.ON


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingMade:
    """The account had no binding and now has one."""

    state: BindingState


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingChanged:
    """The account's decision is another one now."""

    before: BindingState
    state: BindingState


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """The account had already decided so."""

    state: BindingState


def change(current: Binding | None, wanted: BindingState) -> BindingMade | BindingChanged | Unchanged:
    """Return what setting ``wanted`` means for an account that now holds ``current``."""
    if current is None:
        return BindingMade(state=wanted)
    if current.state is wanted:
        return Unchanged(state=wanted)
    return BindingChanged(before=current.state, state=wanted)


def resolve(
    key: Key, path: AccountPath, bindings: Mapping[AccountId, Binding], site_admin_id: AccountId
) -> Binding | None:
    """Return the binding of ``key`` that governs in ``path.account``, None when no account has said anything.

    ``bindings`` holds the key's bindings by account; accounts outside the path do not matter. In order: Site Admin's
    explicit decision about a global key; the highest explicit decision of the path; the nearest ``allow``.
    """
    if key.is_global:
        from_site_admin = bindings.get(site_admin_id)
        if from_site_admin is not None and from_site_admin.state.is_explicit:
            return from_site_admin
    for account_id in reversed(path.ids):
        binding = bindings.get(account_id)
        if binding is not None and binding.state.is_explicit:
            return binding
    for account_id in path.ids:
        binding = bindings.get(account_id)
        if binding is not None:
            return binding
    return None


def serves(key: Key, path: AccountPath) -> bool:
    """Whether the key may be meant for this account at all: it is global, or its owner is in the path."""
    return key.account_id is None or key.account_id in path.ids
