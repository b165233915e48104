"""A key, an institution, and how made-up calls become figures."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete

from keystead.core.accounts import Account, AccountKind
from keystead.core.credentials import Secret
from keystead.core.ids import AccountId, KeyId
from keystead.core.instants import DAY, Instant
from keystead.core.keys import Key, KeyState
from keystead.core.routes import compile_routes
from keystead.storage.counts import WrittenCounts
from keystead.storage.transaction import engine_for
from keystead.storage.upgrades import make_usage_tables
from keystead.storage.usage_figures import UsageFigures
from keystead.storage.usage_schema import usage_counts, usage_seen
from usage_builders import NOON, SCOPES, Call, Door

TODAY = NOON // DAY
MAPPED = [scope for scope in SCOPES if scope is not None]
TABLE = compile_routes((verb, path) for verb, _, path in (scope[4:].partition("|") for scope in MAPPED))
OWNER = Account(
    id=AccountId(1_000), name="", kind=AccountKind.ROOT, parent_id=None, root_id=AccountId(1_000), uuid=""
)  # fmt: skip
SITE = Account(
    id=AccountId(9), name="", kind=AccountKind.SITE_ADMIN, parent_id=None, root_id=AccountId(9), uuid=""
)  # fmt: skip


def key_with(*scopes: str, **values: Any) -> Key:
    """Return key 1 with these scopes."""
    return Key(
        id=KeyId(1), account_id=None, state=KeyState.ACTIVE, secret=Secret("s"), scopes=scopes, **values
    )  # fmt: skip


@pytest.fixture(scope="module")
def figures_after(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[Call]], UsageFigures]:
    """Return how calls become figures, each time of these calls alone."""
    engine = engine_for(f"sqlite:///{tmp_path_factory.mktemp('usage')}/usage.db")
    make_usage_tables(engine)

    def count(made: list[Call]) -> UsageFigures:
        with engine.begin() as connection:
            for table in (usage_counts, usage_seen):
                connection.execute(delete(table))
        door = Door()
        kept = WrittenCounts(engine, door.calls, lambda: Instant(NOON), days=120, months=24)
        for call in sorted(made, key=lambda one: one.at):
            door.count(call)
        kept.flush()
        return UsageFigures(engine)

    return count
