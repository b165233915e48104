import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.core.paths import (
    LONGEST_PATH,
    LONGEST_QUERY,
    Target,
    TargetReason,
    TargetRefusal,
    effective_method,
    read_target,
)

pytestmark = pytest.mark.pure
few = settings(max_examples=40, deadline=None)
Reason = TargetReason


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        (b"/", "/"),
        (b"/api/v1/courses", "/api/v1/courses"),
        (b"/api/v1/courses/", "/api/v1/courses/"),
        (b"/api/v1/courses.json", "/api/v1/courses.json"),
        (b"/api/v1/courses/sis_course_id:A1", "/api/v1/courses/sis_course_id:A1"),
        (b"/api/v1/courses/sis_course_id%3aA1", "/api/v1/courses/sis_course_id%3AA1"),
        (b"/api/v1/%61ccounts", "/api/v1/accounts"),
        (b"/api/v1/a%3Bb%23c%3Fd%20e%C3%A9", "/api/v1/a%3Bb%23c%3Fd%20e%C3%A9"),
        (b"/api/v1/100%25", "/api/v1/100%25"),
        (b"/api/v1/100%2525", "/api/v1/100%2525"),
        (b"/api/v1/..json/...", "/api/v1/..json/..."),
        (b"/API/V1", "/API/V1"),
    ],
)
def test_a_path_is_kept_as_it_came_beside_its_normal_form(path: bytes, plain: str) -> None:
    assert read_target(path, b"a=1") == Target(path=path.decode(), plain=plain, query=b"a=1")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (b"", Reason.NOT_ABSOLUTE),
        (b"*", Reason.NOT_ABSOLUTE),
        (b"api", Reason.NOT_ABSOLUTE),
        (b"http://host/api", Reason.NOT_ABSOLUTE),
        (b"/" + b"a" * LONGEST_PATH, Reason.PATH_TOO_LONG),
        *[(b"/a" + bytes([byte]) + b"b", Reason.CONTROL_CHARACTER) for byte in (*range(33), 127)],
        *[(b"/a%%%02x" % byte, Reason.CONTROL_CHARACTER) for byte in (*range(32), 127)],
        *[(path, Reason.CONTROL_CHARACTER) for path in (b"/%2500", b"/%252500", b"/a%250d%250a", b"/%25%30%30")],
        (b"/caf\xc3\xa9", Reason.NOT_ASCII),
        *[(path, Reason.BACKSLASH) for path in (b"/a\\b", b"/a%5cb", b"/a%5Cb", b"/a%255cb")],
        (b"/a#b", Reason.FRAGMENT),
        (b"/a?b", Reason.QUESTION_MARK),
        *[(path, Reason.EMPTY_SEGMENT) for path in (b"//", b"//api", b"/api//v1", b"/api/v1//")],
        *[
            (path, Reason.DOT_SEGMENT)
            for path in (
                b"/.",
                b"/..",
                b"/api/./v1",
                b"/api/../v1",
                b"/api/v1/..",
                b"/%2e",
                b"/%2e%2e/x",
                b"/%2E./x",
                b"/.%2e/x",
                b"/%252e%252e",
                b"/%25252e.",
                b"/.%252e",
                b"/%25%32%65%2e",
                b"/..%3bx",
            )
        ],
        *[(path, Reason.PATH_PARAMETER) for path in (b"/a;b", b"/a;jsessionid=1", b"/..;/x")],
        *[
            (path, Reason.BROKEN_ENCODING)
            for path in (b"/%", b"/%4", b"/%zz", b"/%u0041", b"/%ff", b"/%c0%af", b"/%c0%ae")
        ],
        *[(path, Reason.ENCODED_SLASH) for path in (b"/a%2fb", b"/a%2Fb", b"/a%252fb", b"/a%25252fb", b"/%25%32%46")],
        (b"/%2525252525252e", Reason.DEEP_ENCODING),
    ],
)
def test_a_path_with_two_readings_is_refused(path: bytes, reason: TargetReason) -> None:
    assert read_target(path) == TargetRefusal(reason=reason)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (b"a" * (LONGEST_QUERY + 1), Reason.QUERY_TOO_LONG),
        (b"a=\n", Reason.CONTROL_CHARACTER),
        (b"a=b c", Reason.CONTROL_CHARACTER),
        (b"a#b", Reason.FRAGMENT),
        (b"a=\xe9", Reason.NOT_ASCII),
    ],
)
def test_a_query_with_two_readings_is_refused(query: bytes, reason: TargetReason) -> None:
    assert read_target(b"/api", query) == TargetRefusal(reason=reason)


@pytest.mark.parametrize("query", [b"", b"?", b"a=..//;\\%zz&b[]=1"])
def test_a_query_goes_on_as_it_came(query: bytes) -> None:
    assert read_target(b"/api", query) == Target(path="/api", plain="/api", query=query)


@few
@given(st.text("/.%25e6fF;aZ", max_size=20).map(lambda text: b"/" + text.encode()) | st.binary(max_size=20))
def test_what_is_judged_reads_as_itself(path: bytes) -> None:
    target = read_target(path)

    if isinstance(target, Target):
        plain = read_target(target.plain.encode())
        assert isinstance(plain, Target)
        assert plain.path == plain.plain == target.plain
        assert not {".", ".."} & set(target.plain.split("/"))


def test_every_reason_has_public_words() -> None:
    assert all(reason.words.endswith(".") for reason in TargetReason)
    assert len({reason.words for reason in TargetReason}) == len(TargetReason)


@pytest.mark.parametrize(
    ("method", "overrides", "verb"),
    [
        *[(method, [], method) for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")],
        ("POST", ["delete"], "DELETE"),
        ("POST", ["PUT", "put", ""], "PUT"),
        ("POST", ["", " "], "POST"),
        ("GET", ["DELETE"], "GET"),
        ("PUT", ["FOO"], "PUT"),
        *[(method, [], Reason.UNKNOWN_METHOD) for method in ("TRACE", "CONNECT", "FOO", "get", "", "POST ")],
        *[("POST", [word], Reason.UNKNOWN_METHOD) for word in ("TRACE", "FOO", "poſt", "PUT,GET")],
        ("POST", ["PUT", "DELETE"], Reason.METHODS_DISAGREE),
    ],
)
def test_the_verb_that_is_judged(method: str, overrides: list[str], verb: str | TargetReason) -> None:
    expected = verb if isinstance(verb, str) else TargetRefusal(reason=verb)

    assert effective_method(method, overrides) == expected
