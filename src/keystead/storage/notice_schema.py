"""In which tables do notices stand? Telemetry, made by itself where it is missing (storage.upgrades).

``notice_people`` says of a notice for one person whose it is, and in which root account.
``notice_progress`` is the position of the audit's chain up to which notices have been drawn.
"""

from sqlalchemy import JSON, BigInteger, Column, Index, Table, Text

from keystead.storage.schema import Number
from keystead.storage.telemetry_schema import usage_metadata

notices = Table(
    "notices",
    usage_metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("account_id", BigInteger),
    Column("heirs_of", BigInteger),
    Column("key_id", BigInteger),
    Column("audit_id", BigInteger, nullable=False),
    Column("told", JSON, nullable=False),
    Index(None, "account_id"),
    Index(None, "heirs_of"),
    sqlite_autoincrement=True,
)

notice_people = Table(
    "notice_people",
    usage_metadata,
    Column("notice_id", BigInteger, primary_key=True, autoincrement=False),
    Column("user_id", BigInteger, nullable=False),
    Column("account_id", BigInteger, nullable=False),
    Index(None, "user_id", "account_id"),
)

notice_progress = Table(
    "notice_progress",
    usage_metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
)

notice_reads = Table(
    "notice_reads",
    usage_metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("account_id", BigInteger, primary_key=True, autoincrement=False),
    Column("notice_id", BigInteger, nullable=False),
)

deliveries = Table(
    "deliveries",
    usage_metadata,
    Column("subscription_id", BigInteger, primary_key=True, autoincrement=False),
    Column("delivered_id", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("problem", Text),
    Column("next_at", BigInteger, nullable=False),
)
