"""How long and how large may the head of a request be? Neither uvicorn nor its parser sets a limit."""

import asyncio
from typing import Any

from keystead.web.wire import Wire

LARGEST_HEAD = 256 * 1024
LONGEST_WAIT = 20.0
_TOO_LARGE = b'{"errors":[{"message":"The head of the request is too large."}]}'
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(_TOO_LARGE), _TOO_LARGE)
)


class BoundedHead(Wire):
    """Refuses a head that grows on and on, and hangs up on one that is not complete in time.

    Else anybody could fill the memory with one connection, or use all connections up by sending nothing. A head that
    comes whole, as nearly all do, costs no timer.
    """

    _size = 0
    _in_head = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._wait()

    def parse(self, data: bytes) -> None:
        """Take what came; while a head is not complete, count it."""
        super().parse(data)
        if self._in_head:
            self._size += len(data)
            if self._size > LARGEST_HEAD and not self.transport.is_closing():
                self.transport.write(_REFUSAL)
                self.transport.close()
        cycle: Any = self.cycle
        is_idle = self._is_between and (cycle is None or cycle.response_complete) and not self.timeout_keep_alive_task
        if self._deadline is None and (self._in_head or is_idle):
            self._wait()

    def on_message_begin(self) -> None:
        """Count a head from its beginning."""
        self._in_head, self._size = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Wait no longer."""
        self._in_head = False
        self.stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self.stop_waiting()
        super().connection_lost(exc)

    def stop_waiting(self) -> None:
        """A whole head has come, or nobody is there any more."""
        super().stop_waiting()
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _wait(self) -> None:
        self.is_waiting = True
        self._deadline = self.loop.call_later(LONGEST_WAIT, self.transport.close)
