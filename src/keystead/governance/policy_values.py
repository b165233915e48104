"""What does somebody lay down about the use of a key? Read strictly from what a form, a program or a command gives."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from zoneinfo import available_timezones

from keystead.core.addresses import Network, read_network
from keystead.core.errors import Invalid
from keystead.core.ids import UserId, parse_id
from keystead.core.instants import Instant, parse_iso
from keystead.core.key_hours import DAYS, MINUTES_OF_DAY, Hours
from keystead.core.key_policies import OwnerRule, Ranges
from keystead.core.usage import read_day

MOST_RANGES: Final = 100
MOST_DAYS_OFF: Final = 365
NAMES: Final = ("address_ranges", "hours", "review_on", "expires_at", "owner")
_LONGEST_NUMBER: Final = 5
_TIME: Final = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])", re.ASCII)


class _Wrong(Exception):  # noqa: N818  (what is wrong, said by one reader to its caller)
    """What a value must be."""


def policy_values(given: Mapping[str, object]) -> dict[str, Any]:
    """Return the parts of a policy that are given, as core.key_policies.KeyPolicy has them; a blank one is none.

    ``address_ranges`` is a list of texts, ``hours`` an object with ``zone``, ``days``, ``from`` and ``to``,
    ``review_on`` a day, ``expires_at`` a moment, ``owner`` an object with ``user_id`` and ``off_after_days``, both of
    which may be left out. Raises Invalid, with each wrong part by its name, for any other name too.
    """
    problems: dict[str, list[str]] = {name: ["is no part of a policy"] for name in given if name not in NAMES}
    values: dict[str, Any] = {}
    for name, (attribute, read) in _READERS.items():
        if name not in given:
            continue
        try:
            values[attribute] = read(given[name])
        except _Wrong as wrong:
            problems[name] = [str(wrong)]
    if problems:
        raise Invalid(problems)
    return values


def _ranges(value: object) -> Ranges:
    entries = [] if _is_blank(value) else value
    if not isinstance(entries, list) or not all(isinstance(entry, str) for entry in entries):
        raise _Wrong("must be a list of texts")
    found: dict[Network, None] = {}
    for entry in entries:
        network = read_network(entry)
        if network is None:
            raise _Wrong(f"must be networks such as 203.0.113.0/24 or 2001:db8::/32; {entry[:60]!r} is none")
        found[network] = None
    if len(found) > MOST_RANGES:
        raise _Wrong(f"must be {MOST_RANGES} at the most")
    return tuple(found)


def _hours(value: object) -> Hours | None:
    if _is_blank(value):
        return None
    if not isinstance(value, Mapping) or set(value) != {"zone", "days", "from", "to"}:
        raise _Wrong("must have zone, days, from and to, and nothing else")
    zone, days = value["zone"], value["days"]
    if not isinstance(zone, str) or zone not in available_timezones():
        raise _Wrong("must have a time zone such as Europe/Berlin")
    if not isinstance(days, list) or not days or not all(isinstance(day, str) and day in DAYS for day in days):
        raise _Wrong(f"must have days among {', '.join(DAYS)}")
    opens, closes = _minute(value["from"], "from"), _minute(value["to"], "to")
    if opens == MINUTES_OF_DAY:
        raise _Wrong("must begin at 00:00 to 23:59")
    named = frozenset(DAYS.index(day) for day in days)
    return Hours(zone=zone, days=named, opens=opens, closes=closes % MINUTES_OF_DAY)


def _minute(value: object, name: str) -> int:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    minute = MINUTES_OF_DAY + 1 if found is None else int(found.group(1)) * 60 + int(found.group(2))
    if minute > MINUTES_OF_DAY:
        raise _Wrong(f"must have a time such as 08:30 as {name}")
    return minute


def _review_on(value: object) -> int | None:
    if _is_blank(value):
        return None
    day = read_day(value) if isinstance(value, str) else None
    if day is None:
        raise _Wrong("must be a day such as 2027-02-03")
    return day


def _expires_at(value: object) -> Instant | None:
    if _is_blank(value):
        return None
    moment = parse_iso(value) if isinstance(value, str) else None
    if moment is None or moment < 0:
        raise _Wrong("must be a moment such as 2027-02-03T12:00:00Z")
    return moment


def _owner(value: object) -> OwnerRule | None:
    if _is_blank(value):
        return None
    if not isinstance(value, Mapping) or not set(value) <= {"user_id", "off_after_days"}:
        raise _Wrong("must have user_id and off_after_days, or nothing")
    person, after = value.get("user_id"), value.get("off_after_days")
    user_id = None if _is_blank(person) else _number(person, parse_id(str(person)), "user_id")
    days = None
    if not _is_blank(after):
        text = str(after)
        is_short = text.isascii() and text.isdigit() and len(text) < _LONGEST_NUMBER
        days = _number(after, int(text) if is_short else None, "off_after_days")
        if days > MOST_DAYS_OFF:
            raise _Wrong(f"must have 0 to {MOST_DAYS_OFF} days as off_after_days")
    return OwnerRule(user_id=None if user_id is None else UserId(user_id), off_after_days=days)


def _number(value: object, read: int | None, name: str) -> int:
    if read is None or isinstance(value, bool) or not isinstance(value, str | int):
        raise _Wrong(f"must have a whole number as {name}")
    return read


def _is_blank(value: object) -> bool:
    return value is None or value == ""


_READERS: Final[Mapping[str, tuple[str, Callable[[object], Any]]]] = {
    "address_ranges": ("ranges", _ranges),
    "hours": ("hours", _hours),
    "review_on": ("review_on", _review_on),
    "expires_at": ("expires_at", _expires_at),
    "owner": ("owner", _owner),
}
