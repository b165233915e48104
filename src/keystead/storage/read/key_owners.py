"""Who asked for a key, and who made it?"""

from collections.abc import Sequence

from sqlalchemy import select

from keystead.core.key_requests import RequestKind, RequestState
from keystead.storage.request_schema import key_requests
from keystead.storage.schema import audit
from keystead.storage.transaction import Transaction


def askers_of(tx: Transaction, account_id: int, key_ids: Sequence[int]) -> dict[int, int]:
    """Return the person whose request an account's reviewers agreed to, for each key that came of one."""
    chosen = select(key_requests.c.key_id, key_requests.c.user_id).where(
        key_requests.c.account_id == account_id,
        key_requests.c.key_id.in_(key_ids),
        key_requests.c.kind == RequestKind.NEW,
        key_requests.c.state == RequestState.APPROVED,
    )
    return {row.key_id: row.user_id for row in tx.connection.execute(chosen)}


def makers_of(tx: Transaction, account_id: int, key_ids: Sequence[int]) -> dict[int, int]:
    """Return the person who made each of an account's keys, where the audit knows."""
    chosen = select(audit.c.subject_id, audit.c.user_id, audit.c.real_user_id).where(
        audit.c.subject == "key",
        audit.c.subject_id.in_(key_ids),
        audit.c.action == "key.created",
        audit.c.account_id == account_id,
        audit.c.user_id.is_not(None),
    )
    return {row.subject_id: row.real_user_id or row.user_id for row in tx.connection.execute(chosen)}
