"""What another proxy is told when it asks whether a call may pass; the reference is the proxy door itself."""

import base64
import json
from collections.abc import Iterable
from typing import Any

import pytest

from databases import SITE_TOKEN
from gateway_bench import Answered, GatewayBench
from keys_bench import COURSES
from keystead.gateway.forward_auth import INCLUDES_IN_BODY
from world import SITE_PERSON

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
POST_COURSE = "url:POST|/api/v1/courses/:course_id/files"
Pairs = Iterable[tuple[str, str]]


def nginx(verb: str, target: str) -> Pairs:
    return (("x-original-method", verb), ("x-original-uri", target))


def caddy(verb: str, target: str) -> Pairs:
    return (("x-forwarded-method", verb), ("x-forwarded-uri", target))


def check(gate: GatewayBench, verb: str, target: str, *, headers: Pairs = (), **sent: Any) -> Answered:
    """Ask as nginx does."""
    return gate.ask("GET", "/gateway/check", headers=[*nginx(verb, target), *headers], **sent)


def claims(answer: Answered) -> dict[str, Any]:
    (identity,) = answer.named("x-keystead-identity")
    part = identity.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return read


def told(answer: Answered) -> tuple[int, list[str], list[str], list[str]]:
    return (answer.status, *(answer.named(f"x-keystead-{name}") for name in ("method", "query", "serves")))  # type: ignore[return-value]


def test_an_allowed_call_is_answered_with_headers_alone(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, COURSES)

    answer = check(gate, "GET", "/api/v1/courses?per_page=2&x=%20", token=token)

    assert told(answer) == (204, ["GET"], ["per_page=2&x=%20"], ["upstream"])
    assert answer.body == b""
    assert {name for name, _ in answer.headers} == {
        "x-keystead-identity", "x-keystead-method", "x-keystead-query", "x-keystead-serves", "cache-control",
    }  # fmt: skip
    assert gate.up.received == []


def test_both_doors_state_the_same_identity(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, COURSES, allow_includes=True)

    answer = check(gate, "GET", "/api/v1/courses", token=token)
    gate.ask("GET", "/api/v1/courses", token=token)

    assert claims(answer) == gate.last.identity
    assert "includes" not in claims(answer)


@pytest.mark.parametrize("form", ["nginx", "caddy", "both", "envoy", "envoy and caddy"])
def test_each_proxy_asks_in_its_own_words(gate: GatewayBench, form: str) -> None:
    _, token = gate.live_token(SITE_PERSON, POST_COURSE)
    target = "/api/v1/courses/7/files?a=1"
    headers = [
        *(nginx("POST", target) if form in ("nginx", "both") else ()),
        *(caddy("POST", target) if form in ("caddy", "both", "envoy and caddy") else ()),
    ]
    envoy = form.startswith("envoy")

    answer = gate.ask(
        "POST" if envoy else "GET", "/gateway/check" + (target if envoy else ""), token=token, headers=headers
    )

    assert told(answer)[:3] == (204, ["POST"], ["a=1"])


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/gateway/check", []),
        ("/gateway/check?x=/api/v1/courses", []),
        ("/gateway/check", [("x-original-uri", "/api/v1/courses")]),
        ("/gateway/check", [("x-original-method", "GET")]),
        ("/gateway/check", [("x-original-uri", "/api/v1/courses"), ("x-forwarded-method", "GET")]),
        ("/gateway/check", [*nginx("GET", "/api/v1/courses"), ("x-forwarded-uri", "/api/v1/courses")]),
        ("/gateway/check", [*nginx("GET", "/api/v1/courses"), *caddy("GET", "/api/v1/users")]),
        ("/gateway/check", [*nginx("GET", "/api/v1/courses"), *caddy("POST", "/api/v1/courses")]),
        ("/gateway/check", [*nginx("GET", "/api/v1/courses?a"), *caddy("GET", "/api/v1/courses?b")]),
        ("/gateway/check", [*nginx("GET", "/api/v1/courses"), ("x-original-uri", "/api/v1/courses")]),
        ("/gateway/check", [*nginx("GET", "/api/v1/courses"), ("x-original-method", "GET")]),
        ("/gateway/check/api/v1/courses", nginx("GET", "/api/v1/users")),
        ("/gateway/check/api/v1/courses", nginx("POST", "/api/v1/courses")),
        ("/gateway/check/api/v1/courses?a=1", nginx("GET", "/api/v1/courses")),
        ("/gateway/check/", nginx("GET", "/api/v1/courses")),
        ("/gateway/check", nginx("GET", "http://keystead.test/api/v1/courses")),
        ("/gateway/check", nginx("GET", "")),
        ("/gateway/check", nginx("GET", "api/v1/courses")),
        ("/gateway/check", nginx("GET", "/api/v1/courses#a")),
        ("/gateway/check", nginx("GET", "/api/v1/x/../courses")),
        ("/gateway/check", nginx("GET", "/api//v1/courses")),
        ("/gateway/check//api/v1/courses", []),
        ("/gateway/check/api/v1/x/%2e%2e/courses", []),
        ("/gateway/check/api%2Fv1/courses", []),
        ("/gateway/check", [*nginx("GET", "/api/v1/courses"), ("x-original-host", "a"), ("x-forwarded-host", "b")]),
        ("/gateway/check", [*nginx("GET", "/api/v1/courses"), ("x-forwarded-host", "keystead.test, b")]),
        ("/gateway/check", [*nginx("GET", "/api/v1/courses"), *[("x-forwarded-host", "keystead.test")] * 2]),
        ("/gateway/check", [*nginx("GET", "/api/v1/courses"), ("x-forwarded-proto", "ftp")]),
        ("/gateway/check", [*nginx("GET", "/api/v1/courses"), *[("x-forwarded-proto", "http")] * 2]),
    ],
)
def test_what_is_not_said_in_exactly_one_way_is_refused(gate: GatewayBench, path: str, headers: Pairs) -> None:
    answer = gate.ask("GET", path, token=SITE_TOKEN, headers=headers)

    assert answer.status == 400
    assert list(answer.json) == ["errors"]


