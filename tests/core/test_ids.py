"""Which texts name a record, and which do not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from keystead.core.ids import SHARD_STEP, global_id, parse_id

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("text", ["8", "08", "10000000000008", "1~8", "01~8", "1~008"])
def test_local_global_and_short_ids_name_the_same_record(text: str) -> None:
    assert parse_id(text) == 8


@pytest.mark.parametrize(
    "text",
    [
        "", "0", "1~0", "0~8", "2~8", "20000000000008", "10000000000000", "1~10000000000008", "1~1~8", "~8", "8~",
        "-8", "+8", " 8", "8 ", "8\n", "8.0", "1e3", "0x8", "8_000", "١٢", "１２", "²", "self", "9" * 19, "9" * 20,
        "1" * 5000, "9223372036854775808", "99~8", "8;1", "8/../9",
    ],
)  # fmt: skip
def test_what_names_nothing_here_is_refused(text: str) -> None:
    assert parse_id(text) is None


@settings(max_examples=50, deadline=None)
@given(number=some.integers(1, SHARD_STEP - 1))
def test_a_global_id_leads_back_to_the_local_one(number: int) -> None:
    assert parse_id(str(global_id(number))) == number
    assert parse_id(f"1~{number}") == number
    assert parse_id(str(number)) == number


@settings(max_examples=50, deadline=None)
@given(text=some.text(max_size=25))
def test_no_text_at_all_breaks_the_reading(text: str) -> None:
    found = parse_id(text)

    assert found is None or 0 < found < SHARD_STEP
