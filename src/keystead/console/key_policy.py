"""Under which conditions may a key be used? The page of one key, and the page for all keys of an account."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.console.key_paths import ONE, UNNAMED, key_address, may_change, seen_account
from keystead.console.key_policy_views import (
    PolicyView,
    concern_words,
    days_of,
    facts_of,
    form_values,
    given_by,
    policy_asked,
)
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.core.accounts import Account
from keystead.core.actors import Right
from keystead.core.errors import Invalid, Malformed, NotFound
from keystead.core.ids import global_id, parse_id
from keystead.core.key_policies import KeyPolicy
from keystead.core.parameters import Tree
from keystead.governance import key_policies as govern
from keystead.governance.key_policies import Place
from keystead.governance.policy_values import policy_values
from keystead.governance.situations import situation_of
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor, origin_of

OF_ALL: Final = "/accounts/{account_id}/policy"
TITLE: Final = "Conditions of use"


class KeyPolicyPages:
    """``/accounts/:account_id/developer_keys/:id/policy`` and ``/accounts/:account_id/policy``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        return [
            Route(address, page, methods=[method])
            for address in (ONE + "/policy", OF_ALL)
            for method, page in (("GET", self.show), ("POST", self.change))
        ]

    async def show(self, request: Request) -> Response:
        """Show what is laid down, and the form that changes it."""
        return await signed_in(self._surface, request, lambda tx, visitor: self._page(tx, visitor, request))

    async def change(self, request: Request) -> Response:
        """Lay down what the form says, or take all of it away, or only try the ranges."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            place, acting = _place(tx, visitor, request, Right.MANAGE_DEVELOPER_KEYS), visitor.acting
            where, because = _address(place), str(form.get("because") or "").strip()[:2000] or None
            if form.get("do") == "clear":
                govern.set_policy(tx, place, {}, acting=acting, because=because)
                return back_to(tx, visitor, where, visitor.say("Nothing is laid down here any more."))
            if form.get("do") not in ("save", "try"):
                raise Malformed("The form does not say what to do.")
            zone = visitor.reader.zone
            given, days = given_by(form)
            try:
                person_id = _person(tx, place.account, given["person"]) if given["owner"] else None
                values = policy_values(policy_asked(given, days, zone, person_id))
                if form.get("do") == "try":
                    _, wanted = govern.proposed(tx, place, values, acting=acting)
                    return self._page(tx, visitor, request, given=given, days=days, tries=wanted)
                policy = govern.set_policy(tx, place, values, acting=acting, because=because)
            except Invalid as wrong:
                return self._page(tx, visitor, request, given=given, days=days, problem=_words(visitor, wrong))
            said = visitor.say("The conditions were saved. They count from the next call on.")
            if govern.shuts_out(policy, origin_of(request).address):
                said += " " + visitor.say("Your own address is none of those allowed.")
            return back_to(tx, visitor, where, said)

        return await with_own_form(self._surface, request, work)

    def _page(
        self,
        tx: Transaction,
        visitor: Visitor,
        request: Request,
        *,
        given: Mapping[str, str] | None = None,
        days: frozenset[str] | None = None,
        tries: KeyPolicy | None = None,
        problem: str | None = None,
    ) -> Response:
        place, address = _place(tx, visitor, request), origin_of(request).address
        account, key, held = place.account, place.key, govern.laid_down(tx, place)
        policy = None if held is None else held.policy
        situation = None if key is None else situation_of(tx, account, key)
        shown = (
            form_values(policy, account, visitor.reader.zone, _login(tx, account, policy)) if given is None else given
        )
        view = PolicyView(
            account_name=account.name,
            key_name=None if key is None else key.name or UNNAMED,
            client_id=None if key is None else str(global_id(key.id)),
            action=_address(place),
            back_href=f"/accounts/{account.id}/vetting" if key is None else f"{key_address(account, key)}/about",
            values=shown,
            days=days_of(policy) if days is None else days,
            facts=facts_of(govern.in_force(tx, place), account),
            authenticity_token=visitor.form_value,
            answerable=None if situation is None else situation.answerable,
            concerns=() if situation is None else concern_words(situation),
            address=address,
            shuts_out=govern.shuts_out(tries or policy or KeyPolicy(account_id=account.id), address),
            tried=None if tries is None else govern.tried(tx, self._surface.figures, place, tries.ranges),
            problem=problem,
            may_change=may_change(tx, visitor, account),
            is_laid_down=held is not None,
        )
        return show(tx, self._surface.pages, visitor, view, TITLE, status=200 if problem is None else 400)


def _place(
    tx: Transaction, visitor: Visitor, request: Request, right: Right = Right.VIEW_DEVELOPER_KEYS
) -> Place:  # fmt: skip
    account = seen_account(tx, visitor, request, right)
    reference = request.path_params.get("key_id")
    if reference is None:
        return govern.whole_of(tx, account, acting=visitor.acting)
    place = govern.place_of(tx, account, parse_id(reference), acting=visitor.acting)
    key = place.key
    if key is None or key.is_built_in or (key.is_global and not key.visible and not account.is_site_admin):
        raise NotFound
    return place


def _address(place: Place) -> str:
    if place.key is None:
        return f"/accounts/{place.account.id}/policy"
    return f"{key_address(place.account, place.key)}/policy"


def _person(tx: Transaction, account: Account, reference: str) -> int | None:
    """Return the id of the person with this login in the account, or this id. Raises Invalid."""
    if not reference:
        return None
    found = read_users.find_sign_in(tx, reference, account)
    person_id = parse_id(reference) if found is None else found.user.id
    if person_id is None:
        raise Invalid({"owner": ["must be an active person with a login in this account"]})
    return person_id


def _login(tx: Transaction, account: Account, policy: KeyPolicy | None) -> str:
    """Return how the person named by a policy signs in, their id where that is not known."""
    named = None if policy is None or policy.owner is None else policy.owner.user_id
    if named is None:
        return ""
    mine = (one.unique_id for one in read_users.logins_of(tx, named) if one.account_id == account.id)
    return next(mine, str(named))


_PARTS: Final[Mapping[str, str]] = {
    "address_ranges": "Address ranges",
    "hours": "Hours",
    "review_on": "Next review",
    "expires_at": "Expiry",
    "owner": "Who answers for it",
}


def _words(visitor: Visitor, wrong: Invalid) -> str:
    say: Callable[..., Any] = visitor.say
    return "; ".join(f"{say(_PARTS.get(name, name))} {', '.join(told)}" for name, told in wrong.problems.items())
