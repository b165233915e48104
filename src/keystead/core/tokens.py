"""What is a token, and until when does it act?"""

from dataclasses import dataclass
from enum import StrEnum

from keystead.core.ids import KeyId, TokenId, UserId
from keystead.core.instants import DAY, EPOCH, HOUR, MINUTE, Instant

OAUTH_LIFETIME = HOUR
PUBLIC_CLIENT_LIFETIME = 2 * HOUR
CODE_LIFETIME = 10 * MINUTE
STUDENT_TOKEN_LIFETIME = 120 * DAY
LONGEST_PURPOSE = 255


class TokenState(StrEnum):
    """A pending token waits for its owner's activation."""

    ACTIVE = "active"
    PENDING = "pending"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One person's grant to one key. Its credentials are stored as digests only, so they are not here.

    ``lapses_at`` is the internal one-hour expiry, heard only while the key auto-expires its tokens;
    ``expires_at`` is the permanent one.
    """

    id: TokenId
    user_id: UserId
    key_id: KeyId
    state: TokenState
    hint: str
    scopes: tuple[str, ...] = ()
    purpose: str | None = None
    real_user_id: UserId | None = None
    remember_access: bool = False
    lapses_at: Instant | None = None
    expires_at: Instant | None = None
    created_at: Instant = EPOCH
    updated_at: Instant = EPOCH

    def expired_at(self, now: Instant) -> bool:
        """Whether the permanent expiry has passed."""
        return self.expires_at is not None and self.expires_at <= now

    def lapsed_at(self, now: Instant) -> bool:
        """Whether the one-hour expiry has passed, should the key hear it."""
        return self.lapses_at is not None and self.lapses_at <= now
