"""Quizzes of a course: students see published ones, never the access code."""

from dataclasses import replace
from functools import partial

from sandbox_lms.attributes import envelope
from sandbox_lms.call import Call, Paged, Seat, paged, seat
from sandbox_lms.records import Quiz
from sandbox_lms.refusals import not_found
from sandbox_lms.replies import Shape
from sandbox_lms.roles import Right, may
from sandbox_lms.state import in_course
from sandbox_lms.times import stamp

KINDS = ("practice_quiz", "assignment", "graded_survey", "survey")
HIDING = ("", "always", "until_after_last_attempt")


def index(call: Call) -> Paged:
    here = seat(call, Right.READ)
    found = [each for each in in_course(call.state.quizzes.values(), here.course) if _visible(here, each)]
    found = call.searched(found, lambda quiz: quiz.title)
    return paged(call, found, partial(_shape, call, here))


def show(call: Call) -> Shape:
    here = seat(call, Right.READ)
    return _shape(call, here, _quiz(call, here))


def update(call: Call) -> Shape:
    here = seat(call, Right.EDIT_QUIZZES)
    now, given = _quiz(call, here), envelope(call.body.tree, "quiz")
    changed = replace(
        now,
        title=given.text("title", now.title),
        description=given.free_text("description", now.description),
        quiz_type=given.choice("quiz_type", now.quiz_type, KINDS),
        time_limit=given.whole("time_limit", now.time_limit, least=1),
        allowed_attempts=given.whole("allowed_attempts", now.allowed_attempts, least=-1) or 1,
        shuffle_answers=given.flag("shuffle_answers", now.shuffle_answers),
        show_correct_answers=given.flag("show_correct_answers", now.show_correct_answers),
        hide_results=_hiding(given.free_text("hide_results", now.hide_results or "", longest=30)),
        access_code=given.free_text("access_code", now.access_code or "", longest=255) or None,
        points_possible=given.number("points_possible", now.points_possible),
        due_at=given.moment("due_at", now.due_at),
        unlock_at=given.moment("unlock_at", now.unlock_at),
        lock_at=given.moment("lock_at", now.lock_at),
        published=given.flag("published", now.published),
    )
    if (changed.hide_results or "") not in HIDING:
        given.refuse("hide_results", "is not included in the list")
    if changed.due_at and changed.lock_at and changed.due_at > changed.lock_at:
        given.refuse("due_at", "must not be after the lock date")
    given.check()
    call.state.quizzes[now.id] = changed
    return _shape(call, here, changed)


def _hiding(text: str) -> str | None:
    return None if text in ("", "null") else text


def _quiz(call: Call, here: Seat) -> Quiz:
    found = call.record(call.state.quizzes, "id")
    if found.course_id != here.course.id or not _visible(here, found):
        raise not_found()
    return found


def _visible(here: Seat, quiz: Quiz) -> bool:
    return quiz.published or here.is_staff


def _shape(call: Call, here: Seat, quiz: Quiz) -> Shape:
    url = f"{call.public}/courses/{quiz.course_id}/quizzes/{quiz.id}"
    edits = may(here.role, Right.EDIT_QUIZZES)
    shape: Shape = {
        "id": quiz.id,
        "title": quiz.title,
        "html_url": url,
        "mobile_url": f"{url}?force_user=1&persist_headless=1",
        "description": quiz.description,
        "quiz_type": quiz.quiz_type,
        "time_limit": quiz.time_limit,
        "timer_autosubmit_disabled": False,
        "shuffle_answers": quiz.shuffle_answers,
        "show_correct_answers": quiz.show_correct_answers,
        "scoring_policy": "keep_highest",
        "allowed_attempts": quiz.allowed_attempts,
        "one_question_at_a_time": False,
        "question_count": quiz.question_count,
        "points_possible": quiz.points_possible,
        "cant_go_back": False,
        "ip_filter": None,
        "due_at": stamp(quiz.due_at),
        "lock_at": stamp(quiz.lock_at),
        "unlock_at": stamp(quiz.unlock_at),
        "published": quiz.published,
        "unpublishable": True,
        "locked_for_user": False,
        "hide_results": quiz.hide_results,
        "show_correct_answers_at": None,
        "hide_correct_answers_at": None,
        "all_dates": [{"base": True, "due_at": stamp(quiz.due_at), "unlock_at": None, "lock_at": stamp(quiz.lock_at)}],
        "can_unpublish": True,
        "can_update": edits,
        "has_access_code": quiz.access_code is not None,
        "permissions": {"read": True, "submit": not here.is_staff, "create": edits, "manage": edits, "update": edits},
        "quiz_submissions_zip_url": f"{url}/submissions?zip=1",
        "assignment_group_id": here.course.id,
        "version_number": 1,
        "question_types": ["multiple_choice_question"],
        "anonymous_submissions": False,
    }
    if here.is_staff:
        shape["access_code"] = quiz.access_code
    return shape
