"""Who may read which part of the audit, and how it is given away: as objects, CSV or JSON Lines."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from keystead.actions import permits
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.errors import Malformed
from keystead.core.ids import parse_id
from keystead.core.instants import DAY, Instant, iso, parse_iso
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read.audit import AuditEntry, AuditSearch
from keystead.storage.transaction import Transaction

MOST_EXPORTED: Final = 100_000
COLUMNS: Final = (
    "id", "at", "action", "subject", "subject_id", "subject_name", "account_id", "account_name", "user_id", "user_name",
    "real_user_id", "real_user_name", "key_id", "before", "after", "because", "surface", "address", "request_id",
    "sealed",
)  # fmt: skip
NEEDED_FOR: Final = {"user": Right.READ_ROSTER, "role": Right.MANAGE_ROLE_OVERRIDES}
"""What entries about people and roles need, besides the right about the audit: they hold names and addresses."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def search_of(tx: Transaction, account: Account, asked: Mapping[str, str], *, acting: Actor) -> AuditSearch:
    """Return which entries somebody asks for in an account and below it; in Site Admin, those of every account.

    ``asked`` may hold ``action``, ``user_id`` (an id, or words of a name or login), ``key_id``, ``surface``, ``from``
    and ``to`` (days or moments; a day as ``to`` counts whole) and ``search``. Accounts that were deleted still have
    their entries. Raises Forbidden, Malformed.
    """
    permits.require(tx, acting, Right.VIEW_DEVELOPER_KEY_AUDIT, account)
    ids = None if account.is_site_admin else read_accounts.ids_ever_within(tx, account)
    who = asked.get("user_id", "").strip()[:200]
    user_id = parse_id(who)
    return AuditSearch(
        account_ids=ids,
        hidden=tuple(what for what, right in NEEDED_FOR.items() if not permits.holds(tx, acting, right, account)),
        action=asked.get("action", "").strip()[:100],
        user_id=user_id,
        person=who if user_id is None else "",
        key_id=_reference(asked, "key_id"),
        surface=asked.get("surface", "").strip()[:50],
        since=_moment(asked, "from"),
        until=_end(asked),
        words=asked.get("search", "")[:200],
    )


def require_export(tx: Transaction, account: Account, *, acting: Actor) -> None:
    """Raise Forbidden unless somebody may take entries of the audit away as a file."""
    permits.require(tx, acting, Right.EXPORT_DEVELOPER_KEY_RECORDS, account)


def entry_object(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry as an object."""
    told = {name: getattr(entry, name) for name in COLUMNS if name not in ("at", "sealed")}
    return {name: {"at": iso(entry.at), "sealed": entry.is_sealed}.get(name, told.get(name)) for name in COLUMNS}


def as_json_lines(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """Give one line of JSON for each entry."""
    for entry in entries:
        yield json.dumps(entry_object(entry), ensure_ascii=False) + "\n"


def as_csv(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """Give the lines of a CSV file with a heading. No cell begins as a formula does, whoever chose its words."""
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(COLUMNS)
    yield line.getvalue()
    for entry in entries:
        line.seek(0)
        line.truncate()
        writer.writerow([_cell(value) for value in entry_object(entry).values()])
        yield line.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | bool) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(value, int) else text


def _reference(asked: Mapping[str, str], name: str) -> int | None:
    given = asked.get(name, "").strip()
    return None if not given else (parse_id(given) or 0)


def _moment(asked: Mapping[str, str], name: str) -> Instant | None:
    given = asked.get(name, "").strip()
    if not given:
        return None
    found = parse_iso(given)
    if found is None:
        raise Malformed(f"{name} must be a day such as 2026-05-30, or a moment")
    return found


def _end(asked: Mapping[str, str]) -> Instant | None:
    found = _moment(asked, "to")
    return Instant(found + DAY) if found is not None and len(asked["to"].strip()) <= len("2026-05-30") else found
