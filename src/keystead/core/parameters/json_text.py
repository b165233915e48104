"""Which tree is a JSON body, and what goes on after members were taken out of it?"""

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import NoReturn, cast

from keystead.core.parameters.names import ALLOWED_INCLUDES, HEARD, INCLUDES, base_name, watched_names
from keystead.core.parameters.values import LIMITS, Limits, MalformedParameters, Tree, Value

LONGEST_INTEGER = 40

_OPENING = re.compile(r"[ \t\r\n]*\{")
_KEY = re.compile(r'[ \t\r\n]*("(?>[^"\\]+|\\.)*+")[ \t\r\n]*:[ \t\r\n]*')
_MEMBER_ENDS = re.compile(r"[ \t\r\n]*[,}]")


def parse_json(raw: bytes, limits: Limits = LIMITS) -> Tree:
    """The tree of a JSON object (RFC 8259); the last of several equal members wins.

    Refused, because something behind would stumble: a byte order mark, NaN and infinities, integers of more
    than 40 digits, lone surrogates, NUL characters.
    """
    parsed = _loaded(_decoded(raw), _STORED, limits)
    if not isinstance(parsed, dict):
        raise MalformedParameters("The JSON body must be an object")
    if b"\\u" in raw:
        _refuse_unstorable(parsed)
    return parsed


def read_json_members(raw: bytes, names: Collection[str] = HEARD) -> dict[str, list[Value]]:
    """Every value of the named top-level members, in order, in every spelling of the name; numbers as their text."""
    wanted = frozenset(name.casefold() for name in names)
    found: dict[str, list[Value]] = {name: [] for name in wanted}
    text = _decoded(raw)
    _loaded(text, _FORWARDED, LIMITS)
    for member in _members(text, wanted):
        if member.base in wanted:
            found[member.base].append(member.value)
    return found


def filter_json(raw: bytes, *, drop: Collection[str] = HEARD, strip_includes: bool) -> bytes:
    """The same bytes without the dropped top-level members, and, when asked, without includes that are not allowed."""
    watched = watched_names(drop, strip_includes=strip_includes)
    text = _decoded(raw)
    _loaded(text, _FORWARDED, LIMITS)
    kept: list[str] = []
    first = closing = 0
    changed = False
    for member in _members(text, watched):
        first = first or member.start
        closing = member.end
        reduced = _reduced(text, member, watched)
        changed = changed or reduced is not None
        written = text[member.start : member.end] if reduced is None else reduced
        if written:
            kept.append(written)
    return (text[:first] + ",".join(kept) + text[closing:]).encode() if changed else raw


@dataclass(frozen=True, slots=True, kw_only=True)
class _Member:
    """One top-level member: with the blanks around it, it reaches from `start` to `end`; its value begins at `at`."""

    start: int
    at: int
    end: int
    name: str
    base: str
    value: Value


def _decoded(raw: bytes) -> str:
    if raw.startswith(b"\xef\xbb\xbf"):
        raise MalformedParameters("The JSON body starts with a byte order mark")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise MalformedParameters("The JSON body is not valid UTF-8") from None


def _refuse_constant(_: str) -> NoReturn:
    raise MalformedParameters("JSON has no NaN and no infinity")


def _integer(text: str) -> int:
    if len(text) > LONGEST_INTEGER:
        raise MalformedParameters("A number is too large")
    return int(text)


def _fraction(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise MalformedParameters("A number is too large")
    return number


_STORED = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_integer, parse_float=_fraction)
# What is only forwarded keeps its numbers as text: their size is the upstream's business.
_FORWARDED = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=str, parse_float=str)


def _loaded(text: str, decoder: json.JSONDecoder, limits: Limits) -> Value:
    try:
        parsed = cast(Value, decoder.decode(text))
    except MalformedParameters:
        raise
    except (ValueError, RecursionError):
        raise MalformedParameters("The body is not valid JSON") from None
    level = [parsed]
    for _ in range(limits.json_depth):
        level = [child for value in level for child in _children(value) if isinstance(child, dict | list)]
        if not level:
            return parsed
    raise MalformedParameters(f"The JSON body nests deeper than {limits.json_depth}")


def _children(value: Value) -> Collection[Value]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse_unstorable(tree: Tree) -> None:
    waiting: list[Value] = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value)
        waiting.extend(_children(value))
        if isinstance(value, str):
            if "\0" in value:
                raise MalformedParameters("A parameter contains a NUL character")
            if any("\ud800" <= letter <= "\udfff" for letter in value):
                raise MalformedParameters("A parameter contains half a surrogate pair")


def _members(text: str, watched: frozenset[str]) -> Iterator[_Member]:
    """The top-level members of a text known to be valid JSON; none when none of the watched can be among them."""
    opening = _OPENING.match(text)
    # Without escapes, a name that is nowhere in the text is no member's name.
    if opening is None or ("\\u" not in text and not any(name in text.casefold() for name in watched)):
        return
    start = opening.end()
    key = _KEY.match(text, start)
    found = 0
    while key is not None:
        found += 1
        if found > LIMITS.parameters:
            raise MalformedParameters(f"More than {LIMITS.parameters} parameters")
        name = str(json.loads(key[1]))
        value, after = _FORWARDED.raw_decode(text, key.end())
        ends = _MEMBER_ENDS.match(text, after)
        if ends is None:
            raise MalformedParameters("The body is not valid JSON")
        yield _Member(start=start, at=key.end(), end=ends.end() - 1, name=name, base=base_name(name), value=value)
        start = ends.end()
        key = _KEY.match(text, start) if text[start - 1] == "," else None


def _reduced(text: str, member: _Member, watched: frozenset[str]) -> str | None:
    """The member's new text: None when it may stay as it is, empty when it goes."""
    if member.base not in watched:
        return None
    given = member.value
    if member.base not in INCLUDES or member.name.casefold() not in INCLUDES or not isinstance(given, list):
        return ""
    allowed = [entry for entry in given if isinstance(entry, str) and entry in ALLOWED_INCLUDES]
    if len(allowed) == len(given):
        return None
    return text[member.start : member.at] + json.dumps(allowed)
