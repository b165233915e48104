"""How are lists given out in pages? With Canvas's parameters and ``Link`` header (docs/canvas-compat.md, Paging)."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from keystead.api.requests import Answer, Ask
from keystead.core.errors import NotFound
from keystead.core.parameters import Value, filter_query
from keystead.storage.read.pages import Listing, Window

Item = TypeVar("Item")

DEFAULT_SIZE = 10
LARGEST_SIZE = 100
LARGEST_PAGE = 10**12
LONGEST_LINKS = 6 * 1024
_LEFT_OUT = ("page", "per_page", "access_token", "api_key")
_WRITTEN = ("current", "next", "prev", "first", "last")
_KEPT_FIRST = ("next", "last", "prev", "current", "first")
_WHOLE = re.compile(r"-?[0-9]{1,100}", re.ASCII)


def page_of(ask: Ask) -> tuple[int, int]:
    """Return the page asked for and its size. Raises NotFound for a page that is no number."""
    size = _number(ask.query.get("per_page"), DEFAULT_SIZE)
    page = ask.query.get("page")
    number = 1 if page is None or page == "" else _number(page, -1)
    if number < 1:
        raise NotFound
    return min(number, LARGEST_PAGE), max(1, min(size, LARGEST_SIZE))


def window_of(ask: Ask) -> Window:
    """Return the part of the list that the page asked for holds."""
    page, size = page_of(ask)
    return Window(limit=size, offset=(page - 1) * size)


def paged(ask: Ask, found: Listing[Item], shape: Callable[[Item], object], *, base: str | None = None) -> Answer:
    """Return a page of a list with its links; ``base`` replaces the URL asked for in them."""
    return paged_shapes(ask, [shape(item) for item in found.items], found.total, base=base)


def paged_shapes(ask: Ask, shapes: Sequence[object], total: int, *, base: str | None = None) -> Answer:
    """Return shapes of one page of a list of ``total`` with its links."""
    page, size = page_of(ask)
    last = max(1, -(-total // size))
    pages = {"current": page, "first": 1, "last": last}
    if page < last:
        pages["next"] = page + 1
    if page > 1:
        pages["prev"] = page - 1
    rest = filter_query(ask.raw_query, drop=_LEFT_OUT, strip_includes=False).decode("ascii")
    start = f"{base or ask.url}?{rest}{'&' if rest else ''}"
    links = {name: f'<{start}page={number}&per_page={size}>; rel="{name}"' for name, number in pages.items()}
    return Answer(body=list(shapes), headers={"link": _fitting(links)})


def _fitting(links: dict[str, str]) -> str:
    kept: set[str] = set()
    used = 0
    for name in _KEPT_FIRST:
        if name in links and used + len(links[name]) + 1 <= LONGEST_LINKS:
            kept.add(name)
            used += len(links[name]) + 1
    return ",".join(links[name] for name in _WRITTEN if name in kept)


def _number(value: Value, otherwise: int) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return otherwise if value is None or value == "" else -1
