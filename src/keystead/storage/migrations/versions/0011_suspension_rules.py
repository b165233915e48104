"""After how many refused calls an account switches a key off by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "suspension_rules",
        sa.Column("account_id", number, autoincrement=False, nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_suspension_rules_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_suspension_rules")),
    )


def downgrade() -> None:
    op.drop_table("suspension_rules")
