"""What do scopes let an app do, in the words of people? Told by resource: see, change, delete."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from keystead.core.scopes import USERINFO

IDENTITY: Final = "Who you are"
UNDOCUMENTED: Final = "Other parts of your account"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantLine:
    """What an app may do with one kind of thing."""

    resource_name: str
    sees: bool = False
    changes: bool = False
    deletes: bool = False


class Described(Protocol):
    """What is needed of a catalogue's entry."""

    @property
    def resource_name(self) -> str | None:
        """The display name of what the scope is about."""

    @property
    def verb(self) -> str:
        """The verb of its route."""


def grants_of(scopes: Iterable[str], find: Callable[[str], Described | None]) -> tuple[GrantLine, ...]:
    """Return what the scopes allow, one line per resource, in alphabetical order with identity first.

    Scopes the catalogue does not know cover no call and are left out; entries without a display name share one line.
    """
    verbs: dict[str, set[str]] = {}
    for scope in scopes:
        entry = find(scope)
        if entry is not None:
            name = IDENTITY if scope == USERINFO else entry.resource_name or UNDOCUMENTED
            verbs.setdefault(name, set()).add(entry.verb)
    return tuple(
        GrantLine(
            resource_name=name,
            sees="GET" in verbs[name],
            changes=not verbs[name].isdisjoint(("POST", "PUT", "PATCH")),
            deletes="DELETE" in verbs[name],
        )
        for name in sorted(verbs, key=_shown_order)
    )


def _shown_order(name: str) -> tuple[bool, bool, str]:
    return name != IDENTITY, name == UNDOCUMENTED, name.casefold()
