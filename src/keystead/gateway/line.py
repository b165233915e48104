"""What comes from the caller: the body as it arrives, and the news that they hung up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from keystead.gateway.proxy import ClientGone

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Line:
    """The caller's end of one call."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._body_ended = False
        self._listening: asyncio.Future[MutableMapping[str, Any]] | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body. Raises ClientGone when it breaks off."""
        while not self._body_ended:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            self._body_ended = not message.get("more_body", False)
            if message.get("body"):
                yield message["body"]

    def is_dead(self) -> bool:
        """Whether the caller is known to have hung up. Never waits; the first question starts the listening."""
        if not self._body_ended:
            return False
        if self._listening is None:
            self._listening = asyncio.ensure_future(self._receive())
        return self._listening.done() and self._listening.result()["type"] == "http.disconnect"

    async def gone(self) -> None:
        """Wait until the caller hangs up."""
        while not (self.is_dead() or not self._body_ended):
            assert self._listening is not None  # noqa: S101  (the question began the listening)
            if (await self._listening)["type"] != "http.disconnect":
                self._listening = None

    def close(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            self._listening.cancel()
