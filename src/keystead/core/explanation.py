"""Why does a call pass or not, and what would change that? The checks of the decision, told one by one.

Nothing is decided here: every step is one of ``core.decision.CHECKS``, asked about the same facts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from keystead.core.decision import CHECKS, Allow, CallFacts, address_allowed, decide, explain
from keystead.core.instants import Instant
from keystead.core.key_policies import ranges_of
from keystead.core.reasons import Reason

PASSED, REFUSED, NOT_REACHED = "passed", "refused", "not_reached"
DEPENDS: Final = "depends"
"""What becomes of a check that asks for the caller's address, when it is asked about no call."""
NO_SCOPE_EXISTS: Final = "No scope exists for this path; only tokens of keys that do not enforce scopes may call it."

REMEDIES: Final[dict[Reason, str]] = {
    Reason.NO_CREDENTIALS: "Send an access token in the header: Authorization: Bearer <token>.",
    Reason.TOKEN_EXPIRED: "Make a new token, or regenerate this one with a later expiry.",
    Reason.TOKEN_DELETED: "Ask the person for consent again; a deleted token does not come back.",
    Reason.TOKEN_UNKNOWN: "Look for a truncated token, or one that a refresh has replaced; use the newest.",
    Reason.TOKEN_LAPSED: "Refresh the token: its hour is over.",
    Reason.TOKEN_PENDING: "Its owner activates the token on their profile page.",
    Reason.TOKEN_EXPOSED: "Send the token in the Authorization header; this key does not accept it in the query.",
    Reason.KEY_INACTIVE: "The key's owner activates the key, or makes a new one if it was deleted.",
    Reason.KEY_FOREIGN: "Call the host of the account that owns the key, or ask for a global key.",
    Reason.KEY_OFF: "The account that governs the key here turns it on; the token then works again.",
    Reason.KEY_TEST_ONLY: "Use the test installation, or let the key's owner take 'test cluster only' off.",
    Reason.KEY_EXPIRED: "The account that set the key's expiry sets a later one, or none; the token then works again.",
    Reason.OUTSIDE_HOURS: "Call within the hours set for the key, or let the account that set them change them.",
    Reason.ADDRESS_NOT_ALLOWED: "Call from an address allowed for the key, or let the account that set them allow it.",
    Reason.PERSON_INACTIVE: "An administrator takes the person's suspension back.",
    Reason.PERSON_STRANGER: "Call the host of an account where the person has a login.",
    Reason.MASQUERADE_WITHDRAWN: "The token's owner gives consent themselves; whoever acted for them may not any more.",
    Reason.SCOPE_MISSING: "Add the scope to the key, then ask the person for consent again: tokens gain none later.",
    Reason.MASQUERADE_CHANGED: "Leave as_user_id out: the token already acts as somebody.",
    Reason.MASQUERADE_REFUSED: "Leave as_user_id out, or give the caller a role with the right to act as that person.",
}
"""What would let a refused call pass. Every reason has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One check: what it asks, and what became of it. ``reason`` is its objection."""

    check: str
    asks: str
    outcome: str
    reason: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision with every check behind it. ``reason`` is None when the call passes.

    ``depends_on_address`` says that it passes from some addresses only, and that none was given.
    """

    reason: Reason | None
    steps: tuple[Step, ...]
    strips_includes: bool
    remedies: tuple[str, ...]
    depends_on_address: bool = False


def explained(facts: CallFacts, now: Instant, *, missing: str | None, key_has_it: bool) -> Explanation:
    """Tell what the decision about these facts is and what each check says, the ones behind the first objection too.

    ``missing`` is the scope that would cover the call, where one is known; ``key_has_it`` says that the key holds it.
    """
    decision = decide(facts, now)
    reason = None if isinstance(decision, Allow) else decision.reason
    depends = facts.from_anywhere and bool(ranges_of(facts.key_policies))
    steps: list[Step] = []
    for check, finding in zip(CHECKS, explain(facts, now), strict=True):
        objection = finding.objection
        reached = not any(step.outcome == REFUSED for step in steps)
        outcome = PASSED if objection is None else REFUSED
        if depends and check is address_allowed:
            outcome = DEPENDS
        steps.append(
            Step(
                check=finding.check,
                asks=_asks(check),
                outcome=outcome if reached else NOT_REACHED,
                reason=objection,
            )
        )
    objections = [step.reason for step in steps if step.reason is not None]
    if depends:
        objections.append(Reason.ADDRESS_NOT_ALLOWED)
    return Explanation(
        reason=reason,
        steps=tuple(steps),
        strips_includes=isinstance(decision, Allow) and decision.strip_includes,
        remedies=tuple(dict.fromkeys(_remedy(one, missing, key_has_it=key_has_it) for one in objections)),
        depends_on_address=depends,
    )


def _remedy(reason: Reason, missing: str | None, *, key_has_it: bool) -> str:
    if reason is not Reason.SCOPE_MISSING:
        return REMEDIES[reason]
    if missing is None:
        return NO_SCOPE_EXISTS
    if key_has_it:
        return f"Ask the person for consent again with {missing}: the key has it, this token was not given it."
    return f"Add {missing} to the key, then ask the person for consent again: tokens gain none later."


def refused_before(reason: Reason) -> Explanation:
    """Return the explanation of a call that is refused before any check, for want of a credential."""
    steps = tuple(Step(check=check.__name__, asks=_asks(check), outcome=NOT_REACHED) for check in CHECKS)
    return Explanation(reason=reason, steps=steps, strips_includes=False, remedies=(REMEDIES[reason],))


def _asks(check: Callable[..., object]) -> str:
    """Return what a check asks: the first line of its docstring."""
    return (check.__doc__ or "").strip().splitlines()[0]
