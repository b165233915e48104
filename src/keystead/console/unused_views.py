"""What do the pages about keys that nobody uses say? Typed values for templates; every address is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from keystead.console.key_paths import UNNAMED, key_address
from keystead.core.accounts import Account
from keystead.core.ids import global_id
from keystead.core.instants import DAY, Instant
from keystead.governance.batches import Why
from keystead.governance.unused import KeyUse
from keystead.storage.read.batches import LeftAlone, OffBatch

WHY_WORDS: Final[Mapping[str, str]] = {
    Why.UNKNOWN: "no such inherited key",
    Why.NOT_ON: "not on here any more",
    Why.LOCKED: "locked: another account has decided",
    Why.USED: "used by now",
    Why.AUTHORISED: "people have authorized it by now",
    Why.CHANGED: "somebody has changed it since",
    Why.GONE: "deleted or deactivated",
    Why.GATE: "the rules of vetting do not allow to turn it on",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedRow:
    """One key that nobody uses. ``lock`` names who locked it; such a key cannot be chosen."""

    id: int
    name: str
    client_id: str
    href: str
    owner: str
    purpose: str | None
    since: Instant | None
    decided_by: str
    person: str | None
    is_locked: bool
    lock: str | None
    people: int
    tokens: int
    last_token_at: Instant | None
    last_used_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftRow:
    """A key that was left alone, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """Keys that were turned off together."""

    href: str
    at: Instant
    person: str | None
    many: int
    undone_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedView:
    """The inherited keys of an account that nobody there uses. Those ``is_chosen`` are ticked from the beginning."""

    TEMPLATE: ClassVar = "console/unused.html"

    account_name: str
    address: str
    back_href: str
    days: int
    never_used: tuple[UnusedRow, ...]
    authorised: tuple[UnusedRow, ...]
    batches: tuple[BatchRow, ...]
    is_counted: bool
    counted_since: Instant | None
    may_change: bool = True
    problem: str | None = None

    @property
    def offers(self) -> bool:
        """Whether there is a key that can be turned off."""
        return any(not row.is_locked for row in (*self.never_used, *self.authorised))


@dataclass(frozen=True, slots=True, kw_only=True)
class OffView:
    """Asks before keys are turned off together, and says what stops."""

    TEMPLATE: ClassVar = "console/unused_off.html"

    account_name: str
    action: str
    cancel_href: str
    days: int
    rows: tuple[UnusedRow, ...]
    skipped: tuple[LeftRow, ...]
    keys: tuple[int, ...]
    authorised: tuple[int, ...]
    is_counted: bool
    authenticity_token: str = field(repr=False)

    @property
    def tokens(self) -> int:
        """How many live tokens stop working."""
        return sum(row.tokens for row in self.rows)

    @property
    def last_used_at(self) -> Instant | None:
        """When the last call of any of them passed here."""
        return max((row.last_used_at for row in self.rows if row.last_used_at is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchView:
    """What became of keys that were turned off together. With ``undo_action`` it can be undone."""

    TEMPLATE: ClassVar = "console/unused_batch.html"

    account_name: str
    back_href: str
    at: Instant
    person: str | None
    because: str | None
    names: tuple[str, ...]
    skipped: tuple[LeftRow, ...]
    left_off: tuple[LeftRow, ...]
    undone_at: Instant | None
    undone_by: str | None
    undo_action: str | None
    authenticity_token: str = field(repr=False)


def unused_row(account: Account, one: KeyUse) -> UnusedRow:
    """Return how a key is shown."""
    key = one.key
    return UnusedRow(
        id=key.id,
        name=key.name or UNNAMED,
        client_id=str(global_id(key.id)),
        href=f"{key_address(account, key)}/{'about' if key.visible or not key.is_global else 'usage'}",
        owner=one.owner_name,
        purpose=one.purpose,
        since=one.since,
        decided_by=one.decided_by,
        person=one.person,
        is_locked=one.lock is not None,
        lock=None if one.lock is None else one.lock.account_name,
        people=one.people,
        tokens=one.tokens,
        last_token_at=one.last_token_at,
        last_used_at=None if one.last_day is None else noon(one.last_day),
    )


def left_row(one: LeftAlone) -> LeftRow:
    """Return how a key that was left alone is shown."""
    return LeftRow(name=one.name or str(global_id(one.key_id)), why=WHY_WORDS[one.why])


def batch_row(address: str, batch: OffBatch) -> BatchRow:
    """Return how a batch is listed."""
    return BatchRow(
        href=f"{address}/batches/{batch.id}", at=batch.at, person=batch.person, many=len(batch.turned_off),
        undone_at=batch.undone_at,
    )  # fmt: skip


def noon(day: int) -> Instant:
    """Return a moment that stands for a day, whatever the reader's time zone is."""
    return Instant(day * DAY + DAY // 2)
