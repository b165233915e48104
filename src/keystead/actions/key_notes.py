"""Lets an institution note something about a key, its own or an inherited one."""

from typing import Final

from keystead.actions import permits
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.errors import Invalid
from keystead.core.keys import Key
from keystead.storage.read.key_notes import find_note
from keystead.storage.transaction import Transaction
from keystead.storage.write.changes import record
from keystead.storage.write.key_notes import put_note

LONGEST: Final = 10_000


def set_note(tx: Transaction, account: Account, key: Key, words: str, *, acting: Actor, because: str | None) -> None:
    """Note something about a key that the account owns or inherits; the caller has settled that it does.

    Raises Forbidden, Invalid when it is too long. Empty words take the note away.
    """
    permits.require(tx, acting, Right.REVIEW_DEVELOPER_KEYS, account)
    text = words.strip()
    if len(text) > LONGEST:
        raise Invalid({"note": [f"is too long (maximum is {LONGEST} characters)"]})
    found = find_note(tx, account.id, key.id)
    before = "" if found is None else found.words
    if text == before:
        return
    put_note(tx, account.id, key.id, text, acting.user_id)
    record(
        tx, "key.noted", "key", key.id, acting=acting, account_id=account.id, before={"note": before},
        after={"note": text}, because=because,
    )  # fmt: skip
