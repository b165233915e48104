"""Who agrees to a request, and what follows? Enough yeses make the key, off; no request changes a key by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from keystead.actions import keys as act_keys
from keystead.actions import permits
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.catalogue import Catalogue
from keystead.core.errors import Invalid
from keystead.core.ids import UserId
from keystead.core.key_requests import (
    KeyRequest,
    RequestKind,
    RequestState,
    StepKind,
    needed_yeses,
    objection_to_yes,
)
from keystead.core.keys import Key
from keystead.core.manifests import compare, told_change
from keystead.core.risk import Risk, risk_of_scopes
from keystead.governance import vendors, vetting
from keystead.governance.requests import get_request, manifest_of, note
from keystead.storage.read import keys as read_keys
from keystead.storage.read import vetting as read_vetting
from keystead.storage.transaction import Transaction
from keystead.storage.write import requests as write_requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """How a request stands: the risk of what it would make, and whose agreement it needs."""

    request: KeyRequest
    risk: Risk
    needed: int

    @property
    def missing(self) -> int:
        """How many must still agree."""
        return max(0, self.needed - len(self.request.agreed))


def review_of(tx: Transaction, root: Account, request: KeyRequest, catalogue: Catalogue) -> Review:
    """Return how a request stands by the account's rules."""
    (review,) = reviews_of(tx, root, (request,), catalogue)
    return review


def reviews_of(
    tx: Transaction, root: Account, requests: Iterable[KeyRequest], catalogue: Catalogue
) -> tuple[Review, ...]:  # fmt: skip
    """Return how each of these requests stands; the rules are read once."""
    rules = read_vetting.rules_of(tx, root)
    found = []
    for request in requests:
        risk = risk_of_scopes(request.effective.scope_names, rules.table, catalogue.find)
        needed = needed_yeses(request, two_people=risk.level in rules.two_people)
        found.append(Review(request=request, risk=risk, needed=needed))
    return tuple(found)


def narrow(
    tx: Transaction, root: Account, request_id: int, kept: Iterable[str], *, acting: Actor, because: str | None
) -> KeyRequest:
    """Let only some of the scopes that are asked for stand; a reviewer can put one back later.

    Raises NotFound, Forbidden, Invalid.
    """
    request = _held(tx, root, request_id, acting, Right.REVIEW_DEVELOPER_KEYS)
    wanted = set(kept)
    names = request.manifest.scope_names
    if unknown := wanted - set(names):
        raise Invalid({"scopes": [f"{min(unknown)} is not asked for"]})
    if not wanted:
        raise Invalid({"scopes": ["must keep at least one; refuse the request otherwise"]})
    taken_out = [scope for scope in names if scope not in wanted]
    if tuple(taken_out) == request.taken_out:
        return request
    put_back = [scope for scope in request.taken_out if scope not in taken_out]
    told: dict[str, Any] = {"taken_out": taken_out, "put_back": put_back, "grew": bool(put_back)}
    write_requests.update_request(tx, request.id, {"taken_out": taken_out})
    kind = StepKind.CHANGED if put_back else StepKind.NARROWED
    write_requests.insert_step(tx, request.id, kind, acting.answerable_id, words=because, told=told)
    note(tx, root, request.id, "request.narrowed", acting, because, after=told)
    return get_request(tx, root, request.id, acting=acting)


def approve(
    tx: Transaction, root: Account, request_id: int, *, catalogue: Catalogue, acting: Actor, because: str | None
) -> KeyRequest:
    """Agree to a request. The last yes that is needed makes the key, off, or changes it.

    Raises NotFound, Forbidden, Invalid when this person's yes does not count.
    """
    request = _held(tx, root, request_id, acting, Right.APPROVE_DEVELOPER_KEYS)
    _require_unchanged_key(tx, root, request)
    person = UserId(acting.answerable_id)
    review = review_of(tx, root, request, catalogue)
    if (objection := objection_to_yes(request, person, review.needed)) is not None:
        raise Invalid({"request": [objection]})
    write_requests.insert_step(tx, request.id, StepKind.APPROVED, person, words=because)
    told: dict[str, Any] = {"risk": str(review.risk.level), "needed": review.needed}
    note(tx, root, request.id, "request.approved", acting, because, after=told)
    agreed = get_request(tx, root, request.id, acting=acting)
    if review_of(tx, root, agreed, catalogue).missing:
        return agreed
    key = _make(tx, root, agreed, catalogue, acting, because)
    write_requests.update_request(tx, request.id, {"state": RequestState.APPROVED, "key_id": key.id})
    write_requests.insert_step(tx, request.id, StepKind.DONE, None, told={"key_id": key.id})
    note(tx, root, request.id, "request.done", acting, because, after={"key_id": key.id})
    return get_request(tx, root, request.id, acting=acting)


