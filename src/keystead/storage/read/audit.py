"""What was changed, by whom? The audit's entries, newest first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select

from keystead.core.instants import Instant
from keystead.storage.read.pages import Listing, Window, listing
from keystead.storage.schema import accounts, audit, audit_seals, keys, logins, users
from keystead.storage.transaction import Transaction

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One change. ``user_id`` acted, ``real_user_id`` behind that mask, ``key_id`` through that key."""

    id: int
    at: Instant
    action: str
    subject: str
    subject_id: int
    subject_name: str | None
    account_id: int | None
    account_name: str | None
    user_id: int | None
    user_name: str | None
    real_user_id: int | None
    real_user_name: str | None
    key_id: int | None
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    because: str | None
    surface: str
    address: str | None
    request_id: str | None
    is_sealed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSearch:
    """Which entries are wanted. ``account_ids`` None means every account; entries about ``hidden`` subjects never are.

    ``action`` is a whole action or the beginning of one, such as ``key.``; ``since`` is the first moment, ``until``
    the first one that is not wanted any more; ``words`` are looked for in the reason, and ``person`` in the name and
    login of who acted, without regard to case.
    """

    account_ids: tuple[int, ...] | None
    hidden: tuple[str, ...] = ()
    action: str = ""
    user_id: int | None = None
    person: str = ""
    key_id: int | None = None
    surface: str = ""
    since: Instant | None = None
    until: Instant | None = None
    words: str = ""


def list_entries(tx: Transaction, search: AuditSearch, window: Window) -> Listing[AuditEntry]:
    """Return the entries that are wanted, newest first."""
    return listing(tx, _chosen(search), window, order=(audit.c.id.desc(),), make=_entry)


def find_entry(tx: Transaction, search: AuditSearch, entry_id: int | None) -> AuditEntry | None:
    """Return the entry with this id if it is among those that are wanted, or None."""
    row = tx.connection.execute(_chosen(search).where(audit.c.id == entry_id)).first()
    return None if row is None else _entry(row)


def last_of_keys(tx: Transaction, account_id: int, action: str, key_ids: Sequence[int]) -> dict[int, AuditEntry]:
    """Return an account's last entry of an action about each of these keys; keys without one are left out."""
    newest = (
        select(func.max(audit.c.id))
        .where(
            audit.c.subject == "key", audit.c.subject_id.in_(key_ids), audit.c.action == action,
            audit.c.account_id == account_id,
        )
        .group_by(audit.c.subject_id)
    )  # fmt: skip
    rows = tx.connection.execute(_chosen(AuditSearch(account_ids=(account_id,))).where(audit.c.id.in_(newest)))
    return {row.subject_id: _entry(row) for row in rows}


def every_entry(tx: Transaction, search: AuditSearch, *, most: int) -> Iterator[AuditEntry]:
    """Give the entries that are wanted one by one, newest first, at most so many."""
    last: int | None = None
    given = 0
    while given < most:
        chosen = _chosen(search) if last is None else _chosen(search).where(audit.c.id < last)
        rows = tx.connection.execute(chosen.order_by(audit.c.id.desc()).limit(min(_BATCH, most - given))).all()
        for row in rows:
            yield _entry(row)
        if not rows:
            return
        last, given = rows[-1].id, given + len(rows)


def sealed_after(tx: Transaction, position: int, *, most: int) -> list[tuple[int, AuditEntry]]:
    """Return the entries that were sealed after a position of the chain, in its order, with their positions."""
    chosen = _chosen(AuditSearch(account_ids=None)).add_columns(audit_seals.c.position.label("position"))
    found = chosen.join(audit_seals, audit_seals.c.audit_id == audit.c.id).where(
        audit_seals.c.position > max(position, 0)
    )
    rows = tx.connection.execute(found.order_by(audit_seals.c.position).limit(most))
    return [(row.position, _entry(row)) for row in rows]


def actions_known(tx: Transaction, search: AuditSearch) -> tuple[str, ...]:
    """Return the actions that occur among the entries somebody may see, in alphabetical order."""
    seen = AuditSearch(account_ids=search.account_ids, hidden=search.hidden)
    chosen = select(audit.c.action).distinct().where(*_wanted(seen)).order_by(audit.c.action)
    return tuple(tx.connection.execute(chosen).scalars())


def _chosen(search: AuditSearch) -> Select[Any]:
    real, subject_key, subject_user = users.alias("real"), keys.alias("subject_key"), users.alias("subject_user")
    seals = audit_seals.alias("seals")
    sealed = select(seals.c.position).where(seals.c.audit_id == audit.c.id).correlate(audit).exists()
    return (
        select(
            audit,
            users.c.name.label("user_name"),
            real.c.name.label("real_user_name"),
            accounts.c.name.label("account_name"),
            subject_key.c.name.label("key_name"),
            subject_user.c.name.label("person_name"),
            sealed.label("is_sealed"),
        )
        .outerjoin(users, users.c.id == audit.c.user_id)
        .outerjoin(real, real.c.id == audit.c.real_user_id)
        .outerjoin(accounts, accounts.c.id == audit.c.account_id)
        .outerjoin(subject_key, (subject_key.c.id == audit.c.subject_id) & (audit.c.subject == "key"))
        .outerjoin(subject_user, (subject_user.c.id == audit.c.subject_id) & (audit.c.subject == "user"))
        .where(*_wanted(search))
    )


def _wanted(search: AuditSearch) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if search.account_ids is not None:
        wanted.append(audit.c.account_id.in_(search.account_ids))
    if search.hidden:
        wanted.append(audit.c.subject.not_in(search.hidden))
    if search.action:
        wanted.append(audit.c.action.startswith(search.action, autoescape=True))
    if search.user_id is not None:
        wanted.append((audit.c.user_id == search.user_id) | (audit.c.real_user_id == search.user_id))
    if search.person.strip():
        people = _people(search.person.strip())
        wanted.append(audit.c.user_id.in_(people) | audit.c.real_user_id.in_(people))
    if search.key_id is not None:
        about = (audit.c.subject == "key") & (audit.c.subject_id == search.key_id)
        wanted.append(about | (audit.c.key_id == search.key_id))
    if search.surface:
        wanted.append(audit.c.surface == search.surface)
    if search.since is not None:
        wanted.append(audit.c.at >= search.since)
    if search.until is not None:
        wanted.append(audit.c.at < search.until)
    if search.words.strip():
        wanted.append(audit.c.because.icontains(search.words.strip(), autoescape=True))
    return wanted


def _people(words: str) -> Select[Any]:
    by_login = select(logins.c.user_id).where(logins.c.unique_id.icontains(words, autoescape=True))
    return select(users.c.id).where(users.c.name.icontains(words, autoescape=True) | users.c.id.in_(by_login))


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        id=row.id, at=Instant(row.at), action=row.action, subject=row.subject, subject_id=row.subject_id,
        subject_name=row.key_name or row.person_name, account_id=row.account_id, account_name=row.account_name,
        user_id=row.user_id, user_name=row.user_name, real_user_id=row.real_user_id,
        real_user_name=row.real_user_name, key_id=row.key_id, before=row.before, after=row.after,
        because=row.because, surface=row.surface, address=row.address, request_id=row.request_id,
        is_sealed=bool(row.is_sealed),
    )  # fmt: skip
