"""The leaky bucket: what drains, what fills, and which limits somebody may set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.core.throttle import USUAL, Limits, drained, raised, read_limits, remaining, stored_limits, told

pytestmark = pytest.mark.pure

levels = st.floats(0, 800)
costs = st.floats(0, 100)
times = st.floats(0, 1000)


def test_the_usual_limits_are_canvas_s() -> None:
    assert Limits(refuses_at=600, cap=800, drains=10, upfront=50) == USUAL


@given(levels, times, times)
def test_it_drains_evenly_and_never_below_nothing(level: float, first: float, second: float) -> None:
    at_once, in_two = drained(level, first + second, USUAL), drained(drained(level, first, USUAL), second, USUAL)

    assert at_once == pytest.approx(in_two)
    assert 0 <= at_once <= level


@given(levels, st.floats(-1000, 0))
def test_a_clock_that_went_back_changes_nothing(level: float, back: float) -> None:
    assert drained(level, back, USUAL) == level


@given(levels, costs)
def test_what_is_charged_up_front_and_given_back_leaves_the_cost(level: float, cost: float) -> None:
    level = min(level, USUAL.cap - USUAL.upfront)

    after = raised(raised(level, USUAL.upfront, USUAL), cost - USUAL.upfront, USUAL)

    assert after == pytest.approx(min(level + cost, USUAL.cap))


@given(levels, costs)
def test_nothing_lifts_it_above_its_cap(level: float, cost: float) -> None:
    assert raised(level, cost, USUAL) <= USUAL.cap
    assert 0 <= remaining(level, USUAL) <= USUAL.refuses_at


def test_a_share_is_smaller_but_for_the_charge_of_a_call_under_way() -> None:
    assert USUAL.share_of(4) == Limits(refuses_at=150, cap=200, drains=2.5, upfront=50)
    assert USUAL.share_of(1) is USUAL


def test_limits_survive_being_stored() -> None:
    limits = read_limits({"refuses_at": 10, "cap": 20, "drains_per_second": 1})

    assert stored_limits(told(limits)) == limits
    assert stored_limits(told(limits)) is stored_limits(told(limits))
    assert stored_limits(None) is told(None) is None


@pytest.mark.parametrize(
    "given",
    [
        {"refuses_at": 0}, {"refuses_at": -1}, {"cap": float("nan")}, {"cap": float("inf")}, {"upfront": True},
        {"drains_per_second": "fast"}, {"refuses_at": 900}, {"cap": 100}, {"speed": 1}, {"cap": 1e12},
    ],
)  # fmt: skip
def test_limits_that_make_no_sense_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        read_limits(given)
