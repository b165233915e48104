"""Under which conditions keys may be used."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "key_policies",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("account_id", number, nullable=False),
        sa.Column("key_id", number, nullable=True),
        sa.Column("address_ranges", sa.JSON(), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=True),
        sa.Column("review_on", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("owner_rule", sa.Text(), nullable=True),
        sa.Column("owner_user_id", number, nullable=True),
        sa.Column("owner_off_after_days", sa.BigInteger(), nullable=True),
        sa.Column("user_id", number, nullable=True),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("owner_rule IN ('tell', 'off')", name=op.f("ck_key_policies_owner_rule")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_key_policies_account_id")),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_key_policies_key_id")),
        sa.ForeignKeyConstraint(["owner_user_id"], ["users.id"], name=op.f("fk_key_policies_owner_user_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_key_policies_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_policies")),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_key_policies_account_id_key_id", "key_policies", ["account_id", "key_id"], unique=True)
    op.create_index(
        "uq_key_policies_account_id_of_all",
        "key_policies",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("key_id IS NULL"),
        postgresql_where=sa.text("key_id IS NULL"),
    )
    op.create_table(
        "policy_acts",
        sa.Column("account_id", number, autoincrement=False, nullable=False),
        sa.Column("key_id", number, autoincrement=False, nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("about", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_policy_acts_account_id")),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_policy_acts_key_id")),
        sa.PrimaryKeyConstraint("account_id", "key_id", "what", "about", "step", name=op.f("pk_policy_acts")),
    )


def downgrade() -> None:
    op.drop_table("policy_acts")
    op.drop_table("key_policies")
