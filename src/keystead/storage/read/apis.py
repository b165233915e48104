"""Which APIs are loaded, and has any changed?"""

from typing import Any

from sqlalchemy import Row, func, select

from keystead.core.apis import LoadedApi
from keystead.core.catalogue import Entry, route_entry
from keystead.core.instants import Instant
from keystead.storage.schema import apis
from keystead.storage.transaction import Transaction

NEWEST = select(func.coalesce(func.max(apis.c.revision), 0).label("revision"))


def revision(tx: Transaction) -> int:
    """Return a number that grows whenever an API is loaded or unloaded; 0 while there was none."""
    return int(tx.connection.execute(NEWEST).scalar_one())


def list_loaded(tx: Transaction) -> tuple[LoadedApi, ...]:
    """Return the APIs that are loaded, by name."""
    rows = tx.connection.execute(select(apis).where(apis.c.is_loaded).order_by(apis.c.name))
    return tuple(_api(row) for row in rows)


def find_loaded(tx: Transaction, name: str) -> LoadedApi | None:
    """Return the API of this name that is loaded, or None."""
    row = tx.connection.execute(select(apis).where(apis.c.name == name, apis.c.is_loaded)).first()
    return None if row is None else _api(row)


def _api(row: Row[Any]) -> LoadedApi:
    return LoadedApi(
        name=row.name,
        prefix=row.prefix,
        upstream=row.upstream,
        strips_prefix=bool(row.strips_prefix),
        digest=row.digest,
        source=row.source,
        entries=tuple(_entry(stored) for stored in row.entries),
        loaded_at=Instant(row.loaded_at),
    )


def _entry(stored: dict[str, Any]) -> Entry:
    return route_entry(**stored)