@pytest.mark.parametrize("peer", ["192.0.2.7", "127.0.0.1.evil", "::2"])
def test_only_known_peers_may_ask_whatever_they_claim_to_be(gate: GatewayBench, peer: str) -> None:
    claimed = [("x-forwarded-for", "127.0.0.1"), ("x-real-ip", "127.0.0.1"), ("forwarded", "for=127.0.0.1")]

    answer = check(gate, "GET", "/api/v1/courses", token=SITE_TOKEN, headers=claimed, peer=peer)

    assert (answer.status, answer.json) == (404, {"errors": [{"message": "The specified resource does not exist."}]})


@pytest.mark.parametrize(
    ("verb", "target", "with_token"),
    [
        ("GET", "/api/v1/users/self", True),
        ("POST", "/api/v1/courses", True),
        ("GET", "/api/v1/no/such/path", True),
        ("GET", "/api/v1/courses", False),
        ("GET", "/api/v1/courses?access_token=made-up", False),
        ("TRACE", "/api/v1/courses", True),
        ("get", "/api/v1/courses", True),
        ("POST", "/api/v1/courses?_method=delete&_method=put", True),
        ("GET", "/api/v1/%2e%2e/courses", True),
        ("GET", "/api/v1/courses?" + "a" * 70_000, True),
        ("GET", "/api/v1/courses?as_user_id=99", True),
        ("GET", "/api/v1/courses?include;include=a", True),
    ],
)
def test_a_refusal_is_word_for_word_that_of_the_proxy_door(
    gate: GatewayBench, verb: str, target: str, with_token: bool
) -> None:
    token = gate.live_token(SITE_PERSON, COURSES)[1] if with_token else None

    asked, called = check(gate, verb, target, token=token), gate.ask(verb, target, token=token)

    assert called.status >= 400
    assert (asked.status, asked.headers, asked.body) == (called.status, called.headers, called.body)


@pytest.mark.parametrize("target", ["/api/v1/users/self", "/api/v1/%2e%2e/courses"])
def test_a_proxy_that_cannot_hand_refusals_on_may_ask_for_an_empty_403(gate: GatewayBench, target: str) -> None:
    _, token = gate.live_token(SITE_PERSON, COURSES)
    wish = [("x-keystead-refusals", "403")]

    answer = check(gate, "GET", target, token=token, headers=wish)

    assert (answer.status, answer.body, answer.named("www-authenticate")) == (403, b"", [])
    assert check(gate, "GET", "/api/v1/courses", token=token, headers=wish).status == 204


