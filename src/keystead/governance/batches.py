"""How are keys that nobody uses turned off together, and turned on again by one undo?"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from keystead.actions import bindings as act
from keystead.actions.gates import GateClosed
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.bindings import BindingChanged, BindingState, Unchanged
from keystead.core.errors import Invalid, Malformed, NotFound
from keystead.core.ids import parse_id
from keystead.core.instants import iso
from keystead.core.locks import lock_of
from keystead.core.risk import Find
from keystead.governance.sight import key_seen_from
from keystead.governance.unused import USUAL_DAYS, KeyUse, Use, key_uses, require_heir
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import bindings as read_bindings
from keystead.storage.read import keys as read_keys
from keystead.storage.read.batches import LeftAlone, OffBatch, TurnedOff, find_batch
from keystead.storage.transaction import Transaction
from keystead.storage.usage_figures import UsageFigures
from keystead.storage.write import batches as write

MOST_AT_ONCE = 2_000


class Why(StrEnum):
    """Why a key is left as it is."""

    UNKNOWN = "unknown"
    NOT_ON = "not_on"
    LOCKED = "locked"
    USED = "used"
    AUTHORISED = "authorised"
    CHANGED = "changed"
    GONE = "gone"
    GATE = "gate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which keys somebody means: those that nobody has ever used, and those that are authorised and not used."""

    never_used: tuple[int, ...] = ()
    authorised: tuple[int, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        """All of them, once each, in the order in which rivals hold them too."""
        return tuple(sorted({*self.never_used, *self.authorised}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What turning keys off comes to now: which go off, and which are left alone."""

    off: tuple[KeyUse, ...]
    skipped: tuple[LeftAlone, ...]


def read_chosen(never_used: tuple[str, ...], authorised: tuple[str, ...]) -> Chosen:
    """Return which keys are meant by these ids, local or global ones. Raises Malformed."""
    if len(never_used) + len(authorised) > MOST_AT_ONCE:
        raise Malformed(f"at most {MOST_AT_ONCE} keys are turned off together")
    read = []
    for given in (never_used, authorised):
        ids = [parse_id(one) for one in given]
        if None in ids:
            raise Malformed("each key must be an id")
        read.append(tuple(one for one in ids if one is not None))
    chosen = Chosen(never_used=read[0], authorised=read[1])
    if not chosen.ids:
        raise Malformed("at least one key must be named")
    return chosen


def plan_off(
    tx: Transaction, figures: UsageFigures, account: Account, chosen: Chosen, *, days: int = USUAL_DAYS, acting: Actor
) -> Plan:
    """Return what turning these keys off would do; nothing is changed. Raises NotFound, Forbidden, Malformed."""
    require_heir(tx, account, acting, Right.SWITCH_DEVELOPER_KEYS)
    known: dict[int, KeyUse] = {one.key.id: one for one in key_uses(tx, figures, account, days=days)}
    off: list[KeyUse] = []
    skipped: list[LeftAlone] = []
    for key_id in chosen.ids:
        one = known.get(key_id)
        why = _why_not_known(tx, account, key_id, acting) if one is None else _objection(one, chosen)
        if why is not None:
            skipped.append(_left(tx, key_id, why))
        elif one is not None:
            off.append(one)
    return Plan(off=tuple(off), skipped=tuple(skipped))


def turn_off(
    tx: Transaction,
    figures: UsageFigures,
    account: Account,
    chosen: Chosen,
    *,
    days: int = USUAL_DAYS,
    acting: Actor,
    because: str | None,
) -> tuple[OffBatch | None, Plan]:
    """Turn off those of these keys that stand as they were chosen; return the batch, None when there are none.

    All in the caller's transaction, one audit entry for each key with the batch's id. Raises NotFound, Forbidden.
    """
    plan = plan_off(tx, figures, account, chosen, days=days, acting=acting)
    if not plan.off:
        return None, plan
    batch_id = write.insert_batch(tx, account.id, acting.answerable_id, because)
    done: list[TurnedOff] = []
    skipped = list(plan.skipped)
    for one in plan.off:
        try:
            _, outcome = act.set_state(
                tx, account, one.key.id, BindingState.OFF, acting=acting, because=because, batch_id=batch_id
            )
        except NotFound:
            skipped.append(_left(tx, one.key.id, Why.GONE))
            continue
        if isinstance(outcome, Unchanged):
            skipped.append(_left(tx, one.key.id, Why.NOT_ON))
            continue
        # Without a word of its own the account had no opinion, which is what "allow" says.
        before = outcome.before if isinstance(outcome, BindingChanged) else BindingState.ALLOW
        done.append(TurnedOff(key_id=one.key.id, name=one.key.name, before=before))
    write.fill_batch(tx, batch_id, done, skipped)
    return get_batch(tx, account, batch_id, acting=acting), plan


def undo(
    tx: Transaction, account: Account, batch_id: int | None, *, find: Find, acting: Actor, because: str | None
) -> OffBatch:
    """Give each key of a batch the state back that it had, once; those that somebody has changed since are left alone.

    Raises NotFound, Forbidden, Invalid when the batch was undone before.
    """
    require_heir(tx, account, acting, Right.SWITCH_DEVELOPER_KEYS)
    batch = get_batch(tx, account, batch_id, acting=acting)
    if not write.claim_undo(tx, batch.id, acting.answerable_id):
        raise Invalid({"batch": ["has been undone already"]})
    left: list[LeftAlone] = []
    for one in batch.turned_off:
        why = _changed_since(tx, account, batch, one)
        if why is None:
            try:
                act.set_state(
                    tx, account, one.key_id, one.before, acting=acting, because=because, find=find, batch_id=batch.id
                )
            except GateClosed:
                why = Why.GATE
            except NotFound:
                why = Why.GONE
        if why is not None:
            left.append(LeftAlone(key_id=one.key_id, name=one.name, why=why))
    write.note_left_off(tx, batch.id, left)
    return get_batch(tx, account, batch.id, acting=acting)


def get_batch(tx: Transaction, account: Account, batch_id: int | None, *, acting: Actor) -> OffBatch:
    """Return a batch of an account, for somebody who sees its keys. Raises NotFound, Forbidden."""
    require_heir(tx, account, acting)
    batch = find_batch(tx, account, batch_id)
    if batch is None:
        raise NotFound
    return batch


def told_batch(batch: OffBatch) -> dict[str, Any]:
    """Return a batch as an object for JSON."""
    return {
        "id": batch.id, "at": iso(batch.at), "by": batch.person, "because": batch.because,
        "turned_off": [{"key_id": one.key_id, "name": one.name, "before": str(one.before)} for one in batch.turned_off],
        "skipped": list(map(told_left, batch.skipped)), "undone_at": iso(batch.undone_at), "undone_by": batch.undone_by,
        "left_off": list(map(told_left, batch.left_off)),
    }  # fmt: skip


def told_left(one: LeftAlone) -> dict[str, Any]:
    """Return a key that was left alone as an object for JSON."""
    return {"key_id": one.key_id, "name": one.name, "why": one.why}


def _objection(one: KeyUse, chosen: Chosen) -> Why | None:
    if one.lock is not None:
        return Why.LOCKED
    match one.use:
        case Use.USED:
            return Why.USED
        case Use.AUTHORISED:
            return None if one.key.id in chosen.authorised else Why.AUTHORISED
        case Use.NEVER_USED:
            return None


def _why_not_known(tx: Transaction, account: Account, key_id: int, acting: Actor) -> Why:
    """Return why a key is none of the inherited ones that are on; of keys that are not seen here, nothing else."""
    try:
        key = key_seen_from(tx, account, key_id, acting=acting)
    except NotFound:
        return Why.UNKNOWN
    return Why.UNKNOWN if key.account_id == account.id or key.is_built_in else Why.NOT_ON


def _left(tx: Transaction, key_id: int, why: Why) -> LeftAlone:
    key = None if why is Why.UNKNOWN else read_keys.find_key(tx, key_id)
    return LeftAlone(key_id=key_id, name=None if key is None else key.name, why=why)


def _changed_since(tx: Transaction, account: Account, batch: OffBatch, one: TurnedOff) -> Why | None:
    key = read_keys.find_key(tx, one.key_id, for_change=True)
    binding = read_bindings.find_binding(tx, account.id, one.key_id, for_change=True)
    if key is None or not key.is_active:
        return Why.GONE
    if binding is None or binding.state is not BindingState.OFF:
        return Why.CHANGED
    if read_bindings.decided_at(tx, [binding.id])[binding.id] != batch.at:
        return Why.CHANGED
    path = read_accounts.path_to(tx, account)
    lock = lock_of(key, path, read_bindings.governing(tx, key, path), {}, read_accounts.site_admin(tx))
    return None if lock is None else Why.LOCKED
