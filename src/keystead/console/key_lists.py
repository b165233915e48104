"""Which list of keys does an address ask for? Tab, search, order and page, read from it and written back."""

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from keystead.storage.read.keys import KeyOrder, KeySearch
from keystead.storage.read.pages import Window

PAGE_SIZE: Final = 25
MOST_AT_ONCE: Final = 1_000
LTI: Final = "lti"
_LONGEST_SEARCH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyListing:
    """One list of keys, as its address names it."""

    is_inherited: bool = False
    words: str = ""
    kind: str = ""
    order: KeyOrder = KeyOrder.CLIENT_ID
    is_descending: bool = True
    page: int = 1
    shows_all: bool = False

    @classmethod
    def read(cls, query: QueryParams) -> "KeyListing":
        """Read the query of a list's address; what it does not know counts as not said."""
        order = query.get("sort", "")
        known = order in set(KeyOrder)
        page = query.get("page", "1")
        return cls(
            is_inherited=query.get("tab") == "inherited",
            words=query.get("q", "")[:_LONGEST_SEARCH].strip(),
            kind=query.get("type", "") if query.get("type") in ("api", LTI) else "",
            order=KeyOrder(order) if known else KeyOrder.CLIENT_ID,
            is_descending=query.get("order", "asc" if known else "desc") == "desc",
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 9 else 1,
            shows_all=query.get("all") == "1",
        )

    @property
    def window(self) -> Window:
        """The part of the list that is shown. No key is of the LTI kind, so that list is empty."""
        if self.kind == LTI:
            return Window(limit=0)
        if self.shows_all:
            return Window(limit=MOST_AT_ONCE)
        return Window(limit=PAGE_SIZE, offset=(self.page - 1) * PAGE_SIZE)

    @property
    def search(self) -> KeySearch:
        """What is asked of storage."""
        return KeySearch(words=self.words, order=self.order, is_descending=self.is_descending)

    @property
    def query(self) -> str:
        """The list's query with its question mark; empty for the plain list."""
        said = {
            "tab": "inherited" if self.is_inherited else "",
            "q": self.words,
            "type": self.kind,
            "sort": "" if self.is_as_usual else self.order.value,
            "order": "" if self.is_as_usual else ("desc" if self.is_descending else "asc"),
            "page": "" if self.page == 1 else str(self.page),
            "all": "1" if self.shows_all else "",
        }
        given = {name: value for name, value in said.items() if value}
        return "?" + urlencode(given) if given else ""

    @property
    def is_as_usual(self) -> bool:
        """Whether the newest keys come first, as on the plain list."""
        return self.order is KeyOrder.CLIENT_ID and self.is_descending

    def sorted_by(self, order: KeyOrder) -> "KeyListing":
        """Return the list that a press on a column's heading leads to: by it ascending, or the other way round."""
        descends = self.order is order and not self.is_descending
        return replace(self, order=order, is_descending=descends, page=1)

    def on(self, page: int) -> "KeyListing":
        """Return another page of the list."""
        return replace(self, page=page, shows_all=False)

    def whole(self) -> "KeyListing":
        """Return the list without pages."""
        return replace(self, page=1, shows_all=True)
