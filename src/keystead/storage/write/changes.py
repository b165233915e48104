"""What was changed, by whom, why and from where? One entry per change, in the change's own transaction."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert

from keystead.core.actors import Actor
from keystead.storage.schema import audit
from keystead.storage.transaction import Transaction


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
    tx.connection.execute(
        insert(audit).values(
            at=tx.now,
            action=action,
            subject=subject,
            subject_id=subject_id,
            account_id=account_id,
            user_id=None if acting is None else acting.user_id,
            real_user_id=None if acting is None else acting.real_user_id,
            key_id=None if acting is None else acting.key_id,
            before=None if before is None else dict(before),
            after=None if after is None else dict(after),
            because=because,
            surface=tx.origin.surface,
            address=tx.origin.address,
            request_id=tx.origin.request_id,
        )
    )
