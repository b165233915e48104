"""What do the pages about requests say? Typed values for templates; every address is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from keystead.console.vetting_views import RiskView
from keystead.console.views import PageLinks
from keystead.core.instants import Instant
from keystead.core.key_requests import RequestState, StepKind
from keystead.core.manifests import LINKS, Manifest, ManifestChange

STATE_WORDS: Final[Mapping[RequestState, str]] = {
    RequestState.OPEN: "waiting",
    RequestState.APPROVED: "approved",
    RequestState.REFUSED: "refused",
    RequestState.WITHDRAWN: "withdrawn",
}
STEP_WORDS: Final[Mapping[StepKind, str]] = {
    StepKind.ASKED: "asked",
    StepKind.COMMENTED: "commented",
    StepKind.NARROWED: "narrowed the scopes",
    StepKind.CHANGED: "changed what is asked for",
    StepKind.APPROVED: "agreed",
    StepKind.REFUSED: "refused",
    StepKind.WITHDRAWN: "withdrew the request",
    StepKind.DONE: "made it so",
}
LINK_WORDS: Final[Mapping[str, str]] = {
    "website": "Website",
    "privacy": "Privacy",
    "security": "Security",
    "accessibility": "Accessibility",
    "support": "Support",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """One request of the list."""

    href: str
    name: str
    kind: str
    state: str
    state_label: str
    person: str | None
    created_at: Instant
    scopes: int
    risk: RiskView
    missing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsView:
    """The requests that somebody made, or reviews."""

    TEMPLATE: ClassVar = "console/requests.html"

    account_name: str
    rows: tuple[RequestRow, ...]
    total: int
    sees_all: bool
    may_ask: bool
    state: str = ""
    states: tuple[tuple[str, str], ...] = tuple((str(state), STATE_WORDS[state]) for state in RequestState)
    pages: PageLinks | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequestView:
    """The three ways to ask: a form, more scopes for a key, a manifest."""

    TEMPLATE: ClassVar = "console/request_new.html"

    account_name: str
    values: Mapping[str, str]
    authenticity_token: str = field(repr=False)
    problem: str | None = None
    links: tuple[tuple[str, str], ...] = tuple((name, LINK_WORDS[name]) for name in LINKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRow:
    """One scope that is asked for. ``is_new`` is one that the key does not have yet."""

    scope: str
    reason: str
    summary: str = ""
    is_taken_out: bool = False
    is_new: bool = True
    tells_of_students: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """One thing that happened."""

    label: str
    person: str | None
    at: Instant
    words: str | None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A request, with what those who look at it may do."""

    TEMPLATE: ClassVar = "console/request.html"

    id: int
    address: str
    kind: str
    state: str
    state_label: str
    person: str | None
    created_at: Instant
    manifest: Manifest
    risk: RiskView
    rows: tuple[ScopeRow, ...]
    steps: tuple[StepLine, ...]
    needed: int
    missing: int
    authenticity_token: str = field(repr=False)
    change: ManifestChange | None = None
    source: str | None = None
    key_href: str | None = None
    client_id: str | None = None
    may_comment: bool = False
    may_narrow: bool = False
    may_decide: bool = False
    may_agree: bool = False
    objection: str | None = None
    is_asker: bool = False
    may_change: bool = False
    tokens: int = 0
    document: str = ""
    problem: str | None = None
    link_words: Mapping[str, str] = field(default_factory=lambda: LINK_WORDS)

    @property
    def is_open(self) -> bool:
        """Whether it still waits."""
        return self.state == RequestState.OPEN
