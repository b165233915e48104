"""Who may ask for a key, or for a change of one? Whoever signs in, unless rules forbid: asking gives nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from keystead.actions import permits
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.catalogue import Catalogue
from keystead.core.errors import Forbidden, Invalid, NotFound
from keystead.core.key_requests import KeyRequest, RequestKind, RequestState, StepKind
from keystead.core.keys import Key, KeyState
from keystead.core.manifests import (
    AskedScope,
    Manifest,
    compare,
    require_known,
    told_change,
    told_manifest,
)
from keystead.core.vetting_rules import Asking
from keystead.storage.read import keys as read_keys
from keystead.storage.read import requests as read_requests
from keystead.storage.read import users as read_users
from keystead.storage.read import vetting as read_vetting
from keystead.storage.read.pages import EVERYTHING, Listing, Window
from keystead.storage.read.requests import RequestSearch
from keystead.storage.transaction import Transaction
from keystead.storage.write import requests as write_requests
from keystead.storage.write.changes import record

MOST_OPEN: Final = 20
LONGEST_WORDS: Final = 5_000
HELD_BEFORE: Final = "Held before this request."


def ask_for_key(
    tx: Transaction,
    root: Account,
    manifest: Manifest,
    *,
    key_id: int | None,
    source: str | None,
    catalogue: Catalogue,
    acting: Actor,
    because: str | None,
) -> KeyRequest:
    """Ask for a new key, or with ``key_id`` for a key of the account to become what the manifest says.

    Raises Forbidden for people who may not ask here, NotFound for keys that are not its own, Invalid.
    """
    require_may_ask(tx, root, acting)
    if read_requests.count_open(tx, root, acting.answerable_id) >= MOST_OPEN:
        raise Invalid({"requests": [f"are at most {MOST_OPEN} at a time that wait; withdraw one first"]})
    before = None
    if key_id is not None:
        before = manifest_of(tx, root, own_key(tx, root, key_id))
    _require_sense(manifest, before, catalogue)
    values: dict[str, Any] = {
        "account_id": root.id, "kind": RequestKind.NEW if before is None else RequestKind.CHANGE,
        "state": RequestState.OPEN, "user_id": acting.answerable_id, "key_id": key_id,
        "manifest": told_manifest(manifest), "before": None if before is None else told_manifest(before),
        "taken_out": [], "source": source,
    }  # fmt: skip
    request_id = write_requests.insert_request(tx, values)
    write_requests.insert_step(tx, request_id, StepKind.ASKED, acting.answerable_id, words=_kept(because))
    after = {"kind": str(values["kind"]), "manifest": values["manifest"], "source": source, "key_id": key_id}
    note(tx, root, request_id, "request.asked", acting, because, after=after)
    return get_request(tx, root, request_id, acting=acting)


def change_manifest(
    tx: Transaction,
    root: Account,
    request_id: int,
    manifest: Manifest,
    *,
    catalogue: Catalogue,
    acting: Actor,
    because: str | None,
) -> KeyRequest:
    """Put another manifest in the place of what was asked for; what grows needs a new yes of everybody.

    While the request is open it is changed, by whoever asked. Once its key is made, a new request asks for the change.
    Raises NotFound, Forbidden, Invalid.
    """
    request = get_request(tx, root, request_id, acting=acting, for_change=True)
    if request.state is RequestState.APPROVED and request.key_id is not None:
        return ask_for_key(
            tx, root, manifest, key_id=request.key_id, source=request.source, catalogue=catalogue, acting=acting,
            because=because,
        )  # fmt: skip
    if not request.is_open:
        raise Invalid({"request": ["is not open any more"]})
    if acting.answerable_id != request.user_id:
        raise Forbidden
    _require_sense(manifest, request.before, catalogue)
    change = compare(request.manifest, manifest)
    if change.is_empty:
        return request
    kept_out = [scope for scope in request.taken_out if scope in manifest.scope_names]
    new = {"manifest": told_manifest(manifest), "taken_out": kept_out}
    write_requests.update_request(tx, request.id, new)
    told = told_change(change)
    write_requests.insert_step(
        tx, request.id, StepKind.CHANGED, acting.answerable_id, words=_kept(because), told=told
    )  # fmt: skip
    note(tx, root, request.id, "request.changed", acting, because, after=told)
    return get_request(tx, root, request.id, acting=acting)


def withdraw(
    tx: Transaction, root: Account, request_id: int, *, acting: Actor, because: str | None
) -> KeyRequest:  # fmt: skip
    """Take a request back, by whoever asked. Raises NotFound, Forbidden, Invalid."""
    request = get_request(tx, root, request_id, acting=acting, for_change=True)
    if acting.answerable_id != request.user_id:
        raise Forbidden
    if not request.is_open:
        raise Invalid({"request": ["is not open any more"]})
    write_requests.update_request(tx, request.id, {"state": RequestState.WITHDRAWN})
    write_requests.insert_step(tx, request.id, StepKind.WITHDRAWN, acting.answerable_id, words=_kept(because))
    note(tx, root, request.id, "request.withdrawn", acting, because)
    return get_request(tx, root, request.id, acting=acting)


def comment(tx: Transaction, root: Account, request_id: int, words: str, *, acting: Actor) -> KeyRequest:
    """Say something about a request, by whoever asked or reviews. Raises NotFound, Forbidden, Invalid."""
    request = get_request(tx, root, request_id, acting=acting, for_change=True)
    if acting.answerable_id != request.user_id:
        permits.require(tx, acting, Right.REVIEW_DEVELOPER_KEYS, root)
    said = words.strip()
    if not said or len(said) > LONGEST_WORDS:
        raise Invalid({"comment": [f"must be a text of at most {LONGEST_WORDS} characters"]})
    write_requests.insert_step(tx, request.id, StepKind.COMMENTED, acting.answerable_id, words=said)
    note(tx, root, request.id, "request.commented", acting, None, after={"comment": said})
    return get_request(tx, root, request.id, acting=acting)


def get_request(
    tx: Transaction, root: Account, request_id: int, *, acting: Actor, for_change: bool = False
) -> KeyRequest:
    """Return a request that somebody made, or may see. Raises NotFound for all others."""
    found = read_requests.find_request(tx, root, request_id, for_change=for_change)
    if found is None or not (found.user_id == acting.answerable_id or sees_all(tx, root, acting=acting)):
        raise NotFound
    return found


def list_requests(
    tx: Transaction, root: Account, window: Window, *, state: RequestState | None, acting: Actor
) -> Listing[KeyRequest]:
    """Return the account's requests to whoever sees its keys, to others their own. Raises Forbidden."""
    require_person(tx, root, acting)
    mine = None if sees_all(tx, root, acting=acting) else acting.answerable_id
    return read_requests.list_requests(tx, root, RequestSearch(state=state, user_id=mine), window)


