"""Assignments of a course: students see published ones and, when they ask, their own submission."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sandbox_lms.attributes import Attributes, bare, envelope
from sandbox_lms.body import Value
from sandbox_lms.call import Call, Paged, Seat, paged, seat
from sandbox_lms.ids import local_id
from sandbox_lms.records import Assignment, Role
from sandbox_lms.refusals import not_found
from sandbox_lms.replies import Shape
from sandbox_lms.roles import GRADERS, Right
from sandbox_lms.state import in_course, lasting_uuid
from sandbox_lms.times import stamp

GRADING = ("pass_fail", "percent", "letter_grade", "gpa_scale", "points", "not_graded")
SUBMISSIONS = (
    "online_quiz",
    "none",
    "on_paper",
    "discussion_topic",
    "external_tool",
    "online_upload",
    "online_text_entry",
    "online_url",
    "media_recording",
    "student_annotation",
)
FLAT = ("name", "description", "due_at", "unlock_at", "lock_at", "points_possible", "published", "grading_type")


def index(call: Call) -> Paged:
    here = seat(call, Right.READ)
    found = [each for each in in_course(call.state.assignments.values(), here.course) if _visible(here, each)]
    if chosen := call.many("assignment_ids"):
        numbers = {local_id(each) for each in chosen}
        found = [each for each in found if each.id in numbers]
    found = call.searched(found, lambda assignment: assignment.name)
    orders: dict[str, Callable[[Assignment], str | int]] = {
        "name": lambda each: each.name.casefold(),
        "due_at": lambda each: stamp(each.due_at) or "~",
    }
    found.sort(key=orders.get(call.one("order_by") or "", lambda each: each.position))
    return paged(call, found, partial(_shape, call, here))


def show(call: Call) -> Shape:
    here = seat(call, Right.READ)
    return _shape(call, here, _assignment(call, here))


def update(call: Call) -> Shape:
    here = seat(call, Right.EDIT_ASSIGNMENTS)
    now = _assignment(call, here)
    given = _given(call.body.tree)
    changed = replace(
        now,
        name=given.text("name", now.name),
        description=given.free_text("description", now.description),
        points_possible=given.number("points_possible", now.points_possible),
        due_at=given.moment("due_at", now.due_at),
        unlock_at=given.moment("unlock_at", now.unlock_at),
        lock_at=given.moment("lock_at", now.lock_at),
        grading_type=given.choice("grading_type", now.grading_type, GRADING),
        submission_types=given.words("submission_types", now.submission_types, SUBMISSIONS),
        omit_from_final_grade=given.flag("omit_from_final_grade", now.omit_from_final_grade),
        position=given.whole("position", now.position, least=1) or now.position,
        published=given.flag("published", now.published),
        updated_at=call.state.now(),
    )
    if changed.due_at and changed.lock_at and changed.due_at > changed.lock_at:
        given.refuse("due_at", "must not be after the lock date")
    if changed.due_at and changed.unlock_at and changed.due_at < changed.unlock_at:
        given.refuse("due_at", "must not be before the unlock date")
    given.check()
    call.state.assignments[now.id] = changed
    return _shape(call, here, changed)


def _given(tree: Value) -> Attributes:
    """The attributes in `assignment`, or bare ones from clients that leave the envelope out."""
    if isinstance(tree, dict) and "assignment" not in tree and any(name in tree for name in FLAT):
        return bare(tree)
    return envelope(tree, "assignment")


def _assignment(call: Call, here: Seat) -> Assignment:
    found = call.record(call.state.assignments, "id")
    if found.course_id != here.course.id or not _visible(here, found):
        raise not_found()
    return found


def _visible(here: Seat, assignment: Assignment) -> bool:
    return assignment.published or here.is_staff


def _shape(call: Call, here: Seat, assignment: Assignment) -> Shape:
    now, course = call.state.now(), here.course
    waiting = assignment.unlock_at is not None and assignment.unlock_at > now
    over = assignment.lock_at is not None and assignment.lock_at < now
    shape: Shape = {
        "id": assignment.id,
        "description": assignment.description,
        "due_at": stamp(assignment.due_at),
        "unlock_at": stamp(assignment.unlock_at),
        "lock_at": stamp(assignment.lock_at),
        "points_possible": assignment.points_possible,
        "grading_type": assignment.grading_type,
        "assignment_group_id": course.id,
        "grading_standard_id": None,
        "created_at": stamp(assignment.created_at),
        "updated_at": stamp(assignment.updated_at),
        "peer_reviews": False,
        "automatic_peer_reviews": False,
        "position": assignment.position,
        "grade_group_students_individually": False,
        "anonymous_peer_reviews": False,
        "group_category_id": None,
        "post_to_sis": False,
        "moderated_grading": False,
        "omit_from_final_grade": assignment.omit_from_final_grade,
        "intra_group_peer_reviews": False,
        "anonymous_grading": False,
        "allowed_attempts": -1,
        "lti_context_id": lasting_uuid("assignment", assignment.id),
        "course_id": assignment.course_id,
        "name": assignment.name,
        "submission_types": list(assignment.submission_types),
        "has_submitted_submissions": assignment.published,
        "due_date_required": False,
        "max_name_length": 255,
        "in_closed_grading_period": False,
        "is_quiz_assignment": False,
        "can_duplicate": True,
        "workflow_state": "published" if assignment.published else "unpublished",
        "important_dates": False,
        "muted": False,
        "html_url": f"{call.public}/courses/{assignment.course_id}/assignments/{assignment.id}",
        "published": assignment.published,
        "only_visible_to_overrides": False,
        "visible_to_everyone": True,
        "locked_for_user": not here.is_staff and (waiting or over),
        "submissions_download_url": f"{call.public}/courses/{assignment.course_id}/assignments/{assignment.id}"
        "/submissions?zip=1",
        "post_manually": False,
        "require_lockdown_browser": False,
    }
    if here.is_staff:
        shape["unpublishable"] = True
    if here.role in GRADERS:
        shape["needs_grading_count"] = assignment.id % 7 if assignment.published else 0
    if "can_edit" in call.includes:
        shape["can_edit"] = here.role in (Role.ADMIN, Role.TEACHER, Role.DESIGNER)
    if "all_dates" in call.includes:
        shape["all_dates"] = [
            {"base": True, "due_at": shape["due_at"], "unlock_at": shape["unlock_at"], "lock_at": shape["lock_at"]}
        ]
    if "submission" in call.includes and here.role is Role.STUDENT and call.person:
        shape["submission"] = _submission(assignment, call.person.id)
    return shape


def _submission(assignment: Assignment, person_id: int) -> Shape:
    """The person's own submission; two of three are graded."""
    graded = (assignment.id + person_id) % 3 != 0 and assignment.points_possible is not None
    score = round((assignment.points_possible or 0) * (6 + person_id % 5) / 10, 1) if graded else None
    return {
        "id": assignment.id * 1000 + person_id,
        "assignment_id": assignment.id,
        "user_id": person_id,
        "attempt": 1 if graded else None,
        "grade": None if score is None else str(score),
        "score": score,
        "workflow_state": "graded" if graded else "unsubmitted",
        "submitted_at": stamp(assignment.due_at) if graded else None,
        "graded_at": stamp(assignment.due_at) if graded else None,
        "submission_type": assignment.submission_types[0] if graded else None,
        "late": False,
        "missing": False,
        "excused": False,
    }
