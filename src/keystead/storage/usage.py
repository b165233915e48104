"""When was a token last used? Telemetry: kept apart from what decisions rest on, never in their way, not audited.

Uses are noted in memory and written in the background; a reader in this process writes them first. What cannot be
written waits, up to a limit. On the embedded
database the table stands in a file of its own, so that noting a use never looks like a change.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import SQLAlchemyError

from keystead.core.ids import TokenId
from keystead.core.instants import MINUTE, Instant
from keystead.storage.telemetry_schema import former_secret_uses, redirect_uses, token_uses
from keystead.storage.transaction import READING, StorageUnavailable, renew

NOTED_AGAIN_AFTER = 10 * MINUTE
MOST_KNOWN = 200_000


class Usage:
    """Notes and tells when tokens and redirect URIs were last used."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._noting = threading.Lock()
        self._known: dict[int, int] = {}
        self._waiting: dict[int, tuple[int, int]] = {}
        self._waiting_uris: dict[tuple[int, str], int] = {}
        self._waiting_secrets: dict[int, int] = {}

    def token_used(self, token_id: TokenId, key_id: int, now: Instant) -> None:
        """Note one allowed call; within ten minutes of the last note it is passed over."""
        last = self._known.get(token_id)
        if last is not None and abs(now - last) < NOTED_AGAIN_AFTER:
            return
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[token_id] = now
        with self._noting:
            self._waiting[token_id] = (key_id, now)

    def redirect_used(self, key_id: int, redirect_uri: str, now: Instant) -> None:
        """Note that an authorization went to this redirect URI."""
        with self._noting:
            self._waiting_uris[key_id, redirect_uri] = now

    def former_secret_used(self, key_id: int, now: Instant) -> None:
        """Note that a client proved itself with a secret that was replaced."""
        with self._noting:
            self._waiting_secrets[key_id] = now

    def flush(self) -> None:
        """Write what waits. Raises StorageUnavailable; then it waits on."""
        with self._lock:
            with self._noting:
                uses, self._waiting = self._waiting, {}
                uris, self._waiting_uris = self._waiting_uris, {}
                secrets, self._waiting_secrets = self._waiting_secrets, {}
            try:
                self._write(uses, uris, secrets)
            except SQLAlchemyError as failed:
                renew(self._engine, failed)
                with self._noting:
                    self._waiting = _not_too_many(uses | self._waiting)
                    self._waiting_uris = _not_too_many(uris | self._waiting_uris)
                    self._waiting_secrets = _not_too_many(secrets | self._waiting_secrets)
                raise StorageUnavailable("the database of uses is not available") from failed

    def of_tokens(self, token_ids: Iterable[int]) -> dict[int, Instant]:
        """Return when each of these tokens was last used; those never used are left out. Raises StorageUnavailable."""
        wanted = list(token_ids)
        waiting, _ = self._flushed()
        found: dict[int, Instant] = {}
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            for row in self._read(select(token_uses).where(token_uses.c.token_id.in_(part))):
                found[row.token_id] = Instant(row.used_at)
        return found | {at: Instant(waiting[at][1]) for at in wanted if at in waiting}

    def of_redirects(self, key_ids: Iterable[int]) -> dict[tuple[int, str], Instant]:
        """Return when each redirect URI of these keys was last used, by key and URI. Raises StorageUnavailable."""
        wanted = list(key_ids)
        _, waiting = self._flushed()
        rows = self._read(select(redirect_uses).where(redirect_uses.c.key_id.in_(wanted)))
        found = {(row.key_id, row.redirect_uri): Instant(row.used_at) for row in rows}
        return found | {at: Instant(now) for at, now in waiting.items() if at[0] in wanted}

    def of_former_secret(self, key_id: int) -> Instant | None:
        """Return when a key's former secret was last used. Raises StorageUnavailable."""
        self._flushed()
        rows = self._read(select(former_secret_uses).where(former_secret_uses.c.key_id == key_id))
        return Instant(rows[0].used_at) if rows else None

    def close(self) -> None:
        """Write what waits and give the connections back. Raises StorageUnavailable."""
        try:
            self.flush()
        finally:
            self._engine.dispose()

    def _flushed(self) -> tuple[Mapping[int, tuple[int, int]], Mapping[tuple[int, str], int]]:
        """Write what waits as far as that is possible; return what still waits."""
        with suppress(StorageUnavailable):
            self.flush()
        with self._noting:
            return dict(self._waiting), dict(self._waiting_uris)

    def _read(self, chosen: Select[Any]) -> Sequence[Row[Any]]:
        try:
            with self._engine.connect().execution_options(**READING) as connection:
                return connection.execute(chosen).all()
        except SQLAlchemyError as failed:
            raise StorageUnavailable("the database of uses is not available") from failed

    def _write(
        self,
        uses: Mapping[int, tuple[int, int]],
        uris: Mapping[tuple[int, str], int],
        secrets: Mapping[int, int],
    ) -> None:
        if not uses and not uris and not secrets:
            return
        insert = insert_sqlite if self._engine.dialect.name == "sqlite" else insert_postgresql
        with self._engine.begin() as connection:
            if uses:
                rows = [{"token_id": at, "key_id": key, "used_at": now} for at, (key, now) in sorted(uses.items())]
                adding = insert(token_uses)
                later = _later(connection, token_uses.c.used_at, adding.excluded.used_at)
                connection.execute(
                    adding.on_conflict_do_update(index_elements=["token_id"], set_={"used_at": later}), rows
                )
            if uris:
                used = [
                    {"key_id": key, "redirect_uri": uri, "used_at": now} for (key, uri), now in sorted(uris.items())
                ]
                adding = insert(redirect_uses)
                later = _later(connection, redirect_uses.c.used_at, adding.excluded.used_at)
                connection.execute(
                    adding.on_conflict_do_update(index_elements=["key_id", "redirect_uri"], set_={"used_at": later}),
                    used,
                )
            if secrets:
                last = [{"key_id": key, "used_at": now} for key, now in sorted(secrets.items())]
                adding = insert(former_secret_uses)
                later = _later(connection, former_secret_uses.c.used_at, adding.excluded.used_at)
                connection.execute(
                    adding.on_conflict_do_update(index_elements=["key_id"], set_={"used_at": later}), last
                )


def _later(connection: Connection, first: Any, second: Any) -> Any:
    return (func.max if connection.dialect.name == "sqlite" else func.greatest)(first, second)


def _not_too_many(waiting: dict[Any, Any]) -> dict[Any, Any]:
    return waiting if len(waiting) <= MOST_KNOWN else {}
