"""Keeps notices, who has read them, and how far each subscription has been served. Kept apart from what decisions
rest on: a notice never looks like a change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import SQLAlchemyError

from keystead.core.instants import Instant
from keystead.core.notices import Draft, NoticeKind
from keystead.storage.notice_schema import deliveries, notice_people, notice_progress, notice_reads, notices
from keystead.storage.transaction import StorageUnavailable, renew

_ONLY = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice. ``heirs_of`` is the key whose heirs it is for, when it is for no single account."""

    id: int
    at: Instant
    kind: NoticeKind
    key_id: int | None
    heirs_of: int | None
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How far a subscription has been served, and what went wrong last."""

    delivered_id: int
    failures: int
    problem: str | None
    next_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Whose notices are meant: those of a root account, and of the keys it inherits; with ``user_id`` those of one
    person there alone.
    """

    account_id: int
    inherited: tuple[int, ...] = ()
    user_id: int | None = None


class Notices:
    """The store of notices. Every method raises StorageUnavailable when the database fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def progress(self) -> int:
        """Return up to which position of the audit's chain notices have been drawn; -1 before the first."""
        row = self._all(select(notice_progress.c.position))
        return int(row[0].position) if row else -1

    def keep(self, drafts: Iterable[tuple[int, int | None, Instant, Draft]], *, before: int, now: int) -> bool:
        """Keep drafts, given with audit id, key id and moment, and move progress from ``before`` to ``now``.

        False, with nothing kept, when somebody else was quicker.
        """
        try:
            with self._engine.begin() as connection:
                if before < 0:
                    adding = self._insert(notice_progress).values(id=_ONLY, position=now)
                    moving = adding.on_conflict_do_nothing()
                else:
                    mine = (notice_progress.c.id == _ONLY) & (notice_progress.c.position == before)
                    moving = update(notice_progress).where(mine).values(position=now)
                if connection.execute(moving.returning(notice_progress.c.id)).first() is None:
                    return False
                for audit_id, key_id, at, draft in drafts:
                    row = {
                        "at": at, "kind": draft.kind.value, "heirs_of": draft.heirs_of, "key_id": key_id,
                        "account_id": draft.account_id if draft.user_id is None else None, "audit_id": audit_id,
                        "told": dict(draft.told),
                    }  # fmt: skip
                    made = connection.execute(insert(notices).values(row).returning(notices.c.id)).scalar_one()
                    if draft.user_id is not None:
                        whose = {"notice_id": made, "user_id": draft.user_id, "account_id": draft.account_id}
                        connection.execute(insert(notice_people).values(whose))
                return True
        except SQLAlchemyError as failed:
            raise self._unavailable(failed) from failed

    def newest(self, whose: Addressee, *, limit: int, offset: int = 0) -> tuple[Sequence[Notice], int]:
        """Return the newest notices of somebody, and how many there are."""
        where = _of(whose)
        total = self._all(select(func.count()).select_from(notices).where(where))[0][0]
        chosen = select(notices).where(where).order_by(notices.c.id.desc()).limit(limit).offset(offset)
        return [_notice(row) for row in self._all(chosen)], int(total)

    def after(self, whose: Addressee, notice_id: int, kinds: Sequence[str], *, limit: int) -> Sequence[Notice]:
        """Return the notices that came after one, oldest first; of these kinds if any are named."""
        chosen = select(notices).where(_of(whose), notices.c.id > notice_id).order_by(notices.c.id).limit(limit)
        if kinds:
            chosen = chosen.where(notices.c.kind.in_(kinds))
        return [_notice(row) for row in self._all(chosen)]

    def last_id(self) -> int:
        """Return the id of the newest notice of all, 0 when there is none."""
        return int(self._all(select(func.coalesce(func.max(notices.c.id), 0)))[0][0])

    def unread(self, whose: Addressee, user_id: int) -> int:
        """Return how many notices somebody has not read."""
        read = self.read_up_to(whose, user_id)
        return int(self._all(select(func.count()).select_from(notices).where(_of(whose), notices.c.id > read))[0][0])

    def read_up_to(self, whose: Addressee, user_id: int) -> int:
        """Return the id of the newest notice that somebody has read, 0 for none."""
        mine = (notice_reads.c.user_id == user_id) & (notice_reads.c.account_id == whose.account_id)
        rows = self._all(select(notice_reads.c.notice_id).where(mine))
        return int(rows[0].notice_id) if rows else 0

    def mark_read(self, whose: Addressee, user_id: int, notice_id: int) -> None:
        """Note that somebody has read everything up to a notice."""
        row = {"user_id": user_id, "account_id": whose.account_id, "notice_id": notice_id}
        adding = self._insert(notice_reads).values(row)
        self._run(adding.on_conflict_do_update(index_elements=["user_id", "account_id"], set_={"notice_id": notice_id}))

    def delivery(self, subscription_id: int) -> Delivery | None:
        """Return how far a subscription has been served, None when it has not begun."""
        rows = self._all(select(deliveries).where(deliveries.c.subscription_id == subscription_id))
        if not rows:
            return None
        row = rows[0]
        return Delivery(
            delivered_id=row.delivered_id, failures=row.failures, problem=row.problem, next_at=Instant(row.next_at)
        )  # fmt: skip

    def begin(self, subscription_id: int, *, delivered_id: int, next_at: Instant) -> None:
        """Let a subscription be served from here on, unless it is already."""
        row = {"subscription_id": subscription_id, "delivered_id": delivered_id, "failures": 0, "next_at": next_at}
        self._run(self._insert(deliveries).values(row).on_conflict_do_nothing())

    def claim(self, subscription_id: int, *, seen: Instant, until: Instant) -> bool:
        """Take a subscription on until a moment; False when somebody else has."""
        mine = (deliveries.c.subscription_id == subscription_id) & (deliveries.c.next_at == seen)
        return self._run(update(deliveries).where(mine).values(next_at=until)) == 1

    def settle(self, subscription_id: int, outcome: Delivery) -> None:
        """Note how serving a subscription went."""
        values = {
            "delivered_id": outcome.delivered_id, "failures": outcome.failures, "problem": outcome.problem,
            "next_at": outcome.next_at,
        }  # fmt: skip
        self._run(update(deliveries).where(deliveries.c.subscription_id == subscription_id).values(values))

    def _insert(self, table: Any) -> Any:
        return (insert_sqlite if self._engine.dialect.name == "sqlite" else insert_postgresql)(table)

    def _all(self, chosen: Any) -> Sequence[Row[Any]]:
        try:
            with self._engine.connect() as connection:
                return connection.execute(chosen).all()
        except SQLAlchemyError as failed:
            raise self._unavailable(failed) from failed

    def _run(self, change: Any) -> int:
        try:
            with self._engine.begin() as connection:
                return int(connection.execute(change).rowcount)
        except SQLAlchemyError as failed:
            raise self._unavailable(failed) from failed

    def _unavailable(self, failed: SQLAlchemyError) -> StorageUnavailable:
        renew(self._engine, failed)
        return StorageUnavailable("the database of notices is not available")


def _of(whose: Addressee) -> ColumnElement[bool]:
    if whose.user_id is not None:
        mine = (notice_people.c.user_id == whose.user_id) & (notice_people.c.account_id == whose.account_id)
        return notices.c.id.in_(select(notice_people.c.notice_id).where(mine))
    return or_(notices.c.account_id == whose.account_id, notices.c.heirs_of.in_(whose.inherited))


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        id=row.id, at=Instant(row.at), kind=NoticeKind(row.kind), key_id=row.key_id, heirs_of=row.heirs_of,
        told=row.told,
    )  # fmt: skip
