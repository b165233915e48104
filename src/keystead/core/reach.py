"""How far does a list of scopes reach? Said in the words of people: reads, changes, deletes, whose records."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from keystead.core.catalogue import Entry

STUDENT_RECORDS: Final = frozenset({
    "Analytics", "Assignment Extensions", "Conversations", "Course Audit log", "Course Quiz Extensions",
    "Custom Gradebook Columns", "Enrollments", "Grade Change Log", "Gradebook History", "Learning Object Dates",
    "Moderated Grading", "New Quizzes Accommodations", "New Quizzes Reports",
    "Outcome Results", "Peer Reviews",
    "PollSubmissions", "Quiz Extensions", "Quiz Reports", "Quiz Statistics",
    "Quiz Submission Events", "Quiz Submission Files", "Quiz Submission Questions", "Quiz Submission User List",
    "Quiz Submissions", "SIS Imports", "Submission Comments", "Submissions",
    "Temporary Enrollment Pairings", "User Observees", "Users", "What If Grades", "ePortfolios",
})  # fmt: skip
"""Groups of the catalogue whose endpoints tell of single students: who they are, what they did, their grades."""

ACCOUNT_WIDE: Final = frozenset({
    "Account Calendars", "Account Notifications", "Account Reports", "Accounts", "Admins", "Authentication Providers",
    "Authentications Log", "Developer Key Account Bindings", "Developer Keys", "Feature Flags", "Logins", "Roles",
    "SIS Imports", "SIS Integration",
})  # fmt: skip
"""Groups whose endpoints reach a whole institution rather than single courses."""

_SENSITIVE: Final = frozenset({"personal", "sensitive"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How many scopes read, change or delete, and which resources tell of students or reach a whole account.

    ``unknown`` scopes are in no catalogue and cover no call.
    """

    reads: int = 0
    changes: int = 0
    deletes: int = 0
    student_records: tuple[str, ...] = ()
    student_records_changed: bool = False
    account_wide: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """How many scopes cover calls."""
        return self.reads + self.changes + self.deletes


def tells_of_students(entry: Entry) -> bool:
    """Whether an endpoint tells of single students: by our table, or by what a loaded API hints."""
    return entry.resource_name in STUDENT_RECORDS or entry.sensitivity in _SENSITIVE


def reach_of(scopes: Iterable[str], find: Callable[[str], Entry | None]) -> Reach:
    """Return how far the scopes reach together; ``find`` looks one up in the catalogue."""
    counts = {"GET": 0, "DELETE": 0, "": 0}
    students: dict[str, None] = {}
    wide: dict[str, None] = {}
    unknown: list[str] = []
    changed = False
    for scope in dict.fromkeys(scopes):
        entry = find(scope)
        if entry is None:
            unknown.append(scope)
            continue
        counts[entry.verb if entry.verb in counts else ""] += 1
        name = entry.resource_name or "undocumented"
        if tells_of_students(entry):
            students[name] = None
            changed = changed or entry.verb != "GET"
        if entry.resource_name in ACCOUNT_WIDE:
            wide[name] = None
    return Reach(
        reads=counts["GET"],
        changes=counts[""],
        deletes=counts["DELETE"],
        student_records=tuple(sorted(students)),
        student_records_changed=changed,
        account_wide=tuple(sorted(wide)),
        unknown=tuple(unknown),
    )