def refuse(
    tx: Transaction, root: Account, request_id: int, *, acting: Actor, because: str | None
) -> KeyRequest:  # fmt: skip
    """Turn a request down, with the reason that whoever asked will read. Raises NotFound, Forbidden, Invalid."""
    request = _held(tx, root, request_id, acting, Right.APPROVE_DEVELOPER_KEYS)
    if not (because or "").strip():
        raise Invalid({"because": ["must say why"]})
    write_requests.update_request(tx, request.id, {"state": RequestState.REFUSED})
    write_requests.insert_step(tx, request.id, StepKind.REFUSED, acting.answerable_id, words=because)
    note(tx, root, request.id, "request.refused", acting, because)
    return get_request(tx, root, request.id, acting=acting)


def _held(tx: Transaction, root: Account, request_id: int, acting: Actor, right: Right) -> KeyRequest:
    """Return an open request for somebody with the right, held until the transaction ends."""
    request = get_request(tx, root, request_id, acting=acting, for_change=True)
    permits.require(tx, acting, right, root)
    permits.require_site_admin_keys(tx, acting, root)
    if not request.is_open:
        raise Invalid({"request": ["is not open any more"]})
    return request


def _require_unchanged_key(tx: Transaction, root: Account, request: KeyRequest) -> None:
    """Raise Invalid when the key is no more what it was when its change was asked for: the yes would be to another."""
    if request.before is None:
        return
    key = read_keys.get_key(tx, request.key_id, for_change=True)
    change = compare(request.before, manifest_of(tx, root, key))
    if change.grew or change.scopes_removed or change.uris_removed:
        raise Invalid({"request": ["asks for a change of a key that has changed since; it must be asked anew"]})


def _make(
    tx: Transaction, root: Account, request: KeyRequest, catalogue: Catalogue, acting: Actor, because: str | None
) -> Key:
    wanted = request.effective
    values: dict[str, Any] = {
        "name": wanted.name, "email": wanted.contact, "redirect_uris": wanted.redirect_uris,
        "scopes": wanted.scope_names,
    }  # fmt: skip
    if request.kind is RequestKind.NEW:
        made = act_keys.create(
            tx, root, values | {"require_scopes": True, "auto_expire_tokens": True}, catalogue=catalogue,
            acting=acting, because=because,
        )  # fmt: skip
        _note_vendor(tx, root, made, wanted.vendor, acting, because)
        return made
    key = read_keys.get_key(tx, request.key_id, for_change=True)
    change = request.change
    told = {} if change is None else told_change(change)
    changed = {
        "scopes": bool(told.get("scopes_added") or told.get("scopes_removed")),
        "redirect_uris": bool(told.get("redirect_uris_added") or told.get("redirect_uris_removed")),
        "name": request.before is not None and request.before.name != wanted.name,
        "email": request.before is not None and request.before.contact != wanted.contact,
    }
    meant = {name: value for name, value in values.items() if changed[name]}
    return act_keys.update(
        tx, key, act_keys.KeyChange(values=meant), catalogue=catalogue, acting=acting, because=because
    )  # fmt: skip


def _note_vendor(
    tx: Transaction, root: Account, key: Key, name: str | None, acting: Actor, because: str | None
) -> None:
    """Begin the vetting record of a new key with the vendor that its manifest names."""
    if name is None:
        return
    vendor = read_vetting.vendor_named(tx, root, name) or vendors.keep_vendor(
        tx, root, {"name": name}, acting=acting, because=because
    )
    vetting.keep_about(tx, root, key, {"vendor_id": vendor.id}, acting=acting, because=because)
