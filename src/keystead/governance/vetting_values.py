"""What does somebody say about an item or an exception? Read from what a form, a program or a command gives."""

from collections.abc import Mapping
from typing import Any

from keystead.core.errors import Invalid, NotFound
from keystead.core.ids import parse_id
from keystead.core.instants import DAY, Instant, parse_iso
from keystead.core.vetting import Item, ItemState
from keystead.governance.vetting import ItemChange

_TEXTS = ("link", "digest", "note")
_DAYS = ("valid_from", "valid_until")


def item_named(name: str) -> Item:
    """Return the item of this name. Raises NotFound."""
    if name not in set(Item):
        raise NotFound
    return Item(name)


def item_change(item: Item, given: Mapping[str, object]) -> ItemChange:
    """Return what is given about an item; a blank value takes away what was there. Raises Invalid."""
    values: dict[str, Any] = {}
    problems: dict[str, list[str]] = {}
    if (state := given.get("state")) is not None:
        if isinstance(state, str) and state in set(ItemState):
            values["state"] = ItemState(state)
        else:
            problems["state"] = [f"must be one of {', '.join(ItemState)}"]
    for name in _DAYS:
        if name in given:
            text = _text(given[name])
            moment = None if text is None else parse_iso(text)
            if text is not None and moment is None:
                problems[name] = ["must be a day such as 2027-02-03"]
            values[name] = None if moment is None else Instant(moment // DAY * DAY)
    for name in _TEXTS:
        if name in given:
            values[name] = _text(given[name])
    if values.get("digest") is not None:
        values["digest"] = str(values["digest"]).lower().removeprefix("sha256:")
    if "evidence_id" in given:
        text = _text(given["evidence_id"])
        values["evidence_id"] = None if text is None else (parse_id(text) or 0)
    if problems:
        raise Invalid(problems)
    return ItemChange(item=item, values=values)


def about(given: Mapping[str, object]) -> dict[str, Any]:
    """Return what is given about a whole record: ``vendor_id`` and ``note``."""
    values: dict[str, Any] = {}
    if "note" in given:
        values["note"] = _text(given["note"])
    if "vendor_id" in given:
        text = _text(given["vendor_id"])
        values["vendor_id"] = None if text is None else (parse_id(text) or 0)
    return values


def vendor_values(given: Mapping[str, object]) -> dict[str, Any]:
    """Return what is given about a vendor."""
    return {name: _text(given[name]) for name in ("name", "website", "contacts") if name in given}


def days(given: object) -> int:
    """Return for how many days an exception is meant; 0, which no exception may have, when that is no number."""
    text = str(given or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _text(value: object) -> str | None:
    if isinstance(value, Mapping | list):
        raise Invalid({"value": ["must be a text"]})
    text = "" if value is None else str(value).replace("\r\n", "\n").strip()
    return text or None
