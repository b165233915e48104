import json
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.core.catalogue import from_entries
from keystead.core.routes import (
    NO_MATCH,
    RouteTable,
    RouteTableError,
    RouteTemplateError,
    compile_routes,
    compile_scopes,
)
from keystead.core.scopes import VERBS
from strategies_routes import paths, templates

pytestmark = pytest.mark.pure

ACCOUNTS = "url:GET|/api/v1/accounts"
COURSE = "url:GET|/api/v1/courses/:id"
USER = "url:GET|/api/v1/users/:id"
BY_PATH = "url:GET|/api/v1/courses/:course_id/folders/by_path/*full_path"


@cache
def canvas() -> RouteTable:
    return compile_routes(
        from_entries(json.loads(files("keystead.core").joinpath("canvas_scopes.json").read_text())).routes()
    )


@cache
def nothing() -> RouteTable:
    return compile_routes([])


def covers(scopes: Iterable[str], verb: str, path: str, table: RouteTable) -> bool:
    return compile_scopes(scopes, table).covers(table.match(verb, path), verb, path)


def matching(table: RouteTable, verb: str, path: str) -> set[str]:
    mask = table.match(verb, path).mask
    return {route.template for index, route in enumerate(table.routes) if mask >> index & 1}


@pytest.mark.parametrize("known", [True, False], ids=["scopes of the table", "scopes beyond the table"])
@pytest.mark.parametrize(
    ("scopes", "verb", "path", "allowed"),
    [
        ((ACCOUNTS,), "GET", "/api/v1/accounts", True),
        ((ACCOUNTS,), "HEAD", "/api/v1/accounts", True),
        ((ACCOUNTS,), "GET", "/api/v1/accounts.json", True),
        ((ACCOUNTS,), "GET", "/api/v1/accounts.", False),
        ((ACCOUNTS,), "GET", "/api/v1/accounts/", False),
        ((ACCOUNTS,), "GET", "/api/v1/accounts/1", False),
        ((ACCOUNTS,), "GET", "/API/V1/accounts", False),
        ((ACCOUNTS,), "GET", "/api/v1/account%73", False),
        ((ACCOUNTS,), "POST", "/api/v1/accounts", False),
        ((ACCOUNTS,), "get", "/api/v1/accounts", False),
        ((ACCOUNTS,), "GET", "/api/v1/accountsX", False),
        ((ACCOUNTS,), "GET", "/x/api/v1/accounts", False),
        ((ACCOUNTS,), "GET", "", False),
        ((COURSE,), "GET", "/api/v1/courses/sis_course_id:A1", True),
        ((COURSE,), "GET", "/api/v1/courses/1.json", True),
        ((COURSE,), "GET", "/api/v1/courses/1%2Fusers", True),
        ((COURSE,), "GET", "/api/v1/courses/1/users", False),
        ((COURSE,), "GET", "/api/v1/courses/", False),
        ((COURSE,), "GET", "/api/v1/courses/1/", False),
        ((COURSE,), "GET", "/api/v1/courses", False),
        ((USER,), "GET", "/api/v1/users/activity_stream", True),
        ((BY_PATH,), "GET", "/api/v1/courses/1/folders/by_path/a/b/c", True),
        ((BY_PATH,), "GET", "/api/v1/courses/1/folders/by_path/a/", True),
        ((BY_PATH,), "GET", "/api/v1/courses/1/folders/by_path//", True),
        ((BY_PATH,), "GET", "/api/v1/courses/1/folders/by_path/", False),
        ((BY_PATH,), "GET", "/api/v1/courses/1/folders/by_path", False),
        ((ACCOUNTS,), "DELETE", "/login/oauth2/token", True),
        ((), "DELETE", "/login/oauth2/token", True),
        ((ACCOUNTS,), "DELETE", "/login/oauth2/token.json", False),
        ((ACCOUNTS,), "GET", "/login/session_token", False),
        ((), "GET", "/login/session_token", False),
        (("url:GET|/login/session_token",), "GET", "/login/session_token", False),
        (("url:GET|/api/v1/login/session_token",), "GET", "/api/v1/login/session_token", True),
        ((ACCOUNTS, COURSE, USER, BY_PATH), "POST", "/api/graphql", False),
        ((), "GET", "/api/v1/accounts", False),
        (("/auth/userinfo", "cd2"), "GET", "/api/v1/accounts", False),
        (("url:get|/api/v1/accounts",), "GET", "/api/v1/accounts", False),
        (("url:GET|/api/v1/users/:other",), "GET", "/api/v1/users/1", True),
        (("url:GET|/api/v1/files/:id/download",), "GET", "/api/v1/files/1/download", True),
        (("url:GET|/api/v1/files/:id/download",), "GET", "/api/v1/files/1/preview", True),
        (("url:GET|/api/v1/files/:id/download",), "GET", "/api/v1/files/1/preview.pdf", True),
        (("url:GET|/api/v1/files/:id/preview",), "GET", "/api/v1/files/1/download", False),
        (("url:GET|/api/v1/broken/(:id",), "GET", "/api/v1/broken/1", False),
        (("url:GET|/api/v1/broken/(:id", ACCOUNTS), "GET", "/api/v1/accounts", True),
    ],
)
def test_a_token_may_call_what_a_scope_of_it_matches(
    scopes: tuple[str, ...], verb: str, path: str, allowed: bool, known: bool
) -> None:
    assert covers(scopes, verb, path, canvas() if known else nothing()) is allowed


