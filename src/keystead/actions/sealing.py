"""Seals what the audit has gained, where its writers cannot do so themselves."""

from keystead.storage.transaction import Database, Origin
from keystead.storage.write.seals import seal_pending


def seal_audit(database: Database) -> int:
    """Seal the entries that wait, as long as there are any; return how many. Nothing waits on an embedded database."""
    if database.engine.dialect.name == "sqlite":
        return 0
    sealed = 0
    while True:
        with database.write(Origin(surface="system")) as tx:
            done = seal_pending(tx)
        sealed += done
        if not done:
            return sealed
