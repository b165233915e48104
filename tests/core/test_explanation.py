"""Explanations: the decision's own checks, each told, and a way out of every refusal."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys_builders import NOW, facts, key
from keystead.core.decision import CHECKS, Allow, CallFacts, decide, standing
from keystead.core.explanation import NOT_REACHED, PASSED, REFUSED, REMEDIES, explained
from keystead.core.instants import HOUR, Instant
from keystead.core.key_policies import admits, ranges_of
from keystead.core.reasons import Reason
from strategies_decision import some_facts

pytestmark = pytest.mark.pure


def test_every_reason_has_a_remedy_and_every_check_says_what_it_asks() -> None:
    assert set(REMEDIES) == set(Reason)
    assert all((check.__doc__ or "").strip().endswith(".") for check in CHECKS)


@given(some_facts())
def test_what_is_explained_is_what_is_decided(known: CallFacts) -> None:
    decision = decide(known, NOW)

    told = explained(known, NOW, missing="url:GET|/api/v1/x", key_has_it=False)

    assert told.reason == (None if isinstance(decision, Allow) else decision.reason)
    assert [step.check for step in told.steps] == [check.__name__ for check in CHECKS]
    outcomes = [step.outcome for step in told.steps]
    first = outcomes.index(REFUSED) if REFUSED in outcomes else len(outcomes)
    assert outcomes[:first] == [PASSED] * first
    assert outcomes[first + 1 :] == [NOT_REACHED] * (len(outcomes) - first - 1)
    assert bool(told.remedies) == (told.reason is not None)


@given(some_facts(), st.integers(0, 3 * HOUR), st.booleans())
def test_a_standing_says_what_the_decision_says_until_it_ends(known: CallFacts, later: int, covered: bool) -> None:
    asked = replace(known, covered=True, exposed=False)
    now = Instant(NOW + later)

    stands = standing(asked, NOW)

    admitted = admits(ranges_of(asked.key_policies), asked.address)
    if stands is not None and now < stands.until and (covered or not stands.allow.limited) and admitted:
        assert decide(replace(asked, covered=covered), now) == stands.allow
    if stands is None or not admitted:
        assert not isinstance(decide(asked, NOW), Allow)


def test_a_missing_scope_is_remedied_at_the_key_or_at_the_consent() -> None:
    known = facts(key=key(require_scopes=True), covered=False)
    scope = "url:GET|/api/v1/courses"

    by_key = explained(known, NOW, missing=scope, key_has_it=False).remedies
    by_consent = explained(known, NOW, missing=scope, key_has_it=True).remedies
    by_nothing = explained(known, NOW, missing=None, key_has_it=False).remedies

    assert "to the key" in by_key[0]
    assert "was not given it" in by_consent[0]
    assert "No scope exists" in by_nothing[0]


def test_a_standing_is_not_given_for_facts_of_another_kind() -> None:
    with pytest.raises(ValueError, match="covered"):
        standing(facts(covered=False), NOW)
