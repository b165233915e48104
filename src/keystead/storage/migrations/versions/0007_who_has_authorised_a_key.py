"""How many people and live tokens a key has is read from two indexes."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.drop_index("ix_tokens_key_id_state", "tokens")
    op.create_index("ix_tokens_key_id_state_user_id_expires_at", "tokens", ["key_id", "state", "user_id", "expires_at"])
    op.create_index("ix_logins_account_id_user_id_is_active", "logins", ["account_id", "user_id", "is_active"])


def downgrade() -> None:
    op.drop_index("ix_logins_account_id_user_id_is_active", "logins")
    op.drop_index("ix_tokens_key_id_state_user_id_expires_at", "tokens")
    op.create_index("ix_tokens_key_id_state", "tokens", ["key_id", "state"])
