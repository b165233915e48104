"""Which scopes does a pasted list mean? Vendors publish text, tables, CSV, JSON, or their client's calls."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from keystead.core.catalogue import Catalogue, Entry
from keystead.core.scopes import PEER_SERVICES, USERINFO, VERBS

MOST_LINES: Final = 5_000
_LONGEST_LINE: Final = 200_000
_MOST_NEAREST: Final = 100
_CLOSE_ENOUGH: Final = 0.55
_VERB: Final = rf"\b(?P<{{}}>{'|'.join(VERBS)})\b"
_ORIGIN: Final = r"(?:https?://[^/\s\"'`|]{1,255})?"
_TAIL: Final = r"[^\s|,;\"'`<>\[\]]*(?:[<{][A-Za-z_]\w*[>}][^\s|,;\"'`<>\[\]]*)*"
_NO_VERB: Final = rf"(?:(?!\b(?:{'|'.join(VERBS)})\b)[^/\n])"
_CALL: Final = re.compile(
    rf"(?:url:)?{_VERB.format('near')}[\s|:,;\"'`)\]]{{1,10}}{_ORIGIN}(?P<path>/{_TAIL})"
    rf"|{_VERB.format('far')}{_NO_VERB}{{1,60}}?{_ORIGIN}(?P<api>/api/{_TAIL})"
    r"|(?<![\w/])(?P<plain>/auth/userinfo|cd2)(?![\w/])",
    re.IGNORECASE,
)
_PATH: Final = re.compile(r"(?:https?://[^/\s\"'`|]{1,255})?(/api/[^\s|,;\"'`()]+)", re.IGNORECASE)
_PARAMETER: Final = re.compile(r"^(?::|\*)\w+$|^[{<]\w+[}>]$|^\d+$")
_PLAIN: Final = (USERINFO, PEER_SERVICES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """A line that names no scope of the catalogue. ``number`` counts from 1; ``nearest`` is what it may have meant."""

    number: int
    line: str
    nearest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastedList:
    """What a list came to: scopes in its order, each once; lines that named one already; lines that name none."""

    scopes: tuple[str, ...] = ()
    repeated: int = 0
    unmatched: tuple[Unmatched, ...] = ()


def read_scope_list(text: str, catalogue: Catalogue) -> PastedList:
    """Read a pasted list. Lines that name no call at all, such as headings, are passed over.

    A line names a call as ``url:GET|/api/v1/courses/:id`` or ``GET /api/v1/courses/{course_id}``, with anything
    around it. Parameters may have other names than ours; a verb is never guessed. More than MOST_LINES lines are not
    read.
    """
    shapes = _by_shape(catalogue.entries)
    found: dict[str, None] = {}
    unmatched: list[Unmatched] = []
    repeated = 0
    for number, line in enumerate(_lines(text), 1):
        calls = _calls(line)
        for wanted in calls:
            scope = _scope_of(wanted, catalogue, shapes)
            if scope is None:
                nearest = _nearest(wanted, catalogue.entries) if len(unmatched) < _MOST_NEAREST else None
                words = line.strip() if len(calls) == 1 else f"{wanted.verb or ''} {wanted.path}".strip()
                unmatched.append(Unmatched(number=number, line=words[:300], nearest=nearest))
            elif scope in found:
                repeated += 1
            else:
                found[scope] = None
    return PastedList(scopes=tuple(found), repeated=repeated, unmatched=tuple(unmatched))


@dataclass(frozen=True, slots=True)
class _Call:
    verb: str | None
    path: str


def _lines(text: str) -> Sequence[str]:
    return text.splitlines()[:MOST_LINES]


def _calls(line: str) -> list[_Call]:
    """Return the calls that a line names, several when a list stands in one line."""
    line = line[:_LONGEST_LINE]
    found = [
        _Call((match["near"] or match["far"] or "GET").upper(), match["path"] or match["api"] or match["plain"])
        for match in _CALL.finditer(line)
    ]
    return found or [_Call(None, match.group(1)) for match in _PATH.finditer(line)]


def _scope_of(wanted: _Call, catalogue: Catalogue, shapes: dict[tuple[str, str], str]) -> str | None:
    if wanted.path in _PLAIN:
        return wanted.path
    if wanted.verb is None:
        return None
    path = wanted.path.partition("?")[0].rstrip(".")
    if path.endswith(")") and "(" not in path:
        path = path.rstrip(").")
    exact = f"url:{wanted.verb}|{path}"
    if catalogue.find(exact) is not None and not catalogue.unknown((exact,)):
        return exact
    return shapes.get((wanted.verb, _shape(path)))


def _by_shape(entries: Iterable[Entry]) -> dict[tuple[str, str], str]:
    """Return scopes by verb and shape of path, without those shapes that two routes share."""
    shapes: dict[tuple[str, str], str | None] = {}
    for entry in entries:
        if entry.path is not None:
            key = (entry.verb, _shape(entry.path))
            shapes[key] = None if key in shapes else entry.scope
    return {key: scope for key, scope in shapes.items() if scope is not None}


def _shape(path: str) -> str:
    """Return a path with every parameter's name taken out: ``/api/v1/courses/:``."""
    segments = path.strip("/").split("/")
    return "/".join(":" if _PARAMETER.match(segment) else segment.casefold() for segment in segments)


def _nearest(wanted: _Call, entries: Iterable[Entry]) -> str | None:
    shape = _shape(wanted.path)
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(shape)
    best, closest = None, _CLOSE_ENOUGH
    for entry in entries:
        if entry.path is None or entry.deprecated:
            continue
        bonus = 0.05 if entry.verb == (wanted.verb or "GET") else 0.0
        matcher.set_seq1(_shape(entry.path))
        if matcher.real_quick_ratio() + bonus <= closest or matcher.quick_ratio() + bonus <= closest:
            continue
        ratio = matcher.ratio() + bonus
        if ratio > closest:
            best, closest = entry.scope, ratio
    return best
