"""Who gets past the gateway, with which token, to which path; and in which words the others are refused."""

from typing import Any

import pytest

from databases import SITE_TOKEN
from gateway_bench import Answered, GatewayBench
from keys_bench import ACCOUNTS, COURSES
from keystead.core.instants import HOUR, SECOND, Instant
from keystead.core.tokens import TokenState
from keystead.observability.metrics import COUNTS
from world import SITE_PERSON

CHALLENGE = ['Bearer realm="canvas-lms"']
INVALID = {"errors": [{"message": "Invalid access token."}]}
SCOPES = {"errors": [{"message": "Insufficient scopes on access token."}]}
COURSE = "url:GET|/api/v1/courses/:id"
FILES = "url:GET|/api/v1/courses/:course_id/folders/by_path/*full_path"


def refusal(answer: Answered) -> tuple[int, Any, list[str]]:
    return answer.status, answer.json, answer.named("www-authenticate")


@pytest.mark.parametrize(
    ("scope", "verb", "target", "passes"),
    [
        (COURSES, "GET", "/api/v1/courses", True),
        (COURSES, "HEAD", "/api/v1/courses", True),
        (COURSES, "GET", "/api/v1/courses.json", True),
        (COURSES, "GET", "/api/v1/courses?page=2", True),
        (COURSES, "GET", "/api/v1/courses/1", False),
        (COURSES, "POST", "/api/v1/courses", False),
        (COURSES, "OPTIONS", "/api/v1/courses", False),
        (COURSES, "GET", "/api/v1/coursesX", False),
        (COURSES, "GET", "/api/v1/courses/", False),
        (COURSES, "GET", "/API/V1/courses", False),
        (COURSES, "GET", "/api/v1/Courses", False),
        (COURSES, "GET", "/api/v1/c%6furses", False),
        (COURSE, "GET", "/api/v1/courses/sis_course_id:A1", True),
        (COURSE, "GET", "/api/v1/courses/1/users", False),
        (COURSE, "GET", "/api/v1/courses/", False),
        (COURSE, "GET", "/api/v1/courses/a%20b", True),
        ("url:GET|/api/v1/users/:id", "GET", "/api/v1/users/activity_stream", True),
        (FILES, "GET", "/api/v1/courses/1/folders/by_path/a/b/c", True),
        (FILES, "GET", "/api/v1/courses/1/folders/by_path/", False),
        (COURSES, "GET", "/login/session_token", False),
        (COURSES, "POST", "/api/graphql", False),
        (COURSES, "GET", "/api/graphql", False),
        (COURSES, "GET", "/api/v1/no/such/path/anywhere", False),
    ],
)
def test_a_scoped_token_passes_where_a_template_of_its_own_matches(
    gate: GatewayBench, scope: str, verb: str, target: str, passes: bool
) -> None:
    _, token = gate.live_token(SITE_PERSON, scope)

    answer = gate.ask(verb, target, token=token)

    if passes:
        assert answer.status == 200
        assert gate.last.line == f"{verb} {target} HTTP/1.1"
    else:
        assert refusal(answer) == (401, SCOPES, [])
        assert gate.up.received == []


def test_a_token_without_scopes_of_a_key_that_requires_them_passes_nowhere(gate: GatewayBench) -> None:
    key, _ = gate.live_token(SITE_PERSON, COURSES)
    _, bare = gate.token_for(key["id"], SITE_PERSON)

    assert refusal(gate.ask("GET", "/api/v1/courses", token=bare)) == (401, SCOPES, [])


def test_the_missing_scope_is_named_in_a_header_where_the_catalogue_knows_it(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, ACCOUNTS)

    known = gate.ask("GET", "/api/v1/courses/5", token=token)
    unknown = gate.ask("GET", "/api/v1/no/such/path/anywhere", token=token)

    assert known.named("x-keystead-missing-scope") == [COURSE]
    assert unknown.named("x-keystead-missing-scope") == []


@pytest.mark.parametrize("target", ["/api/v1/no/such/path/anywhere", "/api/graphql", "/api/v1/courses", "/api/lti/x"])
def test_a_token_of_an_unscoped_key_passes_everywhere(gate: GatewayBench, target: str) -> None:
    _, token = gate.live_token(SITE_PERSON)

    assert gate.ask("GET", target, token=token).status == 200
    assert gate.last.target == target


