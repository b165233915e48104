"""Paging, ids, includes, error shapes, and bodies that nobody should send."""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox_lms.body import tree_of
from sandbox_lms.ids import local_id
from sandbox_lms.refusals import RefusalError
from sandbox_lms_bench import AUDIENCE, Sandbox

SHARED = Sandbox()
NOT_FOUND = {"errors": [{"message": "The specified resource does not exist."}]}


def test_links_are_on_the_own_origin_and_repeat_the_query(sandbox: Sandbox) -> None:
    reply = sandbox.get("admin", "/accounts/self/courses?include[]=term&per_page=15&page=2&search_term=in")

    base = f"<{AUDIENCE}/api/v1/accounts/self/courses?include[]=term&search_term=in&page="
    rels = (("current", 2), ("prev", 1), ("first", 1), ("last", 2))
    assert reply.headers["Link"] == ",".join(f'{base}{page}&per_page=15>; rel="{rel}"' for rel, page in rels)


def test_following_next_gives_every_course_once(sandbox: Sandbox) -> None:
    found, path = [], "/accounts/2/courses?per_page=7"
    while path:
        reply = sandbox.get("admin", path)
        found += [each["id"] for each in reply.json()]
        path = reply.links.get("next", {}).get("url", "")

    assert found == list(range(101, 141))


@pytest.mark.parametrize(("query", "count"), [("", 10), ("per_page=1000", 40), ("per_page=0", 1), ("per_page=x", 1)])
def test_page_sizes_are_clamped(sandbox: Sandbox, query: str, count: int) -> None:
    assert len(sandbox.get("admin", f"/accounts/2/courses?{query}").json()) == count


def test_a_page_past_the_end_is_empty_and_a_page_that_is_no_number_is_not_there(sandbox: Sandbox) -> None:
    assert sandbox.get("admin", "/accounts/2/courses?page=99").json() == []
    assert [sandbox.get("admin", f"/accounts/2/courses?page={each}").status_code for each in ("x", "0", "-1")] == [
        404
    ] * 3


@pytest.mark.parametrize(
    ("text", "number"),
    [("101", 101), ("10000000000101", 101), ("1~101", 101), ("2~101", None), ("20000000000101", None), ("٣", None)],
)
def test_ids_are_read_in_all_their_forms(text: str, number: int | None) -> None:
    assert local_id(text) == number


@pytest.mark.parametrize("account", ["2", "self", "default", "1~2", "10000000000002"])
def test_accounts_answer_to_each_form_of_their_id(sandbox: Sandbox, account: str) -> None:
    assert sandbox.get("admin", f"/accounts/{account}").json()["name"] == "Larkfield University"


def test_terms_are_wrapped_and_belong_to_the_root_account(sandbox: Sandbox) -> None:
    assert len(sandbox.get("admin", "/accounts/2/terms").json()["enrollment_terms"]) == 3
    assert sandbox.get("admin", "/accounts/3/terms").status_code == 404


def test_includes_add_members_only_when_asked_for(sandbox: Sandbox) -> None:
    asked = "?include[]=term&include[]=total_students&include[]=teachers&include[]=nonsense"

    plain = sandbox.get("student", "/courses/101").json()
    more = sandbox.get("student", f"/courses/101{asked}").json()

    assert more.keys() - plain.keys() == {"term", "total_students", "teachers"}
    assert "body" not in sandbox.get("student", "/courses/101/pages").json()[0]
    assert "body" in sandbox.get("student", "/courses/101/pages?include[]=body").json()[0]


def test_a_student_sees_their_own_submission_and_a_teacher_the_count_to_grade(sandbox: Sandbox) -> None:
    path = "/courses/101/assignments/10100?include[]=submission"

    student, teacher, designer = (sandbox.get(each, path).json() for each in ("student", "teacher", "designer"))

    assert student["submission"]["user_id"] == 4
    assert "needs_grading_count" not in student.keys() | designer.keys()
    assert "needs_grading_count" in teacher


