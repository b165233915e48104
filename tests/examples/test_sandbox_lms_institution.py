"""The sample data: the same at every start, of the promised size, and the file of people is what the code makes."""

import json
from importlib import resources

from sandbox_lms import institution
from sandbox_lms.content import grow
from sandbox_lms.institution import as_text, build
from sandbox_lms.records import Role
from sandbox_lms.state import State


def test_building_twice_gives_equal_data() -> None:
    first, second = build(), build()

    assert first == second
    assert list(grow(first)) == list(grow(second))


def test_the_file_of_people_is_what_the_code_makes() -> None:
    kept = resources.files("keystead.actions").joinpath("sample_institution.json").read_text("utf-8")

    assert kept == as_text(build())


def test_there_is_one_institution_with_3_colleges_40_courses_and_500_people() -> None:
    made = build()

    assert [each.id for each in made.accounts] == [2, 3, 4, 5]
    assert len(made.courses) == 40
    assert [each.id for each in made.people] == list(range(2, 502))
    assert len({each.login for each in made.people}) == 500
    assert all(each.email.endswith(".example.edu") and each.login.isascii() for each in made.people)


def test_only_the_named_sign_ins_have_passwords() -> None:
    people = json.loads(as_text(build()))["people"]

    passwords = {each["login"]: each["password"] for each in people if "password" in each}

    assert passwords == {
        login: f"keystead-{login}" for login in (*(login for login, _ in institution.SIGN_INS), "auditor")
    }


def test_every_course_has_a_teacher_and_content_of_each_kind() -> None:
    state = State()

    for course in state.courses.values():
        assert state.enrolled(course, Role.TEACHER)
        for records in (state.assignments, state.quizzes, state.pages, state.topics, state.files, state.media):
            assert any(each.course_id == course.id for each in records.values())
