"""In which tables is what was counted of calls? Telemetry, made by itself where it is missing (storage.upgrades).

``usage_counts`` adds up calls: a row is a day or a month of one key in one root account, by scope, outcome, and the
value of one dimension (core.usage). ``usage_seen`` holds the last day of each value, so that whoever is affected by a
change of a key is found without adding up. ``usage_flushes`` names the batches that were written.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from keystead.storage.schema import Number
from keystead.storage.telemetry_schema import usage_metadata

usage_scopes = Table(
    "usage_scopes",
    usage_metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("scope", Text, nullable=False, unique=True),
    sqlite_autoincrement=True,
)

usage_counts = Table(
    "usage_counts",
    usage_metadata,
    Column("key_id", BigInteger, primary_key=True, autoincrement=False),
    Column("root_id", BigInteger, primary_key=True, autoincrement=False),
    Column("dimension", Text, primary_key=True),
    Column("span", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("scope_id", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Index(None, "span", "day"),
    sqlite_with_rowid=False,
)

usage_seen = Table(
    "usage_seen",
    usage_metadata,
    Column("key_id", BigInteger, primary_key=True, autoincrement=False),
    Column("root_id", BigInteger, primary_key=True, autoincrement=False),
    Column("dimension", Text, primary_key=True),
    Column("scope_id", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Text, primary_key=True),
    Column("last_day", Integer, nullable=False),
    Index(None, "key_id", "root_id", "dimension", "scope_id", "last_day"),
    sqlite_with_rowid=False,
)

usage_flushes = Table(
    "usage_flushes",
    usage_metadata,
    Column("id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)

watch_examples = Table(
    "watch_examples",
    usage_metadata,
    Column("key_id", BigInteger, primary_key=True, autoincrement=False),
    Column("scope", Text, primary_key=True),
    Column("path", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
