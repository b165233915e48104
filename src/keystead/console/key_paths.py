"""Where do the pages about developer keys stand, and who may open them?"""

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


def managed_account(tx: Transaction, visitor: Visitor, request: Request) -> Account:
    """Return the account of the path, whose keys the visitor may manage. Raises Forbidden, NotFound."""
    account = read_accounts.get_by_reference(tx, request.path_params["account_id"], visitor.domain_root)
    asked_of = account if account.id == visitor.domain_root.id else read_accounts.site_admin(tx)
    permits.require(tx, visitor.acting, Right.MANAGE_DEVELOPER_KEYS, asked_of)
    if not account.is_root:
        raise NotFound
    return account


def may_change(tx: Transaction, visitor: Visitor, account: Account) -> bool:
    """Whether the visitor, who may manage an account's keys, may also change them: Site Admin's need a right more."""
    right = Right.MODIFY_SITE_ADMIN_DEVELOPER_KEYS
    return not account.is_site_admin or permits.holds(tx, visitor.acting, right, account)


def owns(account: Account, key: Key) -> bool:
    """Whether this very account owns the key."""
    return key.account_id == (None if account.is_site_admin else account.id)


def list_address(account: Account) -> str:
    """Return where the account's keys are listed."""
    return f"/accounts/{account.id}/developer_keys"


def key_address(account: Account, key: Key) -> str:
    """Return where a key stands, as seen from an account."""
    return f"{list_address(account)}/{key.id}"
