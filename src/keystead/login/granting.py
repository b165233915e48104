"""What both the consent page and the sign-in page lead to: the client gets its code, or hears why not."""

from starlette.requests import Request
from starlette.responses import Response

from keystead.actions import codes as act_codes
from keystead.core.accounts import Policy
from keystead.core.ids import parse_id
from keystead.core.keys import Key
from keystead.login import pending, replies
from keystead.oauth.authorize import AuthorizationRequest, consent_is_needed, late_objection
from keystead.oauth.errors import OAuthError, RedirectError
from keystead.storage.read import keys as read_keys
from keystead.storage.read import tokens as read_tokens
from keystead.storage.read.admission import is_admitted
from keystead.storage.transaction import Transaction
from keystead.web.surface import Surface, Visitor


def find_client(tx: Transaction, client_id: str | None) -> Key | None:
    """Return the key a client id names: its local or global id, in digits."""
    return read_keys.find_key(tx, parse_id(client_id)) if client_id and client_id.isdigit() else None


def needs_consent(tx: Transaction, key: Key, asked: AuthorizationRequest, visitor: Visitor) -> bool:
    """Whether the person signed in must be asked."""
    acting = visitor.acting
    tokens = read_tokens.live_of_user(tx, acting.user_id, key.id)
    return consent_is_needed(key, asked, tokens, acting.real_user_id, tx.now)


def sent_back(
    surface: Surface, request: Request, key: Key | None, asked: AuthorizationRequest, refused: RedirectError
) -> Response:
    """Return the redirect that tells the client no."""
    public_origin = surface.public_origin(request)
    return replies.sent_back(asked, refused, public_origin, issuer=_issuer(key, public_origin))


def turned_down(
    tx: Transaction, surface: Surface, request: Request, visitor: Visitor, key: Key | None, asked: AuthorizationRequest
) -> Response | None:
    """Return the refusal of a request that waited too long: its key is not what it was. None when it still stands."""
    root = visitor.domain_root
    refused = late_objection(
        key,
        asked,
        exact_only=Policy.EXACT_REDIRECTS in root.policies,
        admitted=key is not None and is_admitted(tx, key, root, surface.cluster),
    )
    match refused:
        case None:
            return None
        case OAuthError():
            return replies.refused(refused)
        case RedirectError():
            return sent_back(surface, request, key, asked, refused)


def grant(
    tx: Transaction,
    surface: Surface,
    request: Request,
    visitor: Visitor,
    key: Key,
    asked: AuthorizationRequest,
    *,
    remember: bool,
    was_asked: bool,
) -> Response:
    """Make the code and send the browser to the client with it; nothing waits any more."""
    pending.take(tx, visitor.session)
    code = act_codes.grant(
        tx,
        key,
        asked,
        visitor.domain_root,
        remember_access=remember,
        asked=was_asked,
        acting=visitor.acting,
    )
    surface.usage.redirect_used(key.id, asked.redirect_uri, tx.now)
    public_origin = surface.public_origin(request)
    return replies.granted(asked, code.reveal(), public_origin, issuer=_issuer(key, public_origin))


def resume(tx: Transaction, surface: Surface, request: Request, visitor: Visitor) -> Response | None:
    """Go on with the request that waited for the sign-in; None when none did."""
    waiting = pending.pending_of(visitor.session)
    if waiting is None or visitor.session is None or visitor.user is None:
        return None
    asked = waiting.asked
    key = read_keys.find_key(tx, asked.key_id)
    refusal = turned_down(tx, surface, request, visitor, key, asked)
    if refusal is not None or key is None:
        pending.take(tx, visitor.session)
        return refusal
    if needs_consent(tx, key, asked, visitor):
        pending.keep_after_sign_in(tx, visitor.session, asked)
        return replies.to("/login/oauth2/confirm")
    return grant(tx, surface, request, visitor, key, asked, remember=False, was_asked=False)


def _issuer(key: Key | None, public_origin: str) -> str | None:
    """Return what strict keys' clients are told of who answers (RFC 9207)."""
    return public_origin if key is not None and key.is_strict else None
