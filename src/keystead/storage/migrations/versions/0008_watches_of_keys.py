"""Scope lists that are proposed for keys, and watched before they are enforced."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "watches",
        sa.Column("key_id", number, autoincrement=False, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("enforced_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_watches_key_id")),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_watches")),
    )


def downgrade() -> None:
    op.drop_table("watches")
