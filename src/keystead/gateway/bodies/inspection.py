"""What does a body say to the gateway, and what of it goes on to the upstream?

Memory is bounded: forms, JSON and the fields before the first file of a multipart body are held, up to a limit;
files and all other bodies are streamed.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from keystead.core.parameters import Tree
from keystead.gateway.bodies.buffered import FormContent, JsonContent, OpaqueContent, read_whole
from keystead.gateway.bodies.media import Kind, read_media
from keystead.gateway.bodies.multipart import MultipartContent
from keystead.gateway.bodies.refusals import BodyTooLarge

LIMIT: Final = 1024 * 1024


class _Content(Protocol):
    def heard(self) -> Iterator[tuple[str, str]]: ...

    def tree(self) -> Tree: ...

    def forward(self, *, strip_includes: bool) -> tuple[AsyncIterator[bytes], int | None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """A body whose words to the gateway are known."""

    access_tokens: tuple[str, ...]
    as_user_ids: tuple[str, ...]
    method_overrides: tuple[str, ...]
    content: _Content

    def tree(self) -> Tree:
        """The parameters, for Keystead's own API; raises `BodyRefused` when they have no reading there."""
        return self.content.tree()

    def forward(self, *, strip_includes: bool) -> tuple[AsyncIterator[bytes], int | None]:
        """The bytes for the upstream, and how many they are when that is known.

        What the gateway heard is taken out, all else goes byte for byte. The stream may raise `BodyRefused`: then the
        call to the upstream must be aborted.
        """
        return self.content.forward(strip_includes=strip_includes)


async def inspect(
    content_type: str | None,
    chunks: AsyncIterator[bytes],
    *,
    method: str,
    limit: int = LIMIT,
    content_length: int | None = None,
    content_encoding: str | None = None,
) -> Inspected:
    """Read what must be read of a body, and no more; raises `BodyRefused` with the status to answer."""
    content = await _read(content_type, chunks, limit, content_length, content_encoding)
    heard: dict[str, list[str]] = {"access_token": [], "as_user_id": [], "_method": []}
    for name, value in content.heard():
        heard[name].append(value)
    return Inspected(
        access_tokens=tuple(heard["access_token"]),
        as_user_ids=tuple(heard["as_user_id"]),
        method_overrides=tuple(heard["_method"]) if method == "POST" else (),
        content=content,
    )


async def _read(
    content_type: str | None,
    chunks: AsyncIterator[bytes],
    limit: int,
    content_length: int | None,
    content_encoding: str | None,
) -> _Content:
    media = read_media(content_type, content_encoding)
    if media.kind is Kind.OPAQUE:
        return OpaqueContent(chunks=chunks, length=content_length)
    if media.kind is Kind.MULTIPART:
        return await MultipartContent.read(media.boundary, chunks, limit=limit, length=content_length)
    if content_length is not None and content_length > limit:
        raise BodyTooLarge("The request body is too large.")
    raw = await read_whole(chunks, limit=limit)
    return FormContent(raw=raw) if media.kind is Kind.FORM else JsonContent(raw=raw)
