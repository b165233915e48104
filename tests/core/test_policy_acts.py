"""What a policy asks to be done by itself: each step once, at its time, and anew for another date or person."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.core.ids import UserId
from keystead.core.instants import DAY, HOUR, Instant
from keystead.core.policy_acts import BACK, EXPIRED, LEFT, OFF, Act, Terms, What, due

pytestmark = pytest.mark.pure

TODAY = 20_000
NOON = Instant(TODAY * DAY + 12 * HOUR)
ADA = UserId(7)


def over_days(terms: Terms, first: int, last: int, done: dict[Act, Instant] | None = None) -> list[tuple[int, str]]:
    """Look every six hours from day to day (0 is today); return what was done on which day."""
    done = {} if done is None else done
    found = []
    for quarter in range(first * 4, last * 4 + 4):
        now = Instant(TODAY * DAY + quarter * 6 * HOUR)
        for act in due(terms, done, now):
            done[act] = now
            found.append((quarter // 4, act.step))
    return found


def test_a_review_is_announced_three_times_and_its_key_goes_off_the_day_after() -> None:
    assert over_days(Terms(review_on=TODAY + 30), 0, 60) == [(16, "14"), (27, "3"), (30, "0"), (31, OFF)]


def test_an_expiry_is_announced_twice_and_told() -> None:
    terms = Terms(expires_at=Instant((TODAY + 30) * DAY))

    assert over_days(terms, 0, 60) == [(16, "14"), (27, "3"), (30, EXPIRED)]


@pytest.mark.parametrize(
    ("days", "step"), [(20, None), (14, "14"), (13, "14"), (4, "14"), (3, "3"), (1, "3"), (0, "0"), (-1, OFF)]
)
def test_of_warnings_that_were_missed_only_the_last_is_given(days: int, step: str | None) -> None:
    found = due(Terms(review_on=TODAY + days), {}, NOON)

    assert [act.step for act in found] == ([] if step is None else [step])


def test_another_date_begins_anew_and_the_same_one_does_not() -> None:
    done: dict[Act, Instant] = {}
    first = over_days(Terms(review_on=TODAY + 3), 0, 10, done)
    same = over_days(Terms(review_on=TODAY + 3), 11, 20, done)
    other = over_days(Terms(review_on=TODAY + 25), 21, 40, done)

    assert [step for _, step in first] == ["3", "0", OFF]
    assert same == []
    assert [step for _, step in other] == ["14", "3", "0", OFF]


def test_who_has_left_is_told_of_once_and_the_key_goes_off_after_the_days_that_are_given() -> None:
    assert over_days(Terms(person=ADA, has_left=True, off_after_days=5), 0, 20) == [(0, LEFT), (5, OFF)]
    assert over_days(Terms(person=ADA, has_left=True), 0, 20) == [(0, LEFT)]
    assert over_days(Terms(person=ADA, off_after_days=5), 0, 20) == []
    assert over_days(Terms(has_left=True, off_after_days=5), 0, 20) == []


def test_with_no_days_of_grace_the_key_goes_off_at_the_next_look() -> None:
    assert [step for _, step in over_days(Terms(person=ADA, has_left=True, off_after_days=0), 0, 1)] == [LEFT, OFF]


def test_who_comes_back_lets_everything_begin_anew() -> None:
    done = {Act(What.OWNER, ADA, LEFT): NOON}

    assert due(Terms(person=ADA, off_after_days=1), done, NOON) == (Act(What.OWNER, ADA, BACK),)


@given(st.integers(-40, 40), st.integers(-40, 40), st.booleans(), st.none() | st.integers(0, 9))
def test_what_was_done_is_never_due_again(review: int, expiry: int, left: bool, after: int | None) -> None:
    wanted: dict[str, Any] = {"review_on": TODAY + review, "expires_at": Instant(NOON + expiry * DAY)}
    terms = Terms(person=ADA, has_left=left, off_after_days=after, **wanted)

    first = due(terms, {}, NOON)

    again = due(terms, dict.fromkeys(first, NOON), NOON)
    assert {act.step for act in again} <= {OFF, BACK}
    assert not set(again) & set(first)
