"""What do the pages about developer keys say? Typed values for templates; every address is given."""

from dataclasses import dataclass, field
from typing import ClassVar

from keystead.console.gate_views import GateView
from keystead.console.views import PageLinks
from keystead.core.bindings import BindingState
from keystead.core.instants import DAY, Instant
from keystead.core.locks import Lock
from keystead.governance.impact import Impact


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One of the lists of a page."""

    label: str
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A column's heading; the address sorts by it. ``sorted`` is ARIA's word for the order now, if it is this one's."""

    label: str
    tooltip: str = ""
    href: str | None = None
    sorted: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStats:
    """How much a key is used."""

    tokens: int
    created_at: Instant
    last_used_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRights:
    """What somebody may do with the keys of an account: switch them, change them, see their secrets."""

    switches: bool
    changes: bool
    reveals: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyActs:
    """What may be done to a key here. ``secret_action`` shows it; ``secret`` is set in that answer only."""

    edit_href: str
    people_href: str
    delete_href: str | None = None
    visible_action: str | None = None
    secret_action: str | None = None
    secret_hint: str | None = None
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One key. ``choices`` are the states it can be switched to here; with a lock there are none."""

    id: int
    name: str | None
    client_id: str
    state: BindingState
    state_href: str
    choices: tuple[BindingState, ...] = ()
    lock: Lock | None = None
    icon_url: str | None = None
    email: str | None = None
    redirect_uri: str | None = None
    stats: KeyStats | None = None
    is_visible: bool = True
    about_href: str | None = None
    acts: KeyActs | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyGroup:
    """Keys under one heading, or under none."""

    rows: tuple[KeyRow, ...]
    heading: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """The step just taken, which one press takes back."""

    action: str
    state: BindingState
    key_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysView:
    """The Developer Keys of an account; the inherited ones leave out owner and usage.

    Without ``new_href`` nobody may add one here, and ``limits`` says why. ``hide_href`` is this very list, with no
    secret in it.
    """

    TEMPLATE: ClassVar = "console/keys.html"

    account_name: str
    tabs: tuple[Tab, ...]
    headings: tuple[Heading, ...]
    groups: tuple[KeyGroup, ...]
    is_inherited: bool
    list_href: str
    hide_href: str
    authenticity_token: str = field(repr=False)
    words: str = ""
    kind: str = ""
    order: str = ""
    is_site_admin: bool = False
    new_href: str | None = None
    limits: str | None = None
    show_all_href: str | None = None
    undo: Undo | None = None
    pages: PageLinks | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is no key at all."""
        return not any(group.rows for group in self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactFacts:
    """What a change would break, by the calls of the last ``days``. ``endpoints`` are scope and calls, the most called
    first; ``last_used_at`` stands for a day.
    """

    days: int
    people: int
    live_tokens: int
    callers: int
    calls: int
    endpoints: tuple[tuple[str, int], ...]
    courses: int
    sub_accounts: int
    last_used_at: Instant | None

    @property
    def calls_a_day(self) -> int:
        """How many calls there are on a day, rounded."""
        return round(self.calls / self.days)

    @classmethod
    def of(cls, impact: Impact) -> "ImpactFacts":
        """Return what a page shows of an impact."""
        return cls(
            days=impact.period.days,
            people=impact.people,
            live_tokens=impact.live_tokens,
            callers=impact.callers,
            calls=impact.calls,
            endpoints=tuple((one.scope, one.calls) for one in impact.endpoints[:5]),
            courses=impact.courses.many,
            sub_accounts=impact.sub_accounts,
            last_used_at=None if impact.last_day is None else Instant(impact.last_day * DAY + DAY // 2),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchView:
    """Asks before a key's state changes in an account. ``tokens`` are those that feel it, ``gate`` what is lacking."""

    TEMPLATE: ClassVar = "console/switch.html"

    key_name: str | None
    client_id: str
    account_name: str
    to: BindingState
    action: str
    cancel_href: str
    authenticity_token: str = field(repr=False)
    tokens: int | None = None
    impact: ImpactFacts | None = None
    gate: GateView | None = None

    @property
    def title(self) -> str:
        """The page's heading, in Canvas's words (``docs/canvas-compat.md``)."""
        match self.to:
            case BindingState.ON:
                return "Turn On Developer Key"
            case BindingState.OFF:
                return "Turn Off Developer Key"
            case BindingState.ALLOW:
                return 'Set Developer Key to "Allow"'

    @property
    def button(self) -> str:
        """The words of the button that does it."""
        return f"Switch to {self.to.value.capitalize()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteView:
    """Asks before a key is deleted, and says what stops."""

    TEMPLATE: ClassVar = "console/delete_key.html"

    key_name: str | None
    client_id: str
    action: str
    cancel_href: str
    tokens: int
    last_used_at: Instant | None
    authenticity_token: str = field(repr=False)
    impact: ImpactFacts | None = None
