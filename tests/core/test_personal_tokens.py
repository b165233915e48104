"""The rules about manual tokens: who may make one, its first state, its expiry."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.core.instants import DAY, Instant, iso
from keystead.core.personal_tokens import (
    EXPIRY_PAST,
    EXPIRY_REQUIRED,
    EXPIRY_TOO_FAR,
    PURPOSE_TOO_LONG,
    PURPOSE_TOO_SHORT,
    SCOPES_NOT_OF_KEY,
    SCOPES_UNREADABLE,
    Maker,
    expiry_problem,
    first_state,
    may_make,
    purpose_problem,
    read_expiry,
    scopes_problem,
    state_after_regeneration,
)
from keystead.core.tokens import TokenState

pytestmark = pytest.mark.pure

NOW = Instant(1_800_000_000 * 1_000_000)
OFFSETS = tuple(timezone(timedelta(hours=hours)) for hours in (-12, -5, 0, 14))
STUDENT_ONLY = frozenset({"student"})


@pytest.mark.parametrize(
    ("maker", "expected"),
    [
        (Maker(is_owner=True, holds_right=False, covers=False, limits=False), True),
        (Maker(is_owner=True, holds_right=False, covers=False, limits=True), False),
        (Maker(is_owner=True, holds_right=True, covers=False, limits=True), True),
        (Maker(is_owner=False, holds_right=False, covers=True, limits=False), False),
        (Maker(is_owner=False, holds_right=True, covers=False, limits=False), False),
        (Maker(is_owner=False, holds_right=True, covers=True, limits=True), True),
    ],
)
def test_people_make_their_own_tokens_and_admins_those_of_people_with_no_more_rights(
    maker: Maker, expected: bool
) -> None:
    assert may_make(maker) is expected


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (None, True),
        (frozenset(), False),
        (STUDENT_ONLY, False),
        (frozenset({"student", "observer"}), False),
        (frozenset({"student", "teacher"}), True),
    ],
)
def test_a_restriction_on_students_holds_for_those_who_only_learn_once_that_is_known(
    roles: frozenset[str] | None, expected: bool
) -> None:
    maker = Maker(
        is_owner=True, holds_right=False, covers=False, limits=False, restricts_students=True, roles=roles
    )  # fmt: skip

    assert may_make(maker) is expected


def test_a_token_waits_for_its_owner_unless_they_made_it_or_the_maker_is_exempt() -> None:
    assert first_state(by_owner=True, is_exempt=False) is TokenState.ACTIVE
    assert first_state(by_owner=False, is_exempt=False) is TokenState.PENDING
    assert first_state(by_owner=False, is_exempt=True) is TokenState.ACTIVE


@pytest.mark.parametrize("state", [TokenState.ACTIVE, TokenState.PENDING])
def test_an_owners_own_regeneration_leaves_the_state_and_anothers_sets_it(state: TokenState) -> None:
    assert state_after_regeneration(state, by_owner=True, is_exempt=False) is state
    assert state_after_regeneration(state, by_owner=False, is_exempt=False) is TokenState.PENDING
    assert state_after_regeneration(state, by_owner=False, is_exempt=True) is TokenState.ACTIVE


@pytest.mark.parametrize(
    ("expires_at", "roles", "problem"),
    [
        (None, None, None),
        (None, STUDENT_ONLY, EXPIRY_REQUIRED),
        (None, frozenset({"student", "teacher"}), None),
        (None, frozenset(), None),
        (NOW, None, EXPIRY_PAST),
        (NOW, STUDENT_ONLY, EXPIRY_PAST),
        (Instant(NOW + 1), None, None),
        (Instant(NOW + 120 * DAY), STUDENT_ONLY, None),
        (Instant(NOW + 120 * DAY + 1), STUDENT_ONLY, EXPIRY_TOO_FAR),
        (Instant(NOW + 4000 * DAY), None, None),
    ],
)
def test_an_expiry_lies_ahead_and_for_students_within_120_days(
    expires_at: Instant | None, roles: frozenset[str] | None, problem: str | None
) -> None:
    assert expiry_problem(expires_at, roles=roles, now=NOW) == problem


@pytest.mark.parametrize("text", ["soon", "", "2030-13-01", "9999-12-31T23:59:59-23:59", "2030-01-01T25:00:00Z"])
def test_what_names_no_moment_is_not_read(text: str) -> None:
    assert read_expiry(text) is None


@settings(max_examples=40)
@given(st.datetimes(min_value=datetime(1971, 1, 1)), st.sampled_from([None, *OFFSETS]))  # noqa: DTZ001
def test_every_expiry_that_is_read_can_be_written_back(moment: datetime, zone: timezone | None) -> None:
    read = read_expiry(moment.replace(tzinfo=zone).isoformat())

    assert read is None or read_expiry(str(iso(read))) == read


def test_a_purpose_has_1_to_255_characters() -> None:
    assert purpose_problem("x") is None
    assert purpose_problem("x" * 255) is None
    assert purpose_problem("x" * 256) == PURPOSE_TOO_LONG
    assert purpose_problem("  ") == PURPOSE_TOO_SHORT


def test_scopes_are_held_against_the_key_only_when_it_requires_scopes() -> None:
    assert scopes_problem(("a", "b"), of_key=(), requires_scopes=False) is None
    assert scopes_problem(("a", "b"), of_key=("a",), requires_scopes=True) == SCOPES_NOT_OF_KEY
    assert scopes_problem(("a",), of_key=("a", "b"), requires_scopes=True) is None
    assert scopes_problem(("a b",), of_key=(), requires_scopes=False) == SCOPES_UNREADABLE
