"""Of which changes are people told, and who? Drawn from the audit's entries; nothing else makes a notice."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

_TOLD_TO_HEIRS: Final = frozenset({"scopes", "require_scopes", "allow_includes", "name", "state", "visible"})
_TOLD_OF_POLICIES: Final = frozenset({"workflow_state", "expires_at"})
"""Heirs are told when a key was switched off from above by itself, and when it expires for all."""
_ONLY_THAT: Final = frozenset({"email", "redirect_uris", "redirect_uri"})
"""Heirs are told that these have changed, and not to what: an owner does not publish them."""


class NoticeKind(StrEnum):
    """What a notice is about. The first three are about keys from above, the others about an account's own; a request
    is told to reviewers, what they do about one to whoever made it.
    """

    INHERITED_STATE = "inherited_state"
    INHERITED_CHANGED = "inherited_changed"
    INHERITED_DELETED = "inherited_deleted"
    KEY_STATE = "key_state"
    KEY_MADE = "key_made"
    KEY_CHANGED = "key_changed"
    KEY_DELETED = "key_deleted"
    KEY_SECRET = "key_secret"  # noqa: S105  (a kind, not a secret)
    TOKENS_ENDED = "tokens_ended"
    AUTOMATIC = "automatic"
    REQUEST = "request"
    OWN_REQUEST = "own_request"


_OWN: Final[Mapping[str, NoticeKind]] = {
    "binding.set": NoticeKind.KEY_STATE,
    "key.created": NoticeKind.KEY_MADE,
    "key.updated": NoticeKind.KEY_CHANGED,
    "key.deleted": NoticeKind.KEY_DELETED,
    "key.secret_replaced": NoticeKind.KEY_SECRET,
    "key.secret_rotated": NoticeKind.KEY_SECRET,
    "key.former_secret_ended": NoticeKind.KEY_SECRET,
    "key.tokens_ended": NoticeKind.TOKENS_ENDED,
    "key.policy_set": NoticeKind.KEY_CHANGED,
}
_AUTOMATIC: Final = "policy."
_ASKER_TOLD: Final = frozenset(
    {"request.narrowed", "request.commented", "request.approved", "request.refused", "request.done"}
)
_REVIEWERS_TOLD: Final = (_ASKER_TOLD - {"request.done"}) | {"request.asked", "request.changed", "request.withdrawn"}
_OF_REQUESTS: Final = ("comment", "scopes_added", "scopes_removed", "taken_out", "put_back")


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An audit entry about a key, with what decides who is told.

    ``owner_id`` is the key's owner, None for a global key; ``root_id`` the root account of the account where it
    happened; ``has_heirs`` says that the place where it happened decides for other institutions too.
    """

    audit_id: int
    action: str
    key_id: int
    key_name: str | None
    root_id: int | None
    owner_id: int | None
    has_heirs: bool
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    because: str | None
    person: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHappened:
    """An audit entry about a request for a key, with what decides who is told. ``by_id`` is who really did it."""

    action: str
    request_id: int
    name: str
    scopes: tuple[str, ...]
    root_id: int
    asker_id: int
    by_id: int | None
    after: Mapping[str, Any]
    because: str | None
    person: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A notice to be kept: for one root account, for all that inherit a key, or for one person of a root account."""

    kind: NoticeKind
    account_id: int | None
    heirs_of: int | None
    told: Mapping[str, Any]
    user_id: int | None = None


def drafts_of(happened: Happened) -> tuple[Draft, ...]:
    """Return the notices that a change gives rise to, none for changes that nobody need be told of."""
    found: list[Draft] = []
    own = NoticeKind.AUTOMATIC if happened.action.startswith(_AUTOMATIC) else _OWN.get(happened.action)
    if own is not None and happened.root_id is not None:
        found.append(Draft(kind=own, account_id=happened.root_id, heirs_of=None, told=_told(happened, in_full=True)))
    above = _from_above(happened)
    if above is not None and happened.has_heirs:
        told = _told(happened, in_full=False)
        found.append(Draft(kind=above, account_id=None, heirs_of=happened.key_id, told=told))
    return tuple(found)


def drafts_of_request(happened: RequestHappened) -> tuple[Draft, ...]:
    """Return the notices of what happened to a request: to those who review it, and to who asked what others did."""
    after: dict[str, Any] = {"scopes": list(happened.scopes)} if happened.action == "request.asked" else {}
    after |= {name: _names(happened.after[name]) for name in _OF_REQUESTS if happened.after.get(name)}
    told = {
        "action": happened.action, "key_name": happened.name, "request_id": happened.request_id, "before": {},
        "after": after, "person": happened.person, "because": happened.because,
    }  # fmt: skip
    found: list[Draft] = []
    if happened.action in _REVIEWERS_TOLD:
        found.append(Draft(kind=NoticeKind.REQUEST, account_id=happened.root_id, heirs_of=None, told=told))
    if happened.action in _ASKER_TOLD and happened.by_id != happened.asker_id:
        found.append(
            Draft(
                kind=NoticeKind.OWN_REQUEST, account_id=happened.root_id, heirs_of=None, told=told,
                user_id=happened.asker_id,
            )
        )  # fmt: skip
    return tuple(found)


def _names(value: Any) -> Any:
    """Return scopes without the reasons that stand beside them."""
    return [one["scope"] if isinstance(one, Mapping) else one for one in value] if isinstance(value, list) else value


def _from_above(happened: Happened) -> NoticeKind | None:
    match happened.action:
        case "binding.set":
            return NoticeKind.INHERITED_STATE
        case "key.deleted":
            return NoticeKind.INHERITED_DELETED
        case "key.updated" if (_TOLD_TO_HEIRS | _ONLY_THAT) & set(happened.after):
            return NoticeKind.INHERITED_CHANGED
        case action if action.startswith(_AUTOMATIC) and _TOLD_OF_POLICIES & set(happened.after):
            return NoticeKind.INHERITED_STATE
        case _:
            return None


def _told(happened: Happened, *, in_full: bool) -> dict[str, Any]:
    """Return what a notice says. Those who only inherit a key learn neither who did it nor what is not theirs."""
    names = [name for name in happened.after if in_full or name in _TOLD_TO_HEIRS | _TOLD_OF_POLICIES]
    hidden = () if in_full else tuple(name for name in happened.after if name in _ONLY_THAT)
    told: dict[str, Any] = {
        "action": happened.action,
        "key_name": happened.key_name,
        "before": {name: happened.before.get(name) for name in names if name in happened.before},
        "after": {name: happened.after[name] for name in names} | dict.fromkeys(hidden, "changed"),
    }
    return told | ({"person": happened.person, "because": happened.because} if in_full else {})
