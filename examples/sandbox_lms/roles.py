"""Who may do what in a course: one table, the same one as in the README."""

from enum import StrEnum

from sandbox_lms.records import Role


class Right(StrEnum):
    READ = "read what is published"
    READ_ALL = "read what only staff may know"
    EDIT_COURSE = "change the course"
    EDIT_ASSIGNMENTS = "change assignments"
    EDIT_QUIZZES = "change quizzes"
    EDIT_PAGES = "change pages"
    EDIT_TOPICS = "change discussion topics"
    EDIT_FILES = "add and change files"
    DELETE_FILES = "delete files"
    EDIT_MEDIA = "change media and captions"

    @property
    def changes(self) -> bool:
        return self not in (Right.READ, Right.READ_ALL)


_ASSISTING = frozenset(
    {Right.READ, Right.READ_ALL, Right.EDIT_PAGES, Right.EDIT_TOPICS, Right.EDIT_FILES, Right.EDIT_MEDIA}
)
_RIGHTS = {
    Role.ADMIN: frozenset(Right),
    Role.TEACHER: frozenset(Right),
    Role.DESIGNER: frozenset(Right),
    Role.TA: _ASSISTING,
    Role.STUDENT: frozenset({Right.READ}),
}
GRADERS = frozenset({Role.ADMIN, Role.TEACHER, Role.TA})


def may(role: Role, right: Right) -> bool:
    return right in _RIGHTS[role]
