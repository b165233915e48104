"""A fresh installation that commands find by their settings."""

from pathlib import Path

import pytest

from databases import MASTER, fresh_installation
from keystead.storage.clock import system_clock


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of its database; its folder is the current one."""
    database = fresh_installation(tmp_path, system_clock)
    made = database.engine.url.render_as_string(hide_password=False)
    database.close()
    monkeypatch.setenv("KEYSTEAD_DATABASE_URL", made)
    monkeypatch.setenv("KEYSTEAD_SECRET_KEY", MASTER)
    monkeypatch.chdir(tmp_path)
    return made
