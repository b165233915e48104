"""The sandbox's memory: every record by id, rebuilt alike at each start, and who is what in which course."""

import functools
import hashlib
import itertools
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from sandbox_lms import content, institution
from sandbox_lms.records import (
    Account,
    Assignment,
    BlueprintMigration,
    BlueprintSubscription,
    ContentMigration,
    Course,
    Enrollment,
    File,
    Folder,
    MediaObject,
    MediaTrack,
    Page,
    Person,
    Quiz,
    Role,
    Term,
    Topic,
)


class InCourse(Protocol):
    @property
    def course_id(self) -> int: ...


R = TypeVar("R", bound=InCourse)
FIRST_NEW_ID = 100_001


def in_course(records: Iterable[R], course: Course) -> list[R]:
    return [each for each in records if each.course_id == course.id]


class State:
    """All that the sandbox knows. `clock` only dates changes; what is there at the start never depends on it."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        whole, records = _sample()
        self._clock = clock
        self._new_ids = itertools.count(FIRST_NEW_ID)
        self.accounts: dict[int, Account] = {each.id: each for each in whole.accounts}
        self.people: dict[int, Person] = {each.id: each for each in whole.people}
        self.terms: dict[int, Term] = {each.id: each for each in whole.terms}
        self.courses: dict[int, Course] = {each.id: each for each in whole.courses}
        self._people_by_login = {each.login: each for each in whole.people}
        self._admins = {(each.person_id, each.account_id) for each in whole.admins}
        self._enrollments: dict[tuple[int, int], Enrollment] = {
            (each.person_id, each.course_id): each for each in whole.enrollments
        }
        self.assignments: dict[int, Assignment] = {}
        self.quizzes: dict[int, Quiz] = {}
        self.pages: dict[int, Page] = {}
        self.topics: dict[int, Topic] = {}
        self.folders: dict[int, Folder] = {}
        self.files: dict[int, File] = {}
        self.media: dict[str, MediaObject] = {}
        self.tracks: dict[int, MediaTrack] = {}
        self.content_migrations: dict[int, ContentMigration] = {}
        self.subscriptions: dict[int, BlueprintSubscription] = {}
        self.blueprint_migrations: dict[int, BlueprintMigration] = {}
        for record in records:
            self._keep(record)

    def now(self) -> datetime:
        return self._clock().astimezone(UTC)

    def new_id(self) -> int:
        """An id that nothing has had before, deleted things included."""
        return next(self._new_ids)

    def person_by_login(self, login: str) -> Person | None:
        return self._people_by_login.get(login)

    def administers(self, person: Person | None, account_id: int | None) -> bool:
        """Whether the person is an admin of the account or of one above it."""
        while person is not None and account_id is not None:
            if (person.id, account_id) in self._admins:
                return True
            account_id = self.accounts[account_id].parent_id
        return False

    def below(self, account_id: int) -> set[int]:
        """The account and every account under it."""
        found = {account_id}
        while more := {each.id for each in self.accounts.values() if each.parent_id in found} - found:
            found |= more
        return found

    def role_in(self, person: Person | None, course: Course) -> Role | None:
        if person is None:
            return None
        if self.administers(person, course.account_id):
            return Role.ADMIN
        enrollment = self._enrollments.get((person.id, course.id))
        return enrollment.role if enrollment else None

    def enrollments_of(self, person: Person) -> list[Enrollment]:
        return [each for each in self._enrollments.values() if each.person_id == person.id]

    def enrolled(self, course: Course, role: Role) -> list[Person]:
        rows = self._enrollments.values()
        return [self.people[each.person_id] for each in rows if each.course_id == course.id and each.role is role]

    def _keep(self, record: content.Record) -> None:
        match record:
            case Assignment():
                self.assignments[record.id] = record
            case Quiz():
                self.quizzes[record.id] = record
            case Page():
                self.pages[record.id] = record
            case Topic():
                self.topics[record.id] = record
            case Folder():
                self.folders[record.id] = record
            case File():
                self.files[record.id] = record
            case MediaObject():
                self.media[record.id] = record
            case MediaTrack():
                self.tracks[record.id] = record
            case ContentMigration():
                self.content_migrations[record.id] = record
            case BlueprintSubscription():
                self.subscriptions[record.id] = record
            case BlueprintMigration():
                self.blueprint_migrations[record.id] = record


@functools.cache
def _sample() -> tuple[institution.Institution, tuple[content.Record, ...]]:
    """The sample records, made once in a process: they are frozen, so every state may start from the same ones."""
    whole = institution.build()
    return whole, tuple(content.grow(whole))


def lasting_uuid(kind: str, record_id: int) -> str:
    """A made-up identifier that is the same at every start."""
    return hashlib.sha256(f"larkfield/{kind}/{record_id}".encode()).hexdigest()[:40]
