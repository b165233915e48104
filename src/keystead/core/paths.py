"""What is asked for? The one place that reads a request target and its verb, before anything is judged."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import unquote_to_bytes

LONGEST_PATH: Final = 8 * 1024
LONGEST_QUERY: Final = 64 * 1024
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OVERRIDE_HEADERS: Final = ("x-http-method-override", "x-method-override", "x-http-method")

_DEEPEST_ENCODING = 4
_CONTROL = re.compile(rb"[\x00-\x20\x7f]")
_HIDDEN_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class TargetReason(Enum):
    """Why a request target or verb is not judged at all; the value is said in public."""

    NOT_ABSOLUTE = "The path must start with '/'."
    PATH_TOO_LONG = "The path is too long."
    QUERY_TOO_LONG = "The query is too long."
    CONTROL_CHARACTER = "The path or query contains a control character or a space."
    NOT_ASCII = "The path or query contains bytes that must be percent-encoded."
    BACKSLASH = "The path contains a backslash."
    FRAGMENT = "The path or query contains a fragment."
    QUESTION_MARK = "The path contains a '?' that is not percent-encoded."
    EMPTY_SEGMENT = "The path contains '//'."
    DOT_SEGMENT = "The path contains a '.' or '..' segment."
    PATH_PARAMETER = "The path contains a ';' parameter."
    BROKEN_ENCODING = "The path has an invalid percent-encoding."
    ENCODED_SLASH = "The path contains a percent-encoded slash."
    DEEP_ENCODING = "The path is percent-encoded too many times."
    UNKNOWN_METHOD = "The request method is not known."
    METHODS_DISAGREE = "The request names two different method overrides."

    @property
    def words(self) -> str:
        """What is told to whoever asked."""
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRefusal:
    """The target cannot be read in exactly one way."""

    reason: TargetReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A path and query that are safe to judge. Both are sent upstream byte for byte as they came.

    ``plain`` is the path with escapes of unreserved characters resolved and the others in upper case (RFC 3986
    section 6.2.2): what a reader that decodes would see, so that ``%61ccounts`` cannot pass as something else.
    """

    path: str
    plain: str
    query: bytes


def read_target(raw_path: bytes, raw_query: bytes = b"") -> Target | TargetRefusal:
    """The one reading of a request target, or why there is none (docs/canvas-compat.md)."""
    reason = _objection(raw_path, raw_query)
    if reason is not None:
        return TargetRefusal(reason=reason)
    path = raw_path.decode("ascii")
    plain = _ESCAPE.sub(_normal_escape, path) if "%" in path else path
    return Target(path=path, plain=plain, query=raw_query)


def effective_method(method: str, overrides: Sequence[str] = ()) -> str | TargetRefusal:
    """The verb to judge and to send. Overrides are heard on POST only, blank ones never; all must agree."""
    if method not in METHODS:
        return TargetRefusal(reason=TargetReason.UNKNOWN_METHOD)
    if method != "POST":
        return method
    asked = {override.strip().upper() for override in overrides if override.strip()}
    if len(asked) > 1:
        return TargetRefusal(reason=TargetReason.METHODS_DISAGREE)
    if not asked:
        return method
    # `upper` maps some letters outside ASCII into it.
    if asked <= METHODS and all(override.isascii() for override in overrides):
        return asked.pop()
    return TargetRefusal(reason=TargetReason.UNKNOWN_METHOD)


def _objection(path: bytes, query: bytes) -> TargetReason | None:
    if len(path) > LONGEST_PATH:
        return TargetReason.PATH_TOO_LONG
    if len(query) > LONGEST_QUERY:
        return TargetReason.QUERY_TOO_LONG
    if not path.startswith(b"/"):
        return TargetReason.NOT_ABSOLUTE
    if _CONTROL.search(path) or _CONTROL.search(query):
        return TargetReason.CONTROL_CHARACTER
    if not path.isascii() or not query.isascii():
        return TargetReason.NOT_ASCII
    if b"#" in path or b"#" in query:
        return TargetReason.FRAGMENT
    return _path_objection(path.decode("ascii"))


def _path_objection(path: str) -> TargetReason | None:
    for mark, reason in (
        ("\\", TargetReason.BACKSLASH),
        ("?", TargetReason.QUESTION_MARK),
        (";", TargetReason.PATH_PARAMETER),
        ("//", TargetReason.EMPTY_SEGMENT),
    ):
        if mark in path:
            return reason
    if _BROKEN_ESCAPE.search(path):
        return TargetReason.BROKEN_ENCODING
    for segment in path.split("/"):
        reason_found = _segment_objection(segment)
        if reason_found is not None:
            return reason_found
    return None


def _segment_objection(segment: str) -> TargetReason | None:
    """Look behind every layer of encoding, since somebody further on may decode once more."""
    text = segment.encode("ascii")
    for layer in range(_DEEPEST_ENCODING + 1):
        if text.partition(b";")[0] in (b".", b".."):
            return TargetReason.DOT_SEGMENT
        if b"%" not in text:
            return None
        inner = unquote_to_bytes(text)
        if inner == text:
            return None
        if b"/" in inner:
            return TargetReason.ENCODED_SLASH
        if b"\\" in inner:
            return TargetReason.BACKSLASH
        if _HIDDEN_CONTROL.search(inner):
            return TargetReason.CONTROL_CHARACTER
        if layer == 0 and not _is_utf8(inner):
            return TargetReason.BROKEN_ENCODING
        text = inner
    return TargetReason.DEEP_ENCODING


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _normal_escape(found: re.Match[str]) -> str:
    letter = chr(int(found[1], 16))
    return letter if letter in _UNRESERVED else found[0].upper()
