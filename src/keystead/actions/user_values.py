"""What may a person's names and other values be, and which follow from others?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from keystead.actions.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from keystead.actions.wording import BLANK, LONGEST_LINE, NOT_AN_ADDRESS, is_address, is_locale, line_problem
from keystead.core.credentials import Secret
from keystead.core.errors import Refused

COLUMNS = ("name", "short_name", "sortable_name", "email", "locale", "time_zone")
_MAY_BE_BLANK = frozenset({"email", "locale", "time_zone"})
_TOO_SHORT = f"is too short (minimum is {SHORTEST_PASSWORD} characters)"
_TOO_LONG = f"is too long (maximum is {LONGEST_PASSWORD} characters)"
_KINDS = {BLANK: "blank", _TOO_SHORT: "too_short", _TOO_LONG: "too_long", NOT_AN_ADDRESS: "invalid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a value: a word for programs and one for people."""

    kind: str
    message: str


class PersonRefused(Refused):
    """A person cannot be made as wanted: problems by group (``user``, ``pseudonym``…) and attribute."""

    code = "invalid"

    def __init__(self, problems: Mapping[str, Mapping[str, Problem]]) -> None:
        self.problems = problems
        told = (f"{name} {problem.message}" for group in problems.values() for name, problem in group.items())
        super().__init__("; ".join(told))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """Who is wanted; None means: as follows from the others."""

    unique_id: str
    password: Secret | None = None
    name: str | None = None
    short_name: str | None = None
    sortable_name: str | None = None
    email: str | None = None
    locale: str | None = None
    time_zone: str | None = None


def completed(wanted: NewPerson) -> NewPerson:
    """Return the person with what follows: a name from the login, other names from the name, an address from either."""
    unique_id = wanted.unique_id.strip()
    name = normal("name", wanted.name) or unique_id
    return replace(
        wanted,
        unique_id=unique_id,
        name=name,
        short_name=normal("short_name", wanted.short_name) or name,
        sortable_name=normal("sortable_name", wanted.sortable_name) or _last_name_first(name),
        email=normal("email", wanted.email) or (unique_id if is_address(unique_id) else None),
        locale=normal("locale", wanted.locale),
        time_zone=normal("time_zone", wanted.time_zone),
    )


def normal(name: str, value: str | None) -> str | None:
    """Return a value as it is stored: without surrounding space, None for a blank one that need not be there."""
    stripped = None if value is None else value.strip()
    return stripped or None if name in _MAY_BE_BLANK else stripped


def problem_of(name: str, value: str | None) -> str | None:
    """Return what is wrong with a value of this column, None when nothing is."""
    if value is None:
        return None if name in _MAY_BE_BLANK else BLANK
    problem = line_problem(value)
    if problem is None and name == "email" and not is_address(value):
        return NOT_AN_ADDRESS
    if problem is None and name == "locale" and not is_locale(value):
        return "is not a language"
    return problem


def problems_of(wanted: NewPerson) -> dict[str, dict[str, Problem]]:
    """Return what is wrong with what is given of a new person, by group and attribute; blank names count as not given.

    Group and attribute are the parameters' names, so that the caller can tell which one is meant.
    """
    given = {name: value for name in COLUMNS if (value := (getattr(wanted, name) or "").strip())}
    address = {"address": problem_of("email", given.pop("email", None))}
    user = {name: problem_of(name, value) for name, value in given.items()}
    pseudonym = {"unique_id": line_problem(wanted.unique_id.strip()), "password": _password_problem(wanted.password)}
    groups = {"user": user, "pseudonym": pseudonym, "communication_channel": address}
    return {group: found for group, problems in groups.items() if (found := _spoken(problems))}


def _last_name_first(name: str) -> str:
    first, _, last = name.rpartition(" ")
    return f"{last}, {first}"[:LONGEST_LINE] if first else last


def _spoken(problems: Mapping[str, str | None]) -> dict[str, Problem]:
    return {name: Problem(kind=_KINDS.get(text, text), message=text) for name, text in problems.items() if text}


def _password_problem(password: Secret | None) -> str | None:
    if password is None:
        return None
    length = len(password.reveal())
    if length < SHORTEST_PASSWORD:
        return _TOO_SHORT
    return _TOO_LONG if length > LONGEST_PASSWORD else None
