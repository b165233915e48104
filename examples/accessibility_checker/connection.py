"""What the checker remembers of its key and of the access it was granted: one file that only its owner may read."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The key, the token when there is one, the scopes that were found missing, and why the access ended, if it did.

    Secrets stay out of its `repr`.
    """

    client_id: str
    client_secret: str = field(repr=False)
    token: dict[str, Any] | None = field(default=None, repr=False)
    missing: tuple[str, ...] = ()
    ended: str = ""

    @property
    def is_granted(self) -> bool:
        return self.token is not None

    @property
    def person(self) -> str:
        """The name of who granted the access."""
        return str(((self.token or {}).get("user") or {}).get("name") or "somebody")


class ConnectionFile:
    """Keeps one connection in a file with mode 0600."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Connection | None:
        try:
            kept = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        return Connection(**{**kept, "missing": tuple(kept["missing"])})

    def save(self, connection: Connection) -> None:
        """Replaces what was kept in one step; the new file is private from its first byte on."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        waiting = self._path.with_name(f"{self._path.name}.new")
        with suppress(FileNotFoundError):
            waiting.unlink()
        with os.fdopen(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(connection), file)
            file.flush()
            os.fsync(file.fileno())
        waiting.replace(self._path)

    def forget(self) -> None:
        with suppress(FileNotFoundError):
            self._path.unlink()
