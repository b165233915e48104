"""Wiki pages of a course: read by address or id; a change to a page that is not there makes it, as in Canvas."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sandbox_lms.attributes import envelope
from sandbox_lms.call import Call, Paged, Seat, paged, seat
from sandbox_lms.courses import person_display
from sandbox_lms.ids import local_id
from sandbox_lms.records import Page
from sandbox_lms.refusals import not_found, plain
from sandbox_lms.replies import Shape
from sandbox_lms.roles import Right, may
from sandbox_lms.state import in_course
from sandbox_lms.times import stamp

EDITORS = ("teachers", "students", "members", "public")
MOST_PAGES = 200
MOST_EARLIER_URLS = 10


def index(call: Call) -> Paged:
    here = seat(call, Right.READ)
    found = [each for each in in_course(call.state.pages.values(), here.course) if _visible(here, each)]
    if (published := call.flag("published")) is not None:
        found = [each for each in found if each.published == published]
    found = call.searched(found, lambda page: page.title)
    orders: dict[str, Callable[[Page], str]] = {
        "created_at": lambda each: stamp(each.created_at) or "",
        "updated_at": lambda each: stamp(each.updated_at) or "",
    }
    found.sort(
        key=orders.get(call.one("sort") or "", lambda each: each.title.casefold()), reverse=call.one("order") == "desc"
    )
    return paged(call, found, partial(_shape, call, here, with_body="body" in call.includes))


def show(call: Call) -> Shape:
    here = seat(call, Right.READ)
    page = _find(call, here)
    if page is None or not _visible(here, page):
        raise not_found()
    return _shape(call, here, page, with_body=True)


def update(call: Call) -> Shape:
    here = seat(call, Right.READ)
    page = _find(call, here)
    if page is None and not may(here.role, Right.READ_ALL):
        raise not_found()
    if page is not None and not _visible(here, page):
        raise not_found()
    here = seat(call, Right.EDIT_PAGES)
    now, given = page or _new(call, here), envelope(call.body.tree, "wiki_page")
    changed = replace(
        now,
        title=given.text("title", now.title),
        body=given.free_text("body", now.body),
        editing_roles=given.choice("editing_roles", now.editing_roles, EDITORS),
        published=given.flag("published", now.published),
        is_front_page=given.flag("front_page", now.is_front_page),
        updated_at=call.state.now(),
        editor_id=call.person.id if call.person else None,
    )
    if changed.is_front_page and not changed.published:
        given.refuse("published", "The front page cannot be unpublished")
    given.check()
    if page is None or changed.title != now.title:
        changed = _moved(call, here, changed, from_url=page.url if page else None)
    if changed.is_front_page:
        for other in in_course(list(call.state.pages.values()), here.course):
            if other.is_front_page and other.id != changed.id:
                call.state.pages[other.id] = replace(other, is_front_page=False)
    call.state.pages[changed.id] = changed
    return _shape(call, here, changed, with_body=True)


def _find(call: Call, here: Seat) -> Page | None:
    """The page with this address, else with this id, else with this earlier address."""
    text = call.params["url_or_id"]
    pages = in_course(call.state.pages.values(), here.course)
    number = local_id(text.removeprefix("page_id:"))
    if text.startswith("page_id:"):
        return next((each for each in pages if each.id == number), None)
    return (
        next((each for each in pages if each.url == text), None)
        or next((each for each in pages if each.id == number), None)
        or next((each for each in pages if text in each.earlier_urls), None)
    )


def _new(call: Call, here: Seat) -> Page:
    text, now = call.params["url_or_id"], call.state.now()
    if text.startswith("page_id:") or local_id(text) is not None or len(text) > 255:
        raise not_found()
    if len(in_course(call.state.pages.values(), here.course)) >= MOST_PAGES:
        raise plain(400, "This course has as many pages as the sandbox keeps.")
    return Page(
        id=call.state.new_id(),
        course_id=here.course.id,
        url=text,
        title=text.replace("-", " ").strip().capitalize() or "Page",
        body="",
        created_at=now,
        updated_at=now,
        editor_id=None,
        published=False,
    )


def _moved(call: Call, here: Seat, page: Page, *, from_url: str | None) -> Page:
    """The page at the address its title gives; the earlier address keeps working."""
    taken = {each.url for each in in_course(call.state.pages.values(), here.course) if each.id != page.id}
    letters = unicodedata.normalize("NFKD", page.title).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", letters).strip("-") or f"page-{page.id}"
    url, number = stem, 2
    while url in taken:
        url, number = f"{stem}-{number}", number + 1
    earlier = page.earlier_urls if from_url is None else (from_url, *page.earlier_urls)
    return replace(page, url=url, earlier_urls=tuple(dict.fromkeys(earlier))[:MOST_EARLIER_URLS])


def _visible(here: Seat, page: Page) -> bool:
    return page.published or here.is_staff


def _shape(call: Call, here: Seat, page: Page, *, with_body: bool) -> Shape:
    shape: Shape = {
        "title": page.title,
        "created_at": stamp(page.created_at),
        "url": page.url,
        "editing_roles": page.editing_roles,
        "page_id": page.id,
        "published": page.published,
        "hide_from_students": not page.published,
        "front_page": page.is_front_page,
        "html_url": f"{call.public}/courses/{page.course_id}/pages/{page.url}",
        "todo_date": None,
        "publish_at": None,
        "updated_at": stamp(page.updated_at),
        "locked_for_user": False,
        "last_edited_by": person_display(call, call.state.people.get(page.editor_id or 0)),
        "editor": "rce",
    }
    if with_body:
        shape["body"] = page.body
    if "can_edit" in call.includes:
        shape["can_edit"] = may(here.role, Right.EDIT_PAGES)
    return shape
