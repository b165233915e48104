"""What have the other processes of this node counted? Each writes its figures down; whoever is asked adds them up."""

import json
import platform
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Engine, delete, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import SQLAlchemyError

from keystead.core.instants import DAY, Instant
from keystead.storage.telemetry_schema import process_figures
from keystead.storage.transaction import READING, StorageUnavailable, renew

KEPT_FOR = 7 * DAY
"""For how long what an ended process has counted stays in the sum; a sum that falls is a new start to Prometheus."""


class ProcessFigures:
    """Writes this process's figures, and reads those of the node's other processes."""

    def __init__(self, engine: Engine, clock: Callable[[], Instant]) -> None:
        self._engine = engine
        self._clock = clock
        self._process = uuid.uuid4().hex
        self._node = platform.node()
        self._last: Mapping[str, float] | None = None

    def write(self, figures: Mapping[str, float]) -> None:
        """Write this process's figures, if they have changed. Raises StorageUnavailable."""
        if figures == self._last:
            return
        insert: Any = insert_sqlite if self._engine.dialect.name == "sqlite" else insert_postgresql
        values = {"at": self._clock(), "figures": json.dumps(figures)}
        adding = insert(process_figures).values(process=self._process, node=self._node, **values)
        try:
            with self._engine.begin() as connection:
                connection.execute(adding.on_conflict_do_update(index_elements=["process"], set_=values))
                if self._last is None:
                    old = process_figures.c.at < self._clock() - KEPT_FOR
                    connection.execute(delete(process_figures).where(old))
        except SQLAlchemyError as failed:
            renew(self._engine, failed)
            raise StorageUnavailable("the database of figures is not available") from failed
        self._last = dict(figures)

    def of_others(self) -> list[Mapping[str, float]]:
        """Return the figures of this node's other processes, ended ones too. Raises StorageUnavailable."""
        chosen = select(process_figures.c.figures).where(
            process_figures.c.node == self._node, process_figures.c.process != self._process
        )
        try:
            with self._engine.connect().execution_options(**READING) as connection:
                return [json.loads(row.figures) for row in connection.execute(chosen)]
        except SQLAlchemyError as failed:
            raise StorageUnavailable("the database of figures is not available") from failed
