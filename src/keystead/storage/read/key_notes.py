"""What has an institution noted about a key, its own or an inherited one?"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from keystead.core.instants import Instant
from keystead.storage.schema import key_notes, users
from keystead.storage.transaction import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyNote:
    """A note, who wrote it last, and when."""

    words: str
    person: str | None
    at: Instant


def find_note(tx: Transaction, account_id: int, key_id: int) -> KeyNote | None:
    """Return what an account has noted about a key, or None."""
    return notes_of(tx, account_id, (key_id,)).get(key_id)


def notes_of(tx: Transaction, account_id: int, key_ids: Sequence[int]) -> dict[int, KeyNote]:
    """Return what an account has noted about these keys; keys without a note are left out."""
    rows = tx.connection.execute(
        select(key_notes, users.c.name.label("person"))
        .outerjoin(users, users.c.id == key_notes.c.user_id)
        .where(key_notes.c.account_id == account_id, key_notes.c.key_id.in_(key_ids))
    )
    return {row.key_id: KeyNote(words=row.words, person=row.person, at=Instant(row.at)) for row in rows}
