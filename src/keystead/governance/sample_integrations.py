"""Which integrations does the sample institution have, and what are they used for?"""

from dataclasses import dataclass, field
from typing import Final

from keystead.core.bindings import BindingState
from keystead.core.vetting import Item

_ON, _OFF, _ALLOW = BindingState.ON, BindingState.OFF, BindingState.ALLOW

_COURSES = "url:GET|/api/v1/courses"
_COURSE = "url:GET|/api/v1/courses/:id"
_PAGES = "url:GET|/api/v1/courses/:course_id/pages"
_WRITE_PAGE = "url:PUT|/api/v1/courses/:course_id/pages/:url_or_id"
_FILES = "url:GET|/api/v1/courses/:course_id/files"
_DELETE_FILE = "url:DELETE|/api/v1/files/:id"
_STUDENTS = "url:GET|/api/v1/courses/:course_id/users"
_ENROLLED = "url:GET|/api/v1/users/:user_id/enrollments"
_SUBMISSIONS = "url:GET|/api/v1/courses/:course_id/assignments/:assignment_id/submissions"
_GRADE = "url:PUT|/api/v1/courses/:course_id/assignments/:assignment_id/submissions/:user_id"
_SECTIONS = "url:GET|/api/v1/courses/:course_id/sections"
_EVENTS = "url:POST|/api/v1/calendar_events"
_TERMS = "url:GET|/api/v1/accounts/:account_id/terms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How a key is used: so many people, calls on a working day, which calls how often, from when to when."""

    people: int
    a_day: int
    calls: dict[str, int]
    since: int = 100
    until: int = 0
    network: str = "203.0.113.9"
    refused: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """One key of the sample. With ``at_site`` it is Site Admin's, which says that about it."""

    name: str
    vendor: str
    notes: str
    scopes: tuple[str, ...] = ()
    at_site: BindingState | None = None
    settled: tuple[Item, ...] = ()
    contract_until: int = 200
    use: Use | None = None


RETIRED: Final = "Gradebook Export"
REVIEWED: Final = "Attendance Tracker"
WATCHED: Final = "Timetable Sync"
ASKED_ABOUT: Final = "Originality Check"
INTEGRATIONS: Final = (
    Integration(
        name="Lecture Capture Cloud", vendor="Northlight Media", at_site=_ALLOW, settled=tuple(Item),
        notes="Puts recordings of lectures into courses.", scopes=(_COURSES, _COURSE, _SECTIONS, _STUDENTS),
        use=Use(people=24, a_day=40, calls={_COURSES: 3, _COURSE: 5, _SECTIONS: 2}),
    ),
    Integration(
        name=ASKED_ABOUT, vendor="Oakmoss", at_site=_ON, settled=tuple(Item),
        notes="Compares handed-in texts. Published for every institution.",
        scopes=(_COURSE, _STUDENTS, _SUBMISSIONS, _GRADE),
        use=Use(people=18, a_day=55, calls={_SUBMISSIONS: 6, _STUDENTS: 2, _GRADE: 1}, network="198.51.100.20"),
    ),
    Integration(
        name="Quick Polls", vendor="Handsup", at_site=_ALLOW, settled=(Item.CONTACTS,),
        notes="Questions to the lecture hall.", scopes=(_COURSES, _STUDENTS),
    ),
    Integration(
        name="Citation Helper", vendor="Footnote", at_site=_ALLOW, notes="Fills reading lists.",
        scopes=(_COURSE, _PAGES),
    ),
    Integration(
        name="Accessibility Checker", vendor="Clearpage", settled=tuple(Item),
        notes="Finds and mends what people with a screen reader cannot use.",
        scopes=(_COURSES, _COURSE, _PAGES, _WRITE_PAGE, _FILES, _DELETE_FILE, _SECTIONS, _TERMS),
        use=Use(people=31, a_day=70, calls={_COURSES: 2, _PAGES: 6, _FILES: 5, _WRITE_PAGE: 1}, network="192.0.2.44"),
    ),
    Integration(
        name=WATCHED, vendor="Hourglass Systems", settled=(Item.CONTACTS, Item.TOKEN_STORAGE),
        notes="Older than our rules: its scopes are not enforced yet.",
        use=Use(
            people=12, a_day=45, calls={_COURSES: 6, _SECTIONS: 6, _EVENTS: 4, _STUDENTS: 2, _ENROLLED: 1},
            network="198.51.100.77",
        ),
    ),
    Integration(
        name=REVIEWED, vendor="Rollcall", contract_until=-12, scopes=(_COURSES, _STUDENTS, _SECTIONS),
        settled=(Item.CONTRACT, Item.FERPA, Item.CONTACTS, Item.DATA_RETENTION),
        notes="Who was there, by section.",
        use=Use(
            people=9, a_day=25, calls={_STUDENTS: 5, _SECTIONS: 3}, refused={_SUBMISSIONS: 4, _ENROLLED: 2},
            network="203.0.113.130",
        ),
    ),
    Integration(
        name=RETIRED, vendor="Sheetwise", notes="Replaced by the reports of the registry.",
        use=Use(people=4, a_day=15, calls={_COURSES: 1, _SUBMISSIONS: 4}, until=62, network="203.0.113.201"),
    ),
)  # fmt: skip
PROPOSED: Final = (_COURSES, _SECTIONS, _EVENTS)
WISH: Final = {
    "manifest_version": 1,
    "name": "Seminar Planner",
    "vendor": "Larch",
    "contact": "help@larch.example.com",
    "description": "Plans rooms and groups for seminars.",
    "redirect_uris": ["https://larch.example.com/oauth/back"],
    "scopes": [
        {"scope": _COURSES, "reason": "to list the seminars of the person who plans"},
        {"scope": _SECTIONS, "reason": "to form groups along sections"},
        {"scope": _STUDENTS, "reason": "to know who takes part"},
        {"scope": _EVENTS, "reason": "to write the appointments into calendars"},
    ],
    "links": {"website": "https://larch.example.com/", "privacy": "https://larch.example.com/privacy"},
}
