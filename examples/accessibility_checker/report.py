"""What is wrong in which course? The walk along courses, pages and files, and what it found."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from accessibility_checker.calls import Calls
from accessibility_checker.markup import Finding, check

_KINDS = (
    ("pdf", "PDF"),
    ("presentation", "slides"),
    ("wordprocessing", "document"),
    ("image/", "image"),
    ("video/", "video"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResult:
    """One page of a course; `is_readable` is False when the person may list it but not read it."""

    title: str
    items: int
    findings: tuple[Finding, ...]
    is_readable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseResult:
    """One course: its pages, and how many files of each kind a person would have to look at."""

    name: str
    code: str
    pages: tuple[PageResult, ...]
    files: tuple[tuple[str, int], ...]

    @property
    def items(self) -> int:
        return sum(page.items for page in self.pages)

    @property
    def problems(self) -> int:
        return sum(len(page.findings) for page in self.pages)

    @property
    def score(self) -> int | None:
        """The share of images, headings and links in order, in percent; never 100 with a problem left."""
        return None if self.items == 0 else (self.items - self.problems) * 100 // self.items

    @property
    def flawed_pages(self) -> Sequence[PageResult]:
        return [page for page in self.pages if page.findings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All courses of the person who granted access."""

    person: str
    courses: tuple[CourseResult, ...]


async def walk(calls: Calls, person: str) -> Report:
    """Reads every course, page and list of files that the person may see."""
    courses = [course async for course in calls.all("/api/v1/courses")]
    return Report(person=person, courses=tuple([await _course(calls, course) for course in courses]))


async def _course(calls: Calls, course: dict[str, Any]) -> CourseResult:
    path = f"/api/v1/courses/{course['id']}"
    listed = [page async for page in calls.all(f"{path}/pages")]
    files = Counter([_kind(str(file.get("content-type"))) async for file in calls.all(f"{path}/files")])
    return CourseResult(
        name=str(course.get("name")),
        code=str(course.get("course_code")),
        pages=tuple([await _page(calls, path, page) for page in listed]),
        files=tuple(sorted(files.items())),
    )


async def _page(calls: Calls, path: str, page: dict[str, Any]) -> PageResult:
    title = str(page.get("title"))
    reply = await calls.one(f"{path}/pages/{quote(str(page['url']), safe='')}")
    if reply.status_code != 200:
        return PageResult(title=title, items=0, findings=(), is_readable=False)
    checked = check(str(reply.json().get("body") or ""))
    return PageResult(title=title, items=checked.items, findings=checked.findings)


def _kind(content_type: str) -> str:
    return next((kind for word, kind in _KINDS if word in content_type), "other")
