"""What does a document in JSON or YAML hold? Parsed within limits on size, depth and what its aliases amount to."""

import json
from typing import Any, Final

import yaml

from keystead.core.errors import Refused

MOST_OCTETS: Final = 5 * 1024 * 1024
MOST_NODES: Final = 1_000_000
DEEPEST: Final = 100

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Unreadable(Refused):
    """The document cannot be fetched or read; the message says why."""

    code = "unreadable"


def parsed(raw: bytes) -> object:
    """Return what a document in JSON or YAML holds. Raises Unreadable."""
    if len(raw) > MOST_OCTETS:
        raise Unreadable(f"the document is larger than {MOST_OCTETS} octets")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        pass
    try:
        _measure(raw)
        return yaml.load(raw, Loader=_LOADER)  # noqa: S506  (a safe loader)
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as wrong:
        raise Unreadable(f"the document is neither JSON nor YAML ({type(wrong).__name__})") from None


def _measure(raw: bytes) -> None:
    """Raise Unreadable for what would be too much once every alias stood for what it repeats."""
    nodes = 0
    sizes: dict[str, int] = {}
    opened: list[tuple[str | None, int]] = []
    for event in yaml.parse(raw, Loader=_LOADER):
        match event:
            case yaml.AliasEvent():
                if event.anchor not in sizes:
                    raise Unreadable("an alias of the document repeats what it stands in, or what is not there")
                nodes += sizes[event.anchor]
            case yaml.CollectionStartEvent():
                opened.append((event.anchor, nodes))
                sizes.pop(event.anchor or "", None)
                nodes += 1
            case yaml.CollectionEndEvent():
                anchor, before = opened.pop()
                if anchor is not None:
                    sizes[anchor] = nodes - before
            case yaml.ScalarEvent():
                nodes += 1
                if event.anchor is not None:
                    sizes[event.anchor] = 1
            case _:
                pass
        if nodes > MOST_NODES:
            raise Unreadable(f"the document has more than {MOST_NODES} values, with what its aliases repeat")
        if len(opened) > DEEPEST:
            raise Unreadable(f"the document is nested more than {DEEPEST} deep")
