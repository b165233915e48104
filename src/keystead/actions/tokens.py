"""Issues, refreshes and revokes the tokens that people grant through OAuth.

Refusals are values here: a wrong verifier uses the code up and a second use ends the first one's token, and both must
be committed although the client is told no.
"""

from typing import Any

from keystead.core.accounts import Account
from keystead.core.actors import Actor
from keystead.core.ids import KeyId, TokenId
from keystead.core.instants import Instant, later
from keystead.core.keys import Key
from keystead.core.scopes import ScopeSet
from keystead.core.tokens import OAUTH_LIFETIME, PUBLIC_CLIENT_LIFETIME, Token, TokenState
from keystead.gateway.facts import Cluster
from keystead.oauth.authorize import reusable_token
from keystead.oauth.errors import BAD_VERIFIER, CODE_UNKNOWN, REFRESH_UNKNOWN, SCOPES_GONE, OAuthError
from keystead.oauth.grants import Proof, code_objection, proof_of, refresh_objection
from keystead.oauth.parameters import Parameters
from keystead.oauth.replies import Issued
from keystead.oauth.rotation import access_after, is_retry, rotates, successor, successors
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import codes as read_codes
from keystead.storage.read import tokens as read_tokens
from keystead.storage.read import users as read_users
from keystead.storage.read.admission import has_expired, is_admitted
from keystead.storage.read.codes import StoredCode
from keystead.storage.read.refreshes import find_current
from keystead.storage.transaction import Transaction
from keystead.storage.vault import new_token
from keystead.storage.write import codes as write_codes
from keystead.storage.write import sessions as write_sessions
from keystead.storage.write import tokens as write_tokens
from keystead.storage.write.changes import record


def exchange_code(tx: Transaction, key: Key, given: Parameters, cluster: Cluster) -> Issued | OAuthError:
    """Exchange a code for a token, once. In order: a second use, the age, the owner, the proof, single use."""
    code = read_codes.find_code(tx, given.get("code") or "", for_change=True)
    if code is None:
        return CODE_UNKNOWN
    if code.key_id == key.id and code.used_at is not None:
        _end_what_it_issued(tx, code)
    refused = code_objection(
        key,
        code_key_id=code.key_id,
        expires_at=code.expires_at,
        used_at=code.used_at,
        redirect_uri=code.redirect_uri,
        given=given,
        now=tx.now,
    )
    if refused is not None:
        return refused
    refused = _proven(tx, code, given) or _still_good(tx, key, code, cluster)
    if refused is not None:
        return refused
    if not write_codes.claim_code(tx, code.id):
        return CODE_UNKNOWN
    return _issue(tx, key, code, replaces=key.replace_tokens or given.is_set("replace_tokens"))


def refresh(
    tx: Transaction, key: Key, credential: str, *, domain_root: Account, cluster: Cluster
) -> Issued | OAuthError:
    """Give a token a new access credential; the old one stops at once.

    Public clients and strict keys get a new refresh token too, and public ones two more hours. A refresh token that was
    used before ends the token, unless it comes again within seconds: then it gets the same answer again.
    """
    if has_expired(tx, key, domain_root) or (key.is_strict and not is_admitted(tx, key, domain_root, cluster)):
        return REFRESH_UNKNOWN
    token = read_tokens.find_by_refresh(tx, credential, for_change=True)
    is_again = False
    if token is None and rotates(key):
        token, is_again = _used_before(tx, key, credential)
    refused = refresh_objection(key, token, tx.now)
    if refused is not None or token is None:
        return refused or REFRESH_UNKNOWN
    user = read_users.find_user(tx, token.user_id)
    if user is None or not user.is_active:
        return REFRESH_UNKNOWN
    access, following = new_token(), None
    if rotates(key):
        access = access_after(tx.vault.tokens, credential)
        following = successor(tx.vault.tokens, credential)
    if not is_again:
        expires_at = _end(tx, key) or token.expires_at
        write_tokens.replace_access(tx, token.id, access, lapses_at=_lapse(tx, key), expires_at=expires_at)
        if following is not None:
            write_tokens.replace_refresh(tx, token.id, following)
        _note(tx, "token.refreshed", token.id, key, Actor(user_id=user.id, token_id=token.id, key_id=key.id))
    return Issued(token=_token(tx, token.id), user=user, access=access, refresh=following)


def revoke_own(tx: Transaction, token: Token, *, acting: Actor, ends_sessions: bool) -> None:
    """Delete the token that a call was made with; with ``ends_sessions`` the person's browser sessions too."""
    write_tokens.update_token(tx, token.id, state=TokenState.DELETED)
    ended = write_sessions.delete_of_user(tx, token.user_id) if ends_sessions else 0
    record(
        tx,
        "token.revoked",
        "token",
        token.id,
        acting=acting,
        before={"workflow_state": token.state},
        after={"workflow_state": TokenState.DELETED, "sessions_ended": ended},
    )


def revoke_for_client(tx: Transaction, key: Key, credential: str) -> bool:
    """Delete the token whose access or refresh credential a client presents (RFC 7009); tell whether there was one.

    Both credentials end together. A token of another client is left alone.
    """
    token = read_tokens.find_by_access(tx, credential, for_change=True)
    token = token or read_tokens.find_by_refresh(tx, credential, for_change=True)
    if token is None or token.key_id != key.id or token.state is TokenState.DELETED:
        return False
    write_tokens.update_token(tx, token.id, state=TokenState.DELETED)
    acting = Actor(user_id=token.user_id, token_id=token.id, key_id=key.id)
    _note(tx, "token.revoked_by_client", token.id, key, acting, workflow_state=TokenState.DELETED)
    return True


