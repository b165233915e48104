import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.oauth.errors import OAuthError, repeated
from keystead.oauth.parameters import ONCE, Parameters, read_parameters

pytestmark = pytest.mark.pure


def read(*query: tuple[str, str], body: tuple[tuple[str, str], ...] = ()) -> Parameters:
    found = read_parameters(query, body)
    assert isinstance(found, Parameters)
    return found


@pytest.mark.parametrize("name", sorted(ONCE))
def test_each_is_given_once(name: str) -> None:
    twice = [(name, "a"), (name, "a")]

    assert read_parameters(twice) == read_parameters(twice[:1], twice[1:]) == repeated(name)
    assert read_parameters([(f"{name}[]", "a")]) == repeated(name)
    assert read_parameters([("scope[a]", "b")]) == repeated("scope")


def test_the_last_scope_counts_and_scopes_is_heard_without_one() -> None:
    assert read(("scope", "a"), ("scope", "b c")).scopes == ("b", "c")
    assert read(("scopes", "a")).scopes == ("a",)
    assert read(("scopes", "a"), ("scope", "b")).scopes == ("b",)
    assert read(("scopes", "a"), ("scope", "")).scopes == ("a",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ()), (" a  b\ta\n", ("a", "b")), ("b a b", ("b", "a")), ("a\u00a0b", ("a\u00a0b",)), ("A a", ("A", "a"))],
)
def test_scopes_are_separated_by_blanks_and_counted_once(text: str, expected: tuple[str, ...]) -> None:
    assert read(("scope", text)).scopes == expected


@pytest.mark.parametrize(
    ("text", "on"), [("1", True), ("true", True), ("yes", True), ("0", False), ("False", False), ("", False)]
)
def test_a_switch_is_on_unless_it_says_otherwise(text: str, on: bool) -> None:
    assert read(("force_login", text)).is_set("force_login") is on
    assert read().is_set("force_login") is False


def test_a_blank_parameter_is_not_given_and_unknown_ones_may_repeat() -> None:
    found = read(("code", ""), ("x", "1"), ("x", "2"), body=(("client_secret", "s"),))

    assert found.get("code") is None
    assert found.in_query == {"code", "x"}
    assert "s" not in repr(found).replace("client_secret", "")[len("Parameters") :]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from([*sorted(ONCE)[:4], "scope", "x[]"]), st.text(max_size=5)), max_size=6))
def test_a_parameter_is_refused_exactly_when_it_repeats(given: list[tuple[str, str]]) -> None:
    named = [name for name, _ in given if name in ONCE]

    assert isinstance(read_parameters(given), OAuthError) is (len(set(named)) < len(named))
