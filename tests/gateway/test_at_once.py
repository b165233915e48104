"""What is answered at once is what the full reading would have said; everything else is left to the full reading."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway_bench import GatewayBench, gateways
from keys_bench import COURSES
from keystead.config import LOOPBACK
from keystead.core.instants import HOUR, Instant
from keystead.core.routes import compile_routes
from keystead.gateway.at_once import FIRST_LINE, AtOnce
from keystead.gateway.plain import LONGEST_KEPT, MOST_KEPT, PlainTargets, plain_target
from world import SITE_PERSON

Pairs = list[tuple[bytes, bytes]]

TARGETS = (
    "/api/v1/courses", "/api/v1/courses?per_page=2&page=x", "/api/v1/courses?", "/api/v1/courses.json",
    "/api/v1/courses/", "/api/v1/courses/1", "/api/v1/courses/%31", "/api/v1/courses?include[]=term",
    "/api/v1/courses?INCLUDE=x", "/api/v1/courses?%69nclude=x", "/api/v1/courses?as_user_id=1",
    "/api/v1/courses?a;include=x", "/api/v1//courses", "/api/v1/courses/..", "/api/v1/accounts",
    "/api/v1/accounts/self", "/api/v1/accounts/self/courses", "/api/v1/nothing", "/api", "/api/", "/login", "*", "",
    "/api/v1/courses#x", "/api/v1/courses?access_token=x", "/api/keystead/v1/x", "/api/v1/courses?a=1?b",
    "/api/v1/.hidden", "/api/v1/courses\\1", "/api/v1/courses?_method=DELETE", "/API/v1/courses",
)  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "DELETE", "get", "GET ", "OPTIONS", "TRACE", "")
HOSTS = ("keystead.test", "keystead.test:80", "KEYSTEAD.test", "other.test", "a b", "", "keystead.test,x")
NAMES = (
    "x-original-method", "x-original-uri", "x-original-host", "x-forwarded-method", "x-forwarded-uri",
    "x-forwarded-host", "x-forwarded-proto", "host", "authorization", "content-length", "content-type", "accept",
    "x-http-method-override", "transfer-encoding", "x-envoy-auth-partial-body", "cookie", "x-keystead-refusals",
)  # fmt: skip


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayBench]:
    yield from gateways(Path(tmp_path_factory.mktemp("at-once")))


def quick_side(gate: GatewayBench, *, trusts_proxies: bool = False) -> AtOnce:
    full = gate.check
    return AtOnce(
        judge=full._judge,
        identities=full._identities,
        own_paths=full._own_paths,
        audience=full._audience,
        public_url=full._public_url,
        check_from=LOOPBACK,
        clock=full._clock,
        trusted=LOOPBACK if trusts_proxies else (),
    )


def question(token: str, verb: str = "GET", target: str = "/api/v1/courses", *more: tuple[str, str]) -> Pairs:
    pairs = [
        ("host", "keystead.test"), ("x-original-method", verb), ("x-original-uri", target),
        ("authorization", f"Bearer {token}"), *more,
    ]  # fmt: skip
    return [(name.encode(), value.encode("latin-1")) for name, value in pairs]


def asked(gate: GatewayBench, headers: Iterable[tuple[bytes, bytes]]) -> Any:
    """Ask in full."""
    pairs = [(name.decode(), value.decode("latin-1")) for name, value in headers]
    hosts = [value for name, value in pairs if name == "host"] or ["keystead.test"]
    return gate.ask("GET", "/gateway/check", headers=[pair for pair in pairs if pair[0] != "host"], host=hosts[0])


@pytest.fixture(scope="module")
def tokens(gate: GatewayBench) -> tuple[str, ...]:
    """Tokens of several kinds, each of which was judged once."""
    plain = [gate.live_token(SITE_PERSON, COURSES)[1], gate.live_token(SITE_PERSON, COURSES, allow_includes=True)[1]]
    for token in plain:
        assert asked(gate, question(token)).status == 204
    return (*plain, "unknown" * 9, "")


headers = st.lists(
    st.sampled_from(NAMES).flatmap(
        lambda name: st.tuples(
            st.just(name),
            st.sampled_from(
                TARGETS if name.endswith("uri") else METHODS if name.endswith("method")
                else HOSTS if name.endswith("host") else ("http", "https", "ftp", "0", "1", "Bearer x", "text/plain")
            ),
        )
    ),
    max_size=3,
)  # fmt: skip


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    verb=st.sampled_from(("GET", "GET", "GET", *METHODS)),
    target=st.sampled_from(("/api/v1/courses", *TARGETS)),
    which=st.integers(0, 3),
    more=headers,
    scheme=st.sampled_from(("http", "https")),
)
def test_a_yes_at_once_is_the_yes_of_the_full_reading(
    gate: GatewayBench, tokens: tuple[str, ...], verb: str, target: str, which: int, more: Any, scheme: str
) -> None:
    asked(gate, question(tokens[which]))
    sent = question(tokens[which], verb, target, *more)

    at_once = quick_side(gate).answer(sent, "http")

    if at_once is not None:
        full = asked(gate, sent)
        assert full.status == 204
        assert [(name.encode(), value.encode()) for name, value in full.headers] == at_once.headers()
    if scheme == "https":
        assert quick_side(gate, trusts_proxies=True).answer(question(tokens[which], verb, target), "http") is None


def test_a_plain_question_about_a_token_that_was_judged_is_answered_at_once(
    gate: GatewayBench, tokens: tuple[str, ...]
) -> None:
    quick = quick_side(gate)
    asked(gate, question(tokens[0]))

    for target in ("/api/v1/courses", "/api/v1/courses?per_page=2&page=x", "/api/v1/courses?"):
        assert quick.answer(question(tokens[0], "GET", target), "http") is not None
        assert quick.answer(question(tokens[0], "HEAD", target), "http") is not None
    assert quick.answer(question(tokens[0], "GET", "/api/v1/users/self"), "http") is None
    assert quick.answer(question(tokens[2]), "http") is None


def test_a_key_turned_off_is_left_to_the_full_reading_at_the_very_next_question(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON, COURSES)
    quick = quick_side(gate)
    assert asked(gate, question(token)).status == 204
    assert quick.answer(question(token), "http") is not None

    gate.bind(2, key["id"], "off")

    assert quick.answer(question(token), "http") is None
    assert asked(gate, question(token)).status == 401


def test_a_token_whose_hour_is_over_is_left_to_the_full_reading(gate: GatewayBench) -> None:
    key, _ = gate.live_token(SITE_PERSON, COURSES, auto_expire_tokens=True)
    _, token = gate.token_for(key["id"], SITE_PERSON, COURSES, lapses_at=gate.clock() + HOUR)
    quick = quick_side(gate)
    assert asked(gate, question(token)).status == 204
    assert quick.answer(question(token), "http") is not None

    gate.clock.now = Instant(gate.clock() + HOUR)

    assert quick.answer(question(token), "http") is None


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    more=headers,
    cased=st.booleans(),
    junk=st.sampled_from(
        (
            "",
            "",
            "\r\n x: folded",
            "\r\nno colon",
            "\r\nnocolon",
            "\r\nx:y",
            "\nhost: z",
            "\r\nconnection: close",
            "\r\nbad name: 1",
        )
    ),
)
def test_a_head_that_is_read_without_the_parser_says_what_its_headers_say(
    gate: GatewayBench, tokens: tuple[str, ...], more: Any, cased: bool, junk: str
) -> None:
    asked(gate, question(tokens[0]))
    sent = question(tokens[0], "GET", "/api/v1/courses", *more)
    lines = [
        (name.decode().title() if cased else name.decode()) + ": " + value.decode("latin-1") for name, value in sent
    ]
    quick = quick_side(gate)

    head = quick.answer_head(FIRST_LINE + ("\r\n".join(lines) + junk + "\r\n\r\n").encode("latin-1"), "http")

    by_headers = quick.answer(sent, "http")
    assert (head is not None) == (by_headers is not None and not junk)
    if head is not None and by_headers is not None:
        for name, value in by_headers.headers():
            assert b"%b: %b\r\n" % (name, value) in head


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (b"/api/v1/courses", ("/api/v1/courses", "")),
        (b"/api/v1/courses?a=b&c[]=d", ("/api/v1/courses", "a=b&c[]=d")),
        (b"/api/v1/users/sis_user_id:x", ("/api/v1/users/sis_user_id:x", "")),
        (b"/api/v1/accounts", ("/api/v1/accounts", "")),
        (b"/api/v1/accounts/1", None),
        (b"/api/v1/courses/", None),
        (b"/api//v1", None),
        (b"/api/v1/%41", None),
        (b"/api/v1/.a", None),
        (b"/api/v1/..", None),
        (b"/api/v1/a;b", None),
        (b"/api/v1/a?b;c", None),
        (b"/api/v1/a?b%20c", None),
        (b"/api/v1/a?inCLUDEs[]=x", None),
        (b"/api/v1/a?x=access_token", None),
        (b"/api/v1/a\n", None),
        (b"/api/v1/\xe9", None),
        (b"/api/v1/" + b"a" * 5000, None),
    ],
)
def test_what_is_plain(raw: bytes, plain: tuple[str, str] | None) -> None:
    assert plain_target(raw) == plain


def test_a_target_asked_for_again_is_answered_the_same_and_few_are_kept() -> None:
    table = compile_routes([("GET", "/api/v1/courses/:id"), ("GET", "/api/v1/courses/:id/pages")])
    targets = PlainTargets(table)
    asked_for = [b"/api/v1/courses/%d?page=2" % number for number in range(3 * MOST_KEPT)]

    first = [targets.get(raw) for raw in asked_for]
    again = [targets.get(raw) for raw in asked_for]

    assert first == again
    assert first[7] == ("/api/v1/courses/7", "page=2", table.match("GET", "/api/v1/courses/7"))
    assert targets.get(asked_for[-1]) is again[-1]
    assert targets.get(b"/api/v1/courses/7?include[]=term") is None
    assert len(targets) <= 2 * MOST_KEPT


def test_a_long_target_is_read_and_not_kept() -> None:
    targets = PlainTargets(compile_routes([("GET", "/api/v1/courses/:id")]))
    long = b"/api/v1/courses/7?" + b"a" * LONGEST_KEPT
    short = targets.get(b"/api/v1/courses/7")
    read = targets.get(long)

    assert short is not None
    assert read == ("/api/v1/courses/7", "a" * LONGEST_KEPT, short.match)
    assert len(targets) == 1


def test_own_paths_are_named_as_ours(gate: GatewayBench, tokens: tuple[str, ...]) -> None:
    _, token = gate.live_token(SITE_PERSON, "url:GET|/api/v1/accounts")
    sent = question(token, "GET", "/api/v1/accounts")
    assert asked(gate, sent).status == 204

    answer = quick_side(gate).answer(sent, "http")

    assert answer is not None
    assert answer.serves == b"keystead"
