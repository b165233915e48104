"""An installation's database, once on each kind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from databases import KINDS, fresh_url, postgresql
from keystead.actions.beginnings import begin
from keystead.core.credentials import Secret
from keystead.core.instants import SECOND, Instant
from keystead.storage.transaction import Database, Origin
from keystead.storage.upgrades import upgrade
from keystead.storage.vault import Vault

MASTER = "storage tests' own master secret, long enough"
FIRST_TOKEN = "t" * 64


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = Instant(1_800_000_000 * SECOND)

    def __call__(self) -> Instant:
        return self.now


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    server = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else None
    with fresh_url(request.param, tmp_path, server) as fresh:
        yield fresh


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(url: str, clock: Clock) -> Iterator[Database]:
    """A database with what stands in an empty installation; the Site Admin person holds ``FIRST_TOKEN``."""
    opened = Database(url, vault=Vault([MASTER]), clock=clock)
    upgrade(opened.engine)
    with opened.write(Origin(surface="test")) as tx:
        begin(tx, token=Secret(FIRST_TOKEN), password=None)
    yield opened
    opened.close()
