"""Shows, replaces and ends the secrets by which clients prove themselves."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from keystead.actions.keys import owner_of
from keystead.core.actors import Actor
from keystead.core.errors import Malformed
from keystead.core.instants import HOUR, Instant, iso
from keystead.core.keys import Key
from keystead.storage.transaction import Transaction
from keystead.storage.vault import new_token
from keystead.storage.write import keys as write_keys
from keystead.storage.write import tokens as write_tokens
from keystead.storage.write.changes import record

LONGEST_OVERLAP: Final = timedelta(days=90)


def show_secret(tx: Transaction, key: Key, *, acting: Actor) -> str:
    """Return a key's secret for the screen, and note who looked. The caller has settled that ``acting`` may."""
    _record(tx, key, "key.secret_shown", acting=acting)
    return key.secret.reveal()


def replace_secret(tx: Transaction, key: Key, *, overlap_hours: float, acting: Actor, because: str | None) -> Key:
    """Give a key a new secret; the former one works for ``overlap_hours`` more, and all tokens go on.

    The caller has settled that ``acting`` may. Raises Malformed for an overlap that is negative or longer than
    LONGEST_OVERLAP, and for the built-in key.
    """
    if key.is_built_in:
        raise Malformed("The built-in key has no secret that could be used")
    if not 0 <= overlap_hours <= LONGEST_OVERLAP / timedelta(hours=1):
        raise Malformed(f"overlap_hours must be between 0 and {LONGEST_OVERLAP // timedelta(hours=1)}")
    until = Instant(tx.now + int(overlap_hours * HOUR)) if overlap_hours else None
    changed = replace(
        key,
        secret=new_token(),
        secret_made_at=tx.now,
        former_secret=None if until is None else key.secret,
        former_secret_until=until,
        updated_at=tx.now,
    )
    _store(tx, changed)
    _record(tx, key, "key.secret_replaced", acting=acting, because=because, former_secret_works_until=iso(until))
    return changed


def end_former_secret(tx: Transaction, key: Key, *, acting: Actor, because: str | None) -> Key:
    """Let the former secret work no more, from now on. Does nothing when there is none."""
    if key.former_secret_at(tx.now) is None:
        return key
    changed = replace(key, former_secret=None, former_secret_until=None, updated_at=tx.now)
    _store(tx, changed)
    _record(tx, key, "key.former_secret_ended", acting=acting, because=because)
    return changed


def rotate_secret(tx: Transaction, key: Key, *, acting: Actor, because: str | None) -> Key:
    """Give a key a new secret at once, with no overlap, and end all its tokens: what to do when one has leaked.

    The caller has settled that ``acting`` may.
    """
    changed = replace(
        key,
        secret=new_token(),
        secret_made_at=tx.now,
        former_secret=None,
        former_secret_until=None,
        updated_at=tx.now,
    )
    _store(tx, changed)
    ended = write_tokens.delete_of_key(tx, key.id)
    _record(tx, key, "key.secret_rotated", acting=acting, because=because, tokens_ended=ended)
    return changed


def _store(tx: Transaction, key: Key) -> None:
    names = ("secret", "secret_made_at", "former_secret", "former_secret_until")
    write_keys.update_key(tx, key.id, {name: getattr(key, name) for name in names})


def _record(tx: Transaction, key: Key, action: str, *, acting: Actor, because: str | None = None, **after: Any) -> None:
    record(
        tx, action, "key", key.id, acting=acting, account_id=owner_of(tx, key).id, after=after or None, because=because
    )  # fmt: skip
