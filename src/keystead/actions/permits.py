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


def holds(tx: Transaction, acting: Actor, right: Right, account: Account) -> bool:
    """Whether the person acting holds the right in the account; the operator holds every one."""
    return acting.is_operator or read_users.has_right(tx, acting.user_id, right, account)


def require(tx: Transaction, acting: Actor, right: Right, account: Account) -> None:
    """Raise Forbidden unless the person acting holds the right in the account."""
    if not holds(tx, acting, right, account):
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
