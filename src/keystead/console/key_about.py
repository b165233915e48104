"""About a key, an inherited one too: whose it is, what it may do, who decided, and what this institution noted."""

from dataclasses import dataclass, field
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import key_notes as act
from keystead.actions import permits
from keystead.console.key_paths import ONE, UNNAMED, key_address, list_address, seen_account
from keystead.console.key_policy_views import PolicyFacts, concern_words, facts_of
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.core.actors import Right
from keystead.core.errors import NotFound
from keystead.core.ids import global_id, parse_id
from keystead.core.keys import Key
from keystead.core.parameters import Tree
from keystead.governance.dossier import Dossier, dossier_of
from keystead.governance.key_policies import Place, in_force
from keystead.governance.sight import key_seen_from
from keystead.governance.situations import situation_of
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

TITLE: Final = "About a key"


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutView:
    """What is known of a key. Without ``edit_href`` it is an inherited one.

    ``notes`` says that whoever looks may write the note, ``audit_href`` that they may read who changed what.
    """

    TEMPLATE: ClassVar = "console/key_about.html"

    dossier: Dossier
    key_name: str
    client_id: str
    back_href: str
    address: str
    audit_href: str | None
    authenticity_token: str = field(repr=False)
    edit_href: str | None = None
    notes: bool = False
    policies: tuple[PolicyFacts, ...] = ()
    concerns: tuple[str, ...] = ()


class KeyAbout:
    """``/accounts/:account_id/developer_keys/:id/about``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        return [
            Route(ONE + "/about", self.show, methods=["GET"]),
            Route(ONE + "/note", self.set_note, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show what is known of a key."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = seen_account(tx, visitor, request)
            key, rights = _key(tx, visitor, request), permits.rights_of(tx, visitor.acting, account)
            found = dossier_of(tx, key, account, catalogue=self._surface.routing.now.catalogue)
            address, reads_audit = key_address(account, key), Right.VIEW_DEVELOPER_KEY_AUDIT in rights
            view = AboutView(
                dossier=found,
                key_name=key.name or UNNAMED,
                client_id=str(global_id(key.id)),
                back_href=list_address(account) + ("" if found.is_own else "?tab=inherited"),
                address=address,
                audit_href=f"/console/audit?key_id={global_id(key.id)}" if reads_audit else None,
                authenticity_token=visitor.form_value,
                notes=Right.REVIEW_DEVELOPER_KEYS in rights,
                edit_href=address if found.is_own else None,
                policies=facts_of(in_force(tx, Place(account=account, key=key)), account),
                concerns=concern_words(situation_of(tx, account, key)),
            )
            return show(tx, self._surface.pages, visitor, view, TITLE)

        return await signed_in(self._surface, request, work)

    async def set_note(self, request: Request) -> Response:
        """Keep what this institution notes."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account = seen_account(tx, visitor, request, Right.REVIEW_DEVELOPER_KEYS)
            key, words = _key(tx, visitor, request), form.get("note")
            note = words if isinstance(words, str) else ""
            act.set_note(tx, account, key, note, acting=visitor.acting, because=None)
            return back_to(tx, visitor, f"{key_address(account, key)}/about", visitor.say("Your note was saved."))

        return await with_own_form(self._surface, request, work)


def _key(tx: Transaction, visitor: Visitor, request: Request) -> Key:
    account = seen_account(tx, visitor, request)
    key = key_seen_from(tx, account, parse_id(request.path_params["key_id"]), acting=visitor.acting)
    hidden = key.is_global and not key.visible and not account.is_site_admin
    if key.state == "deleted" or key.is_built_in or hidden:
        raise NotFound
    return key
