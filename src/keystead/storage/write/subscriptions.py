"""Stores to whom notices go."""

from collections.abc import Sequence

from sqlalchemy import delete, insert

from keystead.core.credentials import Secret
from keystead.storage.schema import subscriptions
from keystead.storage.transaction import Transaction


def insert_subscription(
    tx: Transaction, *, account_id: int, user_id: int, channel: str, address: str, secret: Secret | None,
    kinds: Sequence[str], is_digest: bool,
) -> int:  # fmt: skip
    """Store a subscription and return its id."""
    row = {
        "account_id": account_id, "user_id": user_id, "channel": channel, "address": address,
        "secret": None if secret is None else tx.vault.seal(secret), "kinds": list(kinds), "is_digest": is_digest,
        "created_at": tx.now,
    }  # fmt: skip
    return int(tx.connection.execute(insert(subscriptions).values(row).returning(subscriptions.c.id)).scalar_one())


def delete_subscription(tx: Transaction, subscription_id: int) -> None:
    """Remove a subscription."""
    tx.connection.execute(delete(subscriptions).where(subscriptions.c.id == subscription_id))
