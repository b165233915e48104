"""What does the Content-Type say, if it says it in exactly one way?"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from keystead.gateway.bodies.refusals import MalformedBody, UnsupportedBody

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"  # noqa: S105 - RFC 9110, 5.6.2
_TYPE = re.compile(rf"({_TOKEN}/{_TOKEN})")
_PARAMETER = re.compile(rf'[ \t]*;[ \t]*(?:({_TOKEN})=(?:({_TOKEN})|"([^"\\\r\n]*)"))?')
# Narrower than RFC 2046, 5.1.1: Rack stops reading a boundary at a comma, and blanks are trimmed by some.
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_\-./:=?]{1,70}")
_FORM: Final = "application/x-www-form-urlencoded"
_JSON: Final = frozenset({"application/json", "application/jsonrequest", "text/json", "text/x-json"})
_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii"})


class Kind(Enum):
    """How a body is read."""

    FORM = auto()
    JSON = auto()
    MULTIPART = auto()
    OPAQUE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A content type, as far as it decides how a body is read."""

    kind: Kind
    boundary: bytes = b""


def read_media(content_type: str | None, content_encoding: str | None = None) -> Media:
    """How to read the body. One without a type is a form, since Rack reads it as one."""
    if content_type is None or not content_type.strip():
        media, charset = Media(kind=Kind.FORM), None
    else:
        name, parameters = _taken_apart(content_type.strip(" \t"))
        charset = parameters.get("charset")
        media = _media(name, parameters, content_type)
    if media.kind is Kind.OPAQUE:
        return media
    if charset is not None and charset.casefold() not in _CHARSETS:
        raise UnsupportedBody("The request body must be UTF-8.")
    if content_encoding is not None and content_encoding.strip().casefold() not in ("", "identity"):
        raise UnsupportedBody("Forms and JSON must not be compressed.")
    return media


def _media(name: str, parameters: dict[str, str], content_type: str) -> Media:
    if name == _FORM:
        return Media(kind=Kind.FORM)
    if name in _JSON or name.endswith("+json"):
        return Media(kind=Kind.JSON)
    if name == "multipart/form-data":
        boundary = parameters.get("boundary", "")
        if content_type.casefold().count("boundary") != 1 or not _BOUNDARY.fullmatch(boundary):
            raise MalformedBody("The multipart boundary is missing or not usable.")
        return Media(kind=Kind.MULTIPART, boundary=boundary.encode("ascii"))
    if name.startswith("multipart/"):
        # Rack reads parameters out of some of these too.
        raise UnsupportedBody("The only multipart type accepted is multipart/form-data.")
    return Media(kind=Kind.OPAQUE)


def _taken_apart(content_type: str) -> tuple[str, dict[str, str]]:
    found = _TYPE.match(content_type)
    if found is None:
        raise MalformedBody("The Content-Type header is malformed.")
    parameters = read_parameters(content_type, found.end())
    if parameters is None:
        raise MalformedBody("The Content-Type header is malformed.")
    return found[1].casefold(), parameters


def read_parameters(text: str, at: int) -> dict[str, str] | None:
    """The `; name=value` list from `at` to the end, or None when it is not exactly that or names one twice."""
    parameters: dict[str, str] = {}
    while at < len(text):
        found = _PARAMETER.match(text, at)
        if found is None:
            return None
        at = found.end()
        if found[1] is None:
            continue
        name = found[1].casefold()
        if name in parameters:
            return None
        parameters[name] = found[2] if found[2] is not None else found[3]
    return parameters
