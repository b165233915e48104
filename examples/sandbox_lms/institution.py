"""Who and where: the accounts, people, courses and enrolments of Larkfield University, the same at every start.

`python -m sandbox_lms.institution` prints the part that an identity provider in front of the sandbox needs.
"""

import json
import random
import sys
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox_lms.names import FAMILY, GIVEN
from sandbox_lms.records import Account, Admin, Course, Enrollment, Person, Role, Term
from sandbox_lms.subjects import COURSES

SEED = 20260901
ROOT_ID = 2
PEOPLE = 500
FIRST_COURSE_ID = 101
COLLEGES = ("College of Arts and Humanities", "College of Science and Engineering", "College of Health and Society")
SIGN_INS = (
    ("admin", "Ingrid Solheim"),
    ("teacher", "Tomás Herrera"),
    ("student", "Jonas Albrecht"),
    ("ta", "Priya Raman"),
    ("designer", "Wei-Ling Chen"),
)
AUDITOR = (502, "auditor", "Maren Oduya")
"""Somebody who checks the keys and belongs to no course, so only the service in front knows them."""
ADMIN_ID, TEACHER_ID, STUDENT_ID, TA_ID, DESIGNER_ID = range(2, 7)
TAUGHT_BY_TEACHER = (101, 102, 104, 110, 118)
HELPED_BY_TA = (101, 110)
DESIGNED_BY_DESIGNER = (101, 103, 140)
TAKEN_BY_STUDENT = (101, 102, 105, 110, 111, 118, 130)
UNPUBLISHED, COMPLETED, BLUEPRINT = (118,), (135, 136), 140
MAIL = "larkfield.example.edu"
BORN = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)


