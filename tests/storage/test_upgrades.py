import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from keystead.storage.schema import metadata
from keystead.storage.transaction import engine_for
from keystead.storage.upgrades import SchemaState, schema_state, upgrade

pytestmark = pytest.mark.storage


def test_migrations_lead_to_the_schema_the_code_uses(url: str) -> None:
    engine = engine_for(url)
    before = schema_state(engine)

    upgrade(engine)

    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert before is SchemaState.EMPTY
    assert schema_state(engine) is SchemaState.CURRENT
    assert differences == []
    engine.dispose()


def test_an_upgrade_that_has_nothing_to_do_does_nothing(url: str) -> None:
    engine = engine_for(url)
    upgrade(engine)

    upgrade(engine)

    assert schema_state(engine) is SchemaState.CURRENT
    engine.dispose()


@pytest.mark.parametrize(
    ("revision", "state"), [("9999", SchemaState.NEWER), (None, SchemaState.OLDER)]
)  # fmt: skip
def test_a_schema_of_another_version_is_told_apart(url: str, revision: str | None, state: SchemaState) -> None:
    engine = engine_for(url)
    upgrade(engine)
    with engine.connect() as connection, connection.begin():
        connection.execute(text("DELETE FROM alembic_version"))
        if revision is not None:
            connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})

    found = schema_state(engine)

    assert found is state
    engine.dispose()
