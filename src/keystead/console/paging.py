"""Which page of a list does an address ask for, and where are its neighbours?"""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.requests import Request

from keystead.console.views import PageLinks
from keystead.web.surface import Visitor


def page_of(request: Request) -> int:
    """Return the number of the page asked for; what is no number means the first one."""
    given = request.query_params.get("page", "1")
    return max(1, int(given)) if given.isascii() and given.isdigit() and len(given) < 9 else 1


def links(
    visitor: Visitor, address: str, asked: Mapping[str, str], *, page: int, size: int, total: int
) -> PageLinks | None:
    """Return the way to the neighbours of a page, None for a list of one page. ``asked`` are the list's own filters."""
    if total <= size:
        return None

    def href(number: int) -> str:
        given = {name: text for name, text in asked.items() if text}
        return f"{address}?{urlencode(given | {'page': str(number)})}"

    first = (page - 1) * size + 1
    last = min(first + size - 1, total)
    return PageLinks(
        words=visitor.say("%(first)s to %(last)s of %(total)s", first=first, last=last, total=total),
        previous_href=href(page - 1) if page > 1 else None,
        next_href=href(page + 1) if page * size < total else None,
    )
