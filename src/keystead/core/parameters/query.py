"""What must be known of a query string or form body, and what goes on after something was taken out of it?"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from keystead.core.parameters.form import decoded, pieces
from keystead.core.parameters.names import HEARD, base_name, is_removed, watched_names
from keystead.core.parameters.values import MalformedParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardParameters:
    """What a call says to the gateway itself, every value in order."""

    access_tokens: tuple[str, ...] = ()
    as_user_ids: tuple[str, ...] = ()
    method_overrides: tuple[str, ...] = ()


def read_query(raw: bytes) -> HeardParameters:
    """The values the gateway listens to. Whatever `filter_query` drops is heard, in every spelling of its name."""
    heard: dict[str, list[str]] = {name: [] for name in HEARD}
    watched = frozenset(HEARD)
    bases: dict[bytes, str] = {}
    for piece in pieces(raw):
        _refuse_hidden(piece, watched)
        name, _, value = piece.partition(b"=")
        base = bases.get(name)
        if base is None:
            base = bases[name] = base_name(decoded(name))
        if base in watched:
            heard[base].append(decoded(value))
    return HeardParameters(
        access_tokens=tuple(heard["access_token"]),
        as_user_ids=tuple(heard["as_user_id"]),
        method_overrides=tuple(heard["_method"]),
    )


def filter_query(raw: bytes, *, drop: Collection[str] = HEARD, strip_includes: bool) -> bytes:
    """The same bytes without the dropped names and, when asked, without includes that are not allowed.

    Every other pair stays as it was written, in its place. Names must be readable; values that nobody asks for
    need not be.
    """
    watched = watched_names(drop, strip_includes=strip_includes)
    given = pieces(raw)
    unwatched: set[bytes] = set()
    kept = [piece for piece in given if not _is_taken_out(piece, watched, unwatched)]
    return raw if len(kept) == len(given) else b"&".join(kept)


def _is_taken_out(piece: bytes, watched: frozenset[str], unwatched: set[bytes]) -> bool:
    _refuse_hidden(piece, watched)
    raw_name, has_value, raw_value = piece.partition(b"=")
    if raw_name in unwatched:
        return False
    name = decoded(raw_name)
    if base_name(name) not in watched:
        unwatched.add(raw_name)
        return False
    return is_removed(name, _value(raw_value) if has_value else None, watched)


def _value(raw: bytes) -> str | None:
    try:
        return decoded(raw)
    except MalformedParameters:
        return None


def _refuse_hidden(piece: bytes, watched: frozenset[str]) -> None:
    """Refuse a watched name beside a `;`: old Rack separates there, others do not, so it has two readings."""
    if b";" not in piece:
        return
    # A raw `;` becomes NUL, so that an encoded one stays data.
    text = unquote_to_bytes(b"\0" + piece.replace(b"+", b" ").replace(b";", b"\0")).decode(errors="replace")
    if _hidden(watched).search(text.casefold()):
        raise MalformedParameters("Parameters are separated by '&', not by ';'")


@lru_cache(maxsize=64)
def _hidden(watched: frozenset[str]) -> re.Pattern[str]:
    names = "|".join(re.escape(name) for name in sorted(watched))
    return re.compile(rf"\0[\s\[\]]*(?:{names})\s*(?:[\[\]=\0]|\Z)" if names else r"(?!)")