def test_a_strict_key_needs_the_most_specific_template(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON, "url:GET|/api/v1/users/:id", COURSES)
    overlap = "/api/v1/users/activity_stream"

    lenient = gate.ask("GET", overlap, token=token)
    gate.set_key(key["id"], profile="strict")

    assert lenient.status == 200
    assert refusal(gate.ask("GET", overlap, token=token)) == (401, SCOPES, [])
    assert gate.ask("GET", "/api/v1/courses", token=token).status == 200


def test_a_call_that_passes_only_by_an_overlap_is_counted(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, "url:GET|/api/v1/users/:id", COURSES)
    counted = COUNTS.overlapping

    for target in ("/api/v1/courses", "/api/v1/users/7", "/api/v1/users/activity_stream"):
        assert gate.ask("GET", target, token=token).status in (200, 404)

    assert COUNTS.overlapping - counted == 1


def test_nothing_presented_is_unauthenticated(gate: GatewayBench) -> None:
    body = {"status": "unauthenticated", "errors": [{"message": "user authorization required"}]}

    for headers in ((), (("authorization", "Basic eDp5"),), (("authorization", f"bearer {SITE_TOKEN}"),)):
        assert refusal(gate.ask("GET", "/api/v1/courses", headers=headers)) == (401, body, CHALLENGE)


@pytest.mark.parametrize(
    "credential", ["", " ", "x", f" {SITE_TOKEN}", f"{SITE_TOKEN} ", f"{SITE_TOKEN}=", f"{SITE_TOKEN}, {SITE_TOKEN}",
                   "x" * 100_000, "ü", SITE_TOKEN[:-1], SITE_TOKEN.upper()]
)  # fmt: skip
def test_anything_but_the_very_token_is_invalid(gate: GatewayBench, credential: str) -> None:
    answer = gate.ask("GET", "/api/v1/courses", headers=[("authorization", f"Bearer {credential}")])

    assert refusal(answer) == (401, INVALID, CHALLENGE)


def test_two_authorization_headers_are_invalid(gate: GatewayBench) -> None:
    twice = [("authorization", f"Bearer {SITE_TOKEN}")] * 2

    assert refusal(gate.ask("GET", "/api/v1/courses", headers=twice)) == (401, INVALID, CHALLENGE)


def test_a_token_is_taken_from_the_header_then_the_query_then_the_body_and_goes_no_further(gate: GatewayBench) -> None:
    form, kind = f"a=1&access_token={SITE_TOKEN}&b=2".encode(), "application/x-www-form-urlencoded"

    assert gate.ask("GET", f"/api/v1/courses?x=1&access_token={SITE_TOKEN}&y=%2F", token=None).status == 200
    assert gate.last.target == "/api/v1/courses?x=1&y=%2F"
    assert gate.ask("GET", "/api/v1/courses?access_token=wrong&x", token=SITE_TOKEN).status == 200
    assert gate.last.target == "/api/v1/courses?x"
    assert gate.ask("POST", "/api/v1/courses", body=form, content_type=kind).status == 200
    assert gate.last.body == b"a=1&b=2"
    sent = f'{{"a": 1, "access_token": "{SITE_TOKEN}", "b": [2]}}'.encode()
    assert gate.ask("PUT", "/api/v1/courses/1", body=sent, content_type="application/json").status == 200
    call = gate.last
    assert SITE_TOKEN not in str(call.headers) + call.body.decode()
    assert call.body == b'{"a": 1, "b": [2]}'
    assert gate.ask("GET", "/api/v1/courses?access_token=wrong").json == INVALID
    assert gate.ask("GET", f"/api/v1/courses?access_token={SITE_TOKEN}", token="wrong").json == INVALID


def test_a_strict_keys_token_is_not_heard_in_the_query(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON)
    assert gate.ask("GET", f"/api/v1/courses?access_token={token}").status == 200

    gate.set_key(key["id"], profile="strict")

    assert refusal(gate.ask("GET", f"/api/v1/courses?access_token={token}")) == (401, INVALID, CHALLENGE)
    assert gate.ask("GET", "/api/v1/courses", token=token).status == 200


