"""What the courses contain: assignments, quizzes, pages, topics, files, media, grown from the four themes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from sandbox_lms.institution import BLUEPRINT, BORN, Dice, Institution
from sandbox_lms.prose import page_body
from sandbox_lms.records import (
    Assignment,
    BlueprintMigration,
    BlueprintSubscription,
    ContentMigration,
    Course,
    File,
    Folder,
    MediaObject,
    MediaTrack,
    Page,
    Quiz,
    Role,
    Topic,
)
from sandbox_lms.subjects import COURSES

SEED = 20260902
SUBSCRIBED = (101, 102, 103, 104, 107)
KINDS = ("Reading Response", "Problem Set", "Case Study", "Project Proposal", "Reflection")
FILES = (
    ("Syllabus.pdf", "application/pdf"),
    ("{0} slides.pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("{1} handout.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("{2} figure.png", "image/png"),
    ("{3} reading.pdf", "application/pdf"),
    ("Answer key.pdf", "application/pdf"),
)
VIDEO = "video/mp4"

Record: TypeAlias = (
    Assignment
    | Quiz
    | Page
    | Topic
    | Folder
    | File
    | MediaObject
    | MediaTrack
    | ContentMigration
    | BlueprintSubscription
    | BlueprintMigration
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """One course on its way to content; `at` gives the same hour in every teaching week."""

    course: Course
    themes: tuple[str, ...]
    staff: tuple[int, ...]
    dice: Dice

    def at(self, week: int) -> datetime:
        return (self.course.start_at or BORN) + timedelta(weeks=week, hours=9)

    def id(self, index: int) -> int:
        """A hundred numbers per course, so that an id tells its course: 10100 to 10199 belong to course 101."""
        return self.course.id * 100 + index


def grow(institution: Institution) -> Iterator[Record]:
    """Every piece of content, in a fixed order; equal at every call."""
    dice = Dice(SEED)
    for course, row in zip(institution.courses, COURSES, strict=True):
        staff = tuple(
            each.person_id
            for each in institution.enrollments
            if each.course_id == course.id and each.role is Role.TEACHER
        )
        plan = _Plan(course=course, themes=tuple(row[3].split("|")), staff=staff, dice=dice)
        for part in (_assignments, _quizzes, _pages, _topics, _files, _media, _migrations):
            yield from part(plan)


def _assignments(plan: _Plan) -> Iterator[Assignment]:
    for index in range(5):
        theme, kind = plan.themes[index % 4], KINDS[(index + plan.course.id) % len(KINDS)]
        yield Assignment(
            id=plan.id(index),
            course_id=plan.course.id,
            position=index + 1,
            name=f"{kind}: {theme}",
            description=f"<p>Prepare a {kind.lower()} on {theme.lower()} and hand it in before class.</p>",
            points_possible=float(plan.dice.between(2, 10) * 5),
            due_at=plan.at(2 * index + 2),
            created_at=BORN,
            updated_at=BORN,
            submission_types=("online_text_entry", "online_upload") if index % 2 else ("online_upload",),
            published=index != 4,
        )


def _quizzes(plan: _Plan) -> Iterator[Quiz]:
    for index in range(3):
        questions = plan.dice.between(5, 15)
        yield Quiz(
            id=plan.id(index),
            course_id=plan.course.id,
            title=f"{plan.themes[index]} quiz",
            description=f"<p>{questions} questions on {plan.themes[index].lower()}.</p>",
            question_count=questions,
            points_possible=float(questions),
            due_at=plan.at(3 * index + 3),
            quiz_type="practice_quiz" if index == 1 else "assignment",
            time_limit=(20, None, 45)[index],
            allowed_attempts=(1, -1, 2)[index],
            access_code="open-sesame" if index == 0 else None,
            published=index != 2,
        )


def _pages(plan: _Plan) -> Iterator[Page]:
    weeks = (f"Week 1 {plan.themes[0]}", f"Week 2 {plan.themes[1]}")
    titles = ("Welcome", *weeks, "How to get help", "Notes for teachers")
    for index, title in enumerate(titles):
        yield Page(
            id=plan.id(index),
            course_id=plan.course.id,
            url=title.lower().replace(" ", "-"),
            title=title,
            body=page_body(plan.course, plan.themes, index, title),
            created_at=BORN + timedelta(hours=index),
            updated_at=BORN + timedelta(hours=index),
            editor_id=plan.staff[0],
            published=title != "Notes for teachers",
            is_front_page=index == 0,
        )


def _topics(plan: _Plan) -> Iterator[Topic]:
    titles = ("Introduce yourself", f"What surprised you about {plan.themes[0].lower()}?", "Exam ideas", "Room change")
    for index, title in enumerate(titles):
        replies = plan.dice.between(3, 40) if index < 2 else 0
        yield Topic(
            id=plan.id(index),
            course_id=plan.course.id,
            position=index + 1,
            title=title,
            message=f"<p>{title}</p><p>Please be kind, and answer at least one other person.</p>",
            author_id=plan.staff[0],
            posted_at=plan.at(index),
            replies=replies,
            last_reply_at=plan.at(index + 1) if replies else None,
            require_initial_post=index == 1,
            pinned=index == 0,
            published=title != "Exam ideas",
            is_announcement=title == "Room change",
        )


def _files(plan: _Plan) -> Iterator[Folder | File]:
    yield Folder(id=plan.id(0), course_id=plan.course.id, name="course files")
    for index, (name, content_type) in enumerate(FILES):
        yield _file(plan, index, name.format(*plan.themes), content_type, plan.dice.between(12, 480) * 1024 + index)


def _file(plan: _Plan, index: int, name: str, content_type: str, size: int, media_id: str | None = None) -> File:
    return File(
        id=plan.id(index),
        course_id=plan.course.id,
        folder_id=plan.id(0),
        name=name,
        content_type=content_type,
        size=size,
        author_id=plan.staff[0],
        created_at=BORN,
        updated_at=BORN,
        media_id=media_id,
        locked=name == "Answer key.pdf",
        hidden=name.endswith(".png"),
    )


def _media(plan: _Plan) -> Iterator[File | MediaObject | MediaTrack]:
    for index in range(2):
        media_id, title = f"m-lfu{plan.course.id}{'ab'[index]}", f"Lecture {index + 1} {plan.themes[index]}.mp4"
        yield _file(plan, len(FILES) + index, title, VIDEO, plan.dice.between(900, 9000) * 1024, media_id)
        yield MediaObject(
            id=media_id,
            course_id=plan.course.id,
            title=title,
            entered_title=None,
            media_type="video",
            seconds=plan.dice.between(240, 3000),
            author_id=plan.staff[0],
        )
        for number, locale in enumerate(("en", "es") if index == 0 else ()):
            words = ("Welcome to", "Bienvenidos a")[number]
            yield MediaTrack(
                id=plan.id(number),
                media_id=media_id,
                author_id=plan.staff[0],
                kind="subtitles",
                locale=locale,
                content=f"1\n00:00:01,000 --> 00:00:04,000\n{words} {plan.course.name}.\n",
                created_at=BORN,
                updated_at=BORN,
            )


def _migrations(plan: _Plan) -> Iterator[ContentMigration | BlueprintSubscription | BlueprintMigration]:
    yield ContentMigration(
        id=plan.id(0),
        course_id=plan.course.id,
        kind="common_cartridge_importer" if plan.course.id % 2 else "zip_file_importer",
        kind_title="Common Cartridge 1.x Package" if plan.course.id % 2 else "Unzip .zip file into folder",
        person_id=plan.staff[0],
        state="completed",
        started_at=BORN,
        finished_at=BORN + timedelta(minutes=4),
    )
    if plan.course.id not in SUBSCRIBED:
        return
    yield BlueprintSubscription(id=plan.id(0), template_id=1, blueprint_course_id=BLUEPRINT, course_id=plan.course.id)
    for index, comment in enumerate((None, "New library opening hours")):
        yield BlueprintMigration(
            id=plan.id(index),
            subscription_id=plan.id(0),
            person_id=10 + BLUEPRINT - 101,
            state="completed",
            created_at=BORN + timedelta(days=7 * index + 1),
            comment=comment,
        )
