"""What does the wire say before there is a call? What the HTTP parser refuses or hides is answered in our shape."""

import json
import sys
from http import HTTPStatus

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from keystead.core.paths import METHODS, TargetReason


class Wire(HttpToolsProtocol):
    """Uvicorn's protocol, but refusals are JSON, and the two things are refused that it would let no one see.

    A verb that the parser does not know never becomes a call; a fragment is cut off before the application is asked,
    although a proxy in front may have read the target differently.
    """

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