def test_each_state_of_a_token_is_refused_in_its_own_words(gate: GatewayBench) -> None:
    key, _ = gate.live_token(SITE_PERSON)
    past = Instant(gate.clock.now - SECOND)
    revoked = {"errors": [{"message": "Revoked access token."}]}
    expired = {"errors": [{"message": "Expired access token.", "expired_at": "2025-10-09T08:53:19Z"}]}
    cases: list[tuple[dict[str, Any], Any]] = [
        ({"expires_at": past}, expired),
        ({"expires_at": past, "state": TokenState.DELETED}, expired),
        ({"state": TokenState.DELETED}, revoked),
        ({"state": TokenState.PENDING}, INVALID),
    ]

    for values, body in cases:
        _, token = gate.token_for(key["id"], SITE_PERSON, **values)
        assert refusal(gate.ask("GET", "/api/v1/courses", token=token)) == (401, body, CHALLENGE)


def test_the_hour_counts_only_while_the_key_expires_its_tokens(gate: GatewayBench) -> None:
    key, _ = gate.live_token(SITE_PERSON)
    _, token = gate.token_for(key["id"], SITE_PERSON, lapses_at=Instant(gate.clock.now + HOUR))
    gate.clock.now = Instant(gate.clock.now + HOUR)

    assert gate.ask("GET", "/api/v1/courses", token=token).status == 200
    gate.set_key(key["id"], auto_expire_tokens=True)
    assert gate.ask("GET", "/api/v1/courses", token=token).json == INVALID


def test_turning_a_key_off_and_on_counts_for_the_very_next_call(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON)

    def status() -> int:
        return gate.ask("GET", "/api/v1/courses", token=token).status

    for state, expected in (("on", 200), ("off", 401), ("on", 200), ("allow", 401), ("on", 200)):
        gate.bind(2, key["id"], state)
        assert status() == expected
    for event, expected in (("deactivate", 401), ("activate", 200)):
        gate.site("PUT", f"/api/v1/developer_keys/{key['id']}", json={"developer_key": {"event": event}})
        assert status() == expected
    gate.site("DELETE", f"/api/v1/developer_keys/{key['id']}")
    assert status() == 401


def test_requiring_scopes_limits_old_tokens_at_once(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON)
    address = f"/api/v1/developer_keys/{key['id']}"
    assert gate.ask("GET", "/api/v1/courses", token=token).status == 200

    gate.site("PUT", address, json={"developer_key": {"require_scopes": True, "scopes": [COURSES]}})

    assert gate.ask("GET", "/api/v1/courses", token=token).json == SCOPES
    gate.site("PUT", address, json={"developer_key": {"require_scopes": False}})
    assert gate.ask("GET", "/api/v1/courses", token=token).status == 200


def test_a_suspended_person_and_one_without_a_login_here_are_refused(gate: GatewayBench) -> None:
    other = gate.root_account("Other")
    person = gate.person(2)
    everybodys = gate.own_key(1)
    gate.bind("site_admin", everybodys["id"], "on")
    _, token = gate.token_for(everybodys["id"], person.id)

    assert gate.ask("GET", "/api/v1/courses", token=token).status == 200
    assert refusal(gate.ask("GET", "/api/v1/courses", token=token, host="other.test")) == (401, INVALID, CHALLENGE)
    gate.share(person.id, other)
    assert gate.ask("GET", "/api/v1/courses", token=token, host="OTHER.test:8090").status == 200
    gate.site("PUT", f"/api/v1/users/{person.id}", form={"user[event]": "suspend"})
    assert refusal(gate.ask("GET", "/api/v1/courses", token=token)) == (401, INVALID, CHALLENGE)


def test_a_key_of_another_root_account_does_not_serve_here(gate: GatewayBench) -> None:
    gate.root_account("Other")
    _, token = gate.live_token(SITE_PERSON)

    assert gate.ask("GET", "/api/v1/courses", token=token, host="other.test").json == INVALID


def test_a_bad_token_is_refused_even_beside_a_good_session(gate: GatewayBench) -> None:
    cookie, _ = gate.session_of(SITE_PERSON)

    for target in ("/api/v1/courses", "/api/v1/accounts"):
        assert gate.ask("GET", target, token="wrong", headers=[("cookie", cookie)]).json == INVALID
    assert gate.ask("GET", "/api/v1/accounts", headers=[("cookie", cookie)]).status == 200
    assert gate.ask("GET", "/api/v1/courses", headers=[("cookie", cookie)]).status == 401


