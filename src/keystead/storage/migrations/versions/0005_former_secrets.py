"""A client secret that was replaced and still works for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("keys", sa.Column("secret_made_at", sa.BigInteger(), nullable=True))
    op.add_column("keys", sa.Column("former_secret", sa.LargeBinary(), nullable=True))
    op.add_column("keys", sa.Column("former_secret_until", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("keys", "former_secret_until")
    op.drop_column("keys", "former_secret")
    op.drop_column("keys", "secret_made_at")
