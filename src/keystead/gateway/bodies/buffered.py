"""How does a form or JSON body pass the gateway: read whole, heard, filtered byte for byte?"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from keystead.core.parameters import (
    MalformedParameters,
    Tree,
    filter_json,
    filter_query,
    parse_form,
    parse_json,
    read_json_members,
    read_query,
)
from keystead.gateway.bodies.refusals import BodyTooLarge, MalformedBody


async def read_whole(chunks: AsyncIterator[bytes], *, limit: int) -> bytes:
    """All of a body that may take `limit` bytes."""
    read = bytearray()
    async for chunk in chunks:
        read += chunk
        if len(read) > limit:
            raise BodyTooLarge("The request body is too large.")
    return bytes(read)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormContent:
    """A form in memory."""

    raw: bytes

    def heard(self) -> Iterator[tuple[str, str]]:
        try:
            found = read_query(self.raw)
        except MalformedParameters as malformed:
            raise MalformedBody(f"{malformed}.") from None
        yield from (("access_token", value) for value in found.access_tokens)
        yield from (("as_user_id", value) for value in found.as_user_ids)
        yield from (("_method", value) for value in found.method_overrides)

    def tree(self) -> Tree:
        try:
            return parse_form(self.raw)
        except MalformedParameters as malformed:
            raise MalformedBody(f"{malformed}.") from None

    def forward(self, *, strip_includes: bool) -> tuple[AsyncIterator[bytes], int | None]:
        try:
            body = filter_query(self.raw, strip_includes=strip_includes)
        except MalformedParameters as malformed:
            raise MalformedBody(f"{malformed}.") from None
        return only(body), len(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonContent:
    """JSON in memory; an empty body counts as an empty object, since clients name the type of no body at all."""

    raw: bytes

    def heard(self) -> Iterator[tuple[str, str]]:
        if not self.raw:
            return
        try:
            members = read_json_members(self.raw)
        except MalformedParameters as malformed:
            raise MalformedBody(f"{malformed}.") from None
        for name, values in members.items():
            # A JSON body overrides no method, in Rack neither.
            for value in values if name != "_method" else ():
                match value:
                    case None:
                        continue
                    case str() if "\0" not in value and value.isprintable():
                        yield name, value
                    case _:
                        raise MalformedBody(f"{name} must be a text.")

    def tree(self) -> Tree:
        if not self.raw:
            return {}
        try:
            return parse_json(self.raw)
        except MalformedParameters as malformed:
            raise MalformedBody(f"{malformed}.") from None

    def forward(self, *, strip_includes: bool) -> tuple[AsyncIterator[bytes], int | None]:
        if not self.raw:
            return only(b""), 0
        try:
            body = filter_json(self.raw, strip_includes=strip_includes)
        except MalformedParameters as malformed:
            raise MalformedBody(f"{malformed}.") from None
        return only(body), len(body)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpaqueContent:
    """A body that says nothing to the gateway: streamed as it comes."""

    chunks: AsyncIterator[bytes]
    length: int | None

    def heard(self) -> Iterator[tuple[str, str]]:
        return iter(())

    def tree(self) -> Tree:
        return {}

    def forward(self, *, strip_includes: bool) -> tuple[AsyncIterator[bytes], int | None]:  # noqa: ARG002 - one protocol
        return self.chunks, self.length


async def only(body: bytes) -> AsyncIterator[bytes]:
    """A body that is in memory, as a stream."""
    if body:
        yield body
