"""Keys and accounts may have limits of their own for the throttle."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("throttle", sa.JSON(), nullable=True))
    op.add_column("keys", sa.Column("throttle", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("keys", "throttle")
    op.drop_column("accounts", "throttle")
