"""What do the pages of sign-in and consent say? Typed values for templates, and scopes in plain words."""

from dataclasses import dataclass, field
from typing import ClassVar

from keystead.core.grants import GrantLine, grants_of
from keystead.core.instants import Instant
from keystead.web.html import MessageView

__all__ = [
    "ConsentView",
    "GrantLine",
    "LogoutView",
    "MessageView",
    "OutOfBandView",
    "SignInView",
    "grants_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInView:
    """The sign-in form; ``app_name`` is the app that waits for it."""

    TEMPLATE: ClassVar = "login/sign_in.html"

    account_name: str
    action: str = "/login"
    unique_id: str = ""
    error: str | None = None
    authenticity_token: str | None = None
    app_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """Who asks, what it may do, as whom.

    ``acting_for`` is the person in whose place the signed-in one acts. ``unlimited`` is a key that enforces no scopes;
    ``only_identity`` a request for ``/auth/userinfo`` alone; both make ``grants`` meaningless. ``reviewed_by`` is the
    account whose vetting of the key is complete.
    """

    TEMPLATE: ClassVar = "login/consent.html"

    app_name: str
    user_name: str
    custom_csrf_token: str = field(repr=False)
    redirect_host: str
    icon_url: str | None = None
    key_owner: str | None = None
    user_email: str | None = None
    grants: tuple[GrantLine, ...] = ()
    unlimited: bool = False
    only_identity: bool = False
    offers_remember: bool = False
    acting_for: str | None = None
    reviewed_by: str | None = None
    reviewed_at: Instant | None = None
    accept_action: str = "/login/oauth2/accept"
    deny_action: str = "/login/oauth2/deny"
    profile_href: str = "/profile/settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfBandView:
    """Where an app without a redirect URI ends: a code to copy, or what went wrong."""

    TEMPLATE: ClassVar = "login/out_of_band.html"

    code: str | None = field(default=None, repr=False)
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutView:
    """Asks before it signs out; without a token nobody is signed in."""

    TEMPLATE: ClassVar = "login/logout.html"

    authenticity_token: str | None = field(repr=False)
    action: str = "/logout"
