"""In which tables does it stand under which conditions keys may be used, and what was done about that already?

``policy_acts`` holds each warning and each automatic act once: of which date or person it is ``about``, and which
``step`` it was.
"""

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, ForeignKey, Index, Table, Text, text

from keystead.storage.schema import Number, metadata

key_policies = Table(
    "key_policies",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("account_id", Number, ForeignKey("accounts.id"), nullable=False),
    Column("key_id", Number, ForeignKey("keys.id"), nullable=True),
    Column("address_ranges", JSON, nullable=False),
    Column("hours", JSON(none_as_null=True)),
    Column("review_on", BigInteger),
    Column("expires_at", BigInteger),
    Column("owner_rule", Text),
    Column("owner_user_id", Number, ForeignKey("users.id"), nullable=True),
    Column("owner_off_after_days", BigInteger),
    Column("user_id", Number, ForeignKey("users.id"), nullable=True),
    Column("set_at", BigInteger, nullable=False),
    CheckConstraint("owner_rule IN ('tell', 'off')", name="owner_rule"),
    Index("uq_key_policies_account_id_key_id", "account_id", "key_id", unique=True),
    Index(
        "uq_key_policies_account_id_of_all",
        "account_id",
        unique=True,
        sqlite_where=text("key_id IS NULL"),
        postgresql_where=text("key_id IS NULL"),
    ),
    sqlite_autoincrement=True,
)

policy_acts = Table(
    "policy_acts",
    metadata,
    Column("account_id", Number, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("key_id", Number, ForeignKey("keys.id"), primary_key=True, autoincrement=False),
    Column("what", Text, primary_key=True),
    Column("about", BigInteger, primary_key=True, autoincrement=False),
    Column("step", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
