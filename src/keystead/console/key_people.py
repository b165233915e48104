"""The people who have let a key act for them, and how to end that: for one token, one person, or all."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import grants as act
from keystead.actions import permits
from keystead.console.key_paths import ONE, UNNAMED, key_address, list_address, owns, seen_account
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.console.paging import links, page_of
from keystead.console.views import PageLinks
from keystead.core.accounts import Account
from keystead.core.actors import Right
from keystead.core.ids import global_id, parse_id
from keystead.core.instants import Instant
from keystead.core.keys import Key
from keystead.core.parameters import Tree
from keystead.storage.read.grants import Grant, GrantSearch, count_people, grant_ids, list_grants
from keystead.storage.read.pages import Window
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

TITLE: Final = "People and tokens"
PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRow:
    """One person's token of the key."""

    person: str
    state: str
    scopes: int
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None
    end_href: str
    end_all_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleView:
    """Who has authorised a key. ``is_partial`` when only this institution's people are shown.

    ``ends`` says that whoever looks may end their access.
    """

    TEMPLATE: ClassVar = "console/key_people.html"

    key_name: str
    client_id: str
    people: int
    tokens: int
    rows: tuple[GrantRow, ...]
    address: str
    list_href: str
    words: str
    is_partial: bool
    is_limited: bool
    ends: bool
    end_all_href: str | None = None
    pages: PageLinks | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndGrantsView:
    """Asks before tokens end. ``person`` is whose, None for everybody's."""

    TEMPLATE: ClassVar = "console/end_tokens.html"

    key_name: str
    tokens: int
    people: int
    action: str
    cancel_href: str
    authenticity_token: str = field(repr=False)
    person: str | None = None
    user: str = ""
    token: str = ""


class KeyPeople:
    """``/accounts/:account_id/developer_keys/:id/people``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        return [
            Route(ONE + "/people", self.show, methods=["GET"]),
            Route(ONE + "/people/end", self.ask, methods=["GET"]),
            Route(ONE + "/people/end", self.end, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """List the grants of a key."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account, key, meant = _asked(tx, visitor, request)
            ends = permits.holds(tx, visitor.acting, Right.SWITCH_DEVELOPER_KEYS, account)
            words, page = request.query_params.get("q", "")[:200].strip(), page_of(request)
            meant = replace(meant, words=words)
            found = list_grants(tx, key.id, Window(limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE), meant)
            address = f"{key_address(account, key)}/people"
            used = self._surface.usage.of_tokens([grant.token.id for grant in found.items])
            view = PeopleView(
                key_name=key.name or UNNAMED,
                client_id=str(global_id(key.id)),
                people=count_people(tx, key.id, meant),
                tokens=found.total,
                rows=tuple(_row(grant, used.get(grant.token.id), address) for grant in found.items),
                address=address,
                list_href=list_address(account) + ("" if owns(account, key) else "?tab=inherited"),
                words=words,
                is_partial=meant.root is not None,
                is_limited=key.require_scopes,
                end_all_href=f"{address}/end" if ends and found.total and not words else None,
                ends=ends,
                pages=links(visitor, address, {"q": words}, page=page, size=PAGE_SIZE, total=found.total),
            )
            return show(tx, self._surface.pages, visitor, view, TITLE)

        return await signed_in(self._surface, request, work)

    async def ask(self, request: Request) -> Response:
        """Ask before tokens end, and say how many."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            account, key, meant = _asked(tx, visitor, request, Right.SWITCH_DEVELOPER_KEYS)
            user, token = request.query_params.get("user", ""), request.query_params.get("token", "")
            meant = _narrowed(meant, user, token)
            found = list_grants(tx, key.id, Window(limit=1), meant)
            one_person = bool(user or token) and bool(found.items)
            view = EndGrantsView(
                key_name=key.name or UNNAMED,
                tokens=len(grant_ids(tx, key.id, meant)),
                people=count_people(tx, key.id, meant),
                action=f"{key_address(account, key)}/people/end",
                cancel_href=f"{key_address(account, key)}/people",
                authenticity_token=visitor.form_value,
                person=found.items[0].person if one_person else None,
                user=user,
                token=token,
            )
            return show(tx, self._surface.pages, visitor, view, "End access")

        return await signed_in(self._surface, request, work)

    async def end(self, request: Request) -> Response:
        """End tokens."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            account, key, meant = _asked(tx, visitor, request, Right.SWITCH_DEVELOPER_KEYS)
            meant = _narrowed(meant, _text(form.get("user")), _text(form.get("token")))
            because = _text(form.get("because")).strip()[:2000] or None
            ended = act.end_grants(tx, key, account, meant, acting=visitor.acting, because=because)
            words = visitor.say(
                "%(number)s access tokens of %(key)s have ended.", number=ended, key=key.name or UNNAMED
            )
            return back_to(tx, visitor, f"{key_address(account, key)}/people", words)

        return await with_own_form(self._surface, request, work)


def _asked(
    tx: Transaction, visitor: Visitor, request: Request, right: Right = Right.VIEW_DEVELOPER_KEYS
) -> tuple[Account, Key, GrantSearch]:
    account = seen_account(tx, visitor, request, right)
    key, meant = act.key_with_grants(tx, account, request.path_params["key_id"], acting=visitor.acting)
    return account, key, meant


def _narrowed(meant: GrantSearch, user: str, token: str) -> GrantSearch:
    """Return what a form means: a reference that names nothing means nothing, never all."""
    user_id = (parse_id(user) or 0) if user else None
    token_id = (parse_id(token) or 0) if token else None
    return replace(meant, user_id=user_id, token_id=token_id)


def _row(grant: Grant, used: Instant | None, address: str) -> GrantRow:
    token = grant.token
    return GrantRow(
        person=grant.person,
        state=token.state.value,
        scopes=len(token.scopes),
        created_at=token.created_at,
        expires_at=grant.expires_at,
        last_used_at=used,
        end_href=f"{address}/end?token={token.id}",
        end_all_href=f"{address}/end?user={token.user_id}",
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
