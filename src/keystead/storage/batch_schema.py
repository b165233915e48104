"""In which table does it stand which keys were turned off together, and whether that was undone?"""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Table, Text

from keystead.storage.schema import Number, metadata

off_batches = Table(
    "off_batches",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("account_id", Number, ForeignKey("accounts.id"), nullable=False),
    Column("user_id", Number, ForeignKey("users.id"), nullable=True),
    Column("at", BigInteger, nullable=False),
    Column("because", Text),
    Column("turned_off", JSON, nullable=False),
    Column("skipped", JSON, nullable=False),
    Column("undone_at", BigInteger),
    Column("undone_by", Number, ForeignKey("users.id"), nullable=True),
    Column("left_off", JSON, nullable=False),
    Index(None, "account_id"),
    sqlite_autoincrement=True,
)