def test_only_calls_that_pass_count_as_use(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON, COURSES)

    def last_used() -> Any:
        return gate.site("GET", f"/api/v1/accounts/2/developer_keys?id={key['id']}").json[0]["last_used_at"]

    gate.ask("GET", "/api/v1/courses/1", token=token)
    assert last_used() is None
    gate.ask("GET", "/api/v1/courses", token=token)
    assert last_used() == "2025-10-09T08:53:20Z"


@pytest.mark.parametrize(
    "target",
    ["/api/v1//courses", "//api/v1/courses", "/api/v1/../courses", "/api/v1/./courses", "/api/v1/%2e%2e/courses",
     "/api/v1/%252e%252e/courses", "/api/v1/courses%2F1", "/api/v1/courses/1%00", "/api/v1/courses/%0a",
     "/api/v1/courses;x=1", "/api/v1/cou\\rses", "/api/v1/courses/%", "/api/v1/courses/%zz", "/api/v1/courses#x",
     "/api/v1/courses/\xe9", "/api/v1/courses/a b"],
)  # fmt: skip
def test_paths_with_two_readings_are_refused_before_anything_is_judged(gate: GatewayBench, target: str) -> None:
    answer = gate.ask("GET", target, token=SITE_TOKEN)

    assert answer.status == 400
    assert [*answer.json] == ["errors"]
    assert gate.up.received == []


@pytest.mark.parametrize("verb", ["TRACE", "CONNECT", "get", "PROPFIND", "X"])
def test_unknown_verbs_are_refused(gate: GatewayBench, verb: str) -> None:
    assert gate.ask(verb, "/api/v1/courses", token=SITE_TOKEN).status == 405
    assert gate.up.received == []


def test_an_override_is_judged_as_the_verb_it_asks_for_and_does_not_go_on(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, "url:DELETE|/api/v1/courses/:id")
    form = "application/x-www-form-urlencoded"
    ways: list[dict[str, Any]] = [
        {"headers": [("x-http-method-override", "DELETE")]},
        {"headers": [("x-method-override", "delete")]},
        {"headers": [("x-http-method", "DELETE")]},
        {"target": "/api/v1/courses/1?_method=delete"},
        {"body": b"x=1&_method=DELETE", "content_type": form},
    ]

    for way in ways:
        target = way.pop("target", "/api/v1/courses/1")
        assert gate.ask("POST", target, token=token, **way).status == 200
        call = gate.last
        assert call.line == "DELETE /api/v1/courses/1 HTTP/1.1"
        assert b"_method" not in call.body
        assert not [name for name, _ in call.headers if "method" in name.lower()]
    assert gate.ask("POST", "/api/v1/courses/1", token=token).json == SCOPES
    assert gate.ask("GET", "/api/v1/courses/1?_method=DELETE", token=token).json == SCOPES
    assert gate.ask("POST", "/api/v1/courses/1?_method=TRACE", token=token).status == 405
    assert gate.ask("POST", "/api/v1/courses/1?_method=PUT&_method=GET", token=token).status == 400


def test_the_most_specific_template_says_who_answers(gate: GatewayBench) -> None:
    for target in ("/api/v1/accounts/search", "/api/v1/users/activity_stream", "/api/v1/accounts/2/courses"):
        assert gate.ask("GET", target, token=SITE_TOKEN).body == b"{}"
        assert gate.last.target == target
    for target in ("/api/v1/accounts/2", "/api/v1/users/1", "/api/v1/accounts/2/", "/api/v1/accounts.json"):
        assert gate.ask("GET", target, token=SITE_TOKEN).status == 200
    assert gate.ask("GET", "/api/keystead/v1/nothing", token=SITE_TOKEN).status == 404
    assert gate.up.received == []


def test_a_final_slash_is_another_path_for_scopes_even_on_our_own_resources(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, ACCOUNTS)

    assert gate.ask("GET", "/api/v1/accounts", token=token).status == 200
    assert gate.ask("GET", "/api/v1/accounts/", token=token).json == SCOPES
    assert gate.ask("GET", "/api/v1/accounts/", token=SITE_TOKEN).status == 200
