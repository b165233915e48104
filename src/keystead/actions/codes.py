"""Gives a person's consent out as an authorization code, which is shown once and stored as its digest."""

from keystead.core.accounts import Account
from keystead.core.actors import Actor
from keystead.core.credentials import Secret
from keystead.core.instants import later
from keystead.core.keys import Key
from keystead.core.tokens import CODE_LIFETIME
from keystead.oauth.authorize import AuthorizationRequest
from keystead.storage.transaction import Transaction
from keystead.storage.vault import new_code
from keystead.storage.write import codes as write_codes
from keystead.storage.write.changes import record


def grant(
    tx: Transaction,
    key: Key,
    request: AuthorizationRequest,
    account: Account,
    *,
    remember_access: bool,
    asked: bool,
    acting: Actor,
) -> Secret:
    """Store what the person grants and return the code for it. ``asked`` is False when consent was skipped."""
    code = new_code()
    code_id = write_codes.insert_code(
        tx,
        code,
        key_id=key.id,
        user_id=acting.user_id,
        real_user_id=acting.real_user_id,
        account_id=account.id,
        redirect_uri=request.redirect_uri,
        scopes=" ".join(request.scopes),
        purpose=request.purpose,
        remember_access=remember_access,
        challenge=request.challenge,
        expires_at=later(tx.now, CODE_LIFETIME),
    )
    record(
        tx,
        "consent.granted",
        "key",
        key.id,
        acting=acting,
        account_id=account.id,
        after={"code_id": code_id, "scopes": list(request.scopes), "asked": asked, "remember_access": remember_access},
    )
    return code
