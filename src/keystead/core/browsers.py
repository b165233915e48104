"""Which browser says it is this? A name that people know, read from what the browser sends."""

import re
from typing import Final

LONGEST: Final = 60
_PROGRAMS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
"""Marks and names, first hit wins: most browsers also carry the marks of those they descend from."""
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_FIRST_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9 ._-]*", re.ASCII)


def browser_name(user_agent: str | None) -> str | None:
    """Return program and system, such as ``Firefox, Windows``; for others the first word; None for nothing readable.

    ``user_agent`` is the header's value (RFC 9110 section 10.1.5). It proves nothing: whoever asks chose it.
    """
    text = (user_agent or "")[:1_000]
    program = next((name for mark, name in _PROGRAMS if mark in text), None)
    if program is None:
        first = _FIRST_WORD.match(text)
        return None if first is None else first.group()[:LONGEST].strip()
    system = next((name for mark, name in _SYSTEMS if mark in text), None)
    return program if system is None else f"{program}, {system}"
