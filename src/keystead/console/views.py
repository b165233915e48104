"""What do the pages for people and administrators say? Typed values for templates; every address is given."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar

from keystead.console.preferences import PreferencesForm
from keystead.console.sessions import SessionRow
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
    may_ask: bool = True
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
    preferences: PreferencesForm | None = None
    sessions: tuple[SessionRow, ...] = ()
    end_all_action: str = ""


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
