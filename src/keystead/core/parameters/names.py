"""Which parameter does a name speak of, however it is written?"""

import re
from collections.abc import Collection
from typing import Final

HEARD: Final = ("access_token", "as_user_id", "_method")
INCLUDES: Final = frozenset({"include", "includes"})
ALLOWED_INCLUDES: Final = frozenset({"uuid"})

_BASE = re.compile(r"[\s\[\]]*([^\[\]]*)")
_LISTS = frozenset(f"{name}[]" for name in INCLUDES)


def base_name(name: str) -> str:
    """The name without case, brackets and surrounding blanks, as the most lenient upstream would see it.

    Old Rack reads `[include]` and `include]` as `include`; others compare without case.
    """
    found = _BASE.match(name)
    return found[1].strip().casefold() if found else ""


def is_allowed_include(name: str, value: str | None) -> bool:
    """True for an array entry that `allow_includes: false` leaves in place (docs/canvas-compat.md)."""
    return name.casefold() in _LISTS and value in ALLOWED_INCLUDES


def watched_names(drop: Collection[str], *, strip_includes: bool) -> frozenset[str]:
    """The base names a filter has to look at."""
    dropped = frozenset(name.casefold() for name in drop)
    return dropped | INCLUDES if strip_includes else dropped


def is_removed(name: str, value: str | None, watched: frozenset[str]) -> bool:
    """Whether a filter that watches these names takes this parameter out."""
    base = base_name(name)
    if base not in watched:
        return False
    return base not in INCLUDES or not is_allowed_include(name, value)
