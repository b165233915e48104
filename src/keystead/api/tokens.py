"""People's access tokens on Canvas's wire: list, show, create, update, delete; activate is Keystead's own.

Parameters are read before anything is looked up, so that a bad request cannot tell what exists.
"""

from keystead.actions import personal_tokens as act
from keystead.api.bookmarks import bookmarked, place_of
from keystead.api.errors import BareList
from keystead.api.keys import because
from keystead.api.requests import Answer, ApiRoute, Ask
from keystead.api.shapes_of_tokens import TokenView, token_object
from keystead.core.actors import User
from keystead.core.credentials import HINT_LENGTH, Secret
from keystead.core.errors import NotFound
from keystead.core.ids import parse_id
from keystead.core.instants import Instant
from keystead.core.parameters import Tree, boolean, envelope, text, text_list
from keystead.core.personal_tokens import EXPIRY_UNREADABLE, read_expiry
from keystead.core.tokens import Token
from keystead.storage.read import keys as read_keys
from keystead.storage.read import tokens as read_tokens

ENVELOPE = "token"
NO_PURPOSE = "token[purpose] is missing"


def list_tokens(ask: Ask) -> Answer:
    """List a person's manual tokens, oldest first."""
    place = place_of(ask)
    owner = ask.person()
    if not act.may_see(ask.tx, owner, domain_root=ask.domain_root, acting=ask.acting):
        raise act.refusal(ask.tx, owner, domain_root=ask.domain_root, acting=ask.acting)
    key = read_keys.built_in_key(ask.tx)
    found = read_tokens.list_manual_after(ask.tx, owner.id, key.id, after=place.after, limit=place.size + 1)
    used = ask.world.usage.of_tokens([token.id for token in found])

    def shape(token: Token) -> object:
        return token_object(TokenView(token=token, key=key, now=ask.tx.now, last_used_at=used.get(token.id)))

    return bookmarked(ask, place, found, shape=shape, mark=lambda token: (token.created_at, token.id))


def show_token(ask: Ask) -> Answer:
    """Show one token: to its owner any, to others a manual one."""
    owner = ask.person()
    if not act.may_see(ask.tx, owner, domain_root=ask.domain_root, acting=ask.acting):
        raise NotFound
    return _answer(ask, _token(ask, owner))


def create_token(ask: Ask) -> Answer:
    """Make a manual token; this answer alone shows it whole."""
    wanted = _wish(envelope(ask.parameters, ENVELOPE))
    reason = because(ask)
    try:
        token, secret = act.create(
            ask.tx, ask.person(), wanted, domain_root=ask.domain_root, acting=ask.acting, because=reason
        )
    except act.ExpiryRefused as refused:
        raise BareList(refused.public) from None
    return _answer(ask, token, secret)


def update_token(ask: Ask) -> Answer:
    """Change a token, or with ``regenerate`` replace it; that answer alone shows the new one whole."""
    change = _change(envelope(ask.parameters, ENVELOPE))
    reason = because(ask)
    owner = ask.person()
    token = _token(ask, owner)
    try:
        changed, secret = act.update(
            ask.tx, token, owner, change, domain_root=ask.domain_root, acting=ask.acting, because=reason
        )
    except act.ExpiryRefused as refused:
        raise BareList(refused.public) from None
    except act.ExpiredForGood as refused:
        return Answer(body={"errors": {"message": refused.public}}, status=400)
    return _answer(ask, changed, secret)


def delete_token(ask: Ask) -> Answer:
    """Delete a token; people end an integration's access so, too."""
    reason = because(ask)
    owner = ask.person()
    token = _token(ask, owner)
    deleted = act.delete(ask.tx, token, owner, domain_root=ask.domain_root, acting=ask.acting, because=reason)
    return _answer(ask, deleted)


def activate_token(ask: Ask) -> Answer:
    """Let one's own pending token act."""
    reason = because(ask)
    try:
        activated = act.activate(ask.tx, _token(ask, ask.user), acting=ask.acting, because=reason)
    except act.AlreadyActive as refused:
        return Answer(body={"errors": {"token": [refused.public]}}, status=400)
    return _answer(ask, activated)


def _token(ask: Ask, owner: User) -> Token:
    """Return the token that the path names by hint or id: the owner finds any, others only manual ones."""
    reference = ask.values["id"]
    found = read_tokens.find_of_user(
        ask.tx,
        owner.id,
        token_id=parse_id(reference),
        hint=reference if len(reference) == HINT_LENGTH else None,
        key_id=None if owner.id == ask.user.id else read_keys.built_in_key(ask.tx).id,
    )
    if found is None:
        raise NotFound
    return found


def _answer(ask: Ask, token: Token, secret: Secret | None = None) -> Answer:
    view = TokenView(
        token=token,
        key=read_keys.find_key(ask.tx, token.key_id),
        now=ask.tx.now,
        last_used_at=ask.world.usage.of_tokens([token.id]).get(token.id),
        secret=secret,
    )
    return Answer(body=token_object(view))


def _wish(wanted: Tree) -> act.TokenWish:
    purpose = text(wanted.get("purpose"), "token[purpose]")
    if purpose is None or not purpose.strip():
        raise BareList(NO_PURPOSE)
    return act.TokenWish(purpose=purpose, expires_at=_expiry(wanted), scopes=_scopes(wanted) or ())


def _change(wanted: Tree) -> act.TokenChange:
    return act.TokenChange(
        purpose=text(wanted.get("purpose"), "token[purpose]"),
        expires_at=_expiry(wanted) if "expires_at" in wanted else act.Kept.KEPT,
        scopes=_scopes(wanted),
        regenerate=bool(boolean(wanted.get("regenerate"), "token[regenerate]")),
    )


def _expiry(wanted: Tree) -> Instant | None:
    """Return the permanent expiry; a blank one means never. Raises BareList when it cannot be read."""
    given = wanted.get("expires_at")
    if given is None or given == "":
        return None
    expires_at = read_expiry(given) if isinstance(given, str) else None
    if expires_at is None:
        raise BareList(EXPIRY_UNREADABLE)
    return expires_at


def _scopes(wanted: Tree) -> tuple[str, ...] | None:
    """Return the scopes, each once; None when none are named."""
    given = wanted.get("scopes")
    named = () if given == "" else text_list(given, "token[scopes]")
    return None if named is None else tuple(dict.fromkeys(named))


_GROUP = {"resource": "access_tokens", "resource_name": "Access Tokens"}

ROUTES = (
    ApiRoute(
        verb="GET", template="/api/v1/users/:user_id/user_generated_tokens", handler=list_tokens,
        summary="List access tokens for a user", **_GROUP,
    ),
    ApiRoute(
        verb="GET", template="/api/v1/users/:user_id/tokens/:id", handler=show_token,
        summary="Show an access token", **_GROUP,
    ),
    ApiRoute(
        verb="POST", template="/api/v1/users/:user_id/tokens", handler=create_token,
        summary="Create an access token", **_GROUP,
    ),
    ApiRoute(
        verb="PUT", template="/api/v1/users/:user_id/tokens/:id", handler=update_token,
        summary="Update an access token", **_GROUP,
    ),
    ApiRoute(
        verb="DELETE", template="/api/v1/users/:user_id/tokens/:id", handler=delete_token,
        summary="Delete an access token", **_GROUP,
    ),
    ApiRoute(
        verb="POST", template="/api/keystead/v1/tokens/:id/activate", handler=activate_token,
        summary="Activate a pending access token", resource="keystead", resource_name="Keystead",
    ),
)  # fmt: skip
