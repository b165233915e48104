"""Each write is read back by another person, whose role decides the answer."""

import pytest

from sandbox_lms_bench import Sandbox

FILE = {"file": ("notes.txt", b"hello", "text/plain")}


def test_an_assignment_unpublished_by_the_teacher_is_gone_for_the_student_and_there_for_the_ta(
    sandbox: Sandbox,
) -> None:
    form = {"assignment[name]": "Essay", "assignment[points_possible]": "12.5", "assignment[published]": "false"}

    written = sandbox.put("teacher", "/courses/101/assignments/10100", data=form)

    assert written.json()["points_possible"] == 12.5
    assert sandbox.get("student", "/courses/101/assignments/10100").status_code == 404
    assert sandbox.get("ta", "/courses/101/assignments/10100").json()["name"] == "Essay"
    assert "Essay" not in [each["name"] for each in sandbox.get("student", "/courses/101/assignments").json()]


def test_bare_assignment_attributes_are_understood(sandbox: Sandbox) -> None:
    sandbox.put("teacher", "/courses/101/assignments/10100", json={"due_at": "2026-11-01T10:00:00+02:00"})

    assert sandbox.get("student", "/courses/101/assignments/10100").json()["due_at"] == "2026-11-01T08:00:00Z"


def test_a_course_change_is_read_by_a_student_and_its_withdrawal_shuts_the_student_out(sandbox: Sandbox) -> None:
    sandbox.put("teacher", "/courses/101", data={"course[name]": "World", "course[syllabus_body]": "<p>New</p>"})

    seen = sandbox.get("student", "/courses/sis_course_id:HIST-101-26A?include[]=syllabus_body").json()
    sandbox.put("designer", "/courses/101", json={"course": {"event": "claim"}})

    assert (seen["name"], seen["syllabus_body"]) == ("World", "<p>New</p>")
    assert sandbox.get("student", "/courses/101").status_code == 403
    assert sandbox.get("ta", "/courses/101").json()["workflow_state"] == "unpublished"


def test_a_completed_course_is_changed_by_admins_only(sandbox: Sandbox) -> None:
    sandbox.put("teacher", "/courses/101", json={"course": {"event": "conclude"}})

    assert sandbox.put("teacher", "/courses/101", json={"course": {"name": "x"}}).status_code == 403
    assert sandbox.get("student", "/courses/101").status_code == 200
    assert sandbox.put("college", "/courses/101", json={"course": {"event": "offer"}}).status_code == 200


def test_an_admin_of_one_college_reaches_its_courses_only(sandbox: Sandbox) -> None:
    assert sandbox.get("college", "/courses/101").status_code == 200
    assert sandbox.get("college", "/courses/102").status_code == 403
    assert sandbox.get("college", "/accounts/4/courses").status_code == 403


def test_a_file_sent_in_one_step_is_downloaded_by_a_student(sandbox: Sandbox) -> None:
    written = sandbox.ask("ta", "POST", "/courses/101/files", files=FILE).json()

    seen = sandbox.get("student", f"/courses/101/files/{written['id']}").json()

    assert (seen["display_name"], seen["size"], seen["content-type"]) == ("notes.txt", 5, "text/plain")
    assert sandbox.get(None, seen["url"]).content == b"hello"
    assert sandbox.get(None, seen["url"] + "0").status_code == 404


def test_a_file_announced_first_gets_its_bytes_once_at_the_given_address(sandbox: Sandbox) -> None:
    announced = sandbox.ask("teacher", "POST", "/courses/101/files", data={"name": "b.txt", "size": "5"}).json()

    sent = sandbox.ask(None, "POST", announced["upload_url"], data=announced["upload_params"], files=FILE)
    again = sandbox.ask(None, "POST", announced["upload_url"], files=FILE)

    assert (sent.status_code, again.status_code) == (201, 404)
    assert sandbox.get(None, sandbox.get("student", f"/files/{announced['id']}").json()["url"]).content == b"hello"


def test_of_a_large_file_only_the_size_is_kept(sandbox: Sandbox) -> None:
    large = {"file": ("large.bin", b"x" * (3 << 19), "application/octet-stream")}

    written = sandbox.ask("teacher", "POST", "/courses/101/files", files=large).json()

    assert written["size"] == 3 << 19
    assert sandbox.get(None, written["url"]).content.startswith(b"Sample content")


def test_a_hidden_file_leaves_the_students_list_and_a_deleted_one_everybodys(sandbox: Sandbox) -> None:
    sandbox.put("ta", "/files/10100", data={"hidden": "true"})
    sandbox.ask("teacher", "DELETE", "/files/10101")

    assert sandbox.get("student", "/courses/101/files/10100").status_code == 404
    assert sandbox.get("designer", "/courses/101/files/10100").json()["hidden"] is True
    assert sandbox.get("designer", "/courses/101/files/10101").status_code == 404


def test_a_topic_published_by_the_ta_appears_for_the_student(sandbox: Sandbox) -> None:
    before = sandbox.get("student", "/courses/101/discussion_topics/10102").status_code

    sandbox.put("ta", "/courses/101/discussion_topics/10102", data={"published": "1", "message": "<p>Ask</p>"})

    assert before == 404
    assert sandbox.get("student", "/courses/101/discussion_topics/10102").json()["message"] == "<p>Ask</p>"


