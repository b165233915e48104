import pytest

from keystead.actions.user_values import NewPerson, completed
from keystead.actions.wording import BLANK, TOO_LONG, UNREADABLE, host_problem, is_address, is_locale, line_problem

pytestmark = pytest.mark.pure


@pytest.mark.parametrize("host", ["lms.example.edu", "LMS.Example.edu.", "localhost:8090", "127.0.0.1", "a_b.example"])
def test_host_names_are_taken_with_or_without_a_port(host: str) -> None:
    assert host_problem(host) is None


@pytest.mark.parametrize("host", ["", ".", "a..b", "-a.example", "a b", "a/b", "a:b", "é.example", "a.example:123456"])
def test_what_is_no_host_name_is_told_apart(host: str) -> None:
    assert host_problem(host) is not None


def test_a_line_is_neither_blank_nor_long_nor_hidden() -> None:
    said = [line_problem(text) for text in ("Ada", " ", "x" * 256, "a\x00", "a\u2028b", "x" * 255)]

    assert said == [None, BLANK, TOO_LONG, UNREADABLE, UNREADABLE, None]


def test_addresses_and_languages_are_recognised() -> None:
    assert [is_address(text) for text in ("a@b", "a", "a@b@c", "a b@c", "@b")] == [True, False, False, False, False]
    assert [is_locale(text) for text in ("en", "pt-BR", "zh_Hant_TW", "e", "en/../x")] == [True] * 3 + [False] * 2


def test_other_names_follow_from_the_name_and_the_name_from_the_login() -> None:
    named = completed(NewPerson(unique_id=" ada ", name="Ada King Lovelace"))
    nameless = completed(NewPerson(unique_id="ada@example.edu"))

    assert (named.unique_id, named.short_name, named.sortable_name) == (
        "ada",
        "Ada King Lovelace",
        "Lovelace, Ada King",
    )
    assert (nameless.name, nameless.sortable_name, nameless.email) == ("ada@example.edu",) * 3
