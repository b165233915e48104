"""What does the key editor say? Typed values for its template."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from keystead.console.key_forms import KeyForm
from keystead.console.key_views import ImpactFacts
from keystead.core.reach import Reach
from keystead.core.scope_lists import PastedList


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeLine:
    """One scope on offer. ``was_held`` is whether the key has it now; ``is_shown`` whether the search finds it."""

    scope: str
    verb: str
    path: str
    summary: str = ""
    is_chosen: bool = False
    was_held: bool = False
    is_shown: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeGroup:
    """The scopes of one resource."""

    name: str
    lines: tuple[ScopeLine, ...]
    tells_of_students: bool = False
    is_account_wide: bool = False
    is_open: bool = False

    @property
    def is_shown(self) -> bool:
        """Whether the search finds any of them."""
        return any(line.is_shown for line in self.lines)

    @property
    def chosen(self) -> Mapping[str, int]:
        """How many are chosen, by verb, in the order of the catalogue."""
        counts: dict[str, int] = {}
        for line in self.lines:
            if line.is_chosen:
                counts[line.verb] = counts.get(line.verb, 0) + 1
        return counts

    @property
    def is_all_chosen(self) -> bool:
        """Whether every one is chosen."""
        return all(line.is_chosen for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDifference:
    """What saving changes for a key that people use."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    starts_enforcing: bool = False
    stops_enforcing: bool = False
    tokens: int = 0

    @property
    def takes_something(self) -> bool:
        """Whether calls that pass now may be refused."""
        return bool(self.removed or self.starts_enforcing)

    @property
    def asks_first(self) -> bool:
        """Whether somebody would lose something, or anybody could do more than they agreed to."""
        return self.tokens > 0 and (self.takes_something or self.stops_enforcing)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorView:
    """The form of a new key, or of one that exists. With ``is_read_only`` it only shows.

    ``reveals`` leads on to the secret.
    """

    TEMPLATE: ClassVar = "console/key_editor.html"

    account_name: str
    action: str
    cancel_href: str
    form: KeyForm
    groups: tuple[ScopeGroup, ...]
    reach: Reach
    authenticity_token: str = field(repr=False)
    client_id: str | None = None
    is_read_only: bool = False
    reveals: bool = False
    has_legacy_uri: bool = False
    offers_test_cluster: bool = False
    is_all_reading: bool = False
    tokens: int = 0
    people_href: str | None = None
    report: PastedList | None = None
    difference: KeyDifference | None = None
    review: str | None = None
    impact: ImpactFacts | None = None
    failure: str | None = None
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Whether there is no such key yet."""
        return self.client_id is None

    @property
    def offered(self) -> int:
        """How many scopes there are."""
        return sum(len(group.lines) for group in self.groups)
