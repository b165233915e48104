"""Which authorization request waits in this browser while its person signs in and decides?

It stands in the session, so no form can change it. With it stands the anti-forgery value of its consent page: a new
one for each request and after each sign-in, so that a page left open elsewhere grants nothing else than it showed.
"""

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from keystead.actions import sessions as act
from keystead.core.keys import OOB_URN, Key
from keystead.oauth.authorize import AuthorizationRequest
from keystead.storage.read import keys as read_keys
from keystead.storage.read.sessions import Session
from keystead.storage.transaction import Transaction
from keystead.storage.vault import new_form_value
from keystead.web.html import form_target

FORM_VALUE = "custom_csrf_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The request that waits, and the value that its consent page must send."""

    asked: AuthorizationRequest
    form_value: str = field(repr=False)


def pending_of(session: Session | None) -> Pending | None:
    """Return what waits in a session, if anything does."""
    if session is None or session.pending is None:
        return None
    kept: dict[str, Any] = dict(session.pending)
    value = kept.pop(FORM_VALUE)
    return Pending(asked=AuthorizationRequest.from_stored(kept), form_value=value)


def keep(tx: Transaction, session: Session, asked: AuthorizationRequest) -> None:
    """Let a request wait, in place of any other one."""
    act.keep_pending(tx, session, asked.as_stored() | {FORM_VALUE: new_form_value()})


def keep_after_sign_in(tx: Transaction, session: Session, asked: AuthorizationRequest) -> None:
    """Let a request go on waiting, now for the person who has just signed in, as it may have wished."""
    keep(tx, session, replace(asked, wants_sign_in=False))


def take(tx: Transaction, session: Session | None) -> bool:
    """Let nothing wait any more; whether something did. Of rivals that decide on it at once, one gets True."""
    return session is not None and session.pending is not None and act.take_pending(tx, session)


def waiting_client(tx: Transaction, session: Session | None) -> tuple[Key | None, tuple[str, ...]]:
    """Return the key whose request waits, if any, and where a form may then lead on to."""
    pending = pending_of(session)
    if pending is None:
        return None, ()
    return read_keys.find_key(tx, pending.asked.key_id), form_targets(pending.asked)


def form_targets(asked: AuthorizationRequest) -> tuple[str, ...]:
    """Return where the answer to a form may redirect to: the client, and wherever the client sends people on to.

    Browsers hold every step of the redirects against ``form-action`` (docs/decisions/0007-consent-form-targets.md).
    """
    if asked.redirect_uri == OOB_URN:
        return ()
    target = form_target(asked.redirect_uri)
    onward = ("https:", "http:") if urlsplit(asked.redirect_uri).scheme == "http" else ("https:",)
    return onward if target is None else tuple(dict.fromkeys((target, *onward)))
