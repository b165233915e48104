"""Lets people be told of changes by e-mail or webhook, and lets them stop that."""

from collections.abc import Sequence
from typing import Final

from yarl import URL

from keystead.actions import permits
from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.credentials import Secret
from keystead.core.errors import Invalid, Malformed, NotFound
from keystead.core.notices import NoticeKind
from keystead.storage.read import users as read_users
from keystead.storage.read.subscriptions import find_subscription, list_subscriptions
from keystead.storage.transaction import Transaction
from keystead.storage.vault import new_token
from keystead.storage.write.changes import record
from keystead.storage.write.subscriptions import delete_subscription, insert_subscription

EMAIL: Final = "email"
WEBHOOK: Final = "webhook"
MOST: Final = 50
_LONGEST_ADDRESS: Final = 2_000


def subscribe(
    tx: Transaction, account: Account, *, channel: str, address: str, kinds: Sequence[str], is_digest: bool,
    acting: Actor, because: str | None,
) -> tuple[int, Secret | None]:  # fmt: skip
    """Let a root account's notices go somewhere; return the subscription's id and, of a webhook, what signs it.

    E-mail goes to the acting person's own address, whatever ``address`` says. Whoever has a login may be told of their
    own requests (``kinds`` is that alone) by e-mail, once. Raises Forbidden, NotFound, Invalid.
    """
    is_personal = tuple(kinds) == (NoticeKind.OWN_REQUEST,)
    if not is_personal or not read_users.has_login(tx, acting.user_id, account):
        permits.require(tx, acting, Right.MANAGE_DEVELOPER_KEYS, account)
    if not account.is_root:
        raise NotFound
    if NoticeKind.OWN_REQUEST in kinds and not (is_personal and channel == EMAIL):
        raise Invalid({"kinds": ["own_request stands alone, and goes by e-mail"]})
    unknown = [kind for kind in kinds if kind not in set(NoticeKind)]
    if unknown:
        raise Invalid({"kinds": [f"there is no kind {', '.join(unknown)[:200]}"]})
    held = list_subscriptions(tx, account.id)
    if is_personal and any(one.is_personal and one.user_id == acting.user_id for one in held):
        raise Malformed("you are told of your requests already")
    if not is_personal and sum(not one.is_personal for one in held) >= MOST:
        raise Malformed(f"an account has at most {MOST} subscriptions")
    secret = None
    if channel == EMAIL:
        user = read_users.get_user(tx, acting.user_id)
        if not user.email:
            raise Invalid({"address": ["you have no e-mail address"]})
        address = user.email
    elif channel == WEBHOOK:
        if not _is_web_address(address):
            raise Invalid({"address": ["must be an https address without a user"]})
        secret = new_token()
    else:
        raise Invalid({"channel": ["must be email or webhook"]})
    made = insert_subscription(
        tx, account_id=account.id, user_id=acting.user_id, channel=channel, address=address, secret=secret,
        kinds=tuple(dict.fromkeys(kinds)), is_digest=is_digest,
    )  # fmt: skip
    after = {"channel": channel, "address": address, "kinds": list(kinds), "is_digest": is_digest}
    record(
        tx, "subscription.made", "subscription", made, acting=acting, account_id=account.id, after=after,
        because=because,
    )  # fmt: skip
    return made, secret


def unsubscribe(
    tx: Transaction, account: Account, subscription_id: int | None, *, acting: Actor, because: str | None
) -> None:
    """Let notices go there no more. Raises Forbidden, NotFound."""
    found = find_subscription(tx, account.id, subscription_id)
    if found is None or not found.is_personal or found.user_id != acting.user_id:
        permits.require(tx, acting, Right.MANAGE_DEVELOPER_KEYS, account)
    if found is None:
        raise NotFound
    delete_subscription(tx, found.id)
    before = {"channel": found.channel, "address": found.address}
    record(
        tx, "subscription.ended", "subscription", found.id, acting=acting, account_id=account.id, before=before,
        because=because,
    )  # fmt: skip


def _is_web_address(address: str) -> bool:
    try:
        parts = URL(address)
    except ValueError:
        return False
    plain = parts.user is None and parts.password is None
    return parts.scheme == "https" and bool(parts.raw_host) and plain and len(address) <= _LONGEST_ADDRESS
