"""In which language and in whose time does a person want to read?"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import users as act
from keystead.console.manners import back_to, with_own_form
from keystead.core.actors import User
from keystead.core.errors import Invalid
from keystead.core.parameters import Tree
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction
from keystead.web.languages import LANGUAGES, is_zone, zones
from keystead.web.surface import Surface, Visitor

PROFILE: Final = "/profile/settings"
ADDRESS: Final = f"{PROFILE}/preferences"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several values, with the words that stand for it."""

    value: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Time zones of one part of the world."""

    name: str
    zones: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencesForm:
    """The form: what there is to choose from, and what is chosen. Empty means: as the browser or institution says."""

    action: str
    language: str
    zone: str
    languages: tuple[Choice, ...]
    regions: tuple[Region, ...]
    usual_zone: str


class Preferences:
    """``/profile/settings/preferences``; the form itself stands on the person's page."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the route of this form."""
        return [Route(ADDRESS, self.save, methods=["POST"])]

    async def save(self, request: Request) -> Response:
        """Keep the language and the time zone that the person chose."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            user = read_users.get_user(tx, visitor.acting.user_id)
            wanted: dict[str, str | None] = {
                "locale": _chosen(form, "locale", user.locale, LANGUAGES),
                "time_zone": _chosen(form, "time_zone", user.time_zone, zones()),
            }
            act.update(tx, user, wanted, acting=visitor.acting, because=None)
            return back_to(tx, visitor, f"{PROFILE}#preferences", visitor.say("Save successful."))

        return await with_own_form(self._surface, request, work)


def preferences_form(visitor: Visitor, user: User) -> PreferencesForm:
    """Return the form for a person. What they have and nobody may choose any more can stay."""
    usual = visitor.domain_root.default_time_zone
    languages = [Choice(value=tag, words=name) for tag, name in LANGUAGES.items()]
    if user.locale and user.locale not in LANGUAGES:
        languages.append(Choice(value=user.locale, words=user.locale))
    every_zone = sorted({*zones(), *([user.time_zone] if user.time_zone else ())})
    return PreferencesForm(
        action=ADDRESS,
        language=user.locale or "",
        zone=user.time_zone or "",
        languages=tuple(languages),
        regions=tuple(_regions(every_zone)),
        usual_zone=usual if is_zone(usual) else "UTC",
    )


def _regions(names: Iterable[str]) -> Iterable[Region]:
    for region, found in groupby(names, key=lambda name: name.partition("/")[0]):
        yield Region(name=region, zones=tuple(Choice(value=name, words=_place(name)) for name in found))


def _place(name: str) -> str:
    return (name.partition("/")[2] or name).replace("_", " ").replace("/", ", ")


def _chosen(form: Tree, name: str, now: str | None, known: Iterable[str]) -> str | None:
    """Return what the form says, None for nothing. Raises Invalid for what cannot be chosen."""
    given = form.get(name)
    value = given.strip() if isinstance(given, str) else ""
    if value and value != now and value not in known:
        raise Invalid({name: ["is not one of the choices"]})
    return value or None
