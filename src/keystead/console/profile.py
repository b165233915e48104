"""A person's own page: which applications and tokens act for them, and how to stop or make one."""

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keystead.actions import personal_tokens as act
from keystead.console.manners import back_to, signed_in, with_own_form
from keystead.console.preferences import preferences_form
from keystead.console.sessions import PROFILE, SESSIONS, session_rows
from keystead.console.views import (
    IntegrationRow,
    IntegrationStatus,
    NewTokenShownView,
    NewTokenView,
    ProfileView,
    RegenerateView,
    RevokeView,
    TokenDetailsView,
)
from keystead.core.actors import User
from keystead.core.errors import Invalid, NotFound
from keystead.core.ids import parse_id
from keystead.core.instants import Instant
from keystead.core.keys import Key
from keystead.core.parameters import Tree
from keystead.core.personal_tokens import EXPIRY_UNREADABLE, read_expiry
from keystead.core.tokens import Token, TokenState
from keystead.storage.read import keys as read_keys
from keystead.storage.read import tokens as read_tokens
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

TOKENS = f"{PROFILE}/tokens"
TITLE = "Approved Integrations"
LIMITED = "Your institution limits who may create access tokens."
PURPOSE_REQUIRED = "Purpose is required."
NO_APP = "No App"
EXPIRED_FOR_GOOD = "An expired token cannot be regenerated"


