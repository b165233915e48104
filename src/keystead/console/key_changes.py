"""What changes a key with one press, and asks first: its switch, its visibility, its end."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import bindings as act_bindings
from keystead.actions import keys as act
from keystead.actions.gates import GateClosed, gate_of
from keystead.console.gate_views import gate_view
from keystead.console.key_paths import ONE, UNNAMED, key_address, list_address, managed_account, owns, seen_account
from keystead.console.key_views import DeleteView, ImpactFacts, SwitchView
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.core.accounts import Account
from keystead.core.actors import Right
from keystead.core.bindings import BindingChanged, BindingState
from keystead.core.errors import Malformed, NotFound
from keystead.core.ids import global_id, parse_id
from keystead.core.keys import Key
from keystead.core.parameters import Tree
from keystead.governance.impact import KeyChange, Switch, impact_of
from keystead.storage.read import keys as read_keys
from keystead.storage.read import tokens as read_tokens
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor


class KeyChanges:
    """``/accounts/:account_id/developer_keys/:id/…``: state, visibility, delete."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        return [
            Route(ONE + "/state", self.ask_switch, methods=["GET"]),
            Route(ONE + "/state", self.switch, methods=["POST"]),
            Route(ONE + "/visibility", self.set_visibility, methods=["POST"]),
            Route(ONE + "/delete", self.ask_delete, methods=["GET"]),
            Route(ONE + "/delete", self.delete, methods=["POST"]),
        ]

    async def ask_switch(self, request: Request) -> Response:
        """Ask before a key's state changes."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = seen_account(tx, visitor, request, Right.SWITCH_DEVELOPER_KEYS)
            key = act_bindings.get_for_binding(tx, account, _key_id(request), acting=visitor.acting)
            return self._question(tx, visitor, account, key, _state(request.query_params.get("to")))

        return await signed_in(self._surface, request, work)

    async def switch(self, request: Request) -> Response:
        """Set what the account says about a key; the page that follows can take it back."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account = seen_account(tx, visitor, request, Right.SWITCH_DEVELOPER_KEYS)
            state = _state(form.get("state"))
            find = self._surface.routing.now.catalogue.find
            try:
                binding, outcome = act_bindings.set_state(
                    tx, account, _key_id(request), state, acting=visitor.acting, because=_because(form), find=find
                )
            except GateClosed as closed:
                return self._question(tx, visitor, account, closed.gate.key, state, status=400)
            key = read_keys.get_key(tx, binding.key_id)
            words = visitor.say("%(key)s is now %(state)s.", key=key.name or UNNAMED, state=visitor.say(state.value))
            where = _back(account, key)
            if isinstance(outcome, BindingChanged):
                where += f"{'&' if '?' in where else '?'}switched={key.id}&before={outcome.before.value}"
            return back_to(tx, visitor, where, words)

        return await with_own_form(self._surface, request, work)

    async def set_visibility(self, request: Request) -> Response:
        """Show a global key to the institutions, or hide it from those that have not decided about it."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account = managed_account(tx, visitor, request)
            key = self._changeable(tx, visitor, request, account)
            visible = form.get("visible") == "1"
            change = act.KeyChange(values={"visible": visible})
            catalogue = self._surface.routing.now.catalogue
            act.update(tx, key, change, catalogue=catalogue, acting=visitor.acting, because=_because(form))
            said = "%(key)s is visible to institutions now." if visible else "%(key)s is hidden from institutions now."
            return back_to(tx, visitor, list_address(account), visitor.say(said, key=key.name or UNNAMED))

        return await with_own_form(self._surface, request, work)

    async def ask_delete(self, request: Request) -> Response:
        """Ask before a key is deleted."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = managed_account(tx, visitor, request)
            key = self._changeable(tx, visitor, request, account)
            ids = read_tokens.token_ids_of_keys(tx, [key.id]).get(key.id, ())
            view = DeleteView(
                key_name=key.name,
                client_id=str(global_id(key.id)),
                action=f"{key_address(account, key)}/delete",
                cancel_href=list_address(account),
                tokens=read_keys.token_counts(tx, (key.id,)).get(key.id, 0),
                last_used_at=max(self._surface.usage.of_tokens(list(ids)).values(), default=None),
                authenticity_token=visitor.form_value,
                impact=self._impact(tx, account, key, Switch.DELETED),
            )
            return show(tx, self._surface.pages, visitor, view, "Delete Developer Key")

        return await signed_in(self._surface, request, work)

    async def delete(self, request: Request) -> Response:
        """Delete a key for good."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account = managed_account(tx, visitor, request)
            key = self._changeable(tx, visitor, request, account)
            act.delete(tx, key, acting=visitor.acting, because=_because(form))
            words = visitor.say("%(key)s was deleted.", key=key.name or UNNAMED)
            return back_to(tx, visitor, list_address(account), words)

        return await with_own_form(self._surface, request, work)

    def _question(
        self, tx: Transaction, visitor: Visitor, account: Account, key: Key, to: BindingState, *, status: int = 200
    ) -> Response:
        find = self._surface.routing.now.catalogue.find
        view = SwitchView(
            key_name=key.name,
            client_id=str(global_id(key.id)),
            account_name=account.name,
            to=to,
            action=f"{key_address(account, key)}/state",
            cancel_href=_back(account, key),
            impact=self._impact(tx, account, key, Switch.OFF) if to is BindingState.OFF else None,
            authenticity_token=visitor.form_value,
            tokens=read_keys.token_counts(tx, (key.id,)).get(key.id, 0) if owns(account, key) else None,
            gate=gate_view(account, gate_of(tx, account, key, find)) if to is BindingState.ON else None,
        )
        return show(tx, self._surface.pages, visitor, view, view.title, status=status)

    def _impact(self, tx: Transaction, account: Account, key: Key, state: Switch) -> ImpactFacts:
        table = self._surface.routing.now.table
        return ImpactFacts.of(
            impact_of(tx, self._surface.figures, key, account, KeyChange(state=state), table=table)
        )  # fmt: skip

    def _changeable(self, tx: Transaction, visitor: Visitor, request: Request, account: Account) -> Key:
        key = act.get_for_change(tx, _key_id(request), visitor.domain_root, acting=visitor.acting)
        if not owns(account, key):
            raise NotFound
        return key


def _key_id(request: Request) -> int | None:
    return parse_id(request.path_params["key_id"])


def _back(account: Account, key: Key) -> str:
    return list_address(account) + ("" if owns(account, key) else "?tab=inherited")


def _state(word: object) -> BindingState:
    try:
        return BindingState(str(word))
    except ValueError:
        raise Malformed("The state must be on, off or allow.") from None


def _because(form: Tree) -> str | None:
    given = form.get("because")
    return given.strip()[:2000] or None if isinstance(given, str) else None
