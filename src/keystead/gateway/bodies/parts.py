"""Where does each part of a multipart body begin and end?

A strict reader of `multipart/form-data` (RFC 7578) that gives back every byte it was fed. Where readers are known to
differ it refuses: an upstream that is more lenient must not find a part here that we did not see.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeAlias
from urllib.parse import unquote

from keystead.gateway.bodies.media import read_parameters
from keystead.gateway.bodies.refusals import MalformedBody

MOST_PARTS: Final = 4_096
LONGEST_HEAD: Final = 8 * 1024

_HEADER = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_FIELD_ENCODINGS = frozenset({"7bit", "8bit", "binary"})
_FIELD_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii"})
_ENDING = b"\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBegins:
    """Delimiter and headers; `raw` ends with the empty line."""

    raw: bytes
    name: str
    is_file: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PartContinues:
    """Some of a part's content."""

    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PartEnds:
    """`raw` is the line end that belongs to the next delimiter."""

    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyEnds:
    """The last delimiter, or the line end behind it."""

    raw: bytes


PartEvent: TypeAlias = PartBegins | PartContinues | PartEnds | BodyEnds


class _At(Enum):
    DELIMITER = auto()
    HEAD = auto()
    CONTENT = auto()
    END = auto()


class PartReader:
    """Feed it chunks of any size; the `raw` bytes of its events, joined, are what it was fed."""

    def __init__(self, boundary: bytes) -> None:
        self._delimiter = b"--" + boundary
        self._waiting = bytearray()
        self._at = _At.DELIMITER
        self._looked = 0
        self._parts = 0

    @property
    def is_untouched(self) -> bool:
        """True while there was not one byte: a content type without a body."""
        return self._at is _At.DELIMITER and self._parts == 0 and not self._waiting

    def feed(self, chunk: bytes) -> Iterator[PartEvent]:
        """The events that this chunk completes."""
        self._waiting += chunk
        event = self._next()
        while event is not None:
            yield event
            event = self._next()

    def finish(self) -> BodyEnds:
        """The end of the body; refuses one that stops in the middle."""
        if self._at is not _At.END:
            raise MalformedBody("The multipart body is cut off.")
        if self._waiting not in (b"", _ENDING):
            raise MalformedBody("The multipart body goes on behind its end.")
        return BodyEnds(raw=self._take(len(self._waiting)))

    def _next(self) -> PartEvent | None:
        match self._at:
            case _At.DELIMITER:
                return self._delimiter_passed()
            case _At.HEAD:
                return self._begun()
            case _At.CONTENT:
                return self._content()
            case _At.END:
                if len(self._waiting) > len(_ENDING):
                    raise MalformedBody("The multipart body goes on behind its end.")
                return None

    def _delimiter_passed(self) -> PartEvent | None:
        needed = len(self._delimiter) + 2
        if len(self._waiting) < needed:
            return None
        if not self._waiting.startswith(self._delimiter):
            raise MalformedBody("The multipart body does not begin with its boundary.")
        after = bytes(self._waiting[len(self._delimiter) : needed])
        if after == b"--":
            self._at = _At.END
            return BodyEnds(raw=self._take(needed))
        if after != _ENDING:
            raise MalformedBody("A multipart boundary is followed by something else.")
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise MalformedBody(f"The multipart body has more than {MOST_PARTS} parts.")
        self._at, self._looked = _At.HEAD, needed
        return self._begun()

    def _begun(self) -> PartEvent | None:
        end = self._waiting.find(b"\r\n\r\n", self._looked)
        if end < 0:
            self._looked = max(self._looked, len(self._waiting) - 3)
        if (end if end >= 0 else len(self._waiting)) > LONGEST_HEAD:
            raise MalformedBody("The headers of a multipart part are too long.")
        if end < 0:
            return None
        head = bytes(self._waiting[len(self._delimiter) + 2 : end])
        name, is_file = read_head(head)
        self._at = _At.CONTENT
        return PartBegins(raw=self._take(end + 4), name=name, is_file=is_file)

    def _content(self) -> PartEvent | None:
        found = self._waiting.find(self._delimiter)
        if found < 0:
            # Keep what may be the beginning of a line end and delimiter.
            ready = len(self._waiting) - len(self._delimiter) - 1
            return PartContinues(raw=self._take(ready)) if ready > 0 else None
        # Rack takes a boundary for a delimiter even in the middle of a line, others after a bare line feed.
        if not self._waiting.startswith(_ENDING, max(found - 2, 0)):
            raise MalformedBody("A multipart boundary stands inside a part.")
        if found > 2:
            return PartContinues(raw=self._take(found - 2))
        self._at = _At.DELIMITER
        return PartEnds(raw=self._take(2))

    def _take(self, length: int) -> bytes:
        taken = bytes(self._waiting[:length])
        del self._waiting[:length]
        return taken


def read_head(head: bytes) -> tuple[str, bool]:
    """Name of a part, and whether it is a file."""
    headers = _headers(head)
    kind, _, _ = headers.get("content-type", "").partition(";")
    if kind.strip().casefold().startswith("multipart/"):
        raise MalformedBody("Multipart bodies must not nest.")
    if headers.get("content-transfer-encoding", "binary").casefold() not in _FIELD_ENCODINGS:
        raise MalformedBody("A multipart part has a transfer encoding.")
    name, is_file = _disposition(headers.get("content-disposition", ""))
    if not is_file:
        _refuse_charset(headers.get("content-type", ""))
    return name, is_file


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    try:
        lines = head.decode().split("\r\n")
    except UnicodeDecodeError:
        raise MalformedBody("The headers of a multipart part are not valid UTF-8.") from None
    for line in lines:
        found = _HEADER.fullmatch(line)
        if found is None or found[1].casefold() in headers:
            raise MalformedBody("The headers of a multipart part are malformed.")
        headers[found[1].casefold()] = found[2].strip(" \t")
    return headers


def _disposition(value: str) -> tuple[str, bool]:
    kind, separator, _ = value.partition(";")
    parameters = read_disposition(value, len(kind)) if separator else None
    if kind.strip(" \t").casefold() != "form-data" or parameters is None or "name" not in parameters:
        raise MalformedBody("A multipart part has no name, or more than one.")
    if any("*" in name and name != "filename*" for name in parameters):
        raise MalformedBody("A multipart part has an encoded name.")
    # A reader that searches instead of parsing would find these.
    if any("name=" in text.casefold() or "name*" in text.casefold() for text in parameters.values()):
        raise MalformedBody("A multipart part has a name inside another value.")
    return parameters["name"], "filename" in parameters or "filename*" in parameters


def read_disposition(value: str, at: int) -> dict[str, str] | None:
    """As `read_parameters`, with the backslashes of Windows paths in file names, but never before a quote."""
    if '\\"' in value:
        return None
    # The parameter reader refuses backslashes; a path separator that nobody reads stands in for them.
    parameters = read_parameters(value.replace("\\", "/"), at)
    if parameters is not None and "\\" in value and "/" in parameters.get("name", ""):
        return None
    return parameters


def _refuse_charset(content_type: str) -> None:
    if not content_type:
        return
    kind, _, _ = content_type.partition(";")
    parameters = read_parameters(content_type, len(kind))
    if parameters is None or parameters.get("charset", "utf-8").casefold() not in _FIELD_CHARSETS:
        raise MalformedBody("A multipart field must be UTF-8 text.")


def spellings(name: str) -> tuple[str, str]:
    """The name as it stands and as a reader would see it who undoes percent-encoding (HTML, 4.10.21.8)."""
    return name, unquote(name)
