"""Is a text that people wrote fit to be stored and shown?"""

import re
import unicodedata

from keystead.core.accounts import normal_host

LONGEST_LINE = 255
BLANK = "can't be blank"
TOO_LONG = f"is too long (maximum is {LONGEST_LINE} characters)"
UNREADABLE = "contains characters that cannot be shown"
NOT_A_HOST = "is not a host name"
NOT_AN_ADDRESS = "is not an e-mail address"

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_PORT = re.compile(r"(?::[0-9]{1,5})?", re.ASCII)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,4}", re.ASCII)


def line_problem(text: str) -> str | None:
    """Return what is wrong with one line of text, None when nothing is."""
    if not text.strip():
        return BLANK
    if len(text) > LONGEST_LINE:
        return TOO_LONG
    hidden = any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)
    return UNREADABLE if hidden else None


def host_problem(host: str) -> str | None:
    """Return what is wrong with a host name; a port behind it is allowed, since hosts are compared without."""
    wanted = host.strip().lower()
    name = normal_host(wanted)
    rest = wanted.removeprefix(name).removeprefix(".")
    known = len(name) <= 253 and all(_LABEL.fullmatch(label) for label in name.split("."))
    return None if known and _PORT.fullmatch(rest) else NOT_A_HOST


def is_address(text: str) -> bool:
    """Whether a text looks like an e-mail address."""
    return line_problem(text) is None and _ADDRESS.fullmatch(text) is not None


def is_locale(text: str) -> bool:
    """Whether a text looks like a language tag (RFC 5646)."""
    return _LOCALE.fullmatch(text) is not None
