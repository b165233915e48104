"""May this person make this change? Asked inside the transaction that makes it."""

from keystead.core.accounts import Account
from keystead.core.actors import Actor, Right
from keystead.core.errors import Forbidden
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction

NO_SITE_ADMIN_CHANGES = "You don't have permission to modify Site Admin developer keys"
OTHER_DOMAIN = "Developer keys may only be managed from their account's domain"


class ForbiddenPlainly(Forbidden):
    """As Forbidden, with words of its own and a reply without a status member."""


def rights_of(tx: Transaction, acting: Actor, account: Account) -> frozenset[Right]:
    """Return every right that the person acting holds in the account, implied ones too; the operator holds all."""
    return frozenset(Right) if acting.is_operator else read_users.rights_of(tx, acting.user_id, account)


def holds(tx: Transaction, acting: Actor, right: Right, account: Account) -> bool:
    """Whether the person acting holds the right in the account; the operator holds every one."""
    return right in rights_of(tx, acting, account)


def require(tx: Transaction, acting: Actor, right: Right, account: Account, *also: Right) -> None:
    """Raise Forbidden unless the person acting holds the right in the account, and those that are needed ``also``."""
    if not {right, *also} <= rights_of(tx, acting, account):
        raise Forbidden


def require_site_admin_keys(tx: Transaction, acting: Actor, account: Account) -> None:
    """Raise ForbiddenPlainly when the account is Site Admin and the person may only look at its keys."""
    if account.is_site_admin and not holds(tx, acting, Right.MODIFY_SITE_ADMIN_DEVELOPER_KEYS, account):
        raise ForbiddenPlainly(NO_SITE_ADMIN_CHANGES)


def is_site_administrator(tx: Transaction, acting: Actor) -> bool:
    """Whether the person acting has the full administrator's role on Site Admin."""
    if acting.is_operator:
        return True
    site = read_accounts.site_admin(tx)
    return any(
        seat.account_id == site.id and seat.role.is_built_in for seat in read_users.seats_of(tx, acting.user_id)
    )  # fmt: skip
