"""With which keys does this installation sign, and which of them may be published?

ES256 keys, since every JOSE library verifies that; their private halves are sealed at rest. The newest that is not
retired signs; all are published until they have been retired for a day, so that whoever verifies never meets an
unknown one.
"""

import json
import uuid
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import insert, select

from keystead.core.credentials import Secret
from keystead.core.instants import DAY
from keystead.gateway.facts import FactsUnavailable
from keystead.storage.schema import signing_keys
from keystead.storage.transaction import Database, Origin, StorageUnavailable, Transaction
from keystead.storage.upgrades import hold_start

ALGORITHM = "ES256"


class SigningKeys:
    """Signs identity statements and tells which public keys verify them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._key: ECKey | None = None

    def sign(self, claims: dict[str, object]) -> str:
        """Return a compact JWS over the claims, with the newest key. Raises FactsUnavailable."""
        if self._key is None:
            try:
                self._key = self._newest()
            except StorageUnavailable as failed:
                raise FactsUnavailable("the signing key cannot be read") from failed
        header = {"alg": ALGORITHM, "typ": "JWT", "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=[ALGORITHM])

    def prepare(self) -> None:
        """Have a key ready, so that the first call that is signed waits for no database."""
        self._key = self._newest()

    def published(self) -> dict[str, Any]:
        """Return the public keys as a JSON Web Key Set (RFC 7517)."""
        self._newest()
        with self._database.read() as tx:
            rows = tx.connection.execute(select(signing_keys).order_by(signing_keys.c.created_at.desc()))
            return {"keys": [row.public for row in rows if row.retired_at is None or row.retired_at > tx.now - DAY]}

    def _newest(self) -> ECKey:
        with self._database.read() as tx:
            found = _find_newest(tx)
        if found is not None:
            return found
        with self._database.write(Origin(surface="system")) as tx:
            hold_start(tx.connection)
            return _find_newest(tx) or _make(tx)


def _find_newest(tx: Transaction) -> ECKey | None:
    row = tx.connection.execute(
        select(signing_keys)
        .where(signing_keys.c.retired_at.is_(None))
        .order_by(signing_keys.c.created_at.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return ECKey.import_key(json.loads(tx.vault.open(row.private).reveal()))


def _make(tx: Transaction) -> ECKey:
    kid = uuid.uuid4().hex
    key = ECKey.generate_key("P-256", parameters={"kid": kid, "use": "sig", "alg": ALGORITHM})
    tx.connection.execute(
        insert(signing_keys).values(
            kid=kid,
            algorithm=ALGORITHM,
            private=tx.vault.seal(Secret(json.dumps(key.as_dict(private=True)))),
            public=key.as_dict(private=False),
            created_at=tx.now,
        )
    )
    return key
