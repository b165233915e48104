"""What has been settled with the vendor of a key, and what is missing or overdue?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from keystead.core.ids import AccountId, KeyId, UserId
from keystead.core.instants import DAY, EPOCH, Instant, iso


class Item(StrEnum):
    """What an institution settles with a vendor before it trusts a key."""

    CONTRACT = "contract"
    FERPA = "ferpa"
    COPPA = "coppa"
    ACCESSIBILITY = "accessibility"
    SECURITY_REVIEW = "security_review"
    DATA_RETENTION = "data_retention"
    TOKEN_STORAGE = "token_storage"  # noqa: S105  (no password: how the vendor keeps tokens)
    DATA_LOCATION = "data_location"
    CONTACTS = "contacts"


class ItemState(StrEnum):
    """What somebody recorded about an item."""

    MISSING = "missing"
    ASKED = "asked"
    IN_PLACE = "in_place"
    NOT_NEEDED = "not_needed"


class Standing(StrEnum):
    """What a recorded state comes to at a moment."""

    MISSING = "missing"
    ASKED = "asked"
    NOT_YET = "not_yet"
    OVERDUE = "overdue"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceFile:
    """A file that was handed in; its content stays in storage."""

    id: int
    item: Item
    name: str
    content_type: str
    digest: str
    size: int
    created_at: Instant = EPOCH


@dataclass(frozen=True, slots=True, kw_only=True)
class VettedItem:
    """One item of a record. ``valid_until`` is the last day; of what was asked, the day by which to answer.

    ``digest`` is the SHA-256 of what the link leads to, or of the file.
    """

    item: Item
    state: ItemState = ItemState.MISSING
    valid_from: Instant | None = None
    valid_until: Instant | None = None
    link: str | None = None
    digest: str | None = None
    file: EvidenceFile | None = None
    note: str | None = None
    changed_by: UserId | None = None
    changed_by_name: str | None = None
    changed_at: Instant | None = None

    def standing(self, now: Instant) -> Standing:
        """Return what the item comes to now; its last day counts whole."""
        is_over = self.valid_until is not None and now >= self.valid_until + DAY
        match self.state:
            case ItemState.NOT_NEEDED:
                return Standing.COMPLETE
            case ItemState.MISSING:
                return Standing.MISSING
            case ItemState.ASKED:
                return Standing.OVERDUE if is_over else Standing.ASKED
            case ItemState.IN_PLACE:
                if is_over:
                    return Standing.OVERDUE
                is_early = self.valid_from is not None and now < self.valid_from
                return Standing.NOT_YET if is_early else Standing.COMPLETE


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """Who makes an integration, as one account knows them."""

    id: int
    account_id: AccountId
    name: str
    website: str | None = None
    contacts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vetting:
    """An account's record about a key. ``id`` is None while nothing was recorded."""

    account_id: AccountId
    key_id: KeyId
    id: int | None = None
    vendor: Vendor | None = None
    note: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[Item, VettedItem] = field(default_factory=dict)

    def item(self, item: Item) -> VettedItem:
        """Return what is recorded of an item; missing when nothing is."""
        return self.items.get(item) or VettedItem(item=item)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """A needed item that is not complete, and how it stands."""

    item: Item
    standing: Standing
    since: Instant | None = None


def lacks_of(vetting: Vetting, needed: Iterable[Item], now: Instant, *, owner: Vetting | None = None) -> list[Lack]:
    """Return the needed items that are not complete, in the order of ``Item``.

    ``owner`` is the record of the key's owner where it counts too: what is complete there is not lacking here.
    """
    wanted = set(needed)
    lacks = []
    for item in Item:
        if item not in wanted:
            continue
        mine = vetting.item(item)
        standing = mine.standing(now)
        if standing is Standing.COMPLETE:
            continue
        if owner is not None and owner.item(item).standing(now) is Standing.COMPLETE:
            continue
        lacks.append(Lack(item=item, standing=standing, since=mine.valid_until))
    return lacks


def overdue_of(vetting: Vetting, now: Instant) -> list[Lack]:
    """Return every recorded item that is overdue, needed or not."""
    return [lack for lack in lacks_of(vetting, Item, now) if lack.standing is Standing.OVERDUE]


def completed_at(vetting: Vetting, needed: Iterable[Item], now: Instant) -> Instant | None:
    """Return when the last needed item was settled; None while one is lacking, or nothing is needed or recorded."""
    wanted = tuple(needed)
    if not wanted or vetting.id is None or lacks_of(vetting, wanted, now):
        return None
    return max((vetting.item(item).changed_at or EPOCH for item in wanted), default=None)


def told_item(item: VettedItem, now: Instant) -> dict[str, object]:
    """Return an item as an object for JSON."""
    file = item.file
    return {
        "item": str(item.item), "state": str(item.state), "standing": str(item.standing(now)),
        "valid_from": day_text(item.valid_from), "valid_until": day_text(item.valid_until), "link": item.link,
        "digest": item.digest, "note": item.note, "changed_by": item.changed_by_name,
        "changed_at": iso(item.changed_at),
        "file": None if file is None else {
            "id": file.id, "name": file.name, "content_type": file.content_type, "size": file.size,
            "digest": file.digest,
        },
    }  # fmt: skip


def told_lack(lack: Lack) -> dict[str, object]:
    """Return what is lacking as an object for JSON."""
    return {"item": str(lack.item), "standing": str(lack.standing), "until": day_text(lack.since)}


def day_text(instant: Instant | None) -> str | None:
    """Return a day as it is written in JSON and forms: ``2027-02-03``."""
    text = iso(instant)
    return None if text is None else text[:10]
