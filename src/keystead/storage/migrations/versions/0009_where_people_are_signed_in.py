"""When and from where a browser's session was last used, and which browser it is."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("sessions", sa.Column("seen_at", sa.BigInteger(), nullable=True))
    op.add_column("sessions", sa.Column("address", sa.Text(), nullable=True))
    op.add_column("sessions", sa.Column("browser", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("sessions", "browser")
    op.drop_column("sessions", "address")
    op.drop_column("sessions", "seen_at")