def test_every_route_matches_its_own_path() -> None:
    for index, route in enumerate(canvas().routes):
        path = re.sub(r"[:*]\w+", "7", route.template.replace("(", "").replace(")", ""))

        found = canvas().match(route.verb, path)

        assert found.mask >> index & 1
        assert found.index == index


@pytest.mark.parametrize(
    ("path", "wins"),
    [
        ("/a/b", "/a/b"),
        ("/a/b.json", "/a/b"),
        ("/a/b.c", "/a/b.c"),
        ("/a/b.c.d", "/a/b.c"),
        ("/a/b-1", "/a/b-:id"),
        ("/a/c", "/a/:id"),
        ("/a/c/d", "/a/*rest"),
        ("/a/x/y", "/a/:id/y"),
        ("/a/x/y/", "/a/*rest"),
        ("/b/c", "/:id/c"),
    ],
)
def test_the_most_specific_template_is_meant(path: str, wins: str) -> None:
    order = ["/a/*rest", "/a/:id", "/:id/c", "/a/b", "/a/:id/y", "/a/b-:id", "/a/b.c"]

    for routes in (order, order[::-1]):
        found = compile_routes([("GET", template) for template in routes]).match("GET", path)

        assert found.route is not None
        assert found.route.template == wins
        assert found.index == routes.index(wins)


def test_a_route_for_previews_is_meant_before_a_download_that_covers_it() -> None:
    table = compile_routes([("GET", "/api/f/:id/download"), ("GET", "/api/f/:id/preview")])

    found = table.match("GET", "/api/f/1/preview")

    assert (found.mask, found.index) == (0b11, 1)


def test_unmapped_calls_share_one_answer() -> None:
    assert canvas().match("GET", "/api/graphql") is NO_MATCH
    assert canvas().match("TRACE", "/api/v1/accounts") is NO_MATCH
    assert canvas().match("GET", "") is NO_MATCH


def test_equal_scope_sets_share_one_mask() -> None:
    scopes = [f"url:{route.verb}|{route.template}" for route in canvas().routes[:900]]

    mask = canvas().mask_for([*scopes, "cd2", "url:GET|/api/v1/nowhere"])

    assert mask is canvas().mask_for(reversed(scopes))
    assert mask == (1 << 900) - 1


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("/api/v1/courses/:id", "/api/v1/courses/1", {"id": "1"}),
        ("/api/v1/courses/:id", "/api/v1/courses/1.json", {"id": "1"}),
        ("/api/v1/courses/:id", "/api/v1/courses/sis_course_id:A.1", {"id": "sis_course_id:A.1"}),
        ("/api/v1/courses/:id", "/api/v1/courses/.json", {"id": ".json"}),
        ("/a/:course_id/b/:date", "/a/x.json/b/2026.xml", {"course_id": "x.json", "date": "2026"}),
        ("/a/:id/files", "/a/1.json/files.json", {"id": "1.json"}),
        ("/a/by_path/*path", "/a/by_path/b/c.txt", {"path": "b/c.txt"}),
        ("/a/by_path/*path", "/a/by_path/b/c.json", {"path": "b/c"}),
        ("/a(/*scope)", "/a", {}),
        ("/a(/*scope)", "/a/b/c", {"scope": "b/c"}),
        ("/a(/group/:group_id)", "/a/group/3", {"group_id": "3"}),
        ("/a/*mid/z/:id", "/a/b/c/z/9", {"mid": "b/c", "id": "9"}),
        ("/a/v:major.:minor", "/a/v1.2", {"major": "1", "minor": "2"}),
        ("/a/:id-x", "/a/5-x.json", {"id": "5"}),
    ],
)
def test_parameters_are_named_without_the_format_suffix(template: str, path: str, expected: dict[str, str]) -> None:
    table = compile_routes([("GET", template)])

    assert table.match("GET", path).index == 0
    assert table.parameters(0, path) == expected


