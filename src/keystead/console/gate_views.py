"""What is lacking before a key may go on, in words for pages. Templates look the words up in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from keystead.actions.gates import Gate
from keystead.console.key_paths import key_address
from keystead.core.accounts import Account
from keystead.core.instants import Instant
from keystead.core.risk import Level, Trait
from keystead.core.vetting import Item, ItemState, Lack, Standing

ITEM_WORDS: Final[Mapping[Item, str]] = {
    Item.CONTRACT: "Contract",
    Item.FERPA: "FERPA",
    Item.COPPA: "COPPA",
    Item.ACCESSIBILITY: "Accessibility (VPAT)",
    Item.SECURITY_REVIEW: "Security review (HECVAT)",
    Item.DATA_RETENTION: "Data retention",
    Item.TOKEN_STORAGE: "How tokens are stored",
    Item.DATA_LOCATION: "Data location",
    Item.CONTACTS: "Contacts",
}
STATE_WORDS: Final[Mapping[ItemState, str]] = {
    ItemState.MISSING: "missing",
    ItemState.ASKED: "asked",
    ItemState.IN_PLACE: "in place",
    ItemState.NOT_NEEDED: "not needed",
}
STANDING_WORDS: Final[Mapping[Standing, str]] = {
    Standing.MISSING: "missing",
    Standing.ASKED: "asked, no answer yet",
    Standing.NOT_YET: "does not hold yet",
    Standing.OVERDUE: "overdue",
    Standing.COMPLETE: "complete",
}
LEVEL_WORDS: Final[Mapping[Level, str]] = {
    Level.LOW: "low",
    Level.MODERATE: "moderate",
    Level.HIGH: "high",
    Level.CRITICAL: "critical",
}
TRAIT_WORDS: Final[Mapping[Trait, str]] = {
    Trait.READS_ONLY: "Only reads",
    Trait.WRITES: "Changes things",
    Trait.DELETES: "Deletes things",
    Trait.STUDENT_RECORDS_READ: "Reads student records",
    Trait.STUDENT_RECORDS_CHANGED: "Changes student records",
    Trait.ACCOUNT_WIDE: "Reaches a whole account",
    Trait.ACTS_AS_OTHERS: "Acts as others",
    Trait.UNSCOPED: "Is not limited to scopes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LackLine:
    """A needed item that is not complete."""

    label: str
    standing: str
    until: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateView:
    """What is lacking. ``is_closed`` means that the key may not be turned on now."""

    level: str
    lacks: tuple[LackLine, ...]
    is_closed: bool
    href: str
    exception_until: Instant | None = None


def gate_view(account: Account, gate: Gate) -> GateView:
    """Return what a page of an account says about turning a key on."""
    exception = gate.exception if gate.would_block else None
    return GateView(
        level=LEVEL_WORDS[gate.risk.level],
        lacks=tuple(map(lack_line, gate.lacks)),
        is_closed=gate.is_closed,
        href=f"{key_address(account, gate.key)}/vetting",
        exception_until=None if exception is None else exception.expires_at,
    )


def lack_line(lack: Lack) -> LackLine:
    """Return the words for what is lacking."""
    return LackLine(label=ITEM_WORDS[lack.item], standing=STANDING_WORDS[lack.standing], until=lack.since)
