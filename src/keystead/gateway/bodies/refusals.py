"""Why is a body not taken?

BodyRefused
├── MalformedBody      400  it cannot be read in exactly one way
│   └── LateParameter  400  a part behind a file speaks to the gateway, after the call was judged
├── BodyTooLarge       413
└── UnsupportedBody    415  it is written in a way the gateway does not read
"""

from typing import ClassVar


class BodyRefused(Exception):  # noqa: N818 - named for what is the case
    """The words are fit for the caller to see."""

    status: ClassVar[int] = 400

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class MalformedBody(BodyRefused):
    """The body has no reading, or two."""


class LateParameter(MalformedBody):
    """Raised while a body is being forwarded: the call to the upstream must be aborted."""


class BodyTooLarge(BodyRefused):
    """What must be held in memory to be inspected is over its bound."""

    status = 413


class UnsupportedBody(BodyRefused):
    """Content type, charset or encoding that cannot be inspected."""

    status = 415
