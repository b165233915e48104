"""Who may have a manual token made, in which state does it start, and until when may it act?

What people are in courses (``roles``) is None while nobody can tell; rules that need it do not apply then.
"""

from dataclasses import dataclass
from typing import Final

from keystead.core.instants import Instant, later, parse_iso
from keystead.core.tokens import LONGEST_PURPOSE, STUDENT_TOKEN_LIFETIME, TokenState

EXPIRY_REQUIRED: Final = "Expiration date is required"
EXPIRY_TOO_FAR: Final = "Expiration date cannot be more than 120 days in the future"
EXPIRY_UNREADABLE: Final = "Invalid expiration date format"
EXPIRY_PAST: Final = "Expiration date must be in the future"
PURPOSE_TOO_SHORT: Final = "is too short (minimum is 1 character)"
PURPOSE_TOO_LONG: Final = f"is too long (maximum is {LONGEST_PURPOSE} characters)"
SCOPES_NOT_OF_KEY: Final = "requested scopes must match scopes on developer key"
SCOPES_UNREADABLE: Final = "cannot be blank or contain blanks"

STUDENT: Final = "student"
OBSERVER: Final = "observer"

_LAST_WRITABLE: Final = Instant(253_402_300_799 * 1_000_000)

Roles = frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """What is true of whoever wants to make or change a manual token of ``roles``' owner.

    ``holds_right`` is the right to make tokens over the owner, ``covers`` that the owner holds no right the maker
    lacks. ``limits`` and ``restricts_students`` are the root account's rules.
    """

    is_owner: bool
    holds_right: bool
    covers: bool
    limits: bool
    restricts_students: bool = False
    roles: Roles = None


def may_make(maker: Maker) -> bool:
    """Whether the token may be made or changed; nobody gets at rights they lack through somebody else's token."""
    if not maker.is_owner:
        return maker.holds_right and maker.covers
    if maker.holds_right:
        return True
    return not maker.limits and not (maker.restricts_students and _only_learns(maker.roles))


def first_state(*, by_owner: bool, is_exempt: bool) -> TokenState:
    """Return the state of a new token: pending unless its owner made it, without a mask, or the maker is exempt."""
    return TokenState.ACTIVE if by_owner or is_exempt else TokenState.PENDING


def state_after_regeneration(state: TokenState, *, by_owner: bool, is_exempt: bool) -> TokenState:
    """Return the state of a token with a new credential: its owner's own doing leaves it as it is."""
    return state if by_owner else first_state(by_owner=False, is_exempt=is_exempt)


def read_expiry(text: str) -> Instant | None:
    """Return the moment a text names, None when it names none that can be written back."""
    moment = parse_iso(text)
    return None if moment is None or moment > _LAST_WRITABLE else moment


def expiry_problem(expires_at: Instant | None, *, roles: Roles, now: Instant) -> str | None:
    """Return what is wrong with a permanent expiry, None when nothing is.

    People who are students and nothing else must name one, at most 120 days ahead.
    """
    if expires_at is not None and expires_at <= now:
        return EXPIRY_PAST
    if roles is None or roles != {STUDENT}:
        return None
    if expires_at is None:
        return EXPIRY_REQUIRED
    return EXPIRY_TOO_FAR if expires_at > later(now, STUDENT_TOKEN_LIFETIME) else None


def purpose_problem(purpose: str) -> str | None:
    """Return what is wrong with a purpose, None when nothing is."""
    if not purpose.strip():
        return PURPOSE_TOO_SHORT
    return PURPOSE_TOO_LONG if len(purpose) > LONGEST_PURPOSE else None


def scopes_problem(scopes: tuple[str, ...], *, of_key: tuple[str, ...], requires_scopes: bool) -> str | None:
    """Return what is wrong with a manual token's scopes; only a key that requires scopes limits them to its own."""
    if any(not scope or any(character.isspace() for character in scope) for scope in scopes):
        return SCOPES_UNREADABLE
    return SCOPES_NOT_OF_KEY if requires_scopes and not set(scopes) <= set(of_key) else None


def _only_learns(roles: Roles) -> bool:
    """Whether somebody has no role beyond student and observer; somebody with none has not either."""
    return roles is not None and roles <= {STUDENT, OBSERVER}
