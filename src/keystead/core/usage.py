"""What is counted of judged calls, and under which names? Days are whole days since 1970 in UTC."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple
from urllib.parse import unquote

from keystead.core.addresses import read_address
from keystead.core.ids import parse_id
from keystead.core.instants import DAY, Instant

ALLOWED: Final = "allowed"
THROTTLED: Final = "throttled"
"""The outcome of a call that might have passed, but whose client had asked for too much."""
UNMAPPED: Final = "unmapped"
"""The scope of calls that no template of the catalogue knows."""
OTHER: Final = "other"
"""What stands for scopes and values that were too many to be told apart. Sums stay exact."""
LONGEST_VALUE: Final = 64

_FIRST: Final = date(1970, 1, 1)


class Dimension(StrEnum):
    """By what calls are counted besides key, root account, day and outcome."""

    CALL = "call"
    PERSON = "person"
    NETWORK = "network"
    COURSE = "course"
    ACCOUNT = "account"


class Counted(NamedTuple):
    """The name of one counter. ``value`` is the person, network, course or account; empty for calls as such.

    ``scope`` is empty where calls are not told apart by it: in networks.
    """

    key_id: int
    root_id: int
    dimension: Dimension
    day: int
    scope: str
    value: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Whole days, the first and the last one included."""

    first: int
    last: int

    @property
    def days(self) -> int:
        """How many days there are."""
        return self.last - self.first + 1


def day_of(instant: int) -> int:
    """Return the day in which a moment falls."""
    return instant // DAY


def date_of(day: int) -> str:
    """Return a day as ``2025-05-30``."""
    return (_FIRST + timedelta(days=day)).isoformat()


def month_name(day: int) -> str:
    """Return the month of a day as ``2025-05``."""
    return date_of(day)[:7]


def read_day(text: str) -> int | None:
    """Return the day that ``2025-05-30`` names, None when it names none."""
    try:
        return (date.fromisoformat(text.strip()) - _FIRST).days
    except ValueError:
        return None


def month_start(day: int) -> int:
    """Return the first day of the month of a day."""
    return ((_FIRST + timedelta(days=day)).replace(day=1) - _FIRST).days


def months_before(now: Instant, months: int) -> int:
    """Return the first day of the month so many months before this one."""
    today = datetime.fromtimestamp(day_of(now) * 86_400, UTC).date()
    years, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return (date(years, month + 1, 1) - _FIRST).days


@lru_cache(maxsize=4096)
def network_of(address: str | None) -> str:
    """Return the network that an address stands in: enough to tell sources apart, too little to name a person.

    Empty when the address is not known.
    """
    parsed = read_address(address)
    if parsed is None:
        return ""
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


@lru_cache(maxsize=4096)
def place_in(scope: str | None) -> tuple[Dimension, int] | None:
    """Return which segment of a path names a course or an account, for calls that match the scope's template."""
    if scope is None:
        return None
    parts = scope.partition("|")[2].split("/")
    for at, (noun, name) in enumerate(pairwise(parts)):
        if noun.startswith("*"):
            return None
        if name.startswith(":") and noun in _NOUNS:
            return _NOUNS[noun], at + 1
    return None


def course_in(path: str, segment: int) -> str:
    """Return the course that a segment of a path names: its local id where it is one, else the words as they stand."""
    parts = path.split("/")
    if segment < len(parts) and (plain := parts[segment]).isascii() and plain.isdigit() and len(plain) < 13:
        return plain.lstrip("0") or plain[:LONGEST_VALUE]
    text = unquote(parts[segment]).removesuffix(".json") if segment < len(parts) else ""
    return str(parse_id(text) or text[:LONGEST_VALUE])


_NOUNS: Final = {"courses": Dimension.COURSE, "accounts": Dimension.ACCOUNT}
