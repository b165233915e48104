"""Which token has one of these refresh credentials now?"""

from collections.abc import Iterable

from sqlalchemy import select

from keystead.core.credentials import Secret
from keystead.core.tokens import Token, TokenState
from keystead.storage.read.tokens import token_from
from keystead.storage.schema import tokens
from keystead.storage.transaction import Transaction


def find_current(tx: Transaction, credentials: Iterable[Secret]) -> tuple[int, Token] | None:
    """Return the token that is not deleted, with the place of its refresh credential among these, or None."""
    places = {
        digest: place
        for place, credential in enumerate(credentials)
        for digest in tx.vault.tokens.digests(credential.reveal())
    }
    chosen = select(tokens).where(tokens.c.refresh_digest.in_(list(places)), tokens.c.state != TokenState.DELETED)
    row = tx.connection.execute(chosen.with_for_update()).first()
    return None if row is None else (places[bytes(row.refresh_digest)], token_from(row))
