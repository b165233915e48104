"""How is a list given out that nobody counts? By bookmarks, opaque to clients (docs/canvas-compat.md, Paging)."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from keystead.api.paging import LONGEST_LINKS, page_of
from keystead.api.requests import Answer, Ask
from keystead.core.errors import NotFound
from keystead.core.parameters import filter_query

Item = TypeVar("Item")

FIRST = "first"
PREFIX = "bookmark:"
_LARGEST = 2**63 - 1
_LEFT_OUT = ("page", "per_page", "access_token", "api_key", "as_user_id", "_method")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page begins: after the item with these two ordered numbers, at the start when None."""

    size: int
    after: tuple[int, int] | None = None


def place_of(ask: Ask) -> Place:
    """Return the page asked for. Raises NotFound for anything that is no bookmark of ours."""
    page = ask.query.get("page")
    _, size = page_of(replace(ask, query={"per_page": ask.query.get("per_page")}))
    if page in (None, "", FIRST, "1"):
        return Place(size=size)
    if not isinstance(page, str) or not page.startswith(PREFIX):
        raise NotFound
    return Place(size=size, after=_opened(page.removeprefix(PREFIX)))


def bookmarked(
    ask: Ask,
    place: Place,
    found: Sequence[Item],
    *,
    shape: Callable[[Item], object],
    mark: Callable[[Item], tuple[int, int]],
) -> Answer:
    """Return a page with its links; ``found`` holds one item more than the page when another page follows."""
    shown = found[: place.size]
    pages = {"current": FIRST if place.after is None else PREFIX + _sealed(place.after)}
    if len(found) > place.size:
        pages["next"] = PREFIX + _sealed(mark(shown[-1]))
    pages["first"] = FIRST
    return Answer(body=[shape(item) for item in shown], headers={"link": _links(ask, place.size, pages)})


def _links(ask: Ask, size: int, pages: dict[str, str]) -> str:
    rest = filter_query(ask.raw_query, drop=_LEFT_OUT, strip_includes=False).decode("ascii")
    start = f"{ask.url}?{rest}{'&' if rest else ''}"
    links = {name: f'<{start}page={page}&per_page={size}>; rel="{name}"' for name, page in pages.items()}
    if len(",".join(links.values())) > LONGEST_LINKS:
        links = {name: link for name, link in links.items() if name == "next" and len(link) <= LONGEST_LINKS}
    return ",".join(links.values())


def _sealed(numbers: tuple[int, int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(numbers).encode()).decode().rstrip("=")


def _opened(bookmark: str) -> tuple[int, int]:
    try:
        numbers = json.loads(base64.b64decode(bookmark + "=" * (-len(bookmark) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        raise NotFound from None
    if not isinstance(numbers, list) or len(numbers) != 2:
        raise NotFound
    first, second = numbers
    if (
        type(first) is not int
        or type(second) is not int
        or not 0 <= min(first, second) <= max(first, second) <= _LARGEST
    ):
        raise NotFound
    return first, second
