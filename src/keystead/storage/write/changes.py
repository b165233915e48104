"""What was changed, by whom, why and from where? One entry per change, in the change's own transaction."""

from collections.abc import Mapping
from secrets import token_hex
from typing import Any

from sqlalchemy import insert

from keystead.core.actors import Actor
from keystead.core.audit_chain import marked_text
from keystead.storage.schema import audit
from keystead.storage.transaction import Transaction
from keystead.storage.write.seals import seal


def record(
    tx: Transaction,
    action: str,
    subject: str,
    subject_id: int,
    *,
    acting: Actor | None,
    account_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    because: str | None = None,
) -> None:
    """Write the audit entry; ``acting`` None is the system itself.

    ``before`` and ``after`` hold what changed, never a secret.
    """
    entry: dict[str, Any] = {
        "at": tx.now,
        "action": action,
        "subject": subject,
        "subject_id": subject_id,
        "account_id": account_id,
        "user_id": None if acting is None else acting.user_id,
        "real_user_id": None if acting is None else acting.real_user_id,
        "key_id": None if acting is None else acting.key_id,
        "before": None if before is None else dict(before),
        "after": None if after is None else dict(after),
        "because": because,
        "surface": tx.origin.surface,
        "address": tx.origin.address,
        "request_id": tx.origin.request_id,
        "nonce": token_hex(8),
    }
    mark = tx.vault.audit.digest(marked_text(entry))
    audit_id = tx.connection.execute(insert(audit).values(**entry, mac=mark).returning(audit.c.id)).scalar_one()
    if tx.is_sqlite:
        seal(tx, [(audit_id, mark)])
