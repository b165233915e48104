"""May this token make this call, here, now, and why? The one decision behind every door.

``decide`` is the first objection among ``CHECKS``, and ``explain`` shows them all, so that what enforces and what
explains cannot disagree. The order is Canvas's (docs/canvas-compat.md, Token checks). Default is no.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from keystead.core.actors import UserState
from keystead.core.bindings import Binding
from keystead.core.ids import AccountId
from keystead.core.instants import NEVER, Instant
from keystead.core.key_policies import KeyPolicy, admits, expiry_of, open_until, ranges_of
from keystead.core.keys import Key
from keystead.core.reasons import Reason
from keystead.core.tokens import Token, TokenState


@dataclass(frozen=True, slots=True, kw_only=True)
class Masquerade:
    """Somebody acts as somebody else. ``permitted`` is their standing right to do so, asked anew at each call."""

    permitted: bool
    unchanged: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """All that is true about one call.

    ``token`` is None when nothing is stored under what was presented, ``key`` when the token's key is gone.
    ``has_login`` says whether the person can sign in on this host. ``covered`` says whether a scope of the token
    matches the call; it is heard only when scopes decide. ``exposed`` says that the credential stood in the
    query, which strict keys do not accept. ``minted_by`` is set for tokens that were made
    while masquerading, ``acting_as`` when the call asks to act as somebody else. ``key_policies`` are those in force
    for the key here, ``address`` is where the call comes from, None when that is not known; ``from_anywhere`` says that
    it is asked about no call but about what holds for calls from any address that is allowed.
    """

    token: Token | None
    key: Key | None
    account_id: AccountId
    binding: Binding | None
    key_serves: bool
    user_state: UserState
    has_login: bool
    covered: bool
    exposed: bool = False
    test_cluster_mismatch: bool = False
    minted_by: Masquerade | None = None
    acting_as: Masquerade | None = None
    key_policies: tuple[KeyPolicy, ...] = ()
    address: str | None = None
    from_anywhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """The call passes. ``limited`` says that scopes decided, so includes may have to be stripped."""

    limited: bool
    strip_includes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """The call is refused; ``expired_at`` accompanies an expired token."""

    reason: Reason
    expired_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a credential stands: its covered calls pass, as ``allow`` says, before the moment ``until``.

    Those from an address that the key's policies admit, that is, which is asked at each call.
    """

    allow: Allow
    until: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check said, for people who ask why."""

    check: str
    objection: Reason | None


def token_fresh(facts: CallFacts, now: Instant) -> Reason | None:
    """The token's permanent expiry has not passed."""
    return Reason.TOKEN_EXPIRED if facts.token is not None and facts.token.expired_at(now) else None


def token_live(facts: CallFacts, now: Instant) -> Reason | None:  # noqa: ARG001
    """The token was not deleted."""
    deleted = facts.token is not None and facts.token.state is TokenState.DELETED
    return Reason.TOKEN_DELETED if deleted else None


def token_known(facts: CallFacts, now: Instant) -> Reason | None:
    """The token exists, was activated, came the allowed way, and its hour has not run out while its key hears it."""
    if facts.token is None:
        return Reason.TOKEN_UNKNOWN
    if facts.token.state is not TokenState.ACTIVE:
        return Reason.TOKEN_PENDING
    if facts.exposed and facts.key is not None and facts.key.is_strict:
        return Reason.TOKEN_EXPOSED
    if facts.key is not None and facts.key.auto_expire_tokens and facts.token.lapsed_at(now):
        return Reason.TOKEN_LAPSED
    return None


def key_active(facts: CallFacts, now: Instant) -> Reason | None:  # noqa: ARG001
    """The key exists and is neither inactive nor deleted."""
    return None if facts.key is not None and facts.key.is_active else Reason.KEY_INACTIVE


def key_on_here(facts: CallFacts, now: Instant) -> Reason | None:  # noqa: ARG001
    """The key is meant for this account, its governing binding is on, and the cluster is the right one."""
    if not facts.key_serves:
        return Reason.KEY_FOREIGN
    if facts.binding is None or not facts.binding.is_on:
        return Reason.KEY_OFF
    return Reason.KEY_TEST_ONLY if facts.test_cluster_mismatch else None


def key_lasts(facts: CallFacts, now: Instant) -> Reason | None:
    """No account has laid down that the key has expired."""
    if not facts.key_policies:
        return None
    expires_at = expiry_of(facts.key_policies)
    return Reason.KEY_EXPIRED if expires_at is not None and expires_at <= now else None


