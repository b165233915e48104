"""How does a multipart body pass the gateway: fields read first, files streamed, watched parts cut out?"""

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

from keystead.core.parameters import (
    HEARD,
    INCLUDES,
    MalformedParameters,
    Tree,
    base_name,
    is_removed,
    plain_text,
    tree_of,
    watched_names,
)
from keystead.gateway.bodies.buffered import only
from keystead.gateway.bodies.parts import (
    BodyEnds,
    PartBegins,
    PartContinues,
    PartEnds,
    PartEvent,
    PartReader,
    spellings,
)
from keystead.gateway.bodies.refusals import BodyTooLarge, LateParameter, MalformedBody, UnsupportedBody

_HEARD_NAMES = frozenset(HEARD)
_LONGEST_KEPT_INCLUDE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    raw: bytes
    name: str
    value: bytes


@dataclass(slots=True, kw_only=True)
class MultipartContent:
    """The fields before the first file are in memory; what follows is still on its way."""

    fields: list[_Field]
    reader: PartReader
    opened: list[PartEvent] = field(default_factory=list)
    rest: AsyncIterator[bytes] | None = None
    ending: bytes = b""
    length: int | None = None
    forwarded: bool = False

    @classmethod
    async def read(cls, boundary: bytes, chunks: AsyncIterator[bytes], *, limit: int, length: int | None) -> Self:
        """Read up to the first file part; fields may take `limit` bytes in all."""
        content = cls(fields=[], reader=PartReader(boundary), length=length)
        open_field: list[PartEvent] = []
        held = 0
        async for chunk in chunks:
            events = content.reader.feed(chunk)
            for event in events:
                if isinstance(event, PartBegins) and event.is_file:
                    _refuse_watched_file(event)
                    content.opened = [event, *events]
                    content.rest = chunks
                    return content
                held += len(event.raw)
                if held > limit:
                    raise BodyTooLarge("The fields of the request body are too large.")
                content._hold(event, open_field)
        if content.reader.is_untouched:
            return content
        content.ending += content.reader.finish().raw
        return content

    def heard(self) -> Iterator[tuple[str, str]]:
        """What the fields say to the gateway: base name and value."""
        for part in self.fields:
            if base_name(part.name) in _HEARD_NAMES:
                yield base_name(part.name), _text(part.value)

    def tree(self) -> Tree:
        if self.rest is not None:
            raise UnsupportedBody("Files are not accepted here.")
        try:
            return tree_of((part.name, plain_text(part.value)) for part in self.fields)
        except MalformedParameters as malformed:
            raise MalformedBody(f"{malformed}.") from None

    def forward(self, *, strip_includes: bool) -> tuple[AsyncIterator[bytes], int | None]:
        if self.rest is not None and self.forwarded:
            raise RuntimeError("a streamed body can be forwarded once")
        self.forwarded = True
        watched = watched_names(HEARD, strip_includes=strip_includes)
        kept = [part.raw for part in self.fields if not _is_cut(part.name, part.value, watched)]
        if self.rest is None:
            body = b"".join(kept) + self.ending
            return only(body), len(body)
        removed = sum(len(part.raw) for part in self.fields) - sum(map(len, kept))
        # How long the rest becomes is known only when no part of it can be cut.
        length = None if strip_includes or self.length is None else self.length - removed
        return self._streamed(b"".join(kept), self.rest, strip_includes=strip_includes), length

    def _hold(self, event: PartEvent, open_field: list[PartEvent]) -> None:
        match event:
            case PartBegins() | PartContinues():
                open_field.append(event)
            case PartEnds():
                self.fields.append(_field([*open_field, event]))
                open_field.clear()
            case BodyEnds():
                self.ending += event.raw

    async def _streamed(
        self, first: bytes, rest: AsyncIterator[bytes], *, strip_includes: bool
    ) -> AsyncIterator[bytes]:
        if first:
            yield first
        cutter = _Cutter(strip_includes=strip_includes)
        passed = cutter.passed(self.opened)
        self.opened = []
        if passed:
            yield passed
        async for chunk in rest:
            passed = cutter.passed(self.reader.feed(chunk))
            if passed:
                yield passed
        last = self.reader.finish().raw
        if last:
            yield last


class _Cutter:
    """Lets the events behind the first file pass, except include parts that are not allowed.

    Only a part that may turn out to be an allowed include is held back, and of it only a few bytes.
    """

    def __init__(self, *, strip_includes: bool) -> None:
        self._watched = watched_names((), strip_includes=strip_includes)
        self._held: list[PartEvent] | None = None
        self._held_size = 0
        self._cutting = False

    def passed(self, events: Iterable[PartEvent]) -> bytes:
        return b"".join(piece for event in events for piece in self._pieces(event))

    def _pieces(self, event: PartEvent) -> Iterator[bytes]:
        match event:
            case PartBegins():
                self._begin(event)
                if self._held is None and not self._cutting:
                    yield event.raw
            case PartEnds():
                yield from self._end(event)
            case PartContinues() if self._held is not None:
                self._hold(event)
            case PartContinues() if self._cutting:
                return
            case PartContinues() | BodyEnds():
                yield event.raw

    def _begin(self, event: PartBegins) -> None:
        if any(base_name(name) in _HEARD_NAMES for name in spellings(event.name)):
            raise LateParameter("Parameters of the call itself must come before the first file.")
        if event.is_file:
            _refuse_watched_file(event, self._watched)
        elif _is_watched(event.name, self._watched):
            self._held, self._held_size = [event], 0

    def _hold(self, event: PartContinues) -> None:
        if self._held is None:
            return
        self._held.append(event)
        self._held_size += len(event.raw)
        if self._held_size > _LONGEST_KEPT_INCLUDE:
            self._held, self._cutting = None, True

    def _end(self, event: PartEnds) -> Iterator[bytes]:
        if self._held is not None:
            part = _field([*self._held, event])
            if not _is_cut(part.name, part.value, self._watched):
                yield part.raw
        elif not self._cutting:
            yield event.raw
        self._held, self._cutting = None, False


def _field(events: list[PartEvent]) -> _Field:
    begun = events[0]
    if not isinstance(begun, PartBegins):
        raise MalformedBody("The multipart body is malformed.")
    _is_watched(begun.name, _HEARD_NAMES | INCLUDES)
    value = b"".join(event.raw for event in events[1:-1])
    return _Field(raw=b"".join(event.raw for event in events), name=begun.name, value=value)


def _is_watched(name: str, watched: frozenset[str]) -> bool:
    plain, unquoted = (base_name(spelling) in watched for spelling in spellings(name))
    if plain != unquoted:
        raise MalformedBody("A multipart part has a percent-encoded name.")
    return plain


def _is_cut(name: str, value: bytes, watched: frozenset[str]) -> bool:
    if not _is_watched(name, watched):
        return False
    return is_removed(name, value.decode(errors="replace"), watched)


def _refuse_watched_file(event: PartBegins, watched: frozenset[str] = _HEARD_NAMES) -> None:
    if any(base_name(name) in watched for name in spellings(event.name)):
        raise MalformedBody("A parameter of the call is sent as a file.")


def _text(value: bytes) -> str:
    try:
        return plain_text(value)
    except MalformedParameters as malformed:
        raise MalformedBody(f"{malformed}.") from None
