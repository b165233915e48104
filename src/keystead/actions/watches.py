"""Watches a key against a proposed list of scopes, then enforces it, and takes that back: each in one step."""

from collections.abc import Sequence

from keystead.actions.keys import ScopeCatalogue, owner_of
from keystead.core.actors import Actor
from keystead.core.errors import Invalid, Malformed, NotFound
from keystead.core.instants import iso
from keystead.core.keys import Key
from keystead.storage.read.watches import Watch, find_watch
from keystead.storage.transaction import Transaction
from keystead.storage.write import keys as write_keys
from keystead.storage.write import tokens as write_tokens
from keystead.storage.write import watches as write_watches
from keystead.storage.write.changes import record


def watch(
    tx: Transaction, key: Key, scopes: Sequence[str], *, catalogue: ScopeCatalogue, acting: Actor, because: str | None
) -> Watch:
    """Hold a key's calls against these scopes from now on; all of them pass as before.

    The caller has settled that ``acting`` may change the key. Raises Malformed for a key that enforces scopes already,
    Invalid for scopes that no key may hold, or none at all.
    """
    wanted = tuple(dict.fromkeys(scopes))
    if key.require_scopes:
        raise Malformed("This key enforces its scopes already; narrow them instead.")
    if not wanted:
        raise Invalid({"scopes": ["at least one scope must be proposed"]})
    if unknown := catalogue.unknown(wanted):
        raise Invalid({"scopes": [f"cannot contain {', '.join(unknown)}"]})
    before = find_watch(tx, key.id)
    write_watches.put_watch(tx, key.id, wanted, tx.now)
    _record(
        tx, key, "key.watch_started", acting, because, after={"scopes": list(wanted)},
        before=None if before is None else {"scopes": list(before.scopes)},
    )  # fmt: skip
    return Watch(key_id=key.id, scopes=wanted, since=tx.now)


def stop_watching(tx: Transaction, key: Key, *, acting: Actor, because: str | None) -> None:
    """Hold a key's calls against nothing any more. Raises NotFound when it was not watched."""
    found = _found(tx, key)
    write_watches.delete_watch(tx, key.id)
    _record(tx, key, "key.watch_ended", acting, because, before={"scopes": list(found.scopes)})


def enforce(tx: Transaction, key: Key, *, acting: Actor, because: str | None) -> int:
    """Make the proposal the key's scopes, enforced from now on; return how many tokens it narrowed.

    Tokens that were not limited go on with the proposal, which is less than they had: nobody is asked again. Raises
    NotFound when the key is not watched, Malformed when it is enforced already.
    """
    found = _found(tx, key)
    if key.require_scopes:
        raise Malformed("The scopes are enforced already.")
    write_keys.update_key(tx, key.id, {"scopes": found.scopes, "require_scopes": True})
    narrowed = write_tokens.limit_to(tx, key.id, found.scopes)
    write_watches.mark_enforced(tx, key.id, tx.now)
    _record(
        tx, key, "key.watch_enforced", acting, because,
        before={"scopes": list(key.scopes), "require_scopes": False},
        after={"scopes": list(found.scopes), "require_scopes": True, "tokens_narrowed": narrowed},
    )  # fmt: skip
    return narrowed


def relax(tx: Transaction, key: Key, *, acting: Actor, because: str | None) -> None:
    """Go back from enforcing to watching: every token reaches again what its person reaches.

    Raises NotFound when the key is not watched, Malformed when its scopes are not enforced.
    """
    found = _found(tx, key)
    if not key.require_scopes or not found.is_enforced:
        raise Malformed("The scopes are not enforced.")
    write_keys.update_key(tx, key.id, {"require_scopes": False})
    write_watches.mark_enforced(tx, key.id, None)
    _record(
        tx, key, "key.watch_relaxed", acting, because,
        before={"require_scopes": True, "enforced_at": iso(found.enforced_at)}, after={"require_scopes": False},
    )  # fmt: skip


def _found(tx: Transaction, key: Key) -> Watch:
    found = find_watch(tx, key.id)
    if found is None:
        raise NotFound
    return found


def _record(
    tx: Transaction,
    key: Key,
    action: str,
    acting: Actor,
    because: str | None,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    owner = owner_of(tx, key)
    record(
        tx, action, "key", key.id, acting=acting, account_id=owner.id, before=before, after=after, because=because
    )  # fmt: skip
