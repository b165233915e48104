"""What does the page that explains calls say? Typed values for its template."""

from dataclasses import dataclass, field
from typing import ClassVar

from keystead.console.key_policy_views import PolicyFacts
from keystead.core.instants import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """One check: what it asks, what became of it (core.explanation), and the words of its objection."""

    asks: str
    outcome: str
    words: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """What would become of a call. ``status`` and ``words`` are what the client would get when it is refused."""

    method: str
    path: str
    passes: bool
    depends_on_address: bool = False
    words: str | None = None
    status: int | None = None
    steps: tuple[StepLine, ...] = ()
    remedies: tuple[str, ...] = ()
    covering_scopes: tuple[str, ...] = ()
    would_strip: tuple[str, ...] = ()
    only_overlaps: bool = False
    person: str | None = None
    key: str | None = None
    account: str | None = None
    token_hint: str | None = None
    token_scopes: int | None = None
    policies: tuple[PolicyFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChoice:
    """A key that may be asked about."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalLine:
    """A call that was refused lately."""

    id: str
    at: Instant
    method: str
    path: str
    reason: str
    href: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastView:
    """A refused call that is looked up: how it was, and ``now`` how it would be."""

    line: RefusalLine
    missing_scope: str | None
    address: str | None
    person: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainView:
    """The form, and what it was last asked. ``values`` are the texts of its fields."""

    TEMPLATE: ClassVar = "console/explain.html"

    authenticity_token: str = field(repr=False)
    values: dict[str, str] = field(default_factory=dict)
    keys: tuple[KeyChoice, ...] = ()
    answer: AnswerView | None = None
    past: PastView | None = None
    problem: str | None = None
    latest: tuple[RefusalLine, ...] = ()
    sees: bool = False
    reads_audit: bool = False
