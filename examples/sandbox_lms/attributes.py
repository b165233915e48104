"""Attributes of a change, read by type; what is wrong with them is collected and refused together."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime

from sandbox_lms.body import Value
from sandbox_lms.refusals import invalid, missing
from sandbox_lms.times import read_moment

LONGEST_TEXT = 500_000
LARGEST_NUMBER = 1_000_000_000
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_YES, _NO = {"true", "1", "on", "yes"}, {"false", "0", "off", "no"}


class Attributes:
    """What the caller gave. Each reader returns `now` when the attribute is absent, so that a change is one `replace`.

    Call `check()` when all are read and before anything is stored.
    """

    def __init__(self, tree: Mapping[str, Value]) -> None:
        self._tree = tree
        self._problems: dict[str, str] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._tree

    def check(self) -> None:
        if self._problems:
            raise invalid(self._problems)

    def refuse(self, name: str, problem: str) -> None:
        self._problems.setdefault(name, problem)

    def text(self, name: str, now: str, *, longest: int = 255) -> str:
        """Text that must not be blank."""
        given = self.free_text(name, now, longest=longest)
        if given.strip():
            return given
        self.refuse(name, "can't be blank")
        return now

    def free_text(self, name: str, now: str, *, longest: int = LONGEST_TEXT) -> str:
        """Text that may be empty; null is empty."""
        given = self._tree.get(name, now)
        if given is None:
            return ""
        if isinstance(given, str) and len(given) <= longest:
            return given
        long = isinstance(given, str)
        self.refuse(name, f"is too long (maximum is {longest} characters)" if long else "is invalid")
        return now

    def choice(self, name: str, now: str, among: Collection[str]) -> str:
        given = self._tree.get(name, now)
        if isinstance(given, str) and given in among:
            return given
        self.refuse(name, "is not included in the list")
        return now

    def flag(self, name: str, now: bool) -> bool:
        given = self._tree.get(name, now)
        word = str(given).lower()
        if word in _YES | _NO:
            return word in _YES
        self.refuse(name, "is invalid")
        return now

    def number(self, name: str, now: float | None) -> float | None:
        """A number from zero; empty and null take it away."""
        return self._counted(name, now, _DECIMAL, 0)

    def whole(self, name: str, now: int | None, *, least: int = 0) -> int | None:
        given = self._counted(name, now, _WHOLE, least)
        return None if given is None else int(given)

    def moment(self, name: str, now: datetime | None) -> datetime | None:
        """A point in time; empty and null take it away."""
        if name not in self._tree:
            return now
        given = self._tree[name]
        if given is None or given == "":
            return None
        try:
            return read_moment(str(given))
        except ValueError:
            self.refuse(name, "is invalid")
            return now

    def words(self, name: str, now: tuple[str, ...], among: Collection[str]) -> tuple[str, ...]:
        if name not in self._tree:
            return now
        given = self._tree[name]
        items = given if isinstance(given, list) else [given]
        chosen = tuple(dict.fromkeys(each for each in items if isinstance(each, str) and each in among))
        if not items or len(chosen) != len(items):
            self.refuse(name, "is not included in the list")
        return chosen

    def _counted(self, name: str, now: float | None, form: re.Pattern[str], least: int) -> float | None:
        if name not in self._tree:
            return now
        given = self._tree[name]
        if given is None or given == "":
            return None
        if isinstance(given, bool) or not isinstance(given, str | int | float) or not form.fullmatch(f"{given}"[:40]):
            self.refuse(name, "is not a number")
            return now
        counted = float(given)
        if counted < least:
            self.refuse(name, f"must be greater than or equal to {least}")
        if counted > LARGEST_NUMBER:
            self.refuse(name, f"must be less than or equal to {LARGEST_NUMBER}")
        return counted


def envelope(tree: Value, name: str) -> Attributes:
    """The attributes inside the named object; without it the answer is that it is missing."""
    inside = tree.get(name) if isinstance(tree, dict) else None
    if not isinstance(inside, dict) or not inside:
        raise missing(name)
    return Attributes(inside)


def bare(tree: Value) -> Attributes:
    return Attributes(tree if isinstance(tree, dict) else {})
