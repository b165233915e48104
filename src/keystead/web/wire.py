"""What does the wire say before there is a call? What the HTTP parser refuses or hides is answered in our shape."""

import json
import sys
from http import HTTPStatus
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from keystead.core.paths import METHODS, TargetReason
from keystead.gateway.at_once import FIRST_LINE, LONGEST_HEAD, AtOnce
from keystead.gateway.facts import FactsUnavailable


class Wire(HttpToolsProtocol):
    """Uvicorn's protocol, but refusals are JSON, and the two things are refused that it would let no one see.

    A verb that the parser does not know never becomes a call; a fragment is cut off before the application is asked,
    although a proxy in front may have read the target differently.

    Where the application answers plain questions at once (gateway.at_once), a request that came whole is not even
    parsed: the callbacks, the scope and the task are most of what an answer without a body costs.
    """

    _at_once: AtOnce | None = None
    _is_between = True
    _lines: list[tuple[bytes, bytes]] | None = None
    _ending = b""
    _answered_at = 0.0
    is_waiting = False
    """Whether this connection is given up when no whole head comes in time."""

    def connection_made(self, transport: Any) -> None:
        """Begin a connection."""
        super().connection_made(transport)
        at_once: AtOnce | None = getattr(self.app, "at_once", None)
        if at_once is not None and self.limit_concurrency is None and at_once.may_ask(self.client and self.client[0]):
            self._at_once = at_once

    def data_received(self, data: bytes) -> None:
        """Answer a whole plain question at once; parse everything else."""
        if self._at_once is not None and self._is_between and data.startswith(FIRST_LINE):
            cycle: Any = self.cycle
            if (
                (cycle is None or cycle.response_complete)
                and data.find(b"\r\n\r\n") == len(data) - 4
                and len(data) <= LONGEST_HEAD
                and not self.flow.write_paused
                and not self.transport.is_closing()
            ):
                try:
                    head = self._at_once.answer_head(data, self.scheme or "http", self.client and self.client[0])
                except FactsUnavailable:
                    head = None
                if head is not None:
                    return self._answer(head)
        return self.parse(data)

    def parse(self, data: bytes) -> None:
        """Let the parser take what came."""
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._is_between = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """End a request."""
        self._is_between = True
        super().on_message_complete()

    def stop_waiting(self) -> None:
        """A whole head has come."""
        self.is_waiting = False

    def timeout_keep_alive_handler(self) -> None:
        """Hang up when nothing has come for long; an answer given at once does not set the clock anew by itself."""
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def _answer(self, head: bytes) -> None:
        """Write the answer to a request that was never parsed."""
        lines = self.server_state.default_headers
        if lines is not self._lines:
            self._lines, self._ending = lines, b"".join(b"%b: %b\r\n" % line for line in lines) + b"\r\n"
        self.transport.write(head + self._ending)
        if self.is_waiting:
            self.stop_waiting()
        self.server_state.total_requests += 1
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_url(self, url: bytes) -> None:
        """Take a piece of the request target."""
        if b"#" in url:
            raise _FragmentError
        super().on_url(url)

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are no call, and close."""
        status, words = _refusal(sys.exception(), msg)
        body = json.dumps({"errors": [{"message": words}]}, separators=(",", ":")).encode()
        head = [
            f"HTTP/1.1 {status.value} {status.phrase}",
            "content-type: application/json; charset=utf-8",
            f"content-length: {len(body)}",
            "connection: close",
        ]
        if status is HTTPStatus.METHOD_NOT_ALLOWED:
            head.append(f"allow: {', '.join(sorted(METHODS))}")
        self.transport.write("\r\n".join([*head, "", ""]).encode("ascii") + body)
        self.transport.close()


class _FragmentError(Exception):
    pass


def _refusal(error: BaseException | None, msg: str) -> tuple[HTTPStatus, str]:
    if isinstance(error, httptools.HttpParserInvalidMethodError):
        return HTTPStatus.METHOD_NOT_ALLOWED, TargetReason.UNKNOWN_METHOD.words
    if error is not None and isinstance(error.__context__, _FragmentError):
        return HTTPStatus.BAD_REQUEST, TargetReason.FRAGMENT.words
    return HTTPStatus.BAD_REQUEST, msg
