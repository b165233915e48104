import json
from functools import cache
from importlib.resources import files

import pytest

from keystead.core.catalogue import Catalogue, Entry, from_entries, route_entry
from keystead.core.routes import compile_routes
from keystead.core.scopes import PEER_SERVICES, USERINFO, VERBS

pytestmark = pytest.mark.pure


def described() -> list[dict[str, object]]:
    entries: list[dict[str, object]] = json.loads(
        files("keystead.core").joinpath("canvas_scopes.json").read_text("utf-8")
    )
    return entries


@cache
def canvas() -> Catalogue:
    return from_entries(described())


def test_canvas_has_1085_route_scopes_in_129_groups() -> None:
    listed = [entry for entry in canvas().listing() if "path" in entry]

    assert len(described()) == 1_120
    assert len(canvas().routes()) == len(listed) == 1_085
    assert len({entry["resource"] for entry in listed}) == 129
    assert len({entry["resource_name"] for entry in listed}) == 129


def test_lti_routes_are_left_out() -> None:
    assert not [path for _, path in canvas().routes() if path.startswith("/api/lti")]
    assert canvas().unknown(["url:GET|/api/lti/courses/:course_id/membership_service"]) != ()


def test_the_two_scopes_without_a_route_carry_four_members() -> None:
    by_scope = {entry["scope"]: entry for entry in canvas().listing()}

    assert by_scope[USERINFO] == {
        "resource": "oauth2",
        "verb": "GET",
        "scope": "/auth/userinfo",
        "resource_name": "OAuth 2",
    }
    assert by_scope[PEER_SERVICES] == {
        "resource": "peer_services",
        "verb": "GET",
        "scope": "cd2",
        "resource_name": "Peer Services",
    }


def test_a_route_is_listed_with_seven_members() -> None:
    scope = "url:PUT|/api/v1/courses/:course_id/assignments/:id"

    shown = next(entry for entry in canvas().listing() if entry["scope"] == scope)

    assert shown == {
        "resource": "assignments",
        "resource_name": "Assignments",
        "controller": "assignments",
        "action": "update",
        "verb": "PUT",
        "path": "/api/v1/courses/:course_id/assignments/:id",
        "scope": scope,
    }


@pytest.mark.parametrize(
    ("verb", "path", "action"),
    [
        ("GET", "/api/v1/accounts", "index"),
        ("GET", "/api/v1/accounts/:id", "show"),
        ("GET", "/api/v1/accounts/:id/files", "index"),
        ("GET", "/api/v1/users/:user_id/custom_data(/*scope)", "show"),
        ("GET", "/api/v1/courses/:course_id/folders/by_path/*full_path", "show"),
        ("POST", "/api/v1/accounts/:id", "create"),
        ("PUT", "/api/v1/accounts/:id", "update"),
        ("PATCH", "/api/v1/accounts", "update"),
        ("DELETE", "/api/v1/accounts/:id", "destroy"),
    ],
)
def test_the_action_follows_from_verb_and_path(verb: str, path: str, action: str) -> None:
    assert route_entry(resource="x", resource_name="X", verb=verb, path=path).action == action


def test_the_listing_is_sorted_by_display_name_without_case_and_then_by_scope() -> None:
    order = [(entry["resource_name"].casefold(), entry["scope"]) for entry in canvas().listing()]

    assert order == sorted(order)
    assert len(order) == 1_087


def test_the_groups_hold_the_listing_in_its_order() -> None:
    grouped = canvas().grouped()

    assert [entry for group in grouped.values() for entry in group] == canvas().listing()
    assert all(entry["resource_name"] == name for name, group in grouped.items() for entry in group)


def test_the_listing_is_made_once_and_is_ready_for_json() -> None:
    assert canvas().listing() is canvas().listing()
    assert json.loads(json.dumps(canvas().grouped())) == canvas().grouped()


def test_unknown_scopes_are_named_in_order_and_once() -> None:
    asked = [
        "url:GET|/api/v1/accounts",
        "url:GET|/api/v1/nowhere",
        "cd2",
        "/auth/userinfo",
        "url:get|/api/v1/accounts",
        "url:GET|/api/v1/accounts/:other",
        "https://canvas.instructure.com/elevated_operations/anything",
        "url:GET|/api/v1/nowhere",
        "",
    ]

    assert canvas().unknown(asked) == (
        "url:GET|/api/v1/nowhere",
        "url:get|/api/v1/accounts",
        "url:GET|/api/v1/accounts/:other",
        "https://canvas.instructure.com/elevated_operations/anything",
        "",
    )


def test_elevated_operations_are_not_legal_even_when_an_entry_names_one() -> None:
    scope = "https://canvas.instructure.com/elevated_operations/x"
    elevated = Entry(resource="x", resource_name="X", verb="GET", scope=scope)

    assert from_entries([], own=[elevated]).unknown([scope]) == (scope,)


def test_own_routes_are_legal_and_listed_only_with_a_display_name() -> None:
    usage = route_entry(resource="keystead", resource_name="Keystead", verb="GET", path="/api/keystead/v1/usage")
    quiet = route_entry(resource="media_objects", resource_name=None, verb="POST", path="/api/v1/media_objects")

    catalogue = from_entries(described(), own=[usage, quiet])

    assert catalogue.unknown([usage.scope, quiet.scope]) == ()
    assert [entry["scope"] for entry in catalogue.grouped()["Keystead"]] == [usage.scope]
    assert quiet.scope not in {entry["scope"] for entry in catalogue.listing()}
    assert len(catalogue.routes()) == 1_087


def test_canvas_own_entry_counts_when_a_route_is_given_twice() -> None:
    again = route_entry(resource="keystead", resource_name="Keystead", verb="GET", path="/api/v1/accounts")

    found = from_entries(described(), own=[again]).find("url:GET|/api/v1/accounts")

    assert found is not None
    assert found.resource_name == "Accounts"


@pytest.mark.parametrize(
    "broken",
    [
        {"resource": "x", "resource_name": "X", "verb": "GET"},
        {"resource": "x", "resource_name": "X", "verb": "GET", "path": 3},
        {"resource": "x", "resource_name": "X", "verb": "GET", "path": "/api/v1/x", "scope": "url:GET|/api/v1/y"},
    ],
)
def test_an_entry_that_cannot_be_trusted_stops_the_catalogue(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="catalogue entry"):
        from_entries([broken])


def test_the_whole_catalogue_compiles_into_few_states() -> None:
    table = compile_routes(canvas().routes())

    assert {route.verb for route in table.routes} == set(VERBS)
    assert table.states < 2_000
