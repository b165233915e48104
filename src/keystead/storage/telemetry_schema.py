"""In which tables does telemetry stand? Kept apart from what decisions rest on, and made by itself (storage.upgrades).

On the embedded database they are in a file of their own, so that writing them never looks like a change
(docs/decisions/0008-telemetry-in-a-file-of-its-own.md).
"""

from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text

from keystead.storage.schema import Number, metadata

usage_metadata = MetaData(naming_convention=metadata.naming_convention)

token_uses = Table(
    "token_uses",
    usage_metadata,
    Column("token_id", Number, primary_key=True, autoincrement=False),
    Column("key_id", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    Index(None, "key_id"),
)

redirect_uses = Table(
    "redirect_uses",
    usage_metadata,
    Column("key_id", Number, primary_key=True, autoincrement=False),
    Column("redirect_uri", Text, primary_key=True),
    Column("used_at", BigInteger, nullable=False),
)

former_secret_uses = Table(
    "former_secret_uses",
    usage_metadata,
    Column("key_id", Number, primary_key=True, autoincrement=False),
    Column("used_at", BigInteger, nullable=False),
)

refusals = Table(
    "refusals",
    usage_metadata,
    Column("id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("verb", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("route", Text),
    Column("host", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("missing_scope", Text),
    Column("key_id", BigInteger),
    Column("token_id", BigInteger),
    Column("user_id", BigInteger),
    Column("account_id", BigInteger),
    Column("root_id", BigInteger),
    Column("address", Text),
    Column("request_id", Text, nullable=False),
    Index(None, "root_id", "at"),
    Index(None, "at"),
)

process_figures = Table(
    "process_figures",
    usage_metadata,
    Column("process", Text, primary_key=True),
    Column("node", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("figures", Text, nullable=False),
)
