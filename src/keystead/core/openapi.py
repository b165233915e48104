"""Which scopes does an API offer, by its own description? OpenAPI 3 documents become entries of the catalogue.

Takes a document that somebody has parsed already; reads it within limits, and refuses what it cannot read by saying
where in the document and why.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from keystead.core.catalogue import Entry, route_entry
from keystead.core.routes import RouteTableError, RouteTemplateError, compile_routes
from keystead.core.scopes import VERBS

MOST_OPERATIONS: Final = 5_000
LONGEST_PATH: Final = 1_000
DEEPEST: Final = 12
MOST_NAMES: Final = 2_000
MOST_STEPS: Final = 20_000
MOST_STEPS_IN_ALL: Final = 5_000_000
LEVELS: Final = ("public", "internal", "personal", "sensitive")

_PARAMETER = re.compile(r"\{([^{}/]+)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LITERAL = re.compile(r"[A-Za-z0-9_.~!$&'+,=@-]*")
_PREFIX = re.compile(r"(?:/[a-z0-9][a-z0-9_.-]{0,63}){1,4}")
_OURS = (
    "/api", "/login", "/logout", "/accounts", "/console", "/profile", "/static", "/gateway", "/healthz", "/readyz",
    "/metrics", "/.well-known", "/keystead",
)  # fmt: skip
_SENSITIVE = re.compile(
    r"grade|score|ssn|social_?security|birth|gender|ethnic|religio|health|medical|disab|iep|discipline|passport|"
    r"bank|salary|password|secret",
    re.IGNORECASE,
)
_PERSONAL = re.compile(
    r"student|pupil|person|people|user|guardian|parent|teacher|email|e_mail|phone|address|first_?name|last_?name|"
    r"surname|login|avatar|enrol",
    re.IGNORECASE,
)


class OpenApiError(ValueError):
    """The document cannot be read; the message is one line that says where and why."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}" if where else why)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDocument:
    """What a document offers: its title and version, one entry for each operation, and what was passed over."""

    title: str
    version: str
    entries: tuple[Entry, ...]
    skipped: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Reading:
    """The document as it is read, and how many steps that may still take."""

    root: Mapping[str, Any]
    title: str
    steps: int = field(default_factory=lambda: MOST_STEPS_IN_ALL)


def prefix_problem(prefix: str, others: Mapping[str, str]) -> str | None:
    """Return why an API cannot stand under a prefix, None when it can. ``others`` are names by prefix."""
    if _PREFIX.fullmatch(prefix) is None:
        return "must be one to four segments of small letters, digits, '-', '_' and '.', such as /library/v2"
    if any(prefix == ours or prefix.startswith(f"{ours}/") for ours in _OURS):
        return "stands under a path of Keystead's own"
    for other, name in others.items():
        if prefix == other or prefix.startswith(f"{other}/") or other.startswith(f"{prefix}/"):
            return f"overlaps {other} of {name}"
    return None


def read_document(document: object, prefix: str) -> ReadDocument:
    """Read an OpenAPI 3.0 or 3.1 document into the scopes of its operations below ``prefix``.

    ``{name}`` becomes ``:name``; the first tag is the resource. ``servers`` are not heard: the prefix is what counts.
    Raises OpenApiError.
    """
    root = _mapping(document, "the document")
    version = root.get("openapi")
    if not isinstance(version, str) or not version.startswith(("3.0", "3.1")):
        raise OpenApiError("openapi", "must be 3.0 or 3.1")
    info = _mapping(root.get("info", {}), "info")
    reading = _Reading(root=root, title=_line(info.get("title")) or "API")
    entries: list[Entry] = []
    skipped: list[str] = []
    seen: dict[tuple[str, str], str] = {}
    for path, item in _mapping(root.get("paths", {}), "paths").items():
        template = prefix + _template(path)
        whole = _resolved(root, item, f"paths.{path}")
        for verb, operation, where in _operations(path, whole, skipped):
            shape = (verb, re.sub(r":[A-Za-z0-9_]+", ":", template))
            if shape in seen:
                raise OpenApiError(where, f"is the same route as {seen[shape]}")
            seen[shape] = where
            entries.append(_entry(reading, verb, template, operation, whole, where))
            if len(entries) > MOST_OPERATIONS:
                raise OpenApiError("paths", f"has more than {MOST_OPERATIONS} operations")
    if not entries:
        raise OpenApiError("paths", "has no operation that a scope could name")
    try:
        compile_routes([(entry.verb, entry.path or "") for entry in entries])
    except (RouteTableError, RouteTemplateError) as wrong:
        raise OpenApiError("paths", str(wrong)) from None
    return ReadDocument(
        title=reading.title,
        version=_line(info.get("version")),
        entries=tuple(entries),
        skipped=tuple(skipped),
    )


def _operations(path: str, item: Mapping[str, Any], skipped: list[str]) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    for method, operation in item.items():
        verb = method.upper()
        if verb in ("HEAD", "OPTIONS", "TRACE"):
            skipped.append(f"{verb} {path}")
        elif verb in VERBS:
            where = f"paths.{path}.{method}"
            yield verb, _mapping(operation, where), where


