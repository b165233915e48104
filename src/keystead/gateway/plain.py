"""Is a target so plain that it has one reading whoever reads it? Nearly all are, and they need no closer look.

What is not plain is no worse for it: it is read by ``gateway.reading``, which refuses what has two readings.
"""

import re

LONGEST = 4096

# Possessive, so that a target that is not plain costs no more than its length.
_TARGET = re.compile(r"(/api(?:/[\w~-][\w.~$!*+,=:@-]*+)++)(?:\?([\w.~$!*+,=:@&/()\[\]-]*+))?+", re.ASCII)


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
