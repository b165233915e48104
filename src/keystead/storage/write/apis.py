"""Stores the APIs that are loaded."""

from typing import Any

from sqlalchemy import func, insert, select, update

from keystead.core.apis import LoadedApi
from keystead.core.catalogue import Entry
from keystead.storage.read.apis import revision
from keystead.storage.schema import apis
from keystead.storage.transaction import Transaction

_LOCK = 7_032


def hold_apis(tx: Transaction) -> None:
    """Let rivals that change the loaded APIs wait until the transaction ends."""
    if not tx.is_sqlite:
        tx.connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def store_api(tx: Transaction, api: LoadedApi) -> int:
    """Store an API in the place of what had its name; return its id."""
    values = {
        "name": api.name, "prefix": api.prefix, "upstream": api.upstream, "strips_prefix": api.strips_prefix,
        "digest": api.digest, "source": api.source, "entries": [_stored(entry) for entry in api.entries],
        "revision": revision(tx) + 1, "is_loaded": True, "loaded_at": tx.now,
    }  # fmt: skip
    done = tx.connection.execute(
        update(apis).where(apis.c.name == api.name).values(values).returning(apis.c.id)
    ).first()
    if done is not None:
        return int(done.id)
    return int(tx.connection.execute(insert(apis).values(values).returning(apis.c.id)).scalar_one())


def unload_api(tx: Transaction, name: str) -> int:
    """Mark an API as not loaded; return its id."""
    changed = {"is_loaded": False, "entries": [], "revision": revision(tx) + 1}
    done = tx.connection.execute(update(apis).where(apis.c.name == name).values(changed).returning(apis.c.id))
    return int(done.scalar_one())


def _stored(entry: Entry) -> dict[str, Any]:
    return {
        "resource": entry.resource, "resource_name": entry.resource_name, "verb": entry.verb, "path": entry.path,
        "summary": entry.summary, "deprecated": entry.deprecated, "sensitivity": entry.sensitivity,
    }  # fmt: skip
