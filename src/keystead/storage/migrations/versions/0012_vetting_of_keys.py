"""Vendors, what was vetted of each key, by which rules, and exceptions from them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _ref(table: str, name: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([name], [f"{target}.id"], name=op.f(f"fk_{table}_{name}"))


def _moment(name: str, *, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "vendors",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("account_id", NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("contacts", sa.Text(), nullable=True),
        _moment("created_at"),
        _moment("updated_at"),
        _ref("vendors", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vendors")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_vendors_account_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "vettings",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("account_id", NUMBER, nullable=False),
        sa.Column("key_id", NUMBER, nullable=False),
        sa.Column("vendor_id", NUMBER, nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("answers", sa.JSON(), nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        _ref("vettings", "account_id", "accounts"),
        _ref("vettings", "key_id", "keys"),
        _ref("vettings", "vendor_id", "vendors"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vettings")),
        sa.UniqueConstraint("key_id", "account_id", name=op.f("uq_vettings_key_id_account_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_vettings_account_id"), "vettings", ["account_id"])
    op.create_table(
        "evidence",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("vetting_id", NUMBER, nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", NUMBER, nullable=True),
        _moment("created_at"),
        _ref("evidence", "vetting_id", "vettings"),
        _ref("evidence", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_evidence_vetting_id"), "evidence", ["vetting_id"])
    op.create_table(
        "vetting_items",
        sa.Column("vetting_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _moment("valid_from", nullable=True),
        _moment("valid_until", nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("evidence_id", NUMBER, nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("user_id", NUMBER, nullable=True),
        _moment("changed_at"),
        sa.CheckConstraint(
            "state IN ('missing', 'asked', 'in_place', 'not_needed')", name=op.f("ck_vetting_items_state")
        ),
        _ref("vetting_items", "vetting_id", "vettings"),
        _ref("vetting_items", "evidence_id", "evidence"),
        _ref("vetting_items", "user_id", "users"),
        sa.PrimaryKeyConstraint("vetting_id", "item", name=op.f("pk_vetting_items")),
    )
    op.create_table(
        "vetting_rules",
        sa.Column("account_id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        _moment("changed_at"),
        _ref("vetting_rules", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_vetting_rules")),
    )
    op.create_table(
        "gate_exceptions",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("account_id", NUMBER, nullable=False),
        sa.Column("key_id", NUMBER, nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("user_id", NUMBER, nullable=True),
        _moment("created_at"),
        _moment("expires_at"),
        _moment("ended_at", nullable=True),
        _ref("gate_exceptions", "account_id", "accounts"),
        _ref("gate_exceptions", "key_id", "keys"),
        _ref("gate_exceptions", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_exceptions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_gate_exceptions_account_id_key_id"), "gate_exceptions", ["account_id", "key_id"])


def downgrade() -> None:
    for table in ("gate_exceptions", "vetting_rules", "vetting_items", "evidence", "vettings", "vendors"):
        op.drop_table(table)
