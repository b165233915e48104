"""Seals audit entries into the chain, in the order in which they can be seen.

The embedded database has one writer at a time: an entry is sealed in its own transaction. PostgreSQL's writers
commit in no order that they could know, so one of the processes seals what has been committed, within a second.
"""

from collections.abc import Iterable

from sqlalchemy import func, insert, select, text, update

from keystead.core.audit_chain import FIRST, head_text, sealed_text
from keystead.storage.schema import audit, audit_head, audit_seals
from keystead.storage.transaction import Transaction

_LOCK = 7_203_145_226
_MOST = 1_000
_LOOKED_BACK = 100_000
_HEAD = 1


def seal(tx: Transaction, entries: Iterable[tuple[int, bytes]]) -> int:
    """Seal entries, given by id and mark; return how many. The caller is the only one who seals now."""
    position, before = _last(tx)
    sealed = 0
    for audit_id, mark in entries:
        position += 1
        before = tx.vault.audit.digest(sealed_text(position, audit_id, mark, before))
        tx.connection.execute(insert(audit_seals).values(position=position, audit_id=audit_id, digest=before))
        sealed += 1
    if sealed:
        head = tx.vault.audit.digest(head_text(position, before))
        tx.connection.execute(
            update(audit_head).where(audit_head.c.id == _HEAD).values(position=position, digest=head)
        )  # fmt: skip
    return sealed


def seal_pending(tx: Transaction) -> int:
    """Seal what other transactions have left unsealed, unless somebody does so now; return how many."""
    if not tx.is_sqlite:
        gained = tx.connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": _LOCK}).scalar()
        if not gained:
            return 0
    newest = tx.connection.execute(select(func.max(audit_seals.c.audit_id))).scalar() or 0
    pending = tx.connection.execute(
        select(audit.c.id, audit.c.mac)
        .where(
            audit.c.id > newest - _LOOKED_BACK,
            audit.c.mac.is_not(None),
            ~select(audit_seals.c.position).where(audit_seals.c.audit_id == audit.c.id).exists(),
        )
        .order_by(audit.c.id)
        .limit(_MOST)
    ).all()
    return seal(tx, [(row.id, row.mac) for row in pending]) if pending else 0


def _last(tx: Transaction) -> tuple[int, bytes]:
    """Return position and digest of the last seal; the first one is made before anything is sealed."""
    row = tx.connection.execute(
        select(audit_seals.c.position, audit_seals.c.digest).order_by(audit_seals.c.position.desc()).limit(1)
    ).first()
    if row is not None:
        return row.position, row.digest
    older = tx.connection.execute(select(func.max(audit.c.id)).where(audit.c.mac.is_(None))).scalar() or 0
    digest = tx.vault.audit.digest(sealed_text(0, older, b"", FIRST))
    tx.connection.execute(insert(audit_seals).values(position=0, audit_id=older, digest=digest))
    head = tx.vault.audit.digest(head_text(0, digest))
    tx.connection.execute(insert(audit_head).values(id=_HEAD, position=0, digest=head))
    return 0, digest