def _proven(tx: Transaction, code: StoredCode, given: Parameters) -> OAuthError | None:
    """Return the refusal of a bad proof. A wrong verifier uses the code up: guessing gets one try."""
    match proof_of(code.challenge, given.get("code_verifier")):
        case Proof.GOOD:
            return None
        case Proof.ABSENT:
            return BAD_VERIFIER
        case Proof.WRONG:
            write_codes.claim_code(tx, code.id)
            return BAD_VERIFIER


def _still_good(tx: Transaction, key: Key, code: StoredCode, cluster: Cluster) -> OAuthError | None:
    """Return why what was granted cannot be given any more: the person, the scopes, the key's expiry, for strict keys
    the binding.
    """
    user = read_users.find_user(tx, code.user_id)
    if user is None or not user.is_active:
        return CODE_UNKNOWN
    if key.require_scopes and not ScopeSet.of(code.scopes).issubset(ScopeSet.of(key.scopes)):
        return SCOPES_GONE
    account = read_accounts.find_account(tx, code.account_id)
    if account is not None and has_expired(tx, key, account):
        return CODE_UNKNOWN
    if key.is_strict and (account is None or not is_admitted(tx, key, account, cluster)):
        return CODE_UNKNOWN
    return None


def _issue(tx: Transaction, key: Key, code: StoredCode, *, replaces: bool) -> Issued:
    owner = read_users.get_user(tx, code.user_id)
    acting = Actor(user_id=owner.id, real_user_id=code.real_user_id, key_id=key.id)
    tokens = read_tokens.live_of_user(tx, owner.id, key.id)
    reused = reusable_token(key, code.scopes, code.purpose, tokens, code.real_user_id, tx.now)
    if replaces:
        write_tokens.delete_of_user(tx, owner.id, key.id, but=None if reused is None else reused.id)
    names_only = ScopeSet.of(code.scopes).is_userinfo_only
    access = None if names_only else new_token()
    fresh = None
    if reused is not None:
        token_id = reused.id
        if access is not None:
            write_tokens.replace_access(tx, token_id, access, lapses_at=_lapse(tx, key), expires_at=_end(tx, key))
    else:
        fresh = None if names_only else new_token()
        token_id = write_tokens.insert_token(
            tx,
            user_id=owner.id,
            key_id=KeyId(key.id),
            access=access,
            refresh=fresh,
            scopes=code.scopes,
            purpose=code.purpose or (key.name or "")[:255] or None,
            real_user_id=code.real_user_id,
            remember_access=code.remember_access,
            lapses_at=_lapse(tx, key),
            expires_at=_end(tx, key),
        )
    write_codes.note_issued(tx, code.id, token_id)
    _note(tx, "token.issued", token_id, key, acting, scopes=list(code.scopes), replaced=replaces)
    return Issued(
        token=_token(tx, token_id),
        user=owner,
        access=access,
        refresh=fresh,
        real_user=read_users.find_user(tx, code.real_user_id),
    )


def _end_what_it_issued(tx: Transaction, code: StoredCode) -> None:
    """A code that comes twice was stolen from one of the two: end what it gave (RFC 6749 section 4.1.2)."""
    if code.token_id is None:
        return
    token = read_tokens.find_token(tx, code.token_id, for_change=True)
    if token is not None and token.state is not TokenState.DELETED:
        _end_stolen(tx, token, "token.ended_by_code_reuse", code_id=code.id)


def _used_before(tx: Transaction, key: Key, credential: str) -> tuple[Token | None, bool]:
    """Return the token that has moved on from this refresh credential, when this is only a retry.

    Any other return of a used one means that two parties hold it, so what came of it is ended.
    """
    found = find_current(tx, successors(tx.vault.tokens, credential))
    if found is None:
        return None, False
    generation, token = found
    if token.key_id != key.id or is_retry(token, generation, tx.now):
        return token, True
    _end_stolen(tx, token, "token.ended_by_refresh_reuse")
    return None, False


def _end_stolen(tx: Transaction, token: Token, action: str, **after: Any) -> None:
    write_tokens.update_token(tx, token.id, state=TokenState.DELETED)
    record(
        tx,
        action,
        "token",
        token.id,
        acting=None,
        before={"workflow_state": token.state},
        after={"workflow_state": TokenState.DELETED, **after},
    )


def _lapse(tx: Transaction, key: Key) -> Instant | None:
    return later(tx.now, OAUTH_LIFETIME) if key.auto_expire_tokens else None


def _end(tx: Transaction, key: Key) -> Instant | None:
    return later(tx.now, PUBLIC_CLIENT_LIFETIME) if key.is_public else None


def _token(tx: Transaction, token_id: TokenId) -> Token:
    token = read_tokens.find_token(tx, token_id)
    if token is None:
        raise LookupError("a token vanished inside its own transaction")
    return token


def _note(tx: Transaction, action: str, token_id: TokenId, key: Key, acting: Actor, **after: Any) -> None:
    told = {"developer_key_id": key.id, **after}
    record(tx, action, "token", token_id, acting=acting, account_id=key.account_id, after=told)
