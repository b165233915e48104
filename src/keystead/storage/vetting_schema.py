"""In which tables does it stand who was vetted for what, by which rules, and who asked for keys?"""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from keystead.storage.schema import Number, metadata


def _id() -> Column[int]:
    return Column("id", Number, primary_key=True, autoincrement=True)


def _ref(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Number, ForeignKey(target), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


vendors = Table(
    "vendors",
    metadata,
    _id(),
    _ref("account_id", "accounts.id"),
    Column("name", Text, nullable=False),
    Column("website", Text),
    Column("contacts", Text),
    _moment("created_at"),
    _moment("updated_at"),
    UniqueConstraint("account_id", "name"),
    sqlite_autoincrement=True,
)

vettings = Table(
    "vettings",
    metadata,
    _id(),
    _ref("account_id", "accounts.id"),
    _ref("key_id", "keys.id"),
    _ref("vendor_id", "vendors.id", nullable=True),
    Column("note", Text),
    Column("answers", JSON, nullable=False),
    _moment("created_at"),
    _moment("updated_at"),
    UniqueConstraint("key_id", "account_id"),
    Index(None, "account_id"),
    sqlite_autoincrement=True,
)

evidence = Table(
    "evidence",
    metadata,
    _id(),
    _ref("vetting_id", "vettings.id"),
    Column("item", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    _ref("user_id", "users.id", nullable=True),
    _moment("created_at"),
    Index(None, "vetting_id"),
    sqlite_autoincrement=True,
)

vetting_items = Table(
    "vetting_items",
    metadata,
    Column("vetting_id", Number, ForeignKey("vettings.id"), primary_key=True, autoincrement=False),
    Column("item", Text, primary_key=True),
    Column("state", Text, nullable=False),
    _moment("valid_from", nullable=True),
    _moment("valid_until", nullable=True),
    Column("link", Text),
    Column("digest", Text),
    _ref("evidence_id", "evidence.id", nullable=True),
    Column("note", Text),
    _ref("user_id", "users.id", nullable=True),
    _moment("changed_at"),
    CheckConstraint("state IN ('missing', 'asked', 'in_place', 'not_needed')", name="state"),
)

vetting_rules = Table(
    "vetting_rules",
    metadata,
    Column("account_id", Number, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("rules", JSON, nullable=False),
    _moment("changed_at"),
)

gate_exceptions = Table(
    "gate_exceptions",
    metadata,
    _id(),
    _ref("account_id", "accounts.id"),
    _ref("key_id", "keys.id"),
    Column("because", Text, nullable=False),
    _ref("user_id", "users.id", nullable=True),
    _moment("created_at"),
    _moment("expires_at"),
    _moment("ended_at", nullable=True),
    Index(None, "account_id", "key_id"),
    sqlite_autoincrement=True,
)