def test_a_proxy_that_takes_only_a_200_for_a_yes_gets_one(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, COURSES)
    wish = [("x-keystead-passes", "200")]

    usual = check(gate, "GET", "/api/v1/courses", token=token)
    answer = check(gate, "GET", "/api/v1/courses", token=token, headers=wish)
    refused = check(gate, "GET", "/api/v1/users/self", token=token, headers=wish)

    assert (usual.status, answer.status, answer.body) == (204, 200, b"")
    assert answer.named("x-keystead-serves") == usual.named("x-keystead-serves") != []
    assert answer.named("content-length") == ["0"]
    assert refused.status == 401


def test_a_key_turned_off_is_refused_at_the_very_next_question(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON, COURSES)
    assert check(gate, "GET", "/api/v1/courses", token=token).status == 204

    gate.bind(2, key["id"], "off")

    asked, called = check(gate, "GET", "/api/v1/courses", token=token), gate.ask("GET", "/api/v1/courses", token=token)
    assert (asked.status, asked.body) == (called.status, called.body) == (401, called.body)


def test_a_browser_session_is_nobody_here(gate: GatewayBench) -> None:
    cookie, csrf = gate.session_of(SITE_PERSON)

    answer = check(gate, "GET", "/api/v1/accounts", headers=[("cookie", cookie), ("x-csrf-token", csrf)])

    assert (answer.status, answer.json["status"]) == (401, "unauthenticated")


def test_the_token_may_stand_in_the_judged_query_and_never_goes_on(gate: GatewayBench) -> None:
    answer = check(gate, "GET", f"/api/v1/courses?a=1&access_token={SITE_TOKEN}&as_user_id=&b=2")

    assert told(answer)[:3] == (204, ["GET"], ["a=1&b=2"])


@pytest.mark.parametrize(
    ("target", "headers"),
    [("/api/v1/courses?_method=get&a=1", ()), ("/api/v1/courses?a=1", (("x-http-method-override", "GET"),))],
)
def test_the_effective_verb_is_judged_and_told(gate: GatewayBench, target: str, headers: Pairs) -> None:
    _, token = gate.live_token(SITE_PERSON, COURSES)

    answer = check(gate, "POST", target, token=token, headers=headers)

    assert told(answer)[:3] == (204, ["GET"], ["a=1"])


def test_includes_are_cut_from_the_query_and_forbidden_to_the_upstream_for_bodies(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, COURSES, allow_includes=False)

    answer = check(gate, "GET", "/api/v1/courses?include[]=term&a=1&in%63ludes=x", token=token)

    assert told(answer)[:3] == (204, ["GET"], ["a=1"])
    assert claims(answer)["includes"] is False


@pytest.mark.parametrize(
    ("target", "serves"),
    [
        ("/api/v1/courses", "upstream"),
        ("/api/v1/accounts", "keystead"),
        ("/api/v1/accounts/", "keystead"),
        ("/api/v1/accounts/2", "keystead"),
        ("/api/v1/accounts/2/courses", "upstream"),
        ("/api/v1/users/self/profile", "keystead"),
        ("/api/v1/users/self/todo", "upstream"),
        ("/api/keystead/v1/nothing", "keystead"),
        ("/api/graphql", "upstream"),
    ],
)
def test_the_proxy_is_told_who_serves_the_call(gate: GatewayBench, target: str, serves: str) -> None:
    assert told(check(gate, "GET", target, token=SITE_TOKEN)) == (204, ["GET"], [""], [serves])


