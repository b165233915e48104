"""Is the audit as it was written? Every mark and every seal, computed again and compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select

from keystead.core.audit_chain import FIRST, head_text, marked_text, sealed_text
from keystead.storage.schema import audit, audit_head, audit_seals
from keystead.storage.transaction import Transaction

_BATCH: Final = 1_000


class Tampering(StrEnum):
    """What somebody has done to the audit."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    SEAL_CHANGED = "seal changed"
    SEALS_REMOVED = "seals removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One entry, or one seal, that is not as it was written. ``audit_id`` is None when only the chain tells of it."""

    what: Tampering
    position: int | None = None
    audit_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainReport:
    """What verifying came to.

    ``unsealed`` are genuine entries that wait for their seal. ``older`` ones were written before there was a chain:
    nothing proves them. ``head`` is the last seal in hexadecimal: kept elsewhere, it proves later that nothing before
    it was taken away.
    """

    sealed: int
    older: int
    head: str
    findings: tuple[Finding, ...] = ()
    unsealed: tuple[int, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def verify_chain(tx: Transaction) -> ChainReport:
    """Compute the whole chain again, in one consistent view."""
    findings: list[Finding] = []
    position, before, older_than, sealed = -1, FIRST, 0, 0
    marks: set[bytes] = set()
    for row in _sealed_rows(tx):
        if row["position"] != position + 1:
            findings.append(Finding(what=Tampering.SEALS_REMOVED, position=position + 1))
        position = row["position"]
        if position == 0:
            older_than = row["sealed_id"]
            mark = b""
        else:
            sealed += 1
            mark = row["mac"] or b""
            problem = _problem(tx, row, marks)
            if problem is not None:
                findings.append(Finding(what=problem, position=position, audit_id=row["sealed_id"]))
        text = sealed_text(position, row["sealed_id"], mark, before)
        if not _is_ours(tx, text, row["digest"]) and (position == 0 or row["id"] is not None):
            findings.append(Finding(what=Tampering.SEAL_CHANGED, position=position, audit_id=row["sealed_id"]))
        before = row["digest"]
    findings += _head_findings(tx, position, before)
    unsealed, inserted = _unsealed(tx, older_than, marks)
    findings += [Finding(what=Tampering.INSERTED, audit_id=one) for one in inserted]
    older = tx.connection.execute(select(audit.c.id).where(audit.c.mac.is_(None), audit.c.id <= older_than)).all()
    return ChainReport(
        sealed=sealed, older=len(older), head=before.hex(), findings=tuple(findings), unsealed=tuple(unsealed)
    )  # fmt: skip


def _sealed_rows(tx: Transaction) -> Iterator[Mapping[str, Any]]:
    joined = audit_seals.outerjoin(audit, audit.c.id == audit_seals.c.audit_id)
    chosen = select(audit_seals.c.position, audit_seals.c.audit_id.label("sealed_id"), audit_seals.c.digest, audit)
    last = -1
    while True:
        part = chosen.select_from(joined).where(audit_seals.c.position > last)
        rows = tx.connection.execute(part.order_by(audit_seals.c.position).limit(_BATCH)).mappings().all()
        for row in rows:
            last = row["position"]
            yield dict(row)
        if len(rows) < _BATCH:
            return


def _problem(tx: Transaction, row: Mapping[str, Any], marks: set[bytes]) -> Tampering | None:
    if row["id"] is None:
        return Tampering.REMOVED
    mark = row["mac"]
    if mark is None or not _is_ours(tx, marked_text(row), mark):
        return Tampering.CHANGED
    if mark in marks:
        return Tampering.INSERTED
    marks.add(mark)
    return None


def _head_findings(tx: Transaction, position: int, seal: bytes) -> list[Finding]:
    head = tx.connection.execute(select(audit_head)).first()
    if head is None:
        return [] if position < 0 else [Finding(what=Tampering.SEAL_CHANGED, position=position)]
    if head.position != position:
        return [Finding(what=Tampering.SEALS_REMOVED, position=position + 1)]
    if not _is_ours(tx, head_text(position, seal), head.digest):
        return [Finding(what=Tampering.SEAL_CHANGED, position=position)]
    return []


def _unsealed(tx: Transaction, older_than: int, marks: set[bytes]) -> tuple[list[int], list[int]]:
    """Return the ids of genuine entries without a seal, and of those that nobody of ours has written."""
    genuine: list[int] = []
    inserted: list[int] = []
    sealed = select(audit_seals.c.position).where(
        audit_seals.c.audit_id == audit.c.id, audit_seals.c.position > 0
    ).exists()  # fmt: skip
    for found in tx.connection.execute(select(audit).where(~sealed).order_by(audit.c.id)).mappings():
        row: dict[str, Any] = dict(found)
        if row["mac"] is None and row["id"] <= older_than:
            continue
        own = row["mac"] is not None and row["mac"] not in marks and _is_ours(tx, marked_text(row), row["mac"])
        (genuine if own else inserted).append(row["id"])
        marks.add(row["mac"] or b"")
    return genuine, inserted


def _is_ours(tx: Transaction, text: str, digest: bytes) -> bool:
    return digest in tx.vault.audit.digests(text)