class Profile:
    """``/profile/settings`` and the pages of single tokens below it."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of these pages."""
        one = TOKENS + "/{token_id:int}"
        return [
            Route(PROFILE, self.show, methods=["GET"]),
            Route(f"{TOKENS}/new", self.ask_new, methods=["GET"]),
            Route(TOKENS, self.create, methods=["POST"]),
            Route(one, self.details, methods=["GET"]),
            Route(f"{one}/activate", self.activate, methods=["POST"]),
            Route(f"{one}/revoke", self.ask_revoke, methods=["GET"]),
            Route(f"{one}/revoke", self.revoke, methods=["POST"]),
            Route(f"{one}/regenerate", self.ask_regenerate, methods=["GET"]),
            Route(f"{one}/regenerate", self.regenerate, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """List what acts for the person."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            user = _person(tx, visitor)
            tokens = read_tokens.list_integrations(tx, user.id)
            used = self._surface.usage.of_tokens([token.id for token in tokens])
            keys = _keys_of(tx, tokens)
            makes = act.may_create(tx, user, domain_root=visitor.domain_root, acting=visitor.acting)
            logins = read_users.logins_of(tx, user.id)
            view = ProfileView(
                user_name=user.name,
                login=logins[0].unique_id if logins else "",
                authenticity_token=visitor.form_value,
                email=user.email,
                integrations=tuple(
                    _row(token, keys.get(token.key_id), used.get(token.id), tx.now, visitor) for token in tokens
                ),
                new_token_href=f"{TOKENS}/new" if makes else None,
                new_token_refusal=None if makes else visitor.say(LIMITED),
                preferences=preferences_form(visitor, user),
                sessions=session_rows(tx, visitor),
                end_all_action=f"{SESSIONS}/end",
            )
            return show(tx, self._surface.pages, visitor, view, TITLE)

        return await signed_in(self._surface, request, work)

    async def details(self, request: Request) -> Response:
        """Show one token."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            token = _token(tx, visitor, request)
            key = read_keys.find_key(tx, token.key_id)
            manual = key is not None and key.is_built_in
            expired = token.expired_at(tx.now)
            view = TokenDetailsView(
                hint=token.hint,
                app_name=NO_APP if key is None or not key.name else key.name,
                status=_status(token, tx.now),
                purpose=token.purpose,
                created_at=token.created_at,
                back_href=PROFILE,
                revoke_href=f"{TOKENS}/{token.id}/revoke",
                authenticity_token=visitor.form_value,
                last_used_at=self._surface.usage.of_tokens([token.id]).get(token.id),
                expires_at=token.expires_at,
                activate_action=_activation(token, tx.now, visitor),
                regenerate_href=f"{TOKENS}/{token.id}/regenerate" if manual and not expired else None,
                regenerate_refusal=visitor.say(EXPIRED_FOR_GOOD) if manual and expired else None,
            )
            return show(tx, self._surface.pages, visitor, view, "Access Token Details")

        return await signed_in(self._surface, request, work)

    async def activate(self, request: Request) -> Response:
        """Let a pending token act."""

        def work(tx: Transaction, visitor: Visitor, _form: Tree) -> Response:
            act.activate(tx, _token(tx, visitor, request), acting=visitor.acting, because=None)
            return back_to(tx, visitor, PROFILE, visitor.say("The token is active now."))

        return await with_own_form(self._surface, request, work)

    async def ask_revoke(self, request: Request) -> Response:
        """Ask before a token is deleted."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            token = _token(tx, visitor, request)
            key = read_keys.find_key(tx, token.key_id)
            view = RevokeView(
                app_name=NO_APP if key is None or not key.name else key.name,
                purpose=token.purpose,
                action=f"{TOKENS}/{token.id}/revoke",
                cancel_href=PROFILE,
                authenticity_token=visitor.form_value,
                last_used_at=self._surface.usage.of_tokens([token.id]).get(token.id),
            )
            return show(tx, self._surface.pages, visitor, view, "Revoke access")

        return await signed_in(self._surface, request, work)

    async def revoke(self, request: Request) -> Response:
        """Delete a token."""

        def work(tx: Transaction, visitor: Visitor, _form: Tree) -> Response:
            act.delete(
                tx,
                _token(tx, visitor, request),
                _person(tx, visitor),
                domain_root=visitor.domain_root,
                acting=visitor.acting,
                because=None,
            )
            return back_to(tx, visitor, PROFILE, visitor.say("The access was revoked."))

        return await with_own_form(self._surface, request, work)

    async def ask_regenerate(self, request: Request) -> Response:
        """Ask before a token is replaced."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            token = _token(tx, visitor, request)
            view = RegenerateView(
                hint=token.hint,
                purpose=token.purpose,
                action=f"{TOKENS}/{token.id}/regenerate",
                cancel_href=f"{TOKENS}/{token.id}",
                authenticity_token=visitor.form_value,
            )
            return show(tx, self._surface.pages, visitor, view, "Regenerate Token")

        return await signed_in(self._surface, request, work)

    async def regenerate(self, request: Request) -> Response:
        """Replace a token and show the new one, once."""

        def work(tx: Transaction, visitor: Visitor, _form: Tree) -> Response:
            changed, secret = act.update(
                tx,
                _token(tx, visitor, request),
                _person(tx, visitor),
                act.TokenChange(regenerate=True),
                domain_root=visitor.domain_root,
                acting=visitor.acting,
                because=None,
            )
            if secret is None:
                raise NotFound
            return self._shown_once(tx, visitor, changed, secret.reveal())

        return await with_own_form(self._surface, request, work)

    async def ask_new(self, request: Request) -> Response:
        """Show the form that makes a token."""
        return await signed_in(self._surface, request, lambda tx, visitor: self._new_form(tx, visitor, {}, None, None))

    async def create(self, request: Request) -> Response:
        """Make a token and show it, once; what is wrong with the form is said beside its fields."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            given = form.get("token")
            wanted = given if isinstance(given, dict) else {}
            purpose, expiry = _word(wanted.get("purpose")), _word(wanted.get("expires_at"))
            expires_at = read_expiry(expiry) if expiry else None
            if not purpose:
                return self._new_form(tx, visitor, wanted, visitor.say(PURPOSE_REQUIRED), None)
            if expiry and expires_at is None:
                return self._new_form(tx, visitor, wanted, None, visitor.say(EXPIRY_UNREADABLE))
            try:
                token, secret = act.create(
                    tx,
                    _person(tx, visitor),
                    act.TokenWish(purpose=purpose, expires_at=expires_at),
                    domain_root=visitor.domain_root,
                    acting=visitor.acting,
                    because=None,
                )
            except act.ExpiryRefused as refused:
                return self._new_form(tx, visitor, wanted, None, refused.public)
            except Invalid as refused:
                return self._new_form(tx, visitor, wanted, f"Purpose {refused.problems['purpose'][0]}", None)
            return self._shown_once(tx, visitor, token, secret.reveal())

        return await with_own_form(self._surface, request, work)

    def _new_form(
        self, tx: Transaction, visitor: Visitor, wanted: Tree, purpose_error: str | None, expires_error: str | None
    ) -> Response:
        failed = purpose_error is not None or expires_error is not None
        view = NewTokenView(
            action=TOKENS,
            cancel_href=PROFILE,
            authenticity_token=visitor.form_value,
            purpose=_word(wanted.get("purpose")),
            expires_at=_word(wanted.get("expires_at")),
            purpose_error=purpose_error,
            expires_error=expires_error,
            failure=visitor.say("Generating token failed.") if failed else None,
        )
        return show(tx, self._surface.pages, visitor, view, "New Access Token", status=400 if failed else 200)

    def _shown_once(self, tx: Transaction, visitor: Visitor, token: Token, text: str) -> Response:
        view = NewTokenShownView(
            token=text, purpose=token.purpose or "", back_href=PROFILE, expires_at=token.expires_at
        )  # fmt: skip
        return show(tx, self._surface.pages, visitor, view, "Access Token Details")


def _person(tx: Transaction, visitor: Visitor) -> User:
    return read_users.get_user(tx, visitor.acting.user_id)


def _token(tx: Transaction, visitor: Visitor, request: Request) -> Token:
    """Return the person's own token that the path names. Raises NotFound."""
    found = read_tokens.find_of_user(
        tx, visitor.acting.user_id, token_id=parse_id(str(request.path_params["token_id"])), hint=None
    )
    if found is None:
        raise NotFound
    return found


def _keys_of(tx: Transaction, tokens: Iterable[Token]) -> dict[int, Key]:
    found: dict[int, Key] = {}
    for key_id in {token.key_id for token in tokens}:
        key = read_keys.find_key(tx, key_id)
        if key is not None:
            found[key_id] = key
    return found


def _row(token: Token, key: Key | None, used: Instant | None, now: Instant, visitor: Visitor) -> IntegrationRow:
    return IntegrationRow(
        app_name=NO_APP if key is None or not key.name else key.name,
        status=_status(token, now),
        purpose=token.purpose,
        details_href=f"{TOKENS}/{token.id}",
        revoke_href=f"{TOKENS}/{token.id}/revoke",
        icon_url=None if key is None else key.icon_url,
        expires_at=token.expires_at,
        last_used_at=used,
        activate_action=_activation(token, now, visitor),
    )


def _activation(token: Token, now: Instant, visitor: Visitor) -> str | None:
    waits = token.state is TokenState.PENDING and not token.expired_at(now)
    return f"{TOKENS}/{token.id}/activate" if waits and not visitor.acting.is_masquerading else None


def _status(token: Token, now: Instant) -> IntegrationStatus:
    if token.expired_at(now):
        return IntegrationStatus.EXPIRED
    return IntegrationStatus.PENDING if token.state is TokenState.PENDING else IntegrationStatus.ACTIVE


def _word(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