@pytest.mark.parametrize(
    ("verb", "content_type", "serves"),
    [
        ("POST", FORM, "keystead"),
        ("POST", JSON, "keystead"),
        ("POST", "multipart/form-data; boundary=B", "keystead"),
        ("POST", "multipart/mixed; boundary=B", "keystead"),
        ("POST", None, "keystead"),
        ("DELETE", None, "keystead"),
        ("GET", JSON, "keystead"),
        ("GET", None, "upstream"),
        ("PUT", "video/mp4", "upstream"),
    ],
)
def test_a_body_that_was_kept_back_and_may_speak_is_served_by_the_door_that_reads_it(
    gate: GatewayBench, verb: str, content_type: str | None, serves: str
) -> None:
    answer = check(gate, verb, "/api/v1/courses/7/x", token=SITE_TOKEN, content_type=content_type)

    assert told(answer) == (204, [verb], [""], [serves])


def test_a_body_that_is_sent_along_is_heard(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, COURSES)

    def envoy(body: bytes, content_type: str, **sent: Any) -> Answered:
        return gate.ask(
            "POST", "/gateway/check/api/v1/courses", headers=(), body=body, content_type=content_type, **sent
        )

    assert told(envoy(b"_method=GET&a=1", FORM, token=token)) == (204, ["GET"], [""], ["keystead"])
    assert told(envoy(b"a=1", FORM, token=SITE_TOKEN)) == (204, ["POST"], [""], ["upstream"])
    assert envoy(json.dumps({"access_token": SITE_TOKEN}).encode(), JSON).status == 204
    assert envoy(b'{"as_user_id": "99"}', JSON, token=SITE_TOKEN).status == 401
    assert envoy(b'{"a": ', JSON, token=SITE_TOKEN).status == 400


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"a=1&include[]=term", FORM, 400),
        (b"a=1&include[]=uuid", FORM, 204),
        (b'{"include": ["term"]}', JSON, 400),
        (b'{"a": {"b": 1}}', JSON, 204),
        (b'--B\r\nContent-Disposition: form-data; name="include[]"\r\n\r\nterm\r\n--B--\r\n',
         "multipart/form-data; boundary=B", 400),
        (b'--B\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nx\r\n'
         b'--B\r\nContent-Disposition: form-data; name="include[]"\r\n\r\nterm\r\n--B--\r\n',
         "multipart/form-data; boundary=B", 400),
    ],
)  # fmt: skip
def test_an_include_in_a_body_cannot_be_cut_and_is_refused(
    gate: GatewayBench, body: bytes, content_type: str, status: int
) -> None:
    _, token = gate.live_token(SITE_PERSON, POST_COURSE, allow_includes=False)

    answer = gate.ask(
        "POST", "/gateway/check/api/v1/courses/7/files", token=token, body=body, content_type=content_type
    )

    assert answer.status == status
    if status == 400:
        assert answer.json == {"errors": [{"message": INCLUDES_IN_BODY}]}
    else:
        assert "includes" not in claims(answer)


def test_half_a_body_counts_as_none(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, POST_COURSE, allow_includes=False)
    partial = [("x-envoy-auth-partial-body", "true")]

    answer = gate.ask(
        "POST", "/gateway/check/api/v1/courses/7/files", token=token, body=b"a=1", content_type=FORM,
        headers=partial,
    )  # fmt: skip

    assert told(answer) == (204, ["POST"], [""], ["keystead"])
    assert claims(answer)["includes"] is False


def test_the_host_that_the_proxy_names_chooses_the_account_and_the_issuer(gate: GatewayBench) -> None:
    gate.root_account("Other", "other.test")
    named = [("x-original-host", "Other.test:8443"), ("x-forwarded-host", "other.test:8443"),
             ("x-forwarded-proto", "https")]  # fmt: skip
    _, token = gate.live_token(gate.person(2, "Ada").id, COURSES)

    assert check(gate, "GET", "/api/v1/courses", token=token).status == 204
    assert check(gate, "GET", "/api/v1/courses", token=token, headers=named).status == 401
    answer = check(gate, "GET", "/api/v1/courses", token=SITE_TOKEN, headers=named)
    assert claims(answer)["iss"] == "https://other.test:8443"


def test_when_the_database_fails_the_question_is_not_answered_with_yes(gate: GatewayBench) -> None:
    with gate.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE tokens RENAME TO lost")

    asked = check(gate, "GET", "/api/v1/courses", token=SITE_TOKEN)
    called = gate.ask("GET", "/api/v1/courses", token=SITE_TOKEN)

    assert asked.status == 503
    assert (asked.headers, asked.body) == (called.headers, called.body)
