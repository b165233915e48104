"""What do the pages about vetting say? Typed values for templates; every address is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from keystead.actions.gates import Gate
from keystead.console.gate_views import (
    ITEM_WORDS,
    LEVEL_WORDS,
    STANDING_WORDS,
    STATE_WORDS,
    TRAIT_WORDS,
    GateView,
    LackLine,
    lack_line,
)
from keystead.console.key_paths import UNNAMED
from keystead.console.views import PageLinks
from keystead.core.instants import Instant
from keystead.core.risk import LEVELS, Risk
from keystead.core.vetting import EvidenceFile, Item, ItemState, VettedItem, Vetting, day_text
from keystead.governance.vetting import LARGEST_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonLine:
    """One reason of a risk."""

    label: str
    level: str
    level_label: str
    count: int
    shown_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskView:
    """The risk of a key with its reasons."""

    level: str
    label: str
    reasons: tuple[ReasonLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """One item of a record, with the values of its form. ``is_open`` shows the form at once."""

    item: str
    label: str
    state: str
    standing: str
    standing_label: str
    values: Mapping[str, str]
    is_needed: bool = False
    is_open: bool = False
    file: EvidenceFile | None = None
    file_href: str | None = None
    changed_by: str | None = None
    changed_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionLine:
    """An exception from the account's rules."""

    id: int
    because: str
    by: str | None
    created_at: Instant
    expires_at: Instant
    ended_at: Instant | None
    is_live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedLine:
    """A request about the key: who asked, who agreed, and on what grounds."""

    href: str
    state: str
    state_label: str
    person: str | None
    created_at: Instant
    agreed: tuple[str, ...]
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorOption:
    """A vendor to choose."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VettingView:
    """The record of a key in one account, beside that of its owner where another account owns it.

    ``is_shared`` tells the owner that others inherit the key and read this very record.
    """

    TEMPLATE: ClassVar = "console/vetting.html"

    account_name: str
    key_name: str
    client_id: str
    address: str
    list_href: str
    rules_href: str
    risk: RiskView
    gate: GateView
    overdue: tuple[LackLine, ...]
    items: tuple[ItemView, ...]
    exceptions: tuple[ExceptionLine, ...]
    authenticity_token: str = field(repr=False)
    vendor: VendorOption | None = None
    vendor_website: str | None = None
    vendor_contacts: str | None = None
    vendors: tuple[VendorOption, ...] = ()
    note: str = ""
    answered: int = 0
    asked: int = 0
    completed_at: Instant | None = None
    owner_name: str | None = None
    owner_items: tuple[ItemView, ...] = ()
    owner_note: str | None = None
    owner_counts: bool = False
    is_shared: bool = False
    asked_for: tuple[AskedLine, ...] = ()
    may_change: bool = False
    may_except: bool = False
    problem: str | None = None
    largest_file: int = LARGEST_FILE
    states: tuple[tuple[str, str], ...] = tuple((str(state), STATE_WORDS[state]) for state in ItemState)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLine:
    """One question, with the answer that is kept."""

    id: str
    words: str
    item_label: str | None
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionnaireView:
    """The questions for a key's risk, to be printed or filled in."""

    TEMPLATE: ClassVar = "console/questionnaire.html"

    account_name: str
    key_name: str
    client_id: str
    level_label: str
    lines: tuple[AnswerLine, ...]
    action: str
    back_href: str
    authenticity_token: str = field(repr=False)
    vendor_name: str | None = None
    may_change: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VettingRow:
    """One key of the list."""

    name: str | None
    client_id: str
    href: str
    is_inherited: bool
    vendor: str | None
    level: str
    level_label: str
    lacks: tuple[LackLine, ...]
    overdue: tuple[LackLine, ...]
    completed_at: Instant | None
    exception_until: Instant | None = None
    concerns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VettingListView:
    """Every key of an account with its risk and what is missing or overdue."""

    TEMPLATE: ClassVar = "console/vetting_list.html"

    account_name: str
    address: str
    rules_href: str
    vendors_href: str
    policy_href: str
    rows: tuple[VettingRow, ...]
    total: int
    counts: Mapping[str, int]
    values: Mapping[str, str]
    levels: tuple[tuple[str, str], ...] = tuple((str(level), LEVEL_WORDS[level]) for level in LEVELS)
    pages: PageLinks | None = None


def risk_view(risk: Risk) -> RiskView:
    """Return the words for a risk."""
    return RiskView(
        level=str(risk.level),
        label=LEVEL_WORDS[risk.level],
        reasons=tuple(
            ReasonLine(
                label=TRAIT_WORDS[reason.sign.trait],
                level=str(reason.level),
                level_label=LEVEL_WORDS[reason.level],
                count=reason.sign.count,
                shown_by=reason.sign.shown_by,
            )
            for reason in risk.reasons
        ),
    )


def item_view(item: VettedItem, gate: Gate, *, needed: bool, file_href: str | None = None) -> ItemView:
    """Return the words for an item, as it stands when the gate was asked."""
    standing = item.standing(gate.now)
    return ItemView(
        item=str(item.item),
        label=ITEM_WORDS[item.item],
        state=str(item.state),
        standing=str(standing),
        standing_label=STANDING_WORDS[standing],
        values={
            "state": str(item.state),
            "valid_from": day_text(item.valid_from) or "",
            "valid_until": day_text(item.valid_until) or "",
            "link": item.link or "",
            "digest": item.digest or "",
            "note": item.note or "",
        },
        is_needed=needed,
        file=item.file,
        file_href=file_href,
        changed_by=item.changed_by_name,
        changed_at=item.changed_at,
    )


def items_view(vetting: Vetting, gate: Gate, address: str | None = None) -> tuple[ItemView, ...]:
    """Return every item of a record; with an ``address`` files can be opened there."""
    found = []
    for item in Item:
        one = vetting.item(item)
        href = None if address is None or one.file is None else f"{address}/evidence/{one.file.id}"
        found.append(item_view(one, gate, needed=item in gate.needed, file_href=href))
    return tuple(found)


def row_of(gate: Gate, href: str, client_id: str, *, inherited: bool, concerns: tuple[str, ...]) -> VettingRow:
    """Return a key's row in the list."""
    exception = gate.exception
    return VettingRow(
        name=gate.key.name or UNNAMED,
        client_id=client_id,
        href=href,
        is_inherited=inherited,
        vendor=None if gate.own.vendor is None else gate.own.vendor.name,
        level=str(gate.risk.level),
        level_label=LEVEL_WORDS[gate.risk.level],
        lacks=tuple(map(lack_line, gate.lacks)),
        overdue=tuple(map(lack_line, gate.overdue)),
        completed_at=gate.completed_at,
        exception_until=None if exception is None else exception.expires_at,
        concerns=concerns,
    )
