"""Which fields and which files does a page's form with files bring? Read strictly, bounded, and kept in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from keystead.core.parameters import MalformedParameters, Tree, plain_text, tree_of
from keystead.gateway.bodies.media import Kind, read_media
from keystead.gateway.bodies.parts import PartBegins, PartContinues, PartEnds, PartReader, read_disposition
from keystead.gateway.bodies.refusals import BodyRefused

FIELDS: Final = 64 * 1024
"""How much the fields and the heads of a form's parts may take besides the file."""
_READ_ON: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedFile:
    """A file as the browser names it: the last part of its path, and the media type without parameters."""

    name: str
    content_type: str
    octets: bytes = field(repr=False)


async def read_upload(request: Request, *, most: int) -> tuple[Tree, Mapping[str, UploadedFile]]:
    """Return the fields of a ``multipart/form-data`` form (RFC 7578) and its files, which have ``most`` octets in all.

    A file field that nobody filled is left out. Raises MalformedParameters.
    """
    try:
        media = read_media(request.headers.get("content-type"), request.headers.get("content-encoding"))
        if media.kind is not Kind.MULTIPART:
            raise MalformedParameters("The form must be sent with its file")
        return _taken_apart(media.boundary, await _body(request, most))
    except BodyRefused as refused:
        raise MalformedParameters(refused.words) from None


async def _body(request: Request, most: int) -> bytes:
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= most + FIELDS:
            body += chunk
        elif size > _READ_ON:
            break
    # What is too large is read to its end, within reason: a browser shows no answer while it still sends.
    if size > most + FIELDS:
        raise MalformedParameters(f"The file is too large (maximum is {most} octets)")
    return bytes(body)


def _taken_apart(boundary: bytes, body: bytes) -> tuple[Tree, Mapping[str, UploadedFile]]:
    reader = PartReader(boundary)
    fields: list[tuple[str, str]] = []
    files: dict[str, UploadedFile] = {}
    begun, content = None, bytearray()
    for event in reader.feed(body):
        match event:
            case PartBegins():
                begun, content = event, bytearray()
            case PartContinues():
                content += event.raw
            case PartEnds() if begun is not None and begun.is_file:
                file = _file(begun, bytes(content))
                if begun.name in files:
                    raise MalformedParameters("A file is sent twice")
                if file.name or file.octets:
                    files[begun.name] = file
            case PartEnds() if begun is not None:
                fields.append((begun.name, plain_text(bytes(content))))
    reader.finish()
    return tree_of(fields), files


def _file(begun: PartBegins, octets: bytes) -> UploadedFile:
    lines = (line.partition(":") for line in begun.raw.decode().split("\r\n")[1:])
    headers = {name.strip().casefold(): value.strip(" \t") for name, _, value in lines}
    disposition = headers.get("content-disposition", "")
    named = read_disposition(disposition, len(disposition.partition(";")[0])) or {}
    # Browsers write a quote in a name as %22 (HTML, 4.10.21.8).
    name = named.get("filename", "").rpartition("/")[2].replace("%22", '"')
    kind = headers.get("content-type", "").partition(";")[0].strip().casefold()
    return UploadedFile(name=name, content_type=kind or "application/octet-stream", octets=octets)
