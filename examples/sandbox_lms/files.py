"""Files of a course: the listing, one file, a change, a deletion. Students see neither locked nor hidden ones."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sandbox_lms.attributes import bare
from sandbox_lms.call import Call, Paged, Seat, paged, seat, seat_in
from sandbox_lms.courses import person_display
from sandbox_lms.downloads import download_url
from sandbox_lms.records import File
from sandbox_lms.refusals import not_authorized, not_found
from sandbox_lms.replies import Shape
from sandbox_lms.roles import Right, may
from sandbox_lms.state import in_course, lasting_uuid
from sandbox_lms.times import stamp

LEVELS = ("course", "institution", "public", "inherit")


def index(call: Call) -> Paged:
    here = seat(call, Right.READ)
    found = [each for each in in_course(call.state.files.values(), here.course) if _visible(here, each)]
    wanted, unwanted = call.many("content_types"), call.many("exclude_content_types")
    found = [
        each for each in found if (not wanted or _is_any(each, wanted)) and not (unwanted and _is_any(each, unwanted))
    ]
    found = call.searched(found, lambda file: file.name)
    orders: dict[str, Callable[[File], str | int]] = {
        "size": lambda each: each.size,
        "created_at": lambda each: stamp(each.created_at) or "",
        "updated_at": lambda each: stamp(each.updated_at) or "",
        "content_type": lambda each: each.content_type,
        "user": lambda each: call.state.people[each.author_id].sortable_name,
    }
    found.sort(
        key=orders.get(call.one("sort") or "", lambda each: each.name.casefold()), reverse=call.one("order") == "desc"
    )
    return paged(call, found, partial(file_shape, call))


def show(call: Call) -> Shape:
    here = seat(call, Right.READ)
    found = call.record(call.state.files, "id")
    if found.course_id != here.course.id or not _visible(here, found):
        raise not_found()
    return file_shape(call, found)


def show_alone(call: Call) -> Shape:
    """One file by its id alone."""
    found, _ = _file(call, Right.READ)
    return file_shape(call, found)


def update(call: Call) -> Shape:
    now, _ = _file(call, Right.EDIT_FILES)
    given = bare(call.body.tree)
    changed = replace(
        now,
        name=given.text("name", now.name),
        folder_id=given.whole("parent_folder_id", now.folder_id) or now.folder_id,
        locked=given.flag("locked", now.locked),
        hidden=given.flag("hidden", now.hidden),
        unlock_at=given.moment("unlock_at", now.unlock_at),
        lock_at=given.moment("lock_at", now.lock_at),
        visibility_level=given.choice("visibility_level", now.visibility_level, LEVELS),
        updated_at=call.state.now(),
    )
    folder = call.state.folders.get(changed.folder_id)
    if folder is None or folder.course_id != now.course_id:
        given.refuse("parent_folder_id", "is not a folder of this course")
    given.check()
    call.state.files[now.id] = changed
    return file_shape(call, changed)


def delete(call: Call) -> Shape:
    """Takes the file away for everybody and answers with what it was."""
    file, _ = _file(call, Right.DELETE_FILES)
    del call.state.files[file.id]
    return file_shape(call, file)


def file_shape(call: Call, file: File) -> Shape:
    shape: Shape = {
        "id": file.id,
        "uuid": lasting_uuid("file", file.id),
        "folder_id": file.folder_id,
        "display_name": file.name,
        "filename": file.name.replace(" ", "+"),
        "upload_status": "success",
        "content-type": file.content_type,
        "url": download_url(call.origin, file),
        "size": file.size,
        "created_at": stamp(file.created_at),
        "updated_at": stamp(file.updated_at),
        "unlock_at": stamp(file.unlock_at),
        "locked": file.locked,
        "hidden": file.hidden,
        "lock_at": stamp(file.lock_at),
        "hidden_for_user": False,
        "thumbnail_url": None,
        "modified_at": stamp(file.updated_at),
        "mime_class": _mime_class(file.content_type),
        "media_entry_id": file.media_id,
        "category": "uncategorized",
        "locked_for_user": False,
        "visibility_level": file.visibility_level,
    }
    if "user" in call.includes:
        shape["user"] = person_display(call, call.state.people.get(file.author_id))
    if "names" in call.many("only"):
        return {name: shape[name] for name in ("id", "display_name", "filename", "folder_id")}
    return shape


def _file(call: Call, right: Right) -> tuple[File, Seat]:
    file = call.record(call.state.files, "id")
    here = seat_in(call, call.state.courses[file.course_id], Right.READ)
    if not _visible(here, file):
        raise not_found()
    if not may(here.role, right):
        raise not_authorized()
    return file, seat_in(call, here.course, right)


def _visible(here: Seat, file: File) -> bool:
    return here.is_staff or not (file.locked or file.hidden)


def _is_any(file: File, types: list[str]) -> bool:
    return any(file.content_type == each or file.content_type.startswith(f"{each}/") for each in types)


def _mime_class(content_type: str) -> str:
    words = (
        ("pdf", "pdf"),
        ("presentation", "ppt"),
        ("wordprocessing", "doc"),
        ("image/", "image"),
        ("video/", "video"),
    )
    return next((name for word, name in words if word in content_type), "file")
