"""New files: in one step with the bytes, or in Canvas's steps, of which the first one already makes the file known."""

import re
import secrets
from dataclasses import replace

from sandbox_lms.attributes import bare
from sandbox_lms.body import SentFile
from sandbox_lms.call import Call, Seat, seat
from sandbox_lms.files import file_shape
from sandbox_lms.records import File
from sandbox_lms.refusals import not_found, plain
from sandbox_lms.replies import Shape
from sandbox_lms.roles import Right
from sandbox_lms.state import State, in_course

MOST_FILES = 3000
MOST_CONTENT = 64 << 20
MOST_WAITING = 100
LARGEST_SIZE = 500 << 20
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,120}")


class Waiting:
    """Uploads that were announced and whose bytes have not come yet: a one-time word for each, the oldest dropped."""

    def __init__(self) -> None:
        self._files: dict[str, int] = {}

    def announce(self, file_id: int) -> str:
        word = secrets.token_urlsafe(24)
        self._files[word] = file_id
        while len(self._files) > MOST_WAITING:
            del self._files[next(iter(self._files))]
        return word

    def is_known(self, word: str) -> bool:
        return word in self._files

    def claim(self, word: str) -> int | None:
        return self._files.pop(word, None)


def create(waiting: Waiting, call: Call) -> Shape:
    """A file in the course. A `url` to fetch it from is noted by nobody: the sandbox opens no connections."""
    here = seat(call, Right.EDIT_FILES)
    file = _checked(call, here)
    if file.name in (others := {each.name: each for each in in_course(call.state.files.values(), here.course)}):
        if bare(call.body.tree).free_text("on_duplicate", "overwrite") == "rename":
            file = replace(file, name=_free_name(file.name, set(others)))
        else:
            file = replace(file, id=others[file.name].id, created_at=others[file.name].created_at)
    call.state.files[file.id] = file
    shape = file_shape(call, file)
    if call.body.file is None and "url" not in bare(call.body.tree):
        shape["upload_url"] = f"{call.origin}/files_api/{waiting.announce(file.id)}"
        shape["upload_params"] = {"filename": file.name, "content_type": file.content_type}
        shape["file_param"] = "file"
    return shape


def receive(waiting: Waiting, call: Call) -> Shape:
    """The bytes of an announced file; who holds the one-time address may send them, as at a Canvas file store."""
    sent = call.body.file
    if sent is None:
        raise plain(400, "file is missing")
    file = call.state.files.get(waiting.claim(call.params["word"]) or 0)
    if file is None:
        raise not_found()
    content = _kept(call.state, sent)
    file = replace(file, size=sent.size, content=content, updated_at=call.state.now())
    call.state.files[file.id] = file
    return file_shape(call, file)


def _checked(call: Call, here: Seat) -> File:
    given, sent = bare(call.body.tree), call.body.file
    name = given.text("name", sent.name if sent else "")
    size = given.whole("size", sent.size if sent else 0) or 0
    kind = given.free_text("content_type", sent.content_type if sent else "", longest=200).lower()
    folder_id = given.whole("parent_folder_id", None)
    root = next(each for each in call.state.folders.values() if each.course_id == here.course.id)
    folder = root if folder_id is None else call.state.folders.get(folder_id)
    if folder is None or folder.course_id != here.course.id:
        given.refuse("parent_folder_id", "is not a folder of this course")
        folder = root
    if kind and not _TYPE.fullmatch(kind):
        given.refuse("content_type", "is invalid")
    if max(size, sent.size if sent else 0) > LARGEST_SIZE or len(call.state.files) >= MOST_FILES:
        given.refuse("size", "file size exceeds quota")
    given.check()
    return File(
        id=call.state.new_id(),
        course_id=here.course.id,
        folder_id=folder.id,
        name=name,
        content_type=kind or "application/octet-stream",
        size=sent.size if sent else size,
        author_id=call.person.id if call.person else 0,
        created_at=call.state.now(),
        updated_at=call.state.now(),
        content=_kept(call.state, sent) if sent else None,
    )


def _kept(state: State, sent: SentFile) -> bytes | None:
    """The bytes, while there is room for them; a file without them answers downloads with filler."""
    held = sum(len(each.content or b"") for each in state.files.values())
    return sent.content if sent.content is not None and held + len(sent.content) <= MOST_CONTENT else None


def _free_name(name: str, taken: set[str]) -> str:
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, dot + ending) if stem else (name, "")
    return next(
        each for each in (f"{stem}-{number}{ending}" for number in range(1, MOST_FILES + 2)) if each not in taken
    )
