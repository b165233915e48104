"""Takes notices to where people want them: by e-mail, and by signed webhooks that are tried again."""

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from keystead.actions.subscriptions import EMAIL
from keystead.core.credentials import Secret
from keystead.core.instants import DAY, HOUR, MINUTE, SECOND, Instant, iso
from keystead.core.notices import NoticeKind
from keystead.governance.noticing import served
from keystead.storage.notices import Addressee, Delivery, Notice, Notices
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read.subscriptions import Subscription, list_subscriptions
from keystead.storage.transaction import Database

SIGNATURE: Final = "Keystead-Signature"
_AT_ONCE: Final = 100
_LEASE: Final = 2 * MINUTE
_SOONEST: Final = 5 * SECOND
_WAITS: Final = (MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 6 * HOUR, DAY)


class DeliveryFailed(Exception):  # noqa: N818  (says what is the case)
    """Nothing arrived; the message says why, and may be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Couriers:
    """Who carries things out of the house: each raises DeliveryFailed. ``mail`` is None when there is no mail server.

    ``mail`` takes address, subject and text; ``webhook`` an address, the octets and the headers.
    """

    webhook: Callable[[str, bytes, dict[str, str]], None]
    mail: Callable[[str, str, str], None] | None = None


def deliver(database: Database, store: Notices, couriers: Couriers) -> int:
    """Serve every subscription whose time has come; return how many notices went out.

    Each is served in order and at least once: what fails is tried again, later and later, up to once a day.
    """
    with database.read() as tx:
        now = tx.now
        waiting = [
            (one, served(tx, account, one))
            for one in list_subscriptions(tx)
            if (account := read_accounts.find_account(tx, one.account_id)) is not None
        ]
    sent = 0
    for one, whose in waiting:
        state = store.delivery(one.id)
        if state is None:
            store.begin(one.id, delivered_id=store.last_id(), next_at=_next_time(one, now))
        elif state.next_at <= now and store.claim(one.id, seen=state.next_at, until=Instant(now + _LEASE)):
            outcome, many = _serve(store, couriers, one, whose, state, now)
            store.settle(one.id, outcome)
            sent += many
    return sent


def signature(secret: Secret, octets: bytes, at: Instant) -> str:
    """Return what proves that a webhook is ours: its moment in seconds, and HMAC-SHA256 over moment, dot and body."""
    seconds = at // SECOND
    digest = hmac.new(secret.reveal().encode(), f"{seconds}.".encode() + octets, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def notice_object(notice: Notice) -> dict[str, Any]:
    """Return a notice as an object."""
    return {
        "id": notice.id,
        "at": iso(notice.at),
        "kind": notice.kind.value,
        "key_id": notice.key_id,
        "inherited": notice.heirs_of is not None,
        **notice.told,
    }


def in_words(notice: Notice) -> str:
    """Return a notice as one line of plain English, for mail."""
    key = notice.told.get("key_name") or "Unnamed Tool"
    before, after = notice.told.get("before") or {}, notice.told.get("after") or {}
    changes = "; ".join(
        f"{name}: {f'{_brief(before[name])} → ' if name in before else ''}{_brief(value)}"
        for name, value in after.items()
    )
    by = f" by {notice.told['person']}" if notice.told.get("person") else ""
    is_of_request = notice.kind in (NoticeKind.REQUEST, NoticeKind.OWN_REQUEST)
    what = str(notice.told["action"]).replace(".", " ") if is_of_request else notice.kind.value.replace("_", " ")
    return f"{iso(notice.at)}  {key}: {what}{by}" + (f" ({changes})" if changes else "")


def _serve(
    store: Notices, couriers: Couriers, one: Subscription, whose: Addressee, state: Delivery, now: Instant
) -> tuple[Delivery, int]:
    waiting = store.after(whose, state.delivered_id, one.kinds, limit=_AT_ONCE)
    if not waiting:
        return Delivery(delivered_id=state.delivered_id, failures=0, problem=None, next_at=_next_time(one, now)), 0
    try:
        _send(couriers, one, waiting, now)
    except DeliveryFailed as failed:
        wait = _WAITS[min(state.failures, len(_WAITS) - 1)]
        return (
            Delivery(
                delivered_id=state.delivered_id, failures=state.failures + 1, problem=str(failed)[:300],
                next_at=Instant(now + wait),
            ),
            0,
        )  # fmt: skip
    more = len(waiting) == _AT_ONCE
    next_at = Instant(now + SECOND) if more else _next_time(one, now)
    return Delivery(delivered_id=waiting[-1].id, failures=0, problem=None, next_at=next_at), len(waiting)


def _send(couriers: Couriers, one: Subscription, waiting: Sequence[Notice], now: Instant) -> None:
    if one.channel == EMAIL:
        if couriers.mail is None:
            raise DeliveryFailed("no mail server is set")
        subject = f"Keystead: {len(waiting)} changes of developer keys" if len(waiting) > 1 else "Keystead: a change"
        couriers.mail(one.address, subject, "\n".join(in_words(notice) for notice in waiting) + "\n")
        return
    body = {"account_id": one.account_id, "notices": [notice_object(notice) for notice in waiting]}
    octets = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    secret = one.secret or Secret("")
    headers = {"Content-Type": "application/json", SIGNATURE: signature(secret, octets, now)}
    couriers.webhook(one.address, octets, headers)


def _next_time(one: Subscription, now: Instant) -> Instant:
    """Return when to look again: soon; or of a digest at the next midnight (UTC)."""
    return Instant((now // DAY + 1) * DAY) if one.is_digest else Instant(now + _SOONEST)


def _brief(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
