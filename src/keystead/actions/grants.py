"""Ends what people have granted to a key, for administrators: one token, one person's, or all."""

from keystead.actions import permits
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.errors import NotFound
from keystead.core.ids import parse_id
from keystead.core.keys import Key
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read.grants import GrantSearch, grant_ids
from keystead.storage.transaction import Transaction
from keystead.storage.write import tokens as write_tokens
from keystead.storage.write.changes import record

_MOST_NAMED = 100


def key_with_grants(tx: Transaction, account: Account, reference: str, *, acting: Actor) -> tuple[Key, GrantSearch]:
    """Return a key that the account owns or inherits, and which of its grants are the account's business.

    The owner's business are all of them, an institution's those of its own people. It takes
    the right to see keys. Raises NotFound, Forbidden.
    """
    permits.require(tx, acting, Right.VIEW_DEVELOPER_KEYS, account)
    key = read_keys.get_key(tx, parse_id(reference))
    if not account.is_root or key.is_built_in:
        raise NotFound
    if key.account_id == (None if account.is_site_admin else account.id):
        return key, GrantSearch()
    if not key.is_global and key.account_id not in read_accounts.path_to(tx, account).ids:
        raise NotFound
    return key, GrantSearch(root=account)


def end_grants(
    tx: Transaction, key: Key, account: Account, meant: GrantSearch, *, acting: Actor, because: str | None
) -> int:
    """End the tokens that are meant; return how many. ``meant`` comes from ``key_with_grants``, perhaps narrowed.

    One audit entry tells all of it, and names the first hundred tokens. Raises Forbidden.
    """
    permits.require(tx, acting, Right.SWITCH_DEVELOPER_KEYS, account)
    ids = grant_ids(tx, key.id, meant)
    if not ids:
        return 0
    ended = write_tokens.delete_tokens(tx, ids)
    after = {
        "tokens_ended": ended,
        "tokens": list(ids[:_MOST_NAMED]),
        **({} if meant.user_id is None else {"user_id": meant.user_id}),
    }
    record(tx, "key.tokens_ended", "key", key.id, acting=acting, account_id=account.id, after=after, because=because)
    return ended
