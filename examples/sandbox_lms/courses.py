"""Courses: the caller's own list, one course, and its settings."""

from collections.abc import Callable
from dataclasses import replace

from sandbox_lms.attributes import envelope
from sandbox_lms.call import Call, Paged, Seat, paged, seat
from sandbox_lms.institution import ROOT_ID
from sandbox_lms.records import Course, Person, Role
from sandbox_lms.refusals import unauthenticated
from sandbox_lms.replies import Shape
from sandbox_lms.roles import Right
from sandbox_lms.state import lasting_uuid
from sandbox_lms.times import stamp

EVENTS = {"offer": "available", "claim": "unpublished", "conclude": "completed"}
VIEWS = ("feed", "wiki", "modules", "assignments", "syllabus")
LICENSES = ("private", "cc_by_nc_nd", "cc_by_nc_sa", "cc_by_nc", "cc_by_nd", "cc_by_sa", "cc_by", "public_domain")
ROLE_IDS = {Role.STUDENT: 3, Role.TEACHER: 4, Role.TA: 5, Role.DESIGNER: 6}


def index(call: Call) -> Paged:
    """The courses in which the caller is enrolled, published ones only for students."""
    wanted = call.one("enrollment_type")
    found = []
    for enrollment in call.state.enrollments_of(call.person) if call.person else ():
        course = call.state.courses[enrollment.course_id]
        if enrollment.role is Role.STUDENT and course.state == "unpublished":
            continue
        if wanted is None or _kind(enrollment.role) == wanted:
            found.append(Seat(course=course, role=enrollment.role))
    return paged(call, found, lambda each: course_shape(call, each.role, each.course))


def show(call: Call) -> Shape:
    here = seat(call, Right.READ, "id")
    return course_shape(call, here.role, here.course)


def update(call: Call) -> Shape:
    here = seat(call, Right.EDIT_COURSE, "id")
    now, given = here.course, envelope(call.body.tree, "course")
    state = EVENTS[given.choice("event", "offer", EVENTS)] if "event" in given else now.state
    if "offer" in given and given.flag("offer", False):
        state = EVENTS["offer"]
    changed = replace(
        now,
        name=given.text("name", now.name),
        code=given.text("course_code", now.code),
        syllabus=given.free_text("syllabus_body", now.syllabus or ""),
        public_description=given.free_text("public_description", now.public_description or "", longest=5000),
        start_at=given.moment("start_at", now.start_at),
        end_at=given.moment("end_at", now.end_at),
        default_view=given.choice("default_view", now.default_view, VIEWS),
        license=given.choice("license", now.license, LICENSES),
        state=state,
    )
    if changed.start_at and changed.end_at and changed.end_at < changed.start_at:
        given.refuse("end_at", "cannot be before the start")
    given.check()
    call.state.courses[now.id] = changed
    return course_shape(call, here.role, changed)


def course_shape(call: Call, role: Role, course: Course) -> Shape:
    """A course as the role sees it; SIS ids are for staff."""
    shape: Shape = {
        "id": course.id,
        "name": course.name,
        "account_id": course.account_id,
        "uuid": lasting_uuid("course", course.id),
        "start_at": stamp(course.start_at),
        "grading_standard_id": None,
        "is_public": False,
        "created_at": stamp(course.created_at),
        "course_code": course.code,
        "default_view": course.default_view,
        "root_account_id": ROOT_ID,
        "enrollment_term_id": course.term_id,
        "license": course.license,
        "grade_passback_setting": None,
        "end_at": stamp(course.end_at),
        "public_syllabus": False,
        "public_syllabus_to_auth": False,
        "storage_quota_mb": 500,
        "is_public_to_auth_users": False,
        "homeroom_course": False,
        "course_color": None,
        "friendly_name": None,
        "apply_assignment_group_weights": False,
        "calendar": {"ics": f"{call.public}/feeds/calendars/course_{lasting_uuid('feed', course.id)}.ics"},
        "time_zone": course.time_zone,
        "blueprint": course.is_blueprint,
        "template": False,
        "enrollments": _enrollments(call, role),
        "hide_final_grades": False,
        "workflow_state": course.state,
        "restrict_enrollments_to_course_dates": False,
    }
    if role is not Role.STUDENT:
        shape |= {"sis_course_id": course.sis_id, "sis_import_id": None, "integration_id": None}
    for include in sorted(call.includes & INCLUDES.keys()):
        shape[include] = INCLUDES[include](call, course)
    return shape


def person_display(call: Call, person: Person | None) -> Shape:
    """The few members by which content names its author."""
    if person is None:
        return {}
    return {
        "id": person.id,
        "anonymous_id": lasting_uuid("person", person.id)[:5],
        "display_name": person.short_name,
        "avatar_image_url": f"{call.public}/images/messages/avatar-50.png",
        "html_url": f"{call.public}/users/{person.id}",
        "pronouns": None,
    }


def _kind(role: Role) -> str:
    return role.removesuffix("Enrollment").lower()


def _enrollments(call: Call, role: Role) -> list[Shape]:
    if call.person is None:
        raise unauthenticated()
    if role is Role.ADMIN:
        return []
    return [
        {
            "type": _kind(role),
            "role": role.value,
            "role_id": ROLE_IDS[role],
            "user_id": call.person.id,
            "enrollment_state": "active",
            "limit_privileges_to_course_section": False,
        }
    ]


def _term(call: Call, course: Course) -> Shape:
    term = call.state.terms[course.term_id]
    return {
        "id": term.id,
        "name": term.name,
        "start_at": stamp(term.start_at),
        "end_at": stamp(term.end_at),
        "created_at": "2025-11-03T09:00:00Z",
        "workflow_state": "active",
        "grading_period_group_id": None,
    }


def _account(call: Call, course: Course) -> Shape:
    account = call.state.accounts[course.account_id]
    return {
        "id": account.id,
        "name": account.name,
        "workflow_state": "active",
        "parent_account_id": account.parent_id,
        "root_account_id": ROOT_ID,
        "uuid": lasting_uuid("account", account.id),
    }


def _teachers(call: Call, course: Course) -> list[Shape]:
    return [person_display(call, each) for each in call.state.enrolled(course, Role.TEACHER)]


INCLUDES: dict[str, Callable[[Call, Course], object]] = {
    "account": _account,
    "concluded": lambda _call, course: course.state == "completed",
    "public_description": lambda _call, course: course.public_description,
    "syllabus_body": lambda _call, course: course.syllabus,
    "teachers": _teachers,
    "term": _term,
    "total_students": lambda call, course: len(call.state.enrolled(course, Role.STUDENT)),
}
