"""How is a long list read a page at a time?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Row, Select, func, select

from keystead.storage.transaction import Transaction

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which part of a list is wanted."""

    limit: int
    offset: int = 0


EVERYTHING = Window(limit=1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[Item]):
    """One page of a list, and how long the whole list is."""

    items: tuple[Item, ...]
    total: int


def listing(
    tx: Transaction,
    chosen: Select[Any],
    window: Window,
    *,
    order: Sequence[ColumnElement[Any]],
    make: Callable[[Row[Any]], Item],
) -> Listing[Item]:
    """Return the window of the chosen rows in this order, each made into a value."""
    total = tx.connection.execute(select(func.count()).select_from(chosen.subquery())).scalar_one()
    rows = tx.connection.execute(chosen.order_by(*order).limit(window.limit).offset(window.offset))
    return Listing(items=tuple(make(row) for row in rows), total=total)
