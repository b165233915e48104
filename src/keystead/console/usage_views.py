"""What do the pages about the use of a key say? Typed values for their templates."""

from dataclasses import dataclass, field
from typing import ClassVar

from keystead.console.charts import BarChart
from keystead.core.ids import parse_id
from keystead.core.scopes import parse_route_scope
from keystead.core.usage import ALLOWED, OTHER, THROTTLED, UNMAPPED
from keystead.web.surface import Visitor


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodChoice:
    """A period that one press chooses."""

    days: int
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeName:
    """A scope as people read it: a verb and a path; or words where it is none of the catalogue's."""

    verb: str | None
    path: str

    @classmethod
    def of(cls, scope: str, visitor: Visitor) -> "ScopeName":
        """Return how a scope is shown to somebody."""
        if scope in (UNMAPPED, ""):
            return cls(verb=None, path=visitor.say("No known endpoint"))
        if scope == OTHER:
            return cls(verb=None, path=visitor.say("Others together"))
        found = parse_route_scope(scope)
        return cls(verb=None, path=scope) if found is None else cls(verb=found.verb, path=scope.partition("|")[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageLine:
    """Calls of one name. ``scope`` in place of ``name`` where they are told apart by scope."""

    name: str
    calls: int
    refused: int
    people: int | None = None
    scope: ScopeName | None = None
    granted: bool | None = None
    href: str | None = None

    @property
    def passed(self) -> int:
        """How many calls passed."""
        return self.calls - self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageTable:
    """Rows by one thing, the most called first; ``more`` are left out, and in the file."""

    id: str
    title: str
    column: str
    lines: tuple[UsageLine, ...]
    more: int
    csv_href: str | None
    hint: str = ""

    @property
    def has_people(self) -> bool:
        """Whether it is told how many people made the calls."""
        return any(line.people is not None for line in self.lines)

    @property
    def is_of_scopes(self) -> bool:
        """Whether it is told what the key holds."""
        return any(line.scope is not None for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class NarrowedUndo:
    """The narrowing that led here, which one press takes back; the tokens that it ended stay ended."""

    action: str
    entry_id: int
    scopes: int
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageView:
    """What a key was used for. ``is_partial`` when only this institution's calls are told."""

    TEMPLATE: ClassVar = "console/key_usage.html"

    key_name: str
    client_id: str
    address: str
    list_href: str
    people_href: str | None
    first: str
    last: str
    periods: tuple[PeriodChoice, ...]
    calls: int
    refused: int
    people: int
    chart: BarChart
    days: tuple[UsageLine, ...]
    days_csv_href: str | None
    by_month: bool
    tables: tuple[UsageTable, ...]
    is_partial: bool
    is_counted: bool
    narrow_href: str | None = None
    undo: NarrowedUndo | None = None
    authenticity_token: str = field(default="", repr=False)
    problem: str | None = None


def outcome_words(outcome: str, visitor: Visitor) -> str:
    """Return what became of calls, in words where there are some; else the code of the refusal."""
    known = {ALLOWED: visitor.say("Passed"), THROTTLED: visitor.say("Too many calls at once")}
    return known.get(outcome, outcome)


def person_id(value: str) -> int:
    """Return the person that a row is about; 0 where it is nobody."""
    return parse_id(value) or 0
