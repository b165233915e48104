"""When was a token last used? Telemetry: kept apart from what decisions rest on, never in their way, not audited.

Uses are noted in memory and written in the background; a reader in this process writes them first. On the embedded
database the table stands in a file of its own, so that noting a use never looks like a change.
"""

import threading
from collections.abc import Iterable

from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from keystead.core.ids import TokenId
from keystead.core.instants import MINUTE, Instant
from keystead.storage.schema import redirect_uses, token_uses

NOTED_AGAIN_AFTER = 10 * MINUTE
MOST_KNOWN = 200_000


class Usage:
    """Notes and tells when tokens and redirect URIs were last used."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._known: dict[int, int] = {}
        self._waiting: dict[int, tuple[int, int]] = {}
        self._waiting_uris: dict[tuple[int, str], int] = {}

    def token_used(self, token_id: TokenId, key_id: int, now: Instant) -> None:
        """Note one allowed call; within ten minutes of the last note it is passed over."""
        last = self._known.get(token_id)
        if last is not None and now - last < NOTED_AGAIN_AFTER:
            return
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[token_id] = now
        self._waiting[token_id] = (key_id, now)

    def redirect_used(self, key_id: int, redirect_uri: str, now: Instant) -> None:
        """Note that an authorization went to this redirect URI."""
        self._waiting_uris[key_id, redirect_uri] = now

    def flush(self) -> None:
        """Write what waits."""
        with self._lock:
            uses, self._waiting = self._waiting, {}
            uris, self._waiting_uris = self._waiting_uris, {}
            if not uses and not uris:
                return
            insert = insert_sqlite if self._engine.dialect.name == "sqlite" else insert_postgresql
            with self._engine.begin() as connection:
                if uses:
                    rows = [{"token_id": at, "key_id": key, "used_at": now} for at, (key, now) in uses.items()]
                    adding = insert(token_uses).values(rows)
                    connection.execute(
                        adding.on_conflict_do_update(
                            index_elements=["token_id"], set_={"used_at": adding.excluded.used_at}
                        )
                    )
                if uris:
                    used = [{"key_id": key, "redirect_uri": uri, "used_at": now} for (key, uri), now in uris.items()]
                    adding = insert(redirect_uses).values(used)
                    connection.execute(
                        adding.on_conflict_do_update(
                            index_elements=["key_id", "redirect_uri"], set_={"used_at": adding.excluded.used_at}
                        )
                    )

    def of_tokens(self, token_ids: Iterable[int]) -> dict[int, Instant]:
        """Return when each of these tokens was last used; those never used are left out."""
        wanted = list(token_ids)
        self.flush()
        found: dict[int, Instant] = {}
        with self._engine.connect() as connection:
            for start in range(0, len(wanted), 500):
                part = wanted[start : start + 500]
                for row in connection.execute(select(token_uses).where(token_uses.c.token_id.in_(part))):
                    found[row.token_id] = Instant(row.used_at)
        return found

    def of_redirects(self, key_ids: Iterable[int]) -> dict[tuple[int, str], Instant]:
        """Return when each redirect URI of these keys was last used, by key and URI."""
        self.flush()
        with self._engine.connect() as connection:
            rows = connection.execute(select(redirect_uses).where(redirect_uses.c.key_id.in_(list(key_ids))))
            return {(row.key_id, row.redirect_uri): Instant(row.used_at) for row in rows}

    def close(self) -> None:
        """Write what waits and give the connections back."""
        self.flush()
        self._engine.dispose()
