"""Which of the inherited keys that are on here has nobody of this institution ever used?"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from keystead.actions import permits
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.bindings import resolve
from keystead.core.errors import Malformed, NotFound
from keystead.core.ids import global_id
from keystead.core.instants import Instant, iso
from keystead.core.keys import Key
from keystead.core.locks import Lock, lock_of
from keystead.core.usage import date_of, day_of
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import audit as read_audit
from keystead.storage.read import bindings as read_bindings
from keystead.storage.read import impact as read_impact
from keystead.storage.read import keys as read_keys
from keystead.storage.read import vetting as read_vetting
from keystead.storage.read.key_notes import notes_of
from keystead.storage.transaction import Transaction
from keystead.storage.usage_figures import UsageFigures

USUAL_DAYS: Final = 90
LONGEST_DAYS: Final = 3_660


class Use(StrEnum):
    """How an inherited key that is on stands to this institution.

    Never used: nobody here has a live token, and no call is counted, not even a refused one. Authorised: people here
    have live tokens, and no call passed in the days asked about.
    """

    NEVER_USED = "never_used"
    AUTHORISED = "authorised"
    USED = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse:
    """An inherited key that is on, and who made it so.

    ``decided_by`` is the account whose word counts, ``person`` who gave it where that is this account. ``people`` have
    ``tokens`` that live; the last one was issued to somebody here ``last_token_at``, and passed a call on ``last_day``.
    """

    key: Key
    use: Use
    owner_name: str
    purpose: str | None
    decided_by: str
    person: str | None
    since: Instant | None
    lock: Lock | None
    people: int
    tokens: int
    last_token_at: Instant | None
    last_day: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedKeys:
    """The keys of an account that nobody uses. Without ``counted`` calls there is nothing to tell it by but tokens."""

    account_id: int
    days: int
    counted: bool
    counted_since: int | None
    never_used: tuple[KeyUse, ...]
    authorised: tuple[KeyUse, ...]


def unused_keys(
    tx: Transaction, figures: UsageFigures, account: Account, *, days: int, counted: bool, acting: Actor
) -> UnusedKeys:
    """Return which inherited keys nobody uses here. Raises NotFound, Forbidden, Malformed."""
    require_heir(tx, account, acting)
    found = key_uses(tx, figures, account, days=days)
    return UnusedKeys(
        account_id=account.id,
        days=days,
        counted=counted,
        counted_since=figures.counted_since(),
        never_used=tuple(one for one in found if one.use is Use.NEVER_USED),
        authorised=tuple(one for one in found if one.use is Use.AUTHORISED),
    )


def require_heir(
    tx: Transaction, account: Account, acting: Actor, right: Right = Right.VIEW_DEVELOPER_KEYS
) -> None:  # fmt: skip
    """Raise NotFound for accounts that inherit no keys of their own, Forbidden for people without the right there."""
    if not account.is_root or account.is_site_admin:
        raise NotFound
    permits.require(tx, acting, right, account)


def key_uses(tx: Transaction, figures: UsageFigures, account: Account, *, days: int) -> tuple[KeyUse, ...]:
    """Return every inherited key that is on in a root account, by name, read in a fixed number of queries."""
    if not 1 <= days <= LONGEST_DAYS:
        raise Malformed(f"days must be 1 to {LONGEST_DAYS}")
    figures.refresh()
    path, site = read_accounts.path_to(tx, account), read_accounts.site_admin(tx)
    above = [one for one in path.ids if one != account.id]
    keys = read_keys.inherited_and_on(
        tx, owners=above, deciders=(*path.ids, site.id), seen_by=(account.id, site.id)
    )  # fmt: skip
    ids = [key.id for key in keys]
    bindings = read_bindings.bindings_of_keys(tx, ids)
    governing = {key.id: resolve(key, path, bindings.get(key.id, {}), site.id) for key in keys}
    here = {key_id: one for key_id, one in governing.items() if one is not None and one.is_on}
    decided = read_bindings.decided_at(tx, [one.id for one in here.values()])
    last_days = figures.last_calls(account.id, list(here))
    refused = figures.refused_only(account.id, [key_id for key_id in here if key_id not in last_days])
    lately = day_of(tx.now) - days + 1
    quiet = [key_id for key_id in here if last_days.get(key_id, -1) < lately]
    tokens = read_impact.tokens_here(tx, account, quiet)
    said = read_audit.last_of_keys(tx, account.id, "binding.set", quiet)
    names = {one.id: one.name for one in (site, *path.chain)}
    purposes = _purposes(tx, account, site, keys)
    found = []
    for key in keys:
        if key.id not in here:
            continue
        binding, mine = here[key.id], tokens.get(key.id)
        live = 0 if mine is None else mine.live
        if key.id not in quiet:
            use = Use.USED
        elif live:
            use = Use.AUTHORISED
        else:
            use = Use.USED if key.id in last_days or key.id in refused else Use.NEVER_USED
        entry = said.get(key.id) if binding.account_id == account.id else None
        found.append(
            KeyUse(
                key=key, use=use, owner_name=names[site.id if key.account_id is None else key.account_id],
                purpose=purposes.get(key.id), decided_by=names[binding.account_id],
                person=None if entry is None else entry.user_name, since=decided.get(binding.id),
                lock=lock_of(key, path, binding, decided, site), people=0 if mine is None else mine.people,
                tokens=live, last_token_at=None if mine is None else mine.last_at, last_day=last_days.get(key.id),
            )
        )  # fmt: skip
    return tuple(found)


def told_unused(found: UnusedKeys) -> dict[str, Any]:
    """Return the keys that nobody uses as an object for JSON."""
    return {
        "account_id": found.account_id, "days": found.days, "counted": found.counted,
        "counted_since": None if found.counted_since is None else date_of(found.counted_since),
        "never_used": [_told(one) for one in found.never_used], "authorised": [_told(one) for one in found.authorised],
    }  # fmt: skip


def _told(one: KeyUse) -> dict[str, Any]:
    return {
        "key_id": one.key.id, "client_id": str(global_id(one.key.id)), "name": one.key.name, "owner": one.owner_name,
        "purpose": one.purpose, "on_since": iso(one.since), "on_by": one.decided_by, "on_by_person": one.person,
        "locked_by": None if one.lock is None else one.lock.account_name, "may_turn_off": one.lock is None,
        "people": one.people, "live_tokens": one.tokens, "last_token_at": iso(one.last_token_at),
        "last_used_on": None if one.last_day is None else date_of(one.last_day),
    }  # fmt: skip


def _purposes(tx: Transaction, account: Account, site: Account, keys: Sequence[Key]) -> dict[int, str]:
    """Return what keys are for: as this institution notes it, else as the owner's vetting record says."""
    by_owner: dict[int, list[int]] = {}
    for key in keys:
        by_owner.setdefault(site.id if key.account_id is None else key.account_id, []).append(key.id)
    found: dict[int, str] = {}
    for owner_id, ids in by_owner.items():
        records = read_vetting.vettings_of(tx, owner_id, ids)
        found |= {key_id: one.note for key_id, one in records.items() if one.note}
    return found | {key_id: note.words for key_id, note in notes_of(tx, account.id, [key.id for key in keys]).items()}
