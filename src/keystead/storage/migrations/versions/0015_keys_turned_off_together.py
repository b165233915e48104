"""Which keys were turned off together, and whether that was undone."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "off_batches",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("account_id", number, nullable=False),
        sa.Column("user_id", number, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("because", sa.Text(), nullable=True),
        sa.Column("turned_off", sa.JSON(), nullable=False),
        sa.Column("skipped", sa.JSON(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", number, nullable=True),
        sa.Column("left_off", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_off_batches_account_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_off_batches_user_id")),
        sa.ForeignKeyConstraint(["undone_by"], ["users.id"], name=op.f("fk_off_batches_undone_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_off_batches")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_off_batches_account_id"), "off_batches", ["account_id"])


def downgrade() -> None:
    op.drop_table("off_batches")