def test_parameters_of_a_path_that_does_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match="does not match"):
        compile_routes([("GET", "/a/:id")]).parameters(0, "/a/")


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("api/v1", "must start with"),
        ("/a(/:id", "without closing"),
        ("/a/:id)", "not opened"),
        ("/a/*x/*y", "more than one glob"),
        ("/a/b*x", "segment of its own"),
        ("/a/:id*x", "segment of its own"),
        ("/" + "(a)" * 200, "variants"),
        ("/" + "".join(f"({letter})" for letter in "abcdefghij"), "variants"),
    ],
)
def test_a_template_that_no_route_could_have_is_refused_with_its_reason(template: str, why: str) -> None:
    with pytest.raises(RouteTemplateError, match=why):
        compile_routes([("GET", template)])


def test_a_route_given_twice_or_with_a_strange_verb_is_refused() -> None:
    with pytest.raises(RouteTableError, match="given twice"):
        compile_routes([("GET", "/a"), ("GET", "/a")])
    with pytest.raises(RouteTableError, match="HEAD"):
        compile_routes([("HEAD", "/a")])


def test_templates_that_would_explode_are_refused() -> None:
    crossing = ["/".join(["", *[":x"] * at, "a", *[":x"] * (11 - at)]) for at in range(12)]

    with pytest.raises(RouteTableError, match="more than 500 states"):
        compile_routes([("GET", template) for template in crossing], most_states=500)


def test_too_many_mixed_segments_at_one_place_are_refused() -> None:
    with pytest.raises(RouteTableError, match="mix text and parameters"):
        compile_routes([("GET", f"/:id-{number}/x") for number in range(9)])


PIECE = re.compile(r"[:*][A-Za-z_]\w*|.", re.DOTALL)


def naive(template: str) -> re.Pattern[str]:
    """Say the rules once more, as one expression for each template."""
    signs = {":": "[^/]+", "*": "(?s:.+)"}

    def expression(text: str) -> str:
        parts = [
            {"(": "(?:", ")": ")?"}.get(piece) or (signs[piece[0]] if len(piece) > 1 else re.escape(piece))
            for piece in PIECE.findall(text)
        ]
        return "".join(parts) + r"(?:\.[^/]+)?"

    forms = [template]
    if template.endswith("/download"):
        forms.append(template.removesuffix("download") + "preview")
    return re.compile("|".join(f"(?:{expression(form)})" for form in forms))


@settings(max_examples=40, deadline=None)
@given(st.lists(templates(), min_size=1, max_size=5, unique=True), st.lists(paths(), min_size=1, max_size=5))
def test_the_automaton_agrees_with_one_expression_for_each_template(known: list[str], tried: list[str]) -> None:
    table = compile_routes([("GET", template) for template in known])
    expressions = [naive(template) for template in known]

    for path in tried:
        expected = sum(1 << bit for bit, pattern in enumerate(expressions) if pattern.fullmatch(path))

        found = table.match("GET", path)

        assert found.mask == expected, (known, path)
        assert (found.index is None) is (expected == 0)
        if found.index is not None:
            assert expected >> found.index & 1
            assert isinstance(table.parameters(found.index, path), dict)


@settings(max_examples=15, deadline=None)
@given(st.lists(templates(), min_size=1, max_size=4, unique=True), st.lists(paths(), min_size=1, max_size=5))
def test_scopes_beyond_the_table_cover_what_they_would_cover_in_it(known: list[str], tried: list[str]) -> None:
    scopes = ["url:GET|/api" + template for template in known]
    table = compile_routes([("GET", "/api" + template) for template in known])

    for path in tried:
        inside = covers(scopes, "GET", "/api" + path, table)

        assert covers(scopes, "GET", "/api" + path, nothing()) is inside


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_the_whole_catalogue_agrees_with_its_expressions(data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(canvas().routes))
    values = st.sampled_from(("1", "self", "a.b", "1.json", "", "x/y", "by_path", "search", "new"))
    path = re.sub(r"[:*]\w+", lambda _: data.draw(values), route.template.replace("(", "").replace(")", ""))
    path += data.draw(st.sampled_from(("", "", ".json", "/", ".")))
    verb = data.draw(st.sampled_from((route.verb, *VERBS)))

    expected = {
        one.template for one in canvas().routes if one.verb == verb and expression_of(one.template).fullmatch(path)
    }

    assert matching(canvas(), verb, path) == expected


@cache
def expression_of(template: str) -> re.Pattern[str]:
    return naive(template)
