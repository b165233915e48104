"""What are the pages put together from? Every building block on one page, to be looked at."""

from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import permits
from keystead.console.manners import signed_in
from keystead.console.views import PageLinks
from keystead.core.actors import Right
from keystead.core.instants import Instant
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

ADDRESS: Final = "/console/patterns"
TITLE: Final = "Patterns"
COLOURS: Final = (
    ("page", "behind everything"),
    ("surface", "cards, tables, fields"),
    ("surface-sunken", "what lies in a surface"),
    ("ink", "text"),
    ("ink-soft", "text that explains"),
    ("line", "between parts"),
    ("control-line", "around controls"),
    ("accent", "links and main buttons"),
    ("accent-strong", "the same, pressed"),
    ("on-accent", "text on them"),
    ("accent-wash", "behind notices"),
    ("focus", "around what has the keyboard"),
    ("good", "on, done, passed"),
    ("good-wash", "behind it"),
    ("warn", "take care"),
    ("warn-wash", "behind it"),
    ("danger", "refused, destroys"),
    ("danger-strong", "the same, pressed"),
    ("on-danger", "text on it"),
    ("danger-wash", "behind it"),
)
"""The colours of ``web/static/tokens.css`` by name, with what each is for; ``patterns.css`` draws them."""
SIGNS: Final = (
    "on", "off", "allow", "pending", "expired", "warning", "see", "change", "delete", "unseen", "copy", "people",
    "usage", "lock",
)  # fmt: skip
SPACES: Final = (1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternsView:
    """The building blocks, and values to show them with."""

    TEMPLATE: ClassVar = "console/patterns.html"

    now: Instant
    pages: PageLinks
    colours: tuple[tuple[str, str], ...] = COLOURS
    signs: tuple[str, ...] = SIGNS
    spaces: tuple[int, ...] = SPACES
    states: tuple[str, ...] = ("on", "off", "allow", "active", "pending", "expired")


class Patterns:
    """``/console/patterns``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        return [Route(ADDRESS, self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """Show every building block, to whoever may manage keys here."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            permits.require(tx, visitor.acting, Right.MANAGE_DEVELOPER_KEYS, visitor.domain_root)
            words = visitor.say("%(first)s to %(last)s of %(total)s", first=26, last=50, total=120)
            view = PatternsView(
                now=tx.now, pages=PageLinks(words=words, previous_href=f"{ADDRESS}#pages", next_href=f"{ADDRESS}#pages")
            )
            return show(tx, self._surface.pages, visitor, view, TITLE)

        return await signed_in(self._surface, request, work)
