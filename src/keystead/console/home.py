"""The start page: who you are, what you administer."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.console.manners import signed_in
from keystead.console.views import AccountLine, HomeView
from keystead.core.accounts import Account
from keystead.core.actors import Right
from keystead.governance.requests import may_ask
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor


class Home:
    """``/``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        return [Route("/", self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """Show the start page."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            acting = visitor.acting
            user = read_users.get_user(tx, acting.user_id)
            logins = read_users.logins_of(tx, user.id)
            view = HomeView(
                user_name=user.name,
                login=logins[0].unique_id if logins else "",
                may_ask=may_ask(tx, visitor.domain_root, acting),
                accounts=tuple(_line(account, visitor) for account in _managed(tx, visitor)),
            )
            return show(tx, self._surface.pages, visitor, view, "Keystead")

        return await signed_in(self._surface, request, work)


def _managed(tx: Transaction, visitor: Visitor) -> list[Account]:
    """Return the accounts whose keys the person may see here: the host's own and Site Admin."""
    person = visitor.acting.user_id
    candidates = {account.id: account for account in (visitor.domain_root, read_accounts.site_admin(tx))}
    return [
        account
        for account in candidates.values()
        if read_users.has_right(tx, person, Right.VIEW_DEVELOPER_KEYS, account)
    ]


def _line(account: Account, visitor: Visitor) -> AccountLine:
    return AccountLine(
        name=account.name,
        words=(
            visitor.say("Keys that every institution inherits") if account.is_site_admin else visitor.say("Institution")
        ),
        keys_href=f"/accounts/{account.id}/developer_keys",
    )
