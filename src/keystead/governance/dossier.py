"""What is known of a key, as one institution sees it: whose it is, what it may do, who decided, and what is noted."""

from dataclasses import dataclass

from keystead.actions.keys import owner_of
from keystead.core.accounts import Account
from keystead.core.bindings import BindingState, resolve
from keystead.core.catalogue import Catalogue
from keystead.core.grants import GrantLine, grants_of
from keystead.core.instants import Instant
from keystead.core.keys import Key
from keystead.core.reach import Reach, reach_of
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import bindings as read_bindings
from keystead.storage.read.audit import AuditEntry, AuditSearch, list_entries
from keystead.storage.read.key_notes import KeyNote, find_note
from keystead.storage.read.pages import Window
from keystead.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one account says about a key, and since when. The one that ``governs`` counts."""

    account_id: int
    account_name: str
    state: BindingState
    at: Instant | None
    governs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """All of it. ``decisions`` go from the highest account down to this one; ``asked_by`` and ``made_at`` tell who made
    the key, where this institution may know. Without enforced scopes ``reach`` and ``grants`` are empty: everything is.
    """

    key: Key
    account: Account
    owner_name: str
    is_own: bool
    reach: Reach
    grants: tuple[GrantLine, ...]
    decisions: tuple[Decision, ...]
    state: BindingState
    note: KeyNote | None
    made_by: str | None
    changes: tuple[AuditEntry, ...]


def dossier_of(tx: Transaction, key: Key, account: Account, *, catalogue: Catalogue) -> Dossier:
    """Return what is known of a key that a root account owns or inherits; ``governance.sight`` says which do."""
    path, site = read_accounts.path_to(tx, account), read_accounts.site_admin(tx)
    bindings = read_bindings.bindings_of(tx, key.id)
    governing = resolve(key, path, bindings, site.id)
    is_own = key.account_id == (None if account.is_site_admin else account.id)
    places = {one.id: one for one in ((site,) if key.is_global else ()) + tuple(reversed(path.chain))}
    decided = read_bindings.decided_at(tx, [one.id for one in bindings.values()])
    decisions = tuple(
        Decision(
            account_id=place.id,
            account_name=place.name,
            state=bindings[place.id].state,
            at=decided.get(bindings[place.id].id),
            governs=governing is not None and governing.account_id == place.id,
        )
        for place in places.values()
        if place.id in bindings
    )
    here = AuditSearch(account_ids=None if account.is_site_admin else (account.id,), key_id=key.id)
    entries = list_entries(tx, here, Window(limit=200)).items
    about = [one for one in entries if one.subject == "key" and one.subject_id == key.id]
    made = next((one for one in about if one.action == "key.created"), None)
    scopes = key.scopes if key.require_scopes else ()
    return Dossier(
        key=key,
        account=account,
        owner_name=owner_of(tx, key).name,
        is_own=is_own,
        reach=reach_of(scopes, catalogue.find),
        grants=grants_of(scopes, catalogue.find),
        decisions=decisions,
        state=BindingState.OFF if governing is None else governing.state,
        note=find_note(tx, account.id, key.id),
        made_by=None if made is None else made.user_name,
        changes=tuple(about[:10]),
    )
