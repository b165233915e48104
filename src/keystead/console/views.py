"""What do the pages for people and administrators say? Typed values for templates; every address is given."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from keystead.core.bindings import BindingState
from keystead.core.instants import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLine:
    """An account that the person administers."""

    name: str
    words: str
    keys_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    """Who you are and where you may go."""

    TEMPLATE: ClassVar = "console/home.html"

    user_name: str
    login: str
    accounts: tuple[AccountLine, ...] = ()
    profile_href: str = "/profile/settings"


class IntegrationStatus(StrEnum):
    """Where an approved integration stands."""

    ACTIVE = "active"
    PENDING = "pending"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationRow:
    """One access token in its owner's list. ``activate_action`` is given when they may activate it."""

    app_name: str
    status: IntegrationStatus
    purpose: str | None
    details_href: str
    revoke_href: str
    icon_url: str | None = None
    expires_at: Instant | None = None
    last_used_at: Instant | None = None
    activate_action: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLinks:
    """The neighbours of one page of a list; ``words`` says which part is shown."""

    words: str
    previous_href: str | None = None
    next_href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileView:
    """A person's approved integrations. Without ``new_token_href`` the refusal says why they may not make one."""

    TEMPLATE: ClassVar = "console/profile.html"

    user_name: str
    login: str
    authenticity_token: str = field(repr=False)
    email: str | None = None
    integrations: tuple[IntegrationRow, ...] = ()
    new_token_href: str | None = None
    new_token_refusal: str | None = None
    pages: PageLinks | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeView:
    """Asks before an integration loses its access."""

    TEMPLATE: ClassVar = "console/revoke.html"

    app_name: str
    purpose: str | None
    action: str
    cancel_href: str
    authenticity_token: str = field(repr=False)
    last_used_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDetailsView:
    """One access token. OAuth tokens have neither ``regenerate_href`` nor ``regenerate_refusal``."""

    TEMPLATE: ClassVar = "console/token.html"

    hint: str
    app_name: str
    status: IntegrationStatus
    purpose: str | None
    created_at: Instant
    back_href: str
    revoke_href: str
    authenticity_token: str = field(repr=False)
    last_used_at: Instant | None = None
    expires_at: Instant | None = None
    activate_action: str | None = None
    regenerate_href: str | None = None
    regenerate_refusal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegenerateView:
    """Asks before a token is replaced by a new one."""

    TEMPLATE: ClassVar = "console/regenerate.html"

    hint: str
    purpose: str | None
    action: str
    cancel_href: str
    authenticity_token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTokenView:
    """The form that makes an access token; fields ``token[purpose]`` and ``token[expires_at]`` (a date)."""

    TEMPLATE: ClassVar = "console/new_token.html"

    action: str
    cancel_href: str
    authenticity_token: str = field(repr=False)
    purpose: str = ""
    expires_at: str = ""
    purpose_error: str | None = None
    expires_error: str | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTokenShownView:
    """The only time that a token is shown."""

    TEMPLATE: ClassVar = "console/token_shown.html"

    token: str = field(repr=False)
    purpose: str
    back_href: str
    expires_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One of the lists of a page."""

    label: str
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStats:
    """How much a key is used."""

    tokens: int
    created_at: Instant
    last_used_at: Instant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One key. ``choices`` are the states it can be switched to here; ``locked_by`` names who decided instead."""

    name: str | None
    client_id: str
    state: BindingState
    state_href: str
    choices: tuple[BindingState, ...] = ()
    locked_by: str | None = None
    icon_url: str | None = None
    email: str | None = None
    redirect_uri: str | None = None
    stats: KeyStats | None = None
    type_words: str = "API Key"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyGroup:
    """Keys under one heading, or under none."""

    rows: tuple[KeyRow, ...]
    heading: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysView:
    """The Developer Keys of an account; the inherited ones leave out owner and usage."""

    TEMPLATE: ClassVar = "console/keys.html"

    account_name: str
    tabs: tuple[Tab, ...]
    groups: tuple[KeyGroup, ...]
    is_inherited: bool
    pages: PageLinks | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is no key at all."""
        return not any(group.rows for group in self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchView:
    """Asks before a key's state changes in an account. ``tokens`` are those that feel it."""

    TEMPLATE: ClassVar = "console/switch.html"

    key_name: str | None
    client_id: str
    account_name: str
    to: BindingState
    action: str
    cancel_href: str
    authenticity_token: str = field(repr=False)
    tokens: int | None = None

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
