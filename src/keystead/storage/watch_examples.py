"""Keeps one example of each kind of call that a proposed scope list would refuse. Telemetry."""

from collections.abc import Mapping

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import SQLAlchemyError

from keystead.core.instants import Instant
from keystead.storage.transaction import StorageUnavailable, renew
from keystead.storage.usage_schema import watch_examples


class WatchExamples:
    """The store of examples. Its methods raise StorageUnavailable."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def write(self, examples: Mapping[tuple[int, str], str], at: Instant) -> None:
        """Keep examples, given by key and scope, in place of older ones."""
        if not examples:
            return
        insert = insert_sqlite if self._engine.dialect.name == "sqlite" else insert_postgresql
        rows = [
            {"key_id": key, "scope": scope, "path": path, "at": at} for (key, scope), path in sorted(examples.items())
        ]
        adding = insert(watch_examples)
        newer = {"path": adding.excluded.path, "at": adding.excluded.at}
        try:
            with self._engine.begin() as connection:
                connection.execute(adding.on_conflict_do_update(index_elements=["key_id", "scope"], set_=newer), rows)
        except SQLAlchemyError as failed:
            renew(self._engine, failed)
            raise StorageUnavailable("the database of usage is not available") from failed

    def of_key(self, key_id: int, since: Instant) -> dict[str, str]:
        """Return the newest example of each scope of a key, of those seen since a moment."""
        chosen = select(watch_examples).where(watch_examples.c.key_id == key_id, watch_examples.c.at >= since)
        try:
            with self._engine.connect() as connection:
                return {row.scope: row.path for row in connection.execute(chosen)}
        except SQLAlchemyError as failed:
            renew(self._engine, failed)
            raise StorageUnavailable("the database of usage is not available") from failed
