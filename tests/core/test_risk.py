"""Is the risk of a key the gravest of its traits, by whichever table?"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.core.catalogue import from_entries
from keystead.core.credentials import Secret
from keystead.core.errors import Invalid
from keystead.core.ids import KeyId, UserId
from keystead.core.keys import Key, KeyState
from keystead.core.risk import (
    LEVELS,
    USUAL_TABLE,
    Level,
    Sign,
    Trait,
    judged,
    read_table,
    risk_of,
    risk_of_scopes,
    signs_of,
    told_risk,
)
from strategies_routes import canvas_entries

pytestmark = pytest.mark.pure

CATALOGUE = from_entries(canvas_entries())
READ = "url:GET|/api/v1/courses/:id"
WRITE = "url:PUT|/api/v1/courses/:id"
DELETE = "url:DELETE|/api/v1/files/:id"
STUDENTS = "url:GET|/api/v1/courses/:course_id/enrollments"
GRADES = "url:PUT|/api/v1/courses/:course_id/assignments/:assignment_id/submissions/:user_id"
WIDE = "url:GET|/api/v1/accounts/:id"
TOKENS = "url:POST|/api/v1/users/:user_id/tokens"
KEY = Key(id=KeyId(1), account_id=None, state=KeyState.ACTIVE, secret=Secret("x"), require_scopes=True)


@pytest.mark.parametrize(
    ("scopes", "level", "traits"),
    [
        ((), Level.LOW, ()),
        ((READ,), Level.LOW, (Trait.READS_ONLY,)),
        ((READ, WRITE), Level.MODERATE, (Trait.WRITES,)),
        ((READ, DELETE), Level.HIGH, (Trait.DELETES,)),
        ((STUDENTS,), Level.MODERATE, (Trait.STUDENT_RECORDS_READ, Trait.READS_ONLY)),
        ((GRADES,), Level.HIGH, (Trait.STUDENT_RECORDS_CHANGED, Trait.WRITES)),
        ((WIDE,), Level.HIGH, (Trait.ACCOUNT_WIDE, Trait.READS_ONLY)),
        ((TOKENS,), Level.CRITICAL, (Trait.ACTS_AS_OTHERS, Trait.WRITES)),
    ],
)
def test_the_gravest_trait_gives_the_level(scopes: tuple[str, ...], level: Level, traits: tuple[Trait, ...]) -> None:
    risk = risk_of(replace(KEY, scopes=scopes), USUAL_TABLE, CATALOGUE.find)

    assert risk.level is level
    assert tuple(reason.sign.trait for reason in risk.reasons) == traits
    assert risk == risk_of_scopes(scopes, USUAL_TABLE, CATALOGUE.find)


def test_a_key_that_enforces_no_scopes_is_critical_whatever_its_list() -> None:
    risk = risk_of(replace(KEY, require_scopes=False, scopes=(READ,)), USUAL_TABLE, CATALOGUE.find)

    assert told_risk(risk) == {
        "level": "critical",
        "reasons": [{"trait": "unscoped", "level": "critical", "scopes": 0, "shown_by": []}],
    }


def test_a_key_that_needs_nobodys_yes_acts_as_others() -> None:
    key = replace(KEY, scopes=(TOKENS,), trusted=True, service_user_id=UserId(3), may_introspect=True)

    signs = {sign.trait: sign for sign in signs_of(key, CATALOGUE.find)}

    assert signs[Trait.ACTS_AS_OTHERS].shown_by == ("trusted", "service_user", "may_introspect", TOKENS)


def test_an_account_may_think_otherwise_of_a_trait() -> None:
    table = read_table({"reads_only": "high"})

    assert risk_of(replace(KEY, scopes=(READ,)), table, CATALOGUE.find).level is Level.HIGH
    assert table[Trait.DELETES] is USUAL_TABLE[Trait.DELETES]


def test_a_table_with_unknown_words_is_refused_by_name() -> None:
    with pytest.raises(Invalid) as refused:
        read_table({"flies": "low", "writes": "enormous"})

    assert set(refused.value.problems) == {"flies", "writes"}


@given(
    traits=st.lists(st.sampled_from(Trait), unique=True),
    table=st.dictionaries(st.sampled_from(Trait), st.sampled_from(Level)),
)
def test_the_level_is_the_highest_of_all_reasons_by_any_table(traits: list[Trait], table: dict[Trait, Level]) -> None:
    risk = judged(tuple(Sign(trait=trait) for trait in traits), table)

    levels = [table.get(trait, USUAL_TABLE[trait]) for trait in traits]
    assert risk.level is max(levels, key=LEVELS.index, default=Level.LOW)
    assert [reason.level.rank for reason in risk.reasons] == sorted((level.rank for level in levels), reverse=True)


@given(
    kept=st.sets(st.sampled_from((READ, WRITE, DELETE, STUDENTS, GRADES, WIDE, TOKENS))),
    more=st.sampled_from((WRITE, DELETE, STUDENTS, GRADES, WIDE, TOKENS)),
)
def test_more_scopes_never_lower_the_usual_risk(kept: set[str], more: str) -> None:
    before = risk_of_scopes(tuple(kept), USUAL_TABLE, CATALOGUE.find).level
    after = risk_of_scopes((*kept, more), USUAL_TABLE, CATALOGUE.find).level

    assert after.rank >= before.rank
