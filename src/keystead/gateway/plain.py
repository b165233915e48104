"""Is a target so plain that it has one reading whoever reads it? Nearly all are, and they need no closer look.

What is not plain is no worse for it: it is read by ``gateway.reading``, which refuses what has two readings.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from keystead.core.paths import OVERRIDE_HEADERS

LONGEST = 4096

# Possessive, so that a target that is not plain costs no more than its length.
_TARGET = re.compile(r"(/api(?:/[\w~-][\w.~$!*+,=:@-]*+)++)(?:\?([\w.~$!*+,=:@&/()\[\]-]*+))?+", re.ASCII)


_READS = frozenset({"GET", "HEAD"})
_BEARER = b"Bearer "
_CLOSER_LOOK = frozenset(
    {b"content-type", b"content-length", b"content-encoding", b"transfer-encoding", b"expect", b"upgrade"}
    | {name.encode() for name in OVERRIDE_HEADERS}
)


class PlainCall(NamedTuple):
    """A call without a body whose target is plain and whose token stands in the one header."""

    verb: str
    path: str
    query: str
    credential: bytes
    host: bytes


def plain_call(method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> PlainCall | None:
    """Return the call when it is plain, None when it takes a closer look. Header names are in small letters."""
    if method not in _READS:
        return None
    authorization = host = None
    for name, value in headers:
        if name == b"authorization":
            if authorization is not None:
                return None
            authorization = value
        elif name == b"host":
            if host is not None:
                return None
            host = value
        elif name in _CLOSER_LOOK:
            return None
    if authorization is None or host is None or not authorization.startswith(_BEARER):
        return None
    plain = plain_target(target)
    return None if plain is None else PlainCall(method, *plain, authorization[len(_BEARER) :], host)


def plain_target(raw: bytes) -> tuple[str, str] | None:
    """Return path and query when both are plain, else None.

    The path is below ``/api``, without escapes, parameters, leading dots or a final slash, so it is its own normal
    form; and it names no account, which would have a say in who judges it. The query says nothing that the gateway
    listens to or would take out, however its names are read.
    """
    if len(raw) > LONGEST:
        return None
    found = _TARGET.fullmatch(raw.decode("latin-1"))
    if found is None:
        return None
    path, query = found.groups("")
    if "/accounts/" in path:
        return None
    if query:
        small = query.lower()
        if "include" in small or "access_token" in small or "as_user_id" in small or "_method" in small:
            return None
    return path, query
