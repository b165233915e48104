"""At which hours a key may be used: a clock's own day, across midnight and through both changes of a year's time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.core.instants import SECOND, Instant
from keystead.core.key_hours import MINUTES_OF_DAY, Hours

pytestmark = pytest.mark.pure

ZONES = ("Europe/Berlin", "America/Denver", "Australia/Lord_Howe", "Asia/Kolkata", "UTC")
WEEK = frozenset(range(7))


def at(text: str, zone: str = "UTC", fold: int = 0) -> Instant:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return Instant(int(moment.timestamp()) * SECOND)


def hours(opens: str, closes: str, days: frozenset[int] = WEEK, zone: str = "Europe/Berlin") -> Hours:
    minutes = [int(text[:2]) * 60 + int(text[3:]) for text in (opens, closes)]
    return Hours(zone=zone, days=days, opens=minutes[0], closes=minutes[1])


def some_hours() -> st.SearchStrategy[Hours]:
    return st.builds(
        Hours,
        zone=st.sampled_from(ZONES),
        days=st.frozensets(st.integers(0, 6)),
        opens=st.integers(0, MINUTES_OF_DAY - 1),
        closes=st.integers(0, MINUTES_OF_DAY - 1),
    )


YEAR = st.integers(at("2026-01-01") // SECOND, at("2027-01-01") // SECOND).map(lambda second: Instant(second * SECOND))


@given(some_hours(), YEAR)
def test_while_no_clock_is_changed_it_is_open_when_the_one_on_the_wall_says_so(set_: Hours, now: Instant) -> None:
    zone = ZoneInfo(set_.zone)
    here = datetime.fromtimestamp(now // SECOND, zone)
    days = [here + timedelta(days=ahead) for ahead in (-2, -1, 0, 1, 2)]
    if len({day.utcoffset() for day in days}) > 1:
        return
    minute, yesterday = here.hour * 60 + here.minute, (here.weekday() - 1) % 7

    is_open = set_.open_until(now) is not None

    if set_.opens < set_.closes:
        assert is_open == (here.weekday() in set_.days and set_.opens <= minute < set_.closes)
    else:
        begun = here.weekday() in set_.days and minute >= set_.opens
        assert is_open == (begun or (yesterday in set_.days and minute < set_.closes))


@given(some_hours(), YEAR, st.floats(0, 1, exclude_max=True))
def test_an_opening_lasts_until_the_moment_it_names(set_: Hours, now: Instant, part: float) -> None:
    until = set_.open_until(now)

    if until is None:
        opens = set_.opens_next(now)
        assert (opens is None) == (not set_.days)
        if opens is not None:
            assert opens > now
            assert set_.open_until(opens) is not None
            assert set_.open_until(Instant(now + int((opens - now) * part))) is None
        return
    assert until > now
    assert set_.open_until(Instant(now + int((until - now) * part))) == until
    assert set_.open_until(until) != until


@pytest.mark.parametrize(
    ("opens", "closes", "begins", "ends"),
    [
        # The clock goes from 02:00 to 03:00 on 29 March 2026: what it leaves out is the moment of the change.
        ("02:30", "06:00", at("2026-03-29T01:00"), at("2026-03-29T04:00")),
        ("01:00", "02:30", at("2026-03-29T00:00"), at("2026-03-29T01:00")),
        # It goes from 03:00 back to 02:00 on 25 October 2026: what comes twice counts the first time.
        ("02:30", "06:00", at("2026-10-25T00:30"), at("2026-10-25T05:00")),
        ("01:00", "02:30", at("2026-10-24T23:00"), at("2026-10-25T00:30")),
        # An opening across the change is as long as the night was.
        ("22:00", "06:00", at("2026-03-28T21:00"), at("2026-03-29T04:00")),
        ("22:00", "06:00", at("2026-10-24T20:00"), at("2026-10-25T05:00")),
    ],
)
def test_a_clock_that_is_changed_opens_and_closes_at_the_first_moment_it_shows_the_time(
    opens: str, closes: str, begins: Instant, ends: Instant
) -> None:
    set_ = hours(opens, closes)

    assert set_.open_until(begins) == ends
    assert set_.open_until(Instant(ends - SECOND)) == ends
    assert set_.open_until(Instant(begins - SECOND)) is None
    assert set_.open_until(ends) is None


def test_an_opening_that_the_clock_leaves_out_whole_does_not_take_place() -> None:
    set_ = hours("02:10", "02:50")

    assert set_.open_until(at("2026-03-29T01:00")) is None
    assert set_.opens_next(at("2026-03-29T00:00")) == at("2026-03-30T00:10")


def test_a_night_belongs_to_the_day_on_which_it_began() -> None:
    friday_night = hours("22:00", "04:00", frozenset({4}), zone="UTC")

    assert friday_night.open_until(at("2026-11-27T23:00")) == at("2026-11-28T04:00")
    assert friday_night.open_until(at("2026-11-28T03:59")) == at("2026-11-28T04:00")
    assert friday_night.open_until(at("2026-11-27T03:00")) is None
    assert friday_night.open_until(at("2026-11-28T23:00")) is None


def test_from_midnight_to_midnight_is_the_whole_day() -> None:
    sundays = hours("00:00", "00:00", frozenset({6}), zone="UTC")

    assert sundays.open_until(at("2026-11-29T00:00")) == at("2026-11-30T00:00")
    assert sundays.open_until(at("2026-11-30T00:00")) is None
    assert sundays.opens_next(at("2026-11-30T00:00")) == at("2026-12-06T00:00")


def test_a_zone_that_is_not_known_any_more_is_never_open() -> None:
    lost = Hours(zone="Europe/Atlantis", days=WEEK, opens=0, closes=0)

    assert lost.open_until(at("2026-11-29T12:00")) is None


def test_days_differ_by_zone() -> None:
    mondays = hours("00:00", "00:00", frozenset({0}), zone="Australia/Lord_Howe")
    now = datetime(2026, 11, 29, 14, tzinfo=UTC)

    assert mondays.open_until(Instant(int(now.timestamp()) * SECOND)) is not None