def test_ids_come_as_text_when_asked_for_so(sandbox: Sandbox) -> None:
    course = sandbox.get("teacher", "/courses/101", headers={"Accept": "application/json+canvas-string-ids"}).json()

    assert (course["id"], course["enrollments"][0]["user_id"], course["storage_quota_mb"]) == ("101", "3", 500)


def test_public_addresses_in_bodies_are_those_the_gateway_names(sandbox: Sandbox) -> None:
    forwarded = {"X-Forwarded-Host": "canvas.example", "X-Forwarded-Proto": "https"}

    reply = sandbox.get("student", "/courses/101/pages", headers=forwarded)

    assert reply.json()[0]["html_url"].startswith("https://canvas.example/courses/101/pages/")
    assert reply.headers["Link"].startswith(f"<{AUDIENCE}/")


def test_strangers_have_no_courses_and_find_empty_lists(sandbox: Sandbox) -> None:
    assert sandbox.get("stranger", "/courses").json() == []
    assert [each["id"] for each in sandbox.get("ta", "/courses?enrollment_type=ta").json()] == [101, 110]


def test_unknown_paths_and_verbs_are_not_found_in_json(sandbox: Sandbox) -> None:
    for verb, path in (
        ("GET", "/nothing"),
        ("PATCH", "/courses/101"),
        ("GET", "/courses/101/"),
        ("GET", "/courses/999"),
    ):
        reply = sandbox.ask("admin", verb, path)
        assert (reply.status_code, reply.json()) == (404, NOT_FOUND)
    assert sandbox.get(None, f"{AUDIENCE}/healthz").json() == {"status": "ok"}


def test_a_json_suffix_is_accepted(sandbox: Sandbox) -> None:
    assert sandbox.get("student", "/courses/101.json").json()["id"] == 101


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"\xff", 400),
        ("application/json", b"[" * 100_000, 400),
        ("application/json", b'{"course":{"name":"\\ud800"}}', 400),
        ("application/json", b'{"course":{"name":"\\u0000"}}', 400),
        ("application/json", b'{"course":{"x":NaN}}', 400),
        ("application/json", b'{"course":{"x":' + b"9" * 5000 + b"}}", 400),
        ("application/x-www-form-urlencoded", b"course[name]=%ff", 400),
        ("application/x-www-form-urlencoded", b"course=1&course[name]=2", 400),
        ("application/x-www-form-urlencoded", b"course[[name]=2", 400),
        ("application/x-www-form-urlencoded", b"course" + b"[a]" * 50 + b"=2", 400),
        ("application/x-www-form-urlencoded", b"a=1&" * 2000, 400),
        ("application/x-www-form-urlencoded", b"course[name]=" + b"x" * (1 << 20), 413),
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=b", b"x", 400),
        ("multipart/form-data; boundary=b", b"--b\r\nbad\r\n\r\n--b--", 400),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--b--',
            400,
        ),
        ("text/plain", b"course[name", 400),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(kind: str, body: bytes, status: int) -> None:
    reply = SHARED.put("teacher", "/courses/101", content=body, headers={"Content-Type": kind})

    assert (reply.status_code, "errors" in reply.json()) == (status, True)


def test_bracketed_names_become_a_tree() -> None:
    pairs = [("a[b]", "1"), ("c[]", "2"), ("c[]", "3"), ("d[][e]", "4"), ("d[][f]", "5"), ("d[][e]", "6")]

    assert tree_of(pairs) == {"a": {"b": "1"}, "c": ["2", "3"], "d": [{"e": "4", "f": "5"}, {"e": "6"}]}


@given(st.lists(st.tuples(st.text(alphabet="ab[]", max_size=9), st.text(max_size=3)), max_size=5))
@settings(max_examples=60, deadline=None)
def test_any_form_is_a_tree_or_refused(pairs: list[tuple[str, str]]) -> None:
    with contextlib.suppress(RefusalError):
        assert isinstance(tree_of(pairs), dict)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
NAMES = st.sampled_from(("name", "due_at", "points_possible", "published", "submission_types", "position"))


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=3))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_change_whatever_it_holds_is_an_accident(change: dict[str, object]) -> None:
    reply = SHARED.put("teacher", "/courses/102/assignments/10200", json={"assignment": change})

    assert reply.status_code in (200, 400)
