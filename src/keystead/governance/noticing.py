"""Draws notices from the audit as it grows, and tells whose they are."""

from typing import Final

from keystead.actions import permits
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.instants import Instant
from keystead.core.notices import Draft, Happened, RequestHappened, drafts_of, drafts_of_request
from keystead.governance.requests import require_person, sees_all
from keystead.storage.notices import Addressee, Notices
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read import requests as read_requests
from keystead.storage.read.audit import AuditEntry, sealed_after
from keystead.storage.read.subscriptions import Subscription, list_subscriptions
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


def whose_notices(tx: Transaction, account: Account, *, acting: Actor) -> Addressee:
    """Return whose notices somebody reads: the account's, who sees its keys; others those about their own requests.

    Raises NotFound, Forbidden.
    """
    if sees_all(tx, account, acting=acting):
        return addressee(tx, account)
    require_person(tx, account, acting)
    return Addressee(account_id=account.id, user_id=acting.answerable_id)


def served(tx: Transaction, account: Account, subscription: Subscription) -> Addressee:
    """Return whose notices go to a subscription of the account."""
    if subscription.is_personal:
        return Addressee(account_id=account.id, user_id=subscription.user_id)
    return addressee(tx, account)


def seen_subscriptions(
    tx: Transaction, account: Account, whose: Addressee, *, acting: Actor
) -> tuple[Subscription, ...]:  # fmt: skip
    """Return where notices go, as far as it is somebody's business: their own, and the account's if they may set them.

    The address of a webhook may be a secret of its own.
    """
    manages = whose.user_id is None and permits.holds(tx, acting, Right.MANAGE_DEVELOPER_KEYS, account)
    return tuple(
        one
        for one in list_subscriptions(tx, account.id)
        if (one.user_id == acting.user_id if one.is_personal else manages)
    )


def _drafts(tx: Transaction, entry: AuditEntry) -> list[tuple[int, int | None, Instant, Draft]]:
    if entry.subject == "request":
        return [(entry.id, None, entry.at, draft) for draft in _of_request(tx, entry)]
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


def _of_request(tx: Transaction, entry: AuditEntry) -> tuple[Draft, ...]:
    root = read_accounts.find_account(tx, entry.account_id)
    request = None if root is None else read_requests.find_request(tx, root, entry.subject_id)
    if root is None or request is None:
        return ()
    happened = RequestHappened(
        action=entry.action,
        request_id=request.id,
        name=request.manifest.name,
        scopes=request.manifest.scope_names,
        root_id=root.id,
        asker_id=request.user_id,
        by_id=entry.real_user_id or entry.user_id,
        after=entry.after or {},
        because=entry.because,
        person=entry.user_name,
    )
    return drafts_of_request(happened)


def _decides_for_others(tx: Transaction, place: Account, owner_id: int | None) -> bool:
    if owner_id is None:
        return place.is_site_admin
    return place.id == owner_id and read_accounts.has_consortium_children(tx, place)
