"""How does a program judge its own calls, without a proxy? By the same decision, inside its own process.

``Judge`` is for any framework, ``KeysteadMiddleware`` for ASGI applications. Both read the database of a Keystead
installation; a change made anywhere counts for the next call here (docs/embedding.md).
"""

from keystead.middleware.asgi import KeysteadMiddleware
from keystead.middleware.judge import Judge, Passed, Refused

__all__ = ["Judge", "KeysteadMiddleware", "Passed", "Refused"]
