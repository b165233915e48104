"""Has anybody committed since? The embedded database's own answer, read from the memory it shares with its processes.

In WAL mode SQLite keeps the head of its index in a file that all processes map: every commit writes there before it
returns, and ``PRAGMA data_version`` is that comparison. Looking at the 48 bytes ourselves says "nothing has changed" as
strictly and for a fraction of the price; whenever they differ, the pragma decides (docs/decisions/0016).
"""

import mmap
import os
import sqlite3
import threading
import time
from pathlib import Path

from keystead.storage.transaction import Database, connect_file, file_identity

HEAD = 48
"""The first copy of the index head (the WAL-index format of sqlite.org): a commit changes it last of all."""
LOOKS_AT_FILE_EVERY = 0.01
"""For how many seconds at the most a file that was deleted or replaced under a running server may go unnoticed."""

_KEPT: list[tuple[int, mmap.mmap]] = []
"""What stays open while its file is there: closing any descriptor of it would drop SQLite's own locks (POSIX)."""


class ChangeCounter:
    """Counts the commits of all processes, on a connection that is used for nothing else. Threads may share it.

    ``epoch`` is the whole interface: as long as two of its answers are equal, nobody has committed between them.
    """

    def __init__(self, database: Database, path: Path) -> None:
        self._database = database
        self._path = path
        self._looking = threading.Lock()
        self._shared: mmap.mmap | None = None
        self._head: bytes | None = None
        self._seen: object = None
        self._epoch = 0
        self._look_at_file_at = 0.0
        self.opened: object = (database.renewals, file_identity(path))
        self._connection = connect_file(path)

    @classmethod
    def of(cls, database: Database) -> "ChangeCounter | None":
        """Return the counter of an embedded database, None for others."""
        url = database.engine.url
        return cls(database, Path(str(url.database)).absolute()) if url.get_backend_name() == "sqlite" else None

    def epoch(self) -> int:
        """Return a number that has changed if anybody may have committed since the last question.

        Raises FileNotFoundError while the file is away, sqlite3.Error when the counter cannot be read.
        """
        shared = self._shared
        if shared is not None and shared[:HEAD] == self._head and time.monotonic() < self._look_at_file_at:
            return self._epoch
        with self._looking:
            return self._looked()

    def connect(self) -> sqlite3.Connection:
        """Return a new connection to the file that is counted now; it serves as long as ``opened`` stays the same."""
        return connect_file(self._path)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _looked(self) -> int:
        """Ask SQLite, after the head was read: a commit in between shows at the next question."""
        now = time.monotonic()
        file = file_identity(self._path)
        if file is None:
            self._look_at_file_at = 0.0
            raise FileNotFoundError(self._path)
        wanted = (self._database.renewals, file)
        if wanted != self.opened:
            self._shared = None
            self._connection.close()
            self._connection = connect_file(self._path)
            self.opened = wanted
        head = None if self._shared is None else self._shared[:HEAD]
        seen = (wanted, self._connection.execute("PRAGMA data_version").fetchall())
        if seen != self._seen:
            self._seen = seen
            self._epoch += 1
        self._head = head
        self._look_at_file_at = now + LOOKS_AT_FILE_EVERY
        if self._shared is None:
            self._shared = _mapped(self._path)
        return self._epoch


def _mapped(path: Path) -> mmap.mmap | None:
    """Return the index that SQLite shares beside the file, None where none can be mapped: then the pragma is asked."""
    _sweep()
    try:
        descriptor = os.open(f"{path}-shm", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    shared = mmap.mmap(descriptor, HEAD, access=mmap.ACCESS_READ)
    _KEPT.append((descriptor, shared))
    return shared


def _sweep() -> None:
    """Close what belongs to files that are gone, which nobody locks any more."""
    for kept in [kept for kept in _KEPT if os.fstat(kept[0]).st_nlink == 0]:
        _KEPT.remove(kept)
        kept[1].close()
        os.close(kept[0])
