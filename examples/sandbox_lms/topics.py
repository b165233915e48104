"""Discussion topics and announcements of a course."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sandbox_lms.attributes import bare
from sandbox_lms.call import Call, Paged, Seat, paged, seat
from sandbox_lms.courses import person_display
from sandbox_lms.records import Topic
from sandbox_lms.refusals import not_found
from sandbox_lms.replies import Shape
from sandbox_lms.roles import Right, may
from sandbox_lms.state import in_course
from sandbox_lms.times import stamp

KINDS = ("side_comment", "threaded", "not_threaded")
SCOPES: dict[str, Callable[[Topic], bool]] = {
    "locked": lambda topic: topic.locked,
    "unlocked": lambda topic: not topic.locked,
    "pinned": lambda topic: topic.pinned,
    "unpinned": lambda topic: not topic.pinned,
}


def index(call: Call) -> Paged:
    """Discussions, or announcements when those are asked for; never both in one list."""
    here = seat(call, Right.READ)
    announcements = bool(call.flag("only_announcements"))
    found = [
        each
        for each in in_course(call.state.topics.values(), here.course)
        if each.is_announcement == announcements and _visible(here, each)
    ]
    for scope in (call.one("scope") or "").split(","):
        if scope in SCOPES:
            found = [each for each in found if SCOPES[scope](each)]
    found = call.searched(found, lambda topic: topic.title)
    orders: dict[str, Callable[[Topic], str | int]] = {
        "title": lambda each: each.title.casefold(),
        "recent_activity": lambda each: -(each.last_reply_at or each.posted_at).timestamp().__trunc__(),
    }
    found.sort(key=orders.get(call.one("order_by") or "", lambda each: each.position))
    return paged(call, found, partial(_shape, call, here))


def show(call: Call) -> Shape:
    here = seat(call, Right.READ)
    return _shape(call, here, _topic(call, here))


def update(call: Call) -> Shape:
    here = seat(call, Right.EDIT_TOPICS)
    now, given = _topic(call, here), bare(call.body.tree)
    changed = replace(
        now,
        title=given.text("title", now.title),
        message=given.free_text("message", now.message),
        discussion_type=given.choice("discussion_type", now.discussion_type, KINDS),
        require_initial_post=given.flag("require_initial_post", now.require_initial_post),
        delayed_post_at=given.moment("delayed_post_at", now.delayed_post_at),
        lock_at=given.moment("lock_at", now.lock_at),
        pinned=given.flag("pinned", now.pinned),
        locked=given.flag("locked", now.locked),
        published=given.flag("published", now.published),
    )
    if now.published and not changed.published and now.replies:
        given.refuse("published", "Topics with replies cannot be unpublished")
    given.check()
    call.state.topics[now.id] = changed
    return _shape(call, here, changed)


def _topic(call: Call, here: Seat) -> Topic:
    found = call.record(call.state.topics, "topic_id")
    if found.course_id != here.course.id or not _visible(here, found):
        raise not_found()
    return found


def _visible(here: Seat, topic: Topic) -> bool:
    return topic.published or here.is_staff


def _shape(call: Call, here: Seat, topic: Topic) -> Shape:
    url, edits = (
        f"{call.public}/courses/{topic.course_id}/discussion_topics/{topic.id}",
        may(here.role, Right.EDIT_TOPICS),
    )
    author = call.state.people.get(topic.author_id)
    shape: Shape = {
        "id": topic.id,
        "title": topic.title,
        "message": topic.message,
        "last_reply_at": stamp(topic.last_reply_at),
        "created_at": stamp(topic.posted_at),
        "posted_at": stamp(topic.posted_at),
        "delayed_post_at": stamp(topic.delayed_post_at),
        "lock_at": stamp(topic.lock_at),
        "assignment_id": None,
        "root_topic_id": None,
        "position": topic.position,
        "podcast_has_student_posts": False,
        "podcast_url": None,
        "discussion_type": topic.discussion_type,
        "allow_rating": False,
        "only_graders_can_rate": False,
        "sort_by_rating": False,
        "is_section_specific": False,
        "is_announcement": topic.is_announcement,
        "user_name": author.name if author else None,
        "discussion_subentry_count": topic.replies,
        "permissions": {"attach": edits, "update": edits, "reply": not topic.locked, "delete": edits},
        "require_initial_post": topic.require_initial_post,
        "user_can_see_posts": here.is_staff or not topic.require_initial_post,
        "read_state": "read",
        "unread_count": 0,
        "subscribed": here.is_staff,
        "attachments": [],
        "published": topic.published,
        "can_unpublish": not topic.replies,
        "locked": topic.locked,
        "can_lock": not topic.is_announcement,
        "comments_disabled": False,
        "author": person_display(call, author),
        "html_url": url,
        "url": url,
        "pinned": topic.pinned,
        "group_category_id": None,
        "topic_children": [],
        "group_topic_children": [],
        "locked_for_user": topic.locked and not here.is_staff,
        "todo_date": None,
    }
    if "all_dates" in call.includes:
        shape["all_dates"] = [{"base": True, "due_at": None, "unlock_at": None, "lock_at": shape["lock_at"]}]
    if "sections" in call.includes:
        shape["sections"] = []
    return shape
