"""Draws notices from the audit as it grows, and tells whose they are."""

from typing import Final

from keystead.core.accounts import Account
from keystead.core.instants import Instant
from keystead.core.notices import Draft, Happened, drafts_of
from keystead.storage.notices import Addressee, Notices
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read.audit import AuditEntry, sealed_after
from keystead.storage.transaction import Database, Transaction

_AT_ONCE: Final = 200


def draw_notices(database: Database, store: Notices) -> int:
    """Draw the notices of what the audit has gained since the last time; return how many. Rivals do each entry once."""
    drawn = 0
    while True:
        before = store.progress()
        with database.read() as tx:
            gained = sealed_after(tx, before, most=_AT_ONCE)
            drafts = [found for _, entry in gained for found in _drafts(tx, entry)]
        if not gained:
            return drawn
        if not store.keep(drafts, before=before, now=gained[-1][0]):
            return drawn
        drawn += len(drafts)


def addressee(tx: Transaction, account: Account) -> Addressee:
    """Return whose notices a root account's administrators read."""
    parent = read_accounts.find_account(tx, account.consortium_parent_id)
    return Addressee(account_id=account.id, inherited=read_keys.inherited_ids(tx, account, parent=parent))


def _drafts(tx: Transaction, entry: AuditEntry) -> list[tuple[int, int, Instant, Draft]]:
    key = read_keys.find_key(tx, entry.subject_id) if entry.subject == "key" else None
    if key is None:
        return []
    place = read_accounts.find_account(tx, entry.account_id)
    happened = Happened(
        audit_id=entry.id,
        action=entry.action,
        key_id=key.id,
        key_name=key.name,
        root_id=None if place is None else place.root_id,
        owner_id=key.account_id,
        has_heirs=place is not None and _decides_for_others(tx, place, key.account_id),
        before=entry.before or {},
        after=entry.after or {},
        because=entry.because,
        person=entry.user_name,
    )
    return [(entry.id, key.id, entry.at, draft) for draft in drafts_of(happened)]


def _decides_for_others(tx: Transaction, place: Account, owner_id: int | None) -> bool:
    if owner_id is None:
        return place.is_site_admin
    return place.id == owner_id and read_accounts.has_consortium_children(tx, place)
