"""One request as the nouns see it: who asks, for what, with which parameters, and may they."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from sandbox_lms.body import Body
from sandbox_lms.ids import local_id
from sandbox_lms.records import Course, Person, Role
from sandbox_lms.refusals import RefusalError, not_authorized, not_found
from sandbox_lms.replies import Shape
from sandbox_lms.roles import Right, may
from sandbox_lms.state import State

T = TypeVar("T")
SHORTEST_SEARCH = 2
LONGEST_LINKS = 6144
LINKS_BY_WORTH = ("next", "last", "prev", "current", "first")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`origin` is this server as the request addressed it; `public` is the address that people use for pages."""

    state: State
    person: Person | None
    path: str
    params: Mapping[str, str]
    query: Sequence[tuple[str, str]]
    body: Body
    origin: str
    public: str
    may_include: bool = True

    def one(self, name: str) -> str | None:
        """The last value of a query parameter."""
        return next((text for key, text in reversed(self.query) if key == name), None)

    def many(self, name: str) -> list[str]:
        return [text for key, text in self.query if key in (name, f"{name}[]")]

    @property
    def includes(self) -> frozenset[str]:
        return frozenset(self.many("include")) if self.may_include else frozenset()

    def flag(self, name: str) -> bool | None:
        text = self.one(name)
        return None if text is None else text.lower() in {"true", "1"}

    def searched(self, items: Sequence[T], words: Callable[[T], str]) -> list[T]:
        """The items in whose words the `search_term` occurs; all of them when there is none."""
        term = self.one("search_term")
        if not term:
            return list(items)
        if len(term) < SHORTEST_SEARCH:
            error = {"field": "search_term", "code": "invalid", "message": "2 or more characters is required"}
            raise RefusalError(400, {"errors": [error]})
        return [each for each in items if term.casefold() in words(each).casefold()]

    def record(self, records: Mapping[int, T], name: str) -> T:
        found = records.get(local_id(self.params[name]) or 0)
        if found is None:
            raise not_found()
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A course together with what the caller is in it."""

    course: Course
    role: Role

    @property
    def is_staff(self) -> bool:
        return self.role is not Role.STUDENT


def seat_in(call: Call, course: Course, right: Right) -> Seat:
    """The caller's seat in the course, if it carries the right.

    Students wait outside until a course is published; a completed course is changed by admins only.
    """
    role = call.state.role_in(call.person, course)
    if role is None or not may(role, right):
        raise not_authorized()
    if role is Role.STUDENT and course.state == "unpublished":
        raise not_authorized()
    if role is not Role.ADMIN and course.state == "completed" and right.changes:
        raise not_authorized()
    return Seat(course=course, role=role)


def seat(call: Call, right: Right, name: str = "course_id") -> Seat:
    """The caller's seat in the course that the path names."""
    text = call.params[name]
    if text.startswith("sis_course_id:"):
        sis_id = text.removeprefix("sis_course_id:")
        found = next((each for each in call.state.courses.values() if each.sis_id == sis_id), None)
    else:
        found = call.state.courses.get(local_id(text) or 0)
    if found is None:
        raise not_found()
    return seat_in(call, found, right)


def paged(call: Call, items: Sequence[T], shape: Callable[[T], Shape], wrapped: str | None = None) -> "Paged":
    """One page of the items, with `Link` addresses on this server's own origin that repeat the query."""
    page, size = _page_number(call.one("page")), _page_size(call.one("per_page"))
    last = max(1, -(-len(items) // size))
    numbers = {"current": page, "next": page + 1, "prev": page - 1, "first": 1, "last": last}
    if page >= last:
        del numbers["next"]
    if page == 1:
        del numbers["prev"]
    kept = [(name, text) for name, text in call.query if name not in ("page", "per_page", "access_token", "api_key")]
    links: dict[str, str] = {}
    for rel in sorted(numbers, key=LINKS_BY_WORTH.index):
        query = urlencode([*kept, ("page", numbers[rel]), ("per_page", size)], safe="[]:")
        link = f'<{call.origin}{call.path}?{query}>; rel="{rel}"'
        if sum(map(len, links.values())) + len(link) <= LONGEST_LINKS:
            links[rel] = link
    shapes = [shape(each) for each in items[(page - 1) * size : page * size]]
    return Paged(
        content={wrapped: shapes} if wrapped else shapes, link=",".join(links[rel] for rel in numbers if rel in links)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Paged:
    content: object
    link: str


def _page_number(text: str | None) -> int:
    if text is None:
        return 1
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or int(text) < 1:
        raise not_found()
    return int(text)


def _page_size(text: str | None) -> int:
    if text is None:
        return 10
    return min(100, max(1, int(text))) if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) else 1
