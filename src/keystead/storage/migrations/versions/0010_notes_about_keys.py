"""What institutions note about keys, their own and inherited ones."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "key_notes",
        sa.Column("account_id", number, autoincrement=False, nullable=False),
        sa.Column("key_id", number, autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("user_id", number, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_key_notes_account_id")),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_key_notes_key_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_key_notes_user_id")),
        sa.PrimaryKeyConstraint("account_id", "key_id", name=op.f("pk_key_notes")),
    )


def downgrade() -> None:
    op.drop_table("key_notes")
