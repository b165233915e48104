"""To whom do notices go by e-mail or webhook?"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select

from keystead.core.credentials import Secret
from keystead.core.instants import Instant
from keystead.core.notices import NoticeKind
from keystead.storage.schema import subscriptions
from keystead.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One wish to be told. ``kinds`` are those of core.notices, all of them when empty; ``secret`` signs webhooks."""

    id: int
    account_id: int
    user_id: int
    channel: str
    address: str
    kinds: tuple[str, ...]
    is_digest: bool
    created_at: Instant
    secret: Secret | None = field(default=None, repr=False)

    @property
    def is_personal(self) -> bool:
        """Whether it is one person's wish to be told of their own requests, and none of the account's."""
        return self.kinds == (NoticeKind.OWN_REQUEST,)


def list_subscriptions(tx: Transaction, account_id: int | None = None) -> tuple[Subscription, ...]:
    """Return the subscriptions of an account, or of all, oldest first."""
    chosen = select(subscriptions).order_by(subscriptions.c.id)
    if account_id is not None:
        chosen = chosen.where(subscriptions.c.account_id == account_id)
    return tuple(_subscription(tx, row) for row in tx.connection.execute(chosen))


def find_subscription(tx: Transaction, account_id: int, subscription_id: int | None) -> Subscription | None:
    """Return a subscription of an account, or None."""
    chosen = select(subscriptions).where(
        subscriptions.c.id == subscription_id, subscriptions.c.account_id == account_id
    )  # fmt: skip
    row = tx.connection.execute(chosen).first()
    return None if row is None else _subscription(tx, row)


def _subscription(tx: Transaction, row: Row[Any]) -> Subscription:
    return Subscription(
        id=row.id, account_id=row.account_id, user_id=row.user_id, channel=row.channel, address=row.address,
        kinds=tuple(row.kinds), is_digest=bool(row.is_digest), created_at=Instant(row.created_at),
        secret=None if row.secret is None else tx.vault.open(row.secret),
    )  # fmt: skip