def within_hours(facts: CallFacts, now: Instant) -> Reason | None:
    """It is within the hours at which the key may be used."""
    if not facts.key_policies or open_until(facts.key_policies, now) is not None:
        return None
    return Reason.OUTSIDE_HOURS


def address_allowed(facts: CallFacts, now: Instant) -> Reason | None:  # noqa: ARG001
    """The call comes from an address from which the key may be used."""
    if not facts.key_policies or facts.from_anywhere or admits(ranges_of(facts.key_policies), facts.address):
        return None
    return Reason.ADDRESS_NOT_ALLOWED


def person_here(facts: CallFacts, now: Instant) -> Reason | None:  # noqa: ARG001
    """The person is active and has a login on this host."""
    if facts.user_state is not UserState.ACTIVE:
        return Reason.PERSON_INACTIVE
    return None if facts.has_login else Reason.PERSON_STRANGER


def masquerade_standing(facts: CallFacts, now: Instant) -> Reason | None:  # noqa: ARG001
    """Who made the token while masquerading may still do so."""
    withdrawn = facts.minted_by is not None and not facts.minted_by.permitted
    return Reason.MASQUERADE_WITHDRAWN if withdrawn else None


def scope_granted(facts: CallFacts, now: Instant) -> Reason | None:  # noqa: ARG001
    """Scopes do not limit the token, or one of them covers the call."""
    return Reason.SCOPE_MISSING if scopes_decide(facts.key, facts.token) and not facts.covered else None


def masquerade_permitted(facts: CallFacts, now: Instant) -> Reason | None:  # noqa: ARG001
    """A call that asks to act as somebody else may do so."""
    if facts.acting_as is None:
        return None
    if not facts.acting_as.unchanged:
        return Reason.MASQUERADE_CHANGED
    strict = facts.key is None or facts.key.is_strict
    return None if facts.acting_as.permitted and not strict else Reason.MASQUERADE_REFUSED


CHECKS: tuple[Callable[[CallFacts, Instant], Reason | None], ...] = (
    token_fresh,
    token_live,
    token_known,
    key_active,
    key_on_here,
    key_lasts,
    within_hours,
    address_allowed,
    person_here,
    masquerade_standing,
    scope_granted,
    masquerade_permitted,
)


def scopes_decide(key: Key | None, token: Token | None) -> bool:
    """Whether the token's scopes limit it: its key requires scopes, or is strict and the token was given some.

    So a compatible key's tokens gain everything when it stops requiring scopes, as in Canvas; a strict key's keep
    their own (docs/canvas-compat.md, The strict profile).
    """
    if key is None or key.require_scopes:
        return True
    return key.is_strict and token is not None and bool(token.scopes)


def decide(facts: CallFacts, now: Instant) -> Allow | Deny:
    """Return whether the call passes; the first objection is the reason when it does not."""
    for check in CHECKS:
        reason = check(facts, now)
        if reason is not None:
            expired_at = facts.token.expires_at if reason is Reason.TOKEN_EXPIRED and facts.token is not None else None
            return Deny(reason=reason, expired_at=expired_at)
    limited = scopes_decide(facts.key, facts.token)
    return Allow(limited=limited, strip_includes=limited and facts.key is not None and not facts.key.allow_includes)


def standing(facts: CallFacts, now: Instant) -> Standing | None:
    """Return what holds for every call that a scope covers, as long as these facts of one stay what they are.

    None when such a call would be refused. Time alone can end it, at ``until``: until then ``decide`` would say the
    same about a call that is covered, or that scopes do not limit, whose credential came in a header, and whose address
    is within the ranges. Which address the facts name does not matter.
    """
    if not facts.covered or facts.exposed:
        raise ValueError("a standing is asked for with the facts of a covered call")
    policies = facts.key_policies
    decision = decide(replace(facts, from_anywhere=True) if policies else facts, now)
    if isinstance(decision, Deny) or facts.token is None or facts.key is None:
        return None
    ends = [facts.token.expires_at, facts.token.lapses_at if facts.key.auto_expire_tokens else None]
    if policies:
        ends += [expiry_of(policies), open_until(policies, now)]
    return Standing(allow=decision, until=min((end for end in ends if end is not None), default=NEVER))


def explain(facts: CallFacts, now: Instant) -> tuple[Finding, ...]:
    """Return what every check says, in the order in which they decide."""
    return tuple(Finding(check=check.__name__, objection=check(facts, now)) for check in CHECKS)
