"""Where does the master secret come from? From the settings, else from a file beside an embedded database."""

import os
import secrets
import uuid
from contextlib import suppress
from pathlib import Path

from keystead.config import Settings, SettingsError
from keystead.storage.vault import Vault


def open_vault(settings: Settings) -> Vault:
    """Return the vault; beside an embedded database a master secret is made once and kept with mode 0600."""
    if settings.secret_key:
        return Vault([secret.get_secret_value() for secret in settings.secret_key])
    path = _database_file(settings).with_suffix(".secret")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _make_secret(path)
    kept = path.read_text().strip()
    if not kept:
        raise SettingsError(
            f"KEYSTEAD_SECRET_KEY: the file {path} is empty; restore it, or delete it with its database"
        )
    return Vault([kept])


def _database_file(settings: Settings) -> Path:
    return Path(settings.database_url.get_secret_value().removeprefix("sqlite:///"))


def _make_secret(path: Path) -> None:
    """Put a new master secret at the path, whole or not at all; when a rival was faster, theirs stays."""
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
