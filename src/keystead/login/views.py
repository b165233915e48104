"""What do the pages of sign-in and consent say? Typed values for templates, and scopes in plain words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar, Final, Protocol

from keystead.core.scopes import USERINFO
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

IDENTITY: Final = "Who you are"
UNDOCUMENTED: Final = "Other parts of your account"


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
class GrantLine:
    """What an app may do with one kind of thing."""

    resource_name: str
    sees: bool = False
    changes: bool = False
    deletes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentView:
    """Who asks, what it may do, as whom.

    ``acting_for`` is the person in whose place the signed-in one acts. ``unlimited`` is a key that enforces no scopes;
    ``only_identity`` a request for ``/auth/userinfo`` alone; both make ``grants`` meaningless.
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


class Described(Protocol):
    """What is needed of a catalogue's entry."""

    @property
    def resource_name(self) -> str | None:
        """The display name of what the scope is about."""

    @property
    def verb(self) -> str:
        """The verb of its route."""


def grants_of(scopes: Iterable[str], find: Callable[[str], Described | None]) -> tuple[GrantLine, ...]:
    """Return what the scopes allow, one line per resource, in alphabetical order with identity first.

    Scopes the catalogue does not know cover no call and are left out; entries without a display name share one line.
    """
    verbs: dict[str, set[str]] = {}
    for scope in scopes:
        entry = find(scope)
        if entry is not None:
            name = IDENTITY if scope == USERINFO else entry.resource_name or UNDOCUMENTED
            verbs.setdefault(name, set()).add(entry.verb)
    return tuple(
        GrantLine(
            resource_name=name,
            sees="GET" in verbs[name],
            changes=not verbs[name].isdisjoint(("POST", "PUT", "PATCH")),
            deletes="DELETE" in verbs[name],
        )
        for name in sorted(verbs, key=_shown_order)
    )


def _shown_order(name: str) -> tuple[bool, bool, str]:
    return name != IDENTITY, name == UNDOCUMENTED, name.casefold()