def test_new_captions_replace_the_old_ones_and_are_read_by_a_student(sandbox: Sandbox) -> None:
    path = "/media_objects/m-lfu101a/media_tracks"
    french = {"locale": "fr", "content": "1\n00:00:01,000 --> 00:00:02,000\nBonjour\n"}

    sandbox.put("teacher", path, json=[{"locale": "en"}, french])
    sandbox.put("teacher", "/media_objects/m-lfu101a", data={"user_entered_title": "Opening lecture"})

    seen = sandbox.get("student", f"{path}?include[]=webvtt_content").json()
    assert [each["locale"] for each in seen] == ["en", "fr"]
    assert "00:00:01.000 --> 00:00:02.000\nBonjour" in seen[1]["webvtt_content"]
    titles = [each["title"] for each in sandbox.get("student", "/courses/101/media_objects").json()]
    assert "Opening lecture" in titles
    assert sandbox.put("student", path, json=[]).status_code == 403


def test_a_page_with_a_new_title_is_found_at_its_new_and_its_earlier_address(sandbox: Sandbox) -> None:
    form = {"wiki_page[title]": "Hello there", "wiki_page[body]": "<p>Hi</p>"}

    written = sandbox.put("ta", "/courses/101/pages/welcome", data=form).json()

    assert written["url"] == "hello-there"
    for address in ("hello-there", "welcome", "10100", "page_id:10100"):
        assert sandbox.get("student", f"/courses/101/pages/{address}").json()["body"] == "<p>Hi</p>"


def test_a_change_to_a_page_that_is_not_there_makes_it(sandbox: Sandbox) -> None:
    sandbox.put("teacher", "/courses/101/pages/field-trip", json={"wiki_page": {"body": "Bring boots"}})

    assert sandbox.get("student", "/courses/101/pages/field-trip").status_code == 404
    assert sandbox.get("ta", "/courses/101/pages/field-trip").json()["title"] == "Field trip"
    assert sandbox.put("student", "/courses/101/pages/other", json={"wiki_page": {"body": "x"}}).status_code == 404


def test_a_quiz_change_is_read_by_a_student_without_the_access_code(sandbox: Sandbox) -> None:
    sandbox.put("designer", "/courses/101/quizzes/10100", data={"quiz[title]": "Test", "quiz[access_code]": "abc"})

    student, teacher = (sandbox.get(each, "/courses/101/quizzes/10100").json() for each in ("student", "teacher"))

    assert (student["title"], student["has_access_code"], "access_code" in student) == ("Test", True, False)
    assert teacher["access_code"] == "abc"


WRONG = [
    ("/courses/101/assignments/10100", {"assignment": {"points_possible": "many", "due_at": "soon"}}),
    ("/courses/101/assignments/10100", {"assignment": {"name": " "}}),
    ("/courses/101/assignments/10100", {"assignment": {"submission_types": ["telepathy"]}}),
    ("/courses/101/assignments/10100", {"assignment": {"due_at": "0001-01-01T00:00:00+23:00"}}),
    ("/courses/101/assignments/10100", {}),
    ("/courses/101/assignments/10100", [1]),
    ("/courses/101", {"course": {"name": "x" * 256}}),
    ("/courses/101", {"course": {"event": "explode"}}),
    ("/courses/101", {"course": "text"}),
    ("/courses/101/pages/welcome", {"wiki_page": {"published": False}}),
    ("/courses/101/quizzes/10100", {"quiz": {"time_limit": -4}}),
    ("/courses/101/discussion_topics/10100", {"title": None}),
    ("/courses/101/discussion_topics/10100", {"published": False}),
    ("/files/10100", {"parent_folder_id": 10200}),
    ("/media_objects/m-lfu101a", {"user_entered_title": ["x"]}),
    ("/media_objects/m-lfu101a/media_tracks", [{"locale": "english please", "content": "x"}]),
    ("/media_objects/m-lfu101a/media_tracks", [{"locale": "de"}]),
    ("/media_objects/m-lfu101a/media_tracks", {"locale": "de"}),
    ("/media_objects/m-lfu101a/media_tracks", [7]),
]


@pytest.mark.parametrize(("path", "body"), WRONG, ids=str)
def test_a_wrong_change_is_refused_and_changes_nothing(sandbox: Sandbox, path: str, body: object) -> None:
    before = sandbox.get("admin", path).text

    reply = sandbox.put("admin", path, json=body)

    assert reply.status_code == 400
    assert reply.json()["errors"]
    assert sandbox.get("admin", path).text == before


def test_validation_errors_name_every_wrong_attribute(sandbox: Sandbox) -> None:
    reply = sandbox.put("teacher", *WRONG[0][:1], json=WRONG[0][1])

    problem = {"attribute": "due_at", "type": "is invalid", "message": "is invalid"}
    assert reply.json()["errors"]["due_at"] == [problem]
    assert reply.json()["errors"].keys() == {"points_possible", "due_at"}
