"""Request bodies of three kinds, JSON, form and multipart, read into one tree within fixed limits."""

import json
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from sandbox_lms.refusals import plain

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

LARGEST_BODY = 1 << 20
LARGEST_KEPT_FILE = 1 << 20
MOST_FIELDS = 1000
DEEPEST = 5
_KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """A file part: its true size, and its bytes when they are few enough to keep."""

    name: str
    content_type: str
    size: int
    content: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    tree: Value
    file: SentFile | None = None


async def read_body(content_type: str, chunks: AsyncIterator[bytes]) -> Body:
    """The parameters in the body and the file part, if there is one. What cannot be read is refused with 400."""
    kind, options = parse_options_header(content_type)
    if kind == b"multipart/form-data":
        return await _multipart(options.get(b"boundary", b""), chunks)
    raw = await _all(chunks)
    if not raw.strip():
        return Body(tree={})
    try:
        if kind == b"application/json" or kind.endswith(b"+json"):
            return Body(tree=_clean(json.loads(raw), 0))
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except (ValueError, RecursionError) as error:
        raise plain(400, "The request body cannot be read.") from error
    return Body(tree=tree_of(pairs))


def tree_of(pairs: Iterable[tuple[str, str]]) -> dict[str, Value]:
    """Bracketed keys as a tree.

    >>> tree_of([("course[name]", "x"), ("ids[]", "1"), ("ids[]", "2"), ("t[][a]", "1"), ("t[][a]", "2")])
    {'course': {'name': 'x'}, 'ids': ['1', '2'], 't': [{'a': '1'}, {'a': '2'}]}
    """
    tree: dict[str, Value] = {}
    for key, text in pairs:
        found = _KEY.fullmatch(key)
        if found is None or len(key) > 500:
            raise plain(400, "A parameter name cannot be read.")
        steps = [found.group(1), *re.findall(r"\[([^\[\]]*)\]", found.group(2))]
        if len(steps) > DEEPEST:
            raise plain(400, "Parameters are nested too deeply.")
        _plant(tree, steps, _clean_text(text))
    return tree


def _plant(tree: dict[str, Value], steps: list[str], text: str) -> None:
    name, rest = steps[0], steps[1:]
    if not rest:
        tree[name] = text
        return
    if rest[0]:
        branch = tree.setdefault(name, {})
        if not isinstance(branch, dict):
            raise plain(400, f"{name} is given in two ways.")
        _plant(branch, rest, text)
        return
    items = tree.setdefault(name, [])
    if not isinstance(items, list):
        raise plain(400, f"{name} is given in two ways.")
    if len(rest) == 1:
        items.append(text)
        return
    last = items[-1] if items else None
    if not isinstance(last, dict) or (len(rest) == 2 and rest[1] in last):
        last = {}
        items.append(last)
    _plant(last, rest[1:], text)


async def _all(chunks: AsyncIterator[bytes]) -> bytes:
    kept = bytearray()
    async for chunk in chunks:
        if len(kept) + len(chunk) > LARGEST_BODY:
            raise plain(413, "The request body is too large.")
        kept += chunk
    return bytes(kept)


async def _multipart(boundary: bytes, chunks: AsyncIterator[bytes]) -> Body:
    parts = _Parts()
    try:
        parser = MultipartParser(boundary, parts.callbacks())
        async for chunk in chunks:
            parser.write(chunk)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise plain(400, "The request body cannot be read.") from error
    return Body(tree=tree_of(parts.fields), file=parts.file)


class _Parts:
    """Collects parts as they stream by: fields within the body limit, the last file part up to what is kept."""

    def __init__(self) -> None:
        self.fields: list[tuple[str, str]] = []
        self.file: SentFile | None = None
        self._room = LARGEST_BODY
        self._begin()

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name_grows,
            "on_header_value": self._header_value_grows,
            "on_header_end": self._header_ends,
            "on_headers_finished": self._headers_end,
            "on_part_data": self._part_grows,
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        self._header = [b"", b""]
        self._headers: dict[bytes, bytes] = {}
        self._name = ""
        self._filename: str | None = None
        self._kept, self._size = bytearray(), 0

    def _header_name_grows(self, piece: bytes, start: int, end: int) -> None:
        self._header[0] += piece[start:end]

    def _header_value_grows(self, piece: bytes, start: int, end: int) -> None:
        self._header[1] += piece[start:end]

    def _header_ends(self) -> None:
        self._headers[self._header[0].lower()] = self._header[1]
        self._header = [b"", b""]

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode()
        self._filename = options[b"filename"].decode() if b"filename" in options else None

    def _part_grows(self, piece: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._filename is None:
            self._room -= end - start
            if self._room < 0:
                raise plain(413, "The request body is too large.")
            self._kept += piece[start:end]
        elif self._size <= LARGEST_KEPT_FILE:
            self._kept += piece[start:end]

    def _end(self) -> None:
        if self._filename is None:
            if len(self.fields) >= MOST_FIELDS:
                raise plain(400, "The request body has too many fields.")
            self.fields.append((self._name, bytes(self._kept).decode()))
            return
        self.file = SentFile(
            name=_clean_text(self._filename),
            content_type=self._headers.get(b"content-type", b"").decode("ascii"),
            size=self._size,
            content=bytes(self._kept) if self._size <= LARGEST_KEPT_FILE else None,
        )


def _clean(value: object, depth: int) -> Value:
    """The same value when it is one that can be stored and written out again."""
    if depth > 2 * DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, dict):
        return {_clean_text(name): _clean(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_clean(each, depth + 1) for each in value]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and abs(value) < float("inf"):
        return value
    raise ValueError("not a value")


def _clean_text(text: str) -> str:
    """Text without NUL and lone surrogates, which no answer could carry."""
    if "\x00" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise plain(400, "A parameter has characters that cannot be stored.")
    return text