def requests_of_key(tx: Transaction, root: Account, key: Key) -> tuple[KeyRequest, ...]:
    """Return every request about a key in a root account, newest first; the caller has settled who may look."""
    return read_requests.list_requests(tx, root, RequestSearch(key_id=key.id), EVERYTHING).items


def sees_all(tx: Transaction, root: Account, *, acting: Actor) -> bool:
    """Whether somebody sees everybody's requests in a root account: whoever sees its keys."""
    return permits.holds(tx, acting, Right.VIEW_DEVELOPER_KEYS, root)


def require_person(tx: Transaction, root: Account, acting: Actor) -> None:
    """Raise Forbidden unless somebody has a login in the account, or sees its keys; NotFound for sub-accounts."""
    if not root.is_root:
        raise NotFound
    if not sees_all(tx, root, acting=acting) and not read_users.has_login(tx, acting.user_id, root):
        raise Forbidden


def may_ask(tx: Transaction, root: Account, acting: Actor) -> bool:
    """Whether somebody may ask for keys of a root account: with the right to, or by its rules with a login alone."""
    if permits.holds(tx, acting, Right.REQUEST_DEVELOPER_KEYS, root):
        return True
    asks = read_vetting.rules_of(tx, root).asks
    return asks is Asking.EVERYONE and read_users.has_login(tx, acting.user_id, root)


def require_may_ask(tx: Transaction, root: Account, acting: Actor) -> None:
    """Raise Forbidden unless somebody may ask for keys of the account; NotFound for sub-accounts."""
    if not root.is_root:
        raise NotFound
    if not may_ask(tx, root, acting):
        raise Forbidden


def own_key(tx: Transaction, root: Account, key_id: int) -> Key:
    """Return a key that this very account owns. Raises NotFound."""
    key = read_keys.find_key(tx, key_id)
    owner = None if root.is_site_admin else root.id
    if key is None or key.state is KeyState.DELETED or key.is_built_in or key.account_id != owner:
        raise NotFound("There is no such key in this account.")
    return key


def manifest_of(tx: Transaction, root: Account, key: Key) -> Manifest:
    """Return what a key is now as a manifest, with the reasons that were given for its scopes."""
    approved = [one for one in requests_of_key(tx, root, key) if one.state is RequestState.APPROVED]
    reasons = {one.scope: one.reason for request in reversed(approved) for one in request.manifest.scopes}
    asked = approved[0].manifest if approved else Manifest(name="")
    scopes = tuple(AskedScope(scope=scope, reason=reasons.get(scope, HELD_BEFORE)) for scope in key.scopes)
    return replace(
        asked, name=key.name or "Unnamed Tool", contact=key.email or None, redirect_uris=key.redirect_uris,
        scopes=scopes,
    )  # fmt: skip


def with_more(manifest: Manifest, more: Sequence[AskedScope]) -> Manifest:
    """Return a manifest that asks for more scopes, those it has with their reasons kept."""
    held = set(manifest.scope_names)
    return replace(manifest, scopes=(*manifest.scopes, *(one for one in more if one.scope not in held)))


def note(
    tx: Transaction,
    root: Account,
    request_id: int,
    action: str,
    acting: Actor,
    because: str | None,
    *,
    after: dict[str, Any] | None = None,
) -> None:
    """Write the audit entry of a request."""
    record(
        tx, action, "request", request_id, acting=acting, account_id=root.id, after=after, because=because
    )  # fmt: skip


def _require_sense(manifest: Manifest, before: Manifest | None, catalogue: Catalogue) -> None:
    held = set(() if before is None else before.scope_names)
    require_known(manifest, lambda scopes: [one for one in catalogue.unknown(scopes) if one not in held])
    if not manifest.scopes:
        raise Invalid({"scopes": ["must name at least one, with its reason"]})
    if before is not None and compare(before, manifest).is_empty:
        raise Invalid({"manifest": ["asks for what the key is already"]})


def _kept(words: str | None) -> str | None:
    return None if words is None else words.strip()[:LONGEST_WORDS] or None
