"""The page about a key's secret: its age, replacing it without an outage, and what to do when it has leaked."""

from dataclasses import dataclass, field
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import keys as act_keys
from keystead.actions import secrets as act
from keystead.console.key_paths import ONE, UNNAMED, key_address, managed_account, may_change, owns
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.core.accounts import Account
from keystead.core.errors import Malformed, NotFound
from keystead.core.ids import global_id, parse_id
from keystead.core.instants import DAY, Instant
from keystead.core.keys import Key
from keystead.core.parameters import Tree
from keystead.storage.read import keys as read_keys
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

OVERLAPS: Final = {"0": 0.0, "1": 1.0, "24": 24.0, "168": 168.0, "720": 720.0}
TITLE: Final = "Secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretView:
    """The secret of a key. ``secret`` is there only in the answer that made it."""

    TEMPLATE: ClassVar = "console/key_secret.html"

    key_name: str
    client_id: str
    hint: str
    made_at: Instant
    age_days: int
    tokens: int
    action: str
    back_href: str
    authenticity_token: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    former_until: Instant | None = None
    former_used_at: Instant | None = None
    is_read_only: bool = False


class KeySecrets:
    """``/accounts/:account_id/developer_keys/:id/secrets``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        return [
            Route(ONE + "/secrets", self.show, methods=["GET"]),
            Route(ONE + "/secrets", self.change, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """Show how old the secret is, and what can be done about it."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account = managed_account(tx, visitor, request)
            key = read_keys.get_key(tx, parse_id(request.path_params["key_id"]))
            if not owns(account, key):
                raise NotFound
            return self._page(tx, visitor, account, key)

        return await signed_in(self._surface, request, work)

    async def change(self, request: Request) -> Response:
        """Replace the secret and show the new one, once; or end the former one."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account = managed_account(tx, visitor, request)
            key_id = parse_id(request.path_params["key_id"])
            key = act_keys.get_for_change(tx, key_id, visitor.domain_root, acting=visitor.acting)
            if not owns(account, key):
                raise NotFound
            reason = form.get("because")
            because = reason.strip()[:2000] or None if isinstance(reason, str) else None
            match form.get("do"):
                case "replace":
                    hours = OVERLAPS.get(str(form.get("overlap")))
                    if hours is None:
                        raise Malformed("The time must be one of those offered.")
                    changed = act.replace_secret(
                        tx, key, overlap_hours=hours, acting=visitor.acting, because=because
                    )  # fmt: skip
                case "leaked":
                    changed = act.rotate_secret(tx, key, acting=visitor.acting, because=because)
                case "end":
                    act.end_former_secret(tx, key, acting=visitor.acting, because=because)
                    words = visitor.say("The former secret works no more.")
                    return back_to(tx, visitor, f"{key_address(account, key)}/secrets", words)
                case _:
                    raise Malformed("The form does not say what to do.")
            return self._page(tx, visitor, account, changed, secret=changed.secret.reveal())

        return await with_own_form(self._surface, request, work)

    def _page(
        self, tx: Transaction, visitor: Visitor, account: Account, key: Key, *, secret: str | None = None
    ) -> Response:
        made = key.secret_made_at or key.created_at
        works = key.former_secret_at(tx.now) is not None
        view = SecretView(
            key_name=key.name or UNNAMED,
            client_id=str(global_id(key.id)),
            hint=key.secret.hint,
            made_at=made,
            age_days=max(0, tx.now - made) // DAY,
            tokens=read_keys.token_counts(tx, (key.id,)).get(key.id, 0),
            action=f"{key_address(account, key)}/secrets",
            back_href=key_address(account, key),
            authenticity_token=visitor.form_value,
            secret=secret,
            former_until=key.former_secret_until if works else None,
            former_used_at=self._surface.usage.of_former_secret(key.id) if works else None,
            is_read_only=not may_change(tx, visitor, account),
        )
        return show(tx, self._surface.pages, visitor, view, TITLE)
