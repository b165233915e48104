"""Media objects of a course and their caption tracks. To people outside the course they do not exist."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from sandbox_lms.attributes import Attributes, bare
from sandbox_lms.body import Value
from sandbox_lms.call import Call, Paged, paged, seat, seat_in
from sandbox_lms.records import MediaObject, MediaTrack
from sandbox_lms.refusals import not_authorized, not_found, plain
from sandbox_lms.replies import Shape
from sandbox_lms.roles import Right, may
from sandbox_lms.state import in_course
from sandbox_lms.times import stamp

KINDS = ("subtitles", "captions", "descriptions", "chapters", "metadata")
MOST_TRACKS = 50
LONGEST_TRACK = 200_000
DETAILS = ("content", "webvtt_content", "created_at", "updated_at")
_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}")


def index(call: Call) -> Paged:
    here = seat(call, Right.READ)
    found = call.searched(in_course(call.state.media.values(), here.course), _title)
    if call.one("sort") == "title":
        found.sort(key=lambda each: _title(each).casefold(), reverse=call.one("order") == "desc")
    return paged(call, found, partial(_shape, call))


def update(call: Call) -> Shape:
    media, given = _media(call, Right.EDIT_MEDIA), bare(call.body.tree)
    title = given.text("user_entered_title", media.entered_title or media.title)
    given.check()
    changed = replace(media, entered_title=title)
    call.state.media[media.id] = changed
    return _shape(call, changed)


def tracks(call: Call) -> list[Shape]:
    """All tracks, without pages, as in Canvas; more members by `include[]`."""
    media = _media(call, Right.READ)
    return [_track_shape(each, call.includes) for each in _tracks(call, media)]


def replace_tracks(call: Call) -> list[Shape]:
    """The tracks become exactly the given ones; one without `content` keeps the content it had."""
    media = _media(call, Right.EDIT_MEDIA)
    before = {(each.locale, each.kind): each for each in _tracks(call, media)}
    given = call.body.tree.get("media_tracks") if isinstance(call.body.tree, dict) else call.body.tree
    if not isinstance(given, list) or len(given) > MOST_TRACKS:
        raise plain(400, f"The body must be a list of at most {MOST_TRACKS} tracks.")
    after = [_track(call, media, before, each) for each in given]
    if len({(each.locale, each.kind) for each in after}) != len(after):
        raise plain(400, "Two tracks have the same locale and kind.")
    for old in before.values():
        del call.state.tracks[old.id]
    call.state.tracks |= {each.id: each for each in after}
    return [_track_shape(each, frozenset(DETAILS)) for each in _tracks(call, media)]


def _track(call: Call, media: MediaObject, before: Mapping[tuple[str, str], MediaTrack], value: Value) -> MediaTrack:
    given: Attributes = bare(value)
    locale, kind = given.text("locale", "", longest=40), given.choice("kind", "subtitles", KINDS)
    old = before.get((locale, kind))
    if not _LOCALE.fullmatch(locale):
        given.refuse("locale", "is invalid")
    content = given.text("content", old.content if old else "", longest=LONGEST_TRACK)
    given.check()
    now = call.state.now()
    if old is not None:
        return old if old.content == content else replace(old, content=content, updated_at=now)
    return MediaTrack(
        id=call.state.new_id(),
        media_id=media.id,
        author_id=call.person.id if call.person else 0,
        kind=kind,
        locale=locale,
        content=content,
        created_at=now,
        updated_at=now,
    )


def _media(call: Call, right: Right) -> MediaObject:
    media = call.state.media.get(call.params["media_object_id"])
    if media is None:
        raise not_found()
    course = call.state.courses[media.course_id]
    role = call.state.role_in(call.person, course)
    if role is None:
        raise not_found()
    if not may(role, right):
        raise not_authorized()
    seat_in(call, course, right)
    return media


def _tracks(call: Call, media: MediaObject) -> list[MediaTrack]:
    return [each for each in call.state.tracks.values() if each.media_id == media.id]


def _title(media: MediaObject) -> str:
    return media.entered_title or media.title


def _shape(call: Call, media: MediaObject) -> Shape:
    role = call.state.role_in(call.person, call.state.courses[media.course_id])
    left_out = call.many("exclude")
    shape: Shape = {
        "can_add_captions": role is not None and may(role, Right.EDIT_MEDIA),
        "user_entered_title": media.entered_title,
        "title": _title(media),
        "media_id": media.id,
        "media_type": media.media_type,
        "embedded_iframe_url": f"{call.public}/media_objects_iframe/{media.id}",
    }
    if "tracks" not in left_out:
        shape["media_tracks"] = [
            {
                "id": each.id,
                "kind": each.kind,
                "locale": each.locale,
                "url": f"{call.public}/media_objects/{media.id}/media_tracks/{each.id}",
                "created_at": stamp(each.created_at),
                "updated_at": stamp(each.updated_at),
            }
            for each in _tracks(call, media)
        ]
    if "sources" not in left_out:
        address = f"{call.public}/media_objects/{media.id}/sources/720.mp4"
        source = {"height": "720", "width": "1280", "content_type": "video/mp4", "fileExt": "mp4"}
        shape["media_sources"] = [{**source, "duration": media.seconds, "url": address}]
    return shape


def _track_shape(track: MediaTrack, includes: frozenset[str]) -> Shape:
    shape: Shape = {
        "id": track.id,
        "user_id": track.author_id,
        "media_object_id": track.media_id,
        "kind": track.kind,
        "locale": track.locale,
    }
    webvtt = "WEBVTT\n\n" + re.sub(r"(\d\d:\d\d:\d\d),(\d{3})", r"\1.\2", track.content)
    details: Shape = {
        "content": track.content,
        "webvtt_content": webvtt,
        "created_at": stamp(track.created_at),
        "updated_at": stamp(track.updated_at),
    }
    return shape | {name: details[name] for name in DETAILS if name in includes}