class Dice:
    """Repeatable chance, built on `random()` alone: the only draw whose sequence Python promises to keep."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def below(self, limit: int) -> int:
        return int(self._random.random() * limit)

    def between(self, low: int, high: int) -> int:
        return low + self.below(high - low + 1)

    def some(self, pool: tuple[int, ...], count: int) -> list[int]:
        left = list(pool)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Institution:
    accounts: tuple[Account, ...]
    people: tuple[Person, ...]
    admins: tuple[Admin, ...]
    terms: tuple[Term, ...]
    courses: tuple[Course, ...]
    enrollments: tuple[Enrollment, ...]


def build() -> Institution:
    """The whole institution; equal at every call."""
    dice = Dice(SEED)
    people = _people(dice)
    courses = tuple(_course(FIRST_COURSE_ID + index, *row) for index, row in enumerate(COURSES))
    return Institution(
        accounts=(
            Account(id=ROOT_ID, name="Larkfield University", parent_id=None),
            *(Account(id=ROOT_ID + 1 + index, name=name, parent_id=ROOT_ID) for index, name in enumerate(COLLEGES)),
        ),
        people=people,
        admins=(
            Admin(person_id=ADMIN_ID, account_id=ROOT_ID),
            *(Admin(person_id=7 + index, account_id=ROOT_ID + 1 + index) for index in range(len(COLLEGES))),
        ),
        terms=(
            Term(id=1, name="Default Term", start_at=None, end_at=None, sis_term_id=None),
            Term(id=2, name="Spring 2026", start_at=_day(2026, 1), end_at=_day(2026, 6), sis_term_id="2026S"),
            Term(id=3, name="Autumn 2026", start_at=_day(2026, 9), end_at=_day(2027, 1), sis_term_id="2026A"),
        ),
        courses=courses,
        enrollments=_enrollments(dice, courses),
    )


def for_identity_provider(institution: Institution) -> dict[str, object]:
    """Accounts, people and admins as the service in front loads them; only the named sign-ins have a password."""
    root, *colleges = institution.accounts
    auditor_id, auditor, auditor_name = AUDITOR
    people = (*institution.people, _person(auditor_id, *auditor_name.split(" "), login=auditor))
    logins = {person.id: person.login for person in institution.people}
    named = {login for login, _ in SIGN_INS} | {auditor}
    return {
        "root_account": {"id": root.id, "name": root.name},
        "sub_accounts": [{"id": each.id, "name": each.name, "parent_id": each.parent_id} for each in colleges],
        "people": [
            {
                "id": person.id,
                "name": person.name,
                "short_name": person.short_name,
                "sortable_name": person.sortable_name,
                "login": person.login,
                "email": person.email,
                **({"password": f"keystead-{person.login}"} if person.login in named else {}),
            }
            for person in people
        ],
        "roles": [{"account_id": root.id, "template": auditor}],
        "admins": [
            {"login": logins[admin.person_id], "account_id": admin.account_id, "role": Role.ADMIN.value}
            for admin in institution.admins
        ]
        + [{"login": auditor, "account_id": root.id, "role": auditor.capitalize()}],
    }


def as_text(institution: Institution) -> str:
    return json.dumps(for_identity_provider(institution), ensure_ascii=False, indent=1) + "\n"


def _people(dice: Dice) -> tuple[Person, ...]:
    people = [_person(2 + index, *name.split(" "), login=login) for index, (login, name) in enumerate(SIGN_INS)]
    taken = {person.login for person in people}
    while len(people) < PEOPLE:
        given, family = GIVEN[dice.below(len(GIVEN))], FAMILY[dice.below(len(FAMILY))]
        if dice.below(9) == 0:
            family = f"{family} {FAMILY[dice.below(len(FAMILY))]}"
        login = f"{_plain(given)}.{_plain(family)}"
        if login not in taken:
            taken.add(login)
            people.append(_person(2 + len(people), given, family, login=login))
    return tuple(people)


def _person(person_id: int, given: str, family: str, *, login: str) -> Person:
    address = f"{_plain(given)}.{_plain(family)}@{MAIL}"
    return Person(
        id=person_id,
        name=f"{given} {family}",
        short_name=f"{given} {family.split(' ')[0]}",
        sortable_name=f"{family}, {given}",
        login=login,
        email=address,
    )


def _plain(name: str) -> str:
    spelled = name.translate(str.maketrans("øØłŁıđ", "oOlLid"))
    letters = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return "".join(each for each in letters.lower() if each.isalpha())


def _course(course_id: int, account_id: int, code: str, title: str, themes: str) -> Course:
    term_id = 2 if course_id in COMPLETED else 1 if course_id == BLUEPRINT else 3
    state = "unpublished" if course_id in UNPUBLISHED else "completed" if course_id in COMPLETED else "available"
    weeks = "".join(f"<li>{theme}</li>" for theme in themes.split("|"))
    return Course(
        id=course_id,
        account_id=account_id,
        term_id=term_id,
        name=title,
        code=code,
        sis_id=f"{code.replace(' ', '-')}-{('', 'T', '26S', '26A')[term_id]}",
        state=state,
        created_at=BORN,
        start_at=None if term_id == 1 else _day(2026, 1 if term_id == 2 else 9),
        syllabus=f"<h2>{title}</h2><p>We work through four themes:</p><ol>{weeks}</ol>",
        public_description=f"{title}: {', '.join(themes.split('|'))}.",
        is_blueprint=course_id == BLUEPRINT,
    )


def _enrollments(dice: Dice, courses: tuple[Course, ...]) -> tuple[Enrollment, ...]:
    """Ids 10 to 49 teach, 50 to 74 assist, 75 to 80 design, 81 to 501 study; the named five come on top."""
    rows: dict[tuple[int, int], Role] = {}
    pools = (
        (TEACHER_ID, TAUGHT_BY_TEACHER, Role.TEACHER),
        (TA_ID, HELPED_BY_TA, Role.TA),
        (DESIGNER_ID, DESIGNED_BY_DESIGNER, Role.DESIGNER),
        (STUDENT_ID, TAKEN_BY_STUDENT, Role.STUDENT),
    )
    for index, course in enumerate(courses):
        for person_id, taken, role in pools:
            if course.id in taken:
                rows[person_id, course.id] = role
        rows[10 + index, course.id] = Role.TEACHER
        for person_id in dice.some(tuple(range(50, 75)), dice.between(0, 2)):
            rows[person_id, course.id] = Role.TA
        if index % 3 == 0:
            rows[75 + index % 6, course.id] = Role.DESIGNER
        size = 0 if course.is_blueprint else dice.between(24, 60)
        for person_id in dice.some(tuple(range(81, PEOPLE + 2)), size):
            rows[person_id, course.id] = Role.STUDENT
    return tuple(Enrollment(person_id=who, course_id=course, role=role) for (who, course), role in rows.items())


def _day(year: int, month: int) -> datetime:
    return datetime(year, month, 8, 6, 0, tzinfo=UTC)


if __name__ == "__main__":
    sys.stdout.buffer.write(as_text(build()).encode())
