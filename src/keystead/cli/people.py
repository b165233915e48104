"""Who acts on the command line? The operator, or somebody the operator names."""

from keystead.core.actors import Actor
from keystead.core.errors import NotFound
from keystead.core.ids import UserId
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction

OPERATOR = Actor(user_id=UserId(1), is_operator=True)


def acting_as(tx: Transaction, login: str | None) -> Actor:
    """Return who acts: the operator in the name of the person with this login on the default host. Raises NotFound."""
    if login is None:
        return OPERATOR
    found = read_users.find_sign_in(tx, login, read_accounts.default_root(tx))
    if found is None:
        raise NotFound(f"nobody signs in as {login}")
    return Actor(user_id=found.user.id, is_operator=True)
