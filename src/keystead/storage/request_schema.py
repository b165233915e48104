"""In which tables do requests for keys stand, and what happened to them?"""

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, ForeignKey, Index, Table, Text

from keystead.storage.schema import Number, metadata

key_requests = Table(
    "key_requests",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("account_id", Number, ForeignKey("accounts.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("user_id", Number, ForeignKey("users.id"), nullable=False),
    Column("key_id", Number, ForeignKey("keys.id"), nullable=True),
    Column("manifest", JSON, nullable=False),
    Column("before", JSON(none_as_null=True)),
    Column("taken_out", JSON, nullable=False),
    Column("source", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    CheckConstraint("kind IN ('new', 'change')", name="kind"),
    CheckConstraint("state IN ('open', 'approved', 'refused', 'withdrawn')", name="state"),
    Index(None, "account_id", "state"),
    Index(None, "user_id"),
    Index(None, "key_id"),
    sqlite_autoincrement=True,
)

request_steps = Table(
    "request_steps",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("request_id", Number, ForeignKey("key_requests.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("user_id", Number, ForeignKey("users.id"), nullable=True),
    Column("at", BigInteger, nullable=False),
    Column("words", Text),
    Column("told", JSON, nullable=False),
    Index(None, "request_id"),
    sqlite_autoincrement=True,
)
