"""Is a target so plain that it has one reading whoever reads it? Nearly all are, and they need no closer look.

What is not plain is no worse for it: it is read by ``gateway.reading``, which refuses what has two readings.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from keystead.core.paths import OVERRIDE_HEADERS
from keystead.core.routes import RouteMatch, RouteTable
from keystead.gateway.memory import Generations

LONGEST: Final = 4096
MOST_KEPT: Final = 2048
"""How many targets are kept at least, of those seen last; twice as many at the most."""
LONGEST_KEPT: Final = 256

# Possessive, so that a target that is not plain costs no more than its length. Ranges are quicker than ``\w``.
_TARGET = re.compile(r"(/api(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~$!*+,=:@-]*+)++)(?:\?([A-Za-z0-9_.~$!*+,=:@&/()\[\]-]*+))?+")

_READS = frozenset({"GET", "HEAD"})
_BEARER = b"Bearer "
_CLOSER_LOOK = frozenset(
    {b"content-type", b"content-length", b"content-encoding", b"transfer-encoding", b"expect", b"upgrade"}
    | {name.encode() for name in OVERRIDE_HEADERS}
)


class PlainTarget(NamedTuple):
    """A target that is plain: its path and query, and what the path matches for those who only read."""

    path: str
    query: str
    match: RouteMatch


class PlainTargets:
    """Reads plain targets; those asked for again and again are read once. Answers follow from target and table alone.

    Threads may share it.
    """

    __slots__ = ("_kept", "_table")

    def __init__(self, table: RouteTable) -> None:
        self._table = table
        self._kept: Generations[bytes, PlainTarget] = Generations(MOST_KEPT)

    def get(self, raw: bytes) -> PlainTarget | None:
        """Return the target when it is plain (``plain_target``), else None."""
        return self._kept.young.get(raw) or self._read(raw)

    def __len__(self) -> int:
        return len(self._kept)

    def _read(self, raw: bytes) -> PlainTarget | None:
        found = self._kept.get(raw)
        if found is None:
            plain = plain_target(raw)
            if plain is None:
                return None
            found = PlainTarget(*plain, self._table.match("GET", plain[0]))
            if len(raw) <= LONGEST_KEPT:
                self._kept.keep(raw, found)
        return found


def bearer_in(method: str, headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes] | None:
    """Return credential and host of a call that only reads, has no body and brings its token in the one header.

    None when it takes a closer look. Header names are in small letters.
    """
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
    return authorization[7:], host


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
    path: str = found[1]
    query: str | None = found[2]
    if "/accounts/" in path:
        return None
    if query is None:
        query = ""
    elif query:
        small = query.lower()
        if "include" in small or "access_token" in small or "as_user_id" in small or "_method" in small:
            return None
    return path, query
