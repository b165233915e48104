import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.core.scopes import PEER_SERVICES, USERINFO, RouteScope, ScopeSet, parse_route_scope

pytestmark = pytest.mark.pure

sets = st.lists(st.sampled_from(("a", "b", "c", "D", "url:GET|/api/v1/accounts")), max_size=6).map(ScopeSet.of)
few = settings(max_examples=40, deadline=None)


def test_a_route_scope_is_read_into_its_verb_and_template() -> None:
    scope = parse_route_scope("url:POST|/api/v1/accounts/:account_id/outcome_imports(/group/:id)")

    assert scope == RouteScope(verb="POST", template="/api/v1/accounts/:account_id/outcome_imports(/group/:id)")


def test_a_route_scope_is_written_as_it_was_read() -> None:
    text = "url:GET|/api/v1/users/:user_id/custom_data(/*scope)"

    assert str(parse_route_scope(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        USERINFO,
        PEER_SERVICES,
        "url:",
        "url:GET",
        "url:GET|",
        "url:get|/api/v1/accounts",
        "url:HEAD|/api/v1/accounts",
        "URL:GET|/api/v1/accounts",
        "url:GET|api/v1/accounts",
        "url:GET|/login/session_token",
        "url:GET|/apiary",
        " url:GET|/api/v1/accounts",
        "url:GET|/api/v1/accounts\n",
        "url:GET|/api/v1/acc ounts",
        "url:GET|/api/v1/accounts|/api/v1/users",
        "https://purl.imsglobal.org/spec/lti-ags/scope/score",
    ],
)
def test_what_is_no_route_scope_is_not_read_as_one(text: str) -> None:
    assert parse_route_scope(text) is None


def test_scopes_keep_the_order_in_which_they_were_first_named() -> None:
    scopes = ScopeSet.parse("b a  b\tc\n a ")

    assert tuple(scopes) == ("b", "a", "c")
    assert str(scopes) == "b a c"


def test_a_plus_sign_and_an_encoded_blank_do_not_separate_scopes() -> None:
    assert tuple(ScopeSet.parse("a+b a%20b")) == ("a+b", "a%20b")


def test_scopes_are_compared_with_case_and_as_whole_strings() -> None:
    held = ScopeSet.parse("url:GET|/api/v1/users/:id")

    assert "url:GET|/api/v1/users/:user_id" not in held
    assert "URL:GET|/api/v1/users/:id" not in held


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("/auth/userinfo", True),
        ("https://www.example.edu/auth/userinfo", True),
        ("/auth/userinfo /auth/userinfo", True),
        ("/auth/userinfo cd2", False),
        ("/auth/userinfo/", False),
        ("cd2", False),
        ("", False),
    ],
)
def test_identity_alone_means_one_scope_that_ends_in_userinfo(text: str, only: bool) -> None:
    assert ScopeSet.parse(text).is_userinfo_only is only


@few
@given(sets)
def test_a_set_survives_being_written_and_read(scopes: ScopeSet) -> None:
    assert ScopeSet.parse(str(scopes)) == scopes


@few
@given(sets, sets)
def test_a_set_is_split_in_two_by_another(left: ScopeSet, right: ScopeSet) -> None:
    shared, rest = left.intersection(right), left.minus(right)

    assert set(shared) | set(rest) == set(left)
    assert set(shared) & set(rest) == set()
    assert list(rest) == [scope for scope in left if scope not in right]
    assert len(shared) + len(rest) == len(left)


@few
@given(sets, sets)
def test_a_set_is_part_of_another_when_nothing_is_left_without_it(left: ScopeSet, right: ScopeSet) -> None:
    assert left.issubset(right) is (not left.minus(right))
    assert left.issubset(left.union(right))
    assert left.intersection(right).issubset(right)


@few
@given(sets, sets)
def test_a_union_begins_with_the_first_set(left: ScopeSet, right: ScopeSet) -> None:
    joined = left.union(right)

    assert joined.items[: len(left)] == left.items
    assert set(joined) == set(left) | set(right)
