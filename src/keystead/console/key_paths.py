"""Where do the pages about developer keys stand, and who may open them?"""

from typing import Final

from starlette.requests import Request

from keystead.actions import permits
from keystead.core.accounts import Account
from keystead.core.actors import Right
from keystead.core.errors import NotFound
from keystead.core.keys import Key
from keystead.storage.read import accounts as read_accounts
from keystead.storage.transaction import Transaction
from keystead.web.surface import Visitor

BASE = "/accounts/{account_id}/developer_keys"
ONE = BASE + "/{key_id}"
UNNAMED = "Unnamed Tool"
_LOOKING: Final = frozenset(
    {Right.VIEW_DEVELOPER_KEYS, Right.EXPORT_DEVELOPER_KEY_RECORDS, Right.VIEW_DEVELOPER_KEY_AUDIT}
)


def managed_account(tx: Transaction, visitor: Visitor, request: Request) -> Account:
    """Return the account of the path, whose keys the visitor may manage. Raises Forbidden, NotFound."""
    return seen_account(tx, visitor, request, Right.MANAGE_DEVELOPER_KEYS)


def seen_account(
    tx: Transaction, visitor: Visitor, request: Request, right: Right = Right.VIEW_DEVELOPER_KEYS
) -> Account:
    """Return the account of the path, whose keys the visitor may see, or has the right for. Raises as above."""
    account = read_accounts.get_by_reference(tx, request.path_params["account_id"], visitor.domain_root)
    permits.require(tx, visitor.acting, right, _asked_of(tx, visitor, account))
    if not account.is_root:
        raise NotFound
    return account


def rights_about(tx: Transaction, visitor: Visitor, account: Account) -> frozenset[Right]:
    """Return the rights about keys that the visitor has in an account: on its own host; elsewhere those of Site Admin.

    Without the right that Site Admin's own keys need, what remains of the others there are those to look.
    """
    found = permits.rights_of(tx, visitor.acting, _asked_of(tx, visitor, account))
    if account.is_site_admin and Right.MODIFY_SITE_ADMIN_DEVELOPER_KEYS not in found:
        return found & _LOOKING
    return found


def may_change(tx: Transaction, visitor: Visitor, account: Account) -> bool:
    """Whether the visitor may change an account's keys: Site Admin's need a right more."""
    return Right.MANAGE_DEVELOPER_KEYS in rights_about(tx, visitor, account)


def _asked_of(tx: Transaction, visitor: Visitor, account: Account) -> Account:
    return account if account.id == visitor.domain_root.id else read_accounts.site_admin(tx)


def owns(account: Account, key: Key) -> bool:
    """Whether this very account owns the key."""
    return key.account_id == (None if account.is_site_admin else account.id)


def list_address(account: Account) -> str:
    """Return where the account's keys are listed."""
    return f"/accounts/{account.id}/developer_keys"


def key_address(account: Account, key: Key) -> str:
    """Return where a key stands, as seen from an account."""
    return f"{list_address(account)}/{key.id}"
