"""One decision behind every door: each check alone, their order, and that what explains cannot disagree."""

from typing import Any

import pytest
from hypothesis import given, settings

from keys_builders import NOW, ROOT, bound, facts, key, token
from keystead.core.actors import UserState
from keystead.core.bindings import BindingState
from keystead.core.decision import CHECKS, Allow, CallFacts, Deny, Masquerade, decide, explain
from keystead.core.key_policies import KeyPolicy
from keystead.core.keys import KeyState, SecurityProfile
from keystead.core.reasons import Reason
from keystead.core.tokens import TokenState
from strategies_decision import ALWAYS, CLOSED, FUTURE, INSIDE, OFFICE, OUTSIDE, PAST, some_facts

pytestmark = pytest.mark.pure

STRICT = SecurityProfile.STRICT

OBJECTIONS: list[tuple[Reason, dict[str, Any]]] = [
    (Reason.TOKEN_EXPIRED, {"token": token(expires_at=PAST)}),
    (Reason.TOKEN_DELETED, {"token": token(state=TokenState.DELETED)}),
    (Reason.TOKEN_UNKNOWN, {"token": None}),
    (Reason.TOKEN_PENDING, {"token": token(state=TokenState.PENDING)}),
    (Reason.TOKEN_EXPOSED, {"key": key(profile=STRICT), "exposed": True}),
    (Reason.TOKEN_LAPSED, {"key": key(auto_expire_tokens=True), "token": token(lapses_at=PAST)}),
    (Reason.KEY_INACTIVE, {"key": None}),
    (Reason.KEY_INACTIVE, {"key": key(state=KeyState.INACTIVE)}),
    (Reason.KEY_INACTIVE, {"key": key(state=KeyState.DELETED)}),
    (Reason.KEY_FOREIGN, {"key_serves": False}),
    (Reason.KEY_OFF, {"binding": None}),
    (Reason.KEY_OFF, {"binding": bound({ROOT: BindingState.OFF})[ROOT]}),
    (Reason.KEY_OFF, {"binding": bound({ROOT: BindingState.ALLOW})[ROOT]}),
    (Reason.KEY_TEST_ONLY, {"test_cluster_mismatch": True}),
    (Reason.KEY_EXPIRED, {"key_policies": (KeyPolicy(account_id=ROOT, expires_at=PAST),)}),
    (Reason.OUTSIDE_HOURS, {"key_policies": (KeyPolicy(account_id=ROOT, hours=CLOSED),)}),
    (Reason.ADDRESS_NOT_ALLOWED, {"key_policies": (KeyPolicy(account_id=ROOT, ranges=OFFICE),)}),
    (Reason.ADDRESS_NOT_ALLOWED, {"key_policies": (KeyPolicy(account_id=ROOT, ranges=OFFICE),), "address": OUTSIDE}),
    (Reason.PERSON_INACTIVE, {"user_state": UserState.SUSPENDED}),
    (Reason.PERSON_INACTIVE, {"user_state": UserState.DELETED}),
    (Reason.PERSON_STRANGER, {"has_login": False}),
    (Reason.MASQUERADE_WITHDRAWN, {"minted_by": Masquerade(permitted=False)}),
    (Reason.SCOPE_MISSING, {"key": key(require_scopes=True), "covered": False}),
    (Reason.MASQUERADE_CHANGED, {"acting_as": Masquerade(permitted=True, unchanged=False)}),
    (Reason.MASQUERADE_REFUSED, {"acting_as": Masquerade(permitted=False)}),
    (Reason.MASQUERADE_REFUSED, {"acting_as": Masquerade(permitted=True), "key": key(profile=STRICT)}),
]


@pytest.mark.parametrize(("reason", "wrong"), OBJECTIONS)
def test_each_condition_alone_refuses_for_its_own_reason(reason: Reason, wrong: dict[str, Any]) -> None:
    decision = decide(facts(**wrong), NOW)

    assert isinstance(decision, Deny)
    assert decision.reason is reason