def _template(path: object) -> str:
    where = f"paths.{path}"
    if not isinstance(path, str) or not path.startswith("/") or len(path) > LONGEST_PATH:
        raise OpenApiError(where, f"must start with / and have at most {LONGEST_PATH} characters")
    names: set[str] = set()
    segments = []
    for segment in path[1:].split("/"):
        whole = _PARAMETER.fullmatch(segment)
        if whole is not None:
            name = re.sub(r"[^A-Za-z0-9_]", "_", whole[1])
            if _NAME.fullmatch(name) is None or name in names:
                raise OpenApiError(where, f"the parameter {whole[1]} has no usable name, or stands there twice")
            names.add(name)
            segments.append(f":{name}")
        elif _LITERAL.fullmatch(segment) is None or segment in (".", ".."):
            raise OpenApiError(
                where, f"the segment {segment[:40]!r} mixes text and parameters, or has other characters"
            )
        else:
            segments.append(segment)
    if "" in segments[:-1]:
        raise OpenApiError(where, "has an empty segment")
    return "/" + "/".join(segments)


def _entry(
    reading: _Reading,
    verb: str,
    template: str,
    operation: Mapping[str, Any],
    item: Mapping[str, Any],
    where: str,
) -> Entry:
    tags = operation.get("tags")
    named = _line(tags[0]) if isinstance(tags, list) and tags else ""
    group = named or reading.title
    summary = _line(operation.get("summary")) or _line(operation.get("operationId"))
    summary = summary or _line(str(operation.get("description") or "").partition(".")[0])
    return route_entry(
        resource=re.sub(r"[^a-z0-9]+", "_", group.lower()).strip("_") or "api",
        resource_name=group,
        verb=verb,
        path=template,
        summary=summary,
        deprecated=operation.get("deprecated") is True,
        sensitivity=_sensitivity(reading, template, operation, item, where),
    )


def _sensitivity(
    reading: _Reading, template: str, operation: Mapping[str, Any], item: Mapping[str, Any], where: str
) -> str:
    """Return the level the document states, else one guessed from the names in path, parameters and schemas."""
    stated = operation.get("x-keystead-sensitivity", item.get("x-keystead-sensitivity"))
    if stated is not None:
        if stated not in LEVELS:
            raise OpenApiError(f"{where}.x-keystead-sensitivity", f"must be one of {', '.join(LEVELS)}")
        return str(stated)
    names = " ".join([template, *_names(reading, operation, item)])
    if _SENSITIVE.search(names):
        return "sensitive"
    return "personal" if _PERSONAL.search(names) else "internal"


def _names(reading: _Reading, operation: Mapping[str, Any], item: Mapping[str, Any]) -> list[str]:
    """Return the names of parameters and schema properties that an operation speaks of, nearest first, within limits.

    Raises OpenApiError for a document whose parts refer to each other so often that reading it would take too long.
    """
    found: list[str] = []
    waiting: deque[tuple[object, int]] = deque([(item.get("parameters"), 0)])
    waiting.extend((operation.get(part), 0) for part in ("parameters", "requestBody", "responses"))
    seen: set[int] = set()
    while waiting and len(found) < MOST_NAMES and len(seen) < MOST_STEPS:
        value, depth = waiting.popleft()
        if depth > DEEPEST or not isinstance(value, list | Mapping) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, list):
            waiting.extend((one, depth + 1) for one in value[:MOST_NAMES])
            continue
        reference = value.get("$ref")
        if isinstance(reference, str):
            waiting.append((_pointed(reading.root, reference), depth + 1))
            continue
        if isinstance(value.get("name"), str):
            found.append(value["name"])
        properties = value.get("properties")
        if isinstance(properties, Mapping):
            found.extend(str(name) for name in list(properties)[:MOST_NAMES])
        waiting.extend((one, depth + 1) for name, one in value.items() if name not in ("example", "examples"))
    reading.steps -= len(seen)
    if reading.steps < 0:
        raise OpenApiError("components", "refer to each other too often to be read")
    return found[:MOST_NAMES]


def _resolved(root: Mapping[str, Any], value: object, where: str) -> Mapping[str, Any]:
    for _ in range(DEEPEST):
        given = _mapping(value, where)
        reference = given.get("$ref")
        if not isinstance(reference, str):
            return given
        value = _pointed(root, reference)
        if value is None:
            raise OpenApiError(where, f"{reference[:80]} points nowhere in this document")
    raise OpenApiError(where, "is referred to in a circle")


def _pointed(root: Mapping[str, Any], reference: str) -> object:
    """Return what a reference within the document points to; references to other documents are not followed."""
    if not reference.startswith("#/"):
        return None
    here: object = root
    for part in reference[2:].split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        here = here.get(name) if isinstance(here, Mapping) else None
    return here


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise OpenApiError(where, "must be an object")
    return value


def _line(value: object) -> str:
    """Return a text of the document as one short line of ours."""
    return " ".join(value.split())[:200] if isinstance(value, str) else ""
