import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.core.instants import SECOND, Instant, iso, parse_iso

pytestmark = pytest.mark.pure


def test_a_moment_is_written_as_canvas_writes_it() -> None:
    assert iso(Instant(1_748_624_958 * SECOND + 999_999)) == "2025-05-30T17:09:18Z"
    assert iso(None) is None


@given(st.integers(min_value=0, max_value=253_402_300_799))
def test_what_is_written_reads_as_the_same_second(seconds: int) -> None:
    written = iso(Instant(seconds * SECOND))

    assert written is not None
    assert parse_iso(written) == seconds * SECOND


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2027-01-01", "2027-01-01T00:00:00Z"),
        ("2027-01-01T10:00:00+02:00", "2027-01-01T08:00:00Z"),
        ("2027-01-01T10:00:00.5Z", "2027-01-01T10:00:00Z"),
        ("tomorrow", None),
        ("2027-13-01", None),
        ("", None),
    ],
)
def test_a_moment_is_read_with_or_without_a_zone(text: str, written: str | None) -> None:
    assert iso(parse_iso(text)) == written