def test_every_reason_of_the_judgement_is_covered_here() -> None:
    assert {reason for reason, _ in OBJECTIONS} == set(Reason) - {Reason.NO_CREDENTIALS}


@pytest.mark.parametrize(
    "fine",
    [
        {},
        {"token": token(expires_at=FUTURE)},
        {"token": token(lapses_at=PAST)},
        {"key": key(auto_expire_tokens=True), "token": token(lapses_at=FUTURE)},
        {"covered": False},
        {"exposed": True},
        {"minted_by": Masquerade(permitted=True)},
        {"acting_as": Masquerade(permitted=True)},
        {"key_policies": (KeyPolicy(account_id=ROOT, expires_at=FUTURE, hours=ALWAYS),)},
        {"key_policies": (KeyPolicy(account_id=ROOT, ranges=OFFICE),), "address": INSIDE},
        {"key_policies": (KeyPolicy(account_id=ROOT, ranges=OFFICE),), "from_anywhere": True},
    ],
)
def test_what_is_no_objection_passes(fine: dict[str, Any]) -> None:
    assert decide(facts(**fine), NOW) == Allow(limited=False, strip_includes=False)


def test_a_token_expires_at_the_very_moment_and_says_when() -> None:
    assert decide(facts(token=token(expires_at=NOW)), NOW) == Deny(reason=Reason.TOKEN_EXPIRED, expired_at=NOW)


@pytest.mark.parametrize("includes", [True, False])
def test_a_scoped_call_is_limited_and_loses_includes_unless_the_key_allows_them(includes: bool) -> None:
    allowed = decide(facts(key=key(require_scopes=True, allow_includes=includes)), NOW)

    assert allowed == Allow(limited=True, strip_includes=not includes)


@pytest.mark.parametrize(
    ("profile", "scopes", "limits"),
    [
        (SecurityProfile.COMPATIBLE, ("url:GET|/api/v1/courses",), False),
        (SecurityProfile.STRICT, ("url:GET|/api/v1/courses",), True),
        (SecurityProfile.STRICT, (), False),
    ],
)
def test_when_a_key_stops_requiring_scopes_a_strict_ones_tokens_keep_theirs(
    profile: SecurityProfile, scopes: tuple[str, ...], limits: bool
) -> None:
    known = facts(key=key(require_scopes=False, profile=profile), token=token(scopes=scopes), covered=False)

    decision = decide(known, NOW)

    assert isinstance(decision, Deny) is limits
    assert not limits or decision == Deny(reason=Reason.SCOPE_MISSING)


def test_the_order_is_expired_deleted_unknown_key_account_policies_person_mask_scope() -> None:
    names = [check.__name__ for check in CHECKS]

    assert names == [
        "token_fresh", "token_live", "token_known", "key_active", "key_on_here", "key_lasts",
        "within_hours", "address_allowed", "person_here", "masquerade_standing", "scope_granted",
        "masquerade_permitted",
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(given_facts=some_facts())
def test_the_first_objection_that_explain_shows_is_the_reason_of_the_refusal(given_facts: CallFacts) -> None:
    objections = [finding.objection for finding in explain(given_facts, NOW) if finding.objection is not None]

    decision = decide(given_facts, NOW)

    assert (decision.reason if isinstance(decision, Deny) else None) == (objections[0] if objections else None)


@settings(max_examples=60, deadline=None)
@given(given_facts=some_facts())
def test_nothing_passes_without_a_live_token_an_active_key_that_is_on_and_a_person(given_facts: CallFacts) -> None:
    if isinstance(decide(given_facts, NOW), Deny):
        return

    assert given_facts.token is not None
    assert given_facts.token.state is TokenState.ACTIVE
    assert given_facts.key is not None
    assert given_facts.key.is_active
    assert given_facts.binding is not None
    assert given_facts.binding.is_on
    assert given_facts.key_serves
    assert given_facts.has_login
    assert given_facts.user_state is UserState.ACTIVE
    assert given_facts.covered or not given_facts.key.require_scopes
