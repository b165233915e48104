"""What the sandbox remembers: one frozen record per noun; a change replaces the record."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What somebody is in one course; an account admin is one in every course below the account."""

    ADMIN = "AccountAdmin"
    TEACHER = "TeacherEnrollment"
    DESIGNER = "DesignerEnrollment"
    TA = "TaEnrollment"
    STUDENT = "StudentEnrollment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    id: int
    name: str
    parent_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    id: int
    name: str
    short_name: str
    sortable_name: str
    login: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    person_id: int
    account_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrollment:
    person_id: int
    course_id: int
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    id: int
    name: str
    start_at: datetime | None
    end_at: datetime | None
    sis_term_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    id: int
    account_id: int
    term_id: int
    name: str
    code: str
    sis_id: str
    state: str
    created_at: datetime
    start_at: datetime | None = None
    end_at: datetime | None = None
    syllabus: str | None = None
    public_description: str | None = None
    default_view: str = "modules"
    license: str = "private"
    time_zone: str = "Europe/Dublin"
    is_blueprint: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    id: int
    course_id: int
    position: int
    name: str
    description: str
    points_possible: float | None
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime
    unlock_at: datetime | None = None
    lock_at: datetime | None = None
    grading_type: str = "points"
    submission_types: tuple[str, ...] = ("online_upload",)
    omit_from_final_grade: bool = False
    published: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiz:
    id: int
    course_id: int
    title: str
    description: str
    question_count: int
    points_possible: float | None
    due_at: datetime | None
    quiz_type: str = "assignment"
    time_limit: int | None = None
    allowed_attempts: int = 1
    shuffle_answers: bool = False
    show_correct_answers: bool = True
    hide_results: str | None = None
    access_code: str | None = None
    unlock_at: datetime | None = None
    lock_at: datetime | None = None
    published: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`earlier_urls` keep old addresses working after a new title gave the page another one."""

    id: int
    course_id: int
    url: str
    title: str
    body: str
    created_at: datetime
    updated_at: datetime
    editor_id: int | None
    editing_roles: str = "teachers"
    published: bool = True
    is_front_page: bool = False
    earlier_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    id: int
    course_id: int
    position: int
    title: str
    message: str
    author_id: int
    posted_at: datetime
    replies: int
    last_reply_at: datetime | None
    discussion_type: str = "threaded"
    require_initial_post: bool = False
    delayed_post_at: datetime | None = None
    lock_at: datetime | None = None
    is_announcement: bool = False
    pinned: bool = False
    locked: bool = False
    published: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    id: int
    course_id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """`content` is None for sample files: their bytes are made up when somebody downloads them."""

    id: int
    course_id: int
    folder_id: int
    name: str
    content_type: str
    size: int
    author_id: int
    created_at: datetime
    updated_at: datetime
    content: bytes | None = field(default=None, repr=False)
    media_id: str | None = None
    locked: bool = False
    hidden: bool = False
    unlock_at: datetime | None = None
    lock_at: datetime | None = None
    visibility_level: str = "inherit"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaObject:
    id: str
    course_id: int
    title: str
    entered_title: str | None
    media_type: str
    seconds: int
    author_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTrack:
    id: int
    media_id: str
    author_id: int
    kind: str
    locale: str
    content: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentMigration:
    id: int
    course_id: int
    kind: str
    kind_title: str
    person_id: int
    state: str
    started_at: datetime
    finished_at: datetime | None
    source_course_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueprintSubscription:
    id: int
    template_id: int
    blueprint_course_id: int
    course_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueprintMigration:
    id: int
    subscription_id: int
    person_id: int
    state: str
    created_at: datetime
    comment: str | None
