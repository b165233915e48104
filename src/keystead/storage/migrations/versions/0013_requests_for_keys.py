"""Requests for keys, and what happened to them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "key_requests",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("account_id", number, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("user_id", number, nullable=False),
        sa.Column("key_id", number, nullable=True),
        sa.Column("manifest", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("taken_out", sa.JSON(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('new', 'change')", name=op.f("ck_key_requests_kind")),
        sa.CheckConstraint("state IN ('open', 'approved', 'refused', 'withdrawn')", name=op.f("ck_key_requests_state")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_key_requests_account_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_key_requests_user_id")),
        sa.ForeignKeyConstraint(["key_id"], ["keys.id"], name=op.f("fk_key_requests_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_requests")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_key_requests_account_id_state"), "key_requests", ["account_id", "state"])
    op.create_index(op.f("ix_key_requests_user_id"), "key_requests", ["user_id"])
    op.create_index(op.f("ix_key_requests_key_id"), "key_requests", ["key_id"])
    op.create_table(
        "request_steps",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("request_id", number, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("user_id", number, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["key_requests.id"], name=op.f("fk_request_steps_request_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_request_steps_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_steps")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_request_steps_request_id"), "request_steps", ["request_id"])


def downgrade() -> None:
    op.drop_table("request_steps")
    op.drop_table("key_requests")
