"""Makes, changes, deletes and activates people's tokens. A manual one belongs to the built-in key."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from keystead.actions import permits
from keystead.core.accounts import Account, Policy
from keystead.core.actors import Actor, Right, User
from keystead.core.credentials import Secret
from keystead.core.errors import Forbidden, Invalid, Malformed, NotFound
from keystead.core.instants import Instant, iso
from keystead.core.keys import Key
from keystead.core.personal_tokens import (
    Maker,
    Roles,
    expiry_problem,
    first_state,
    may_make,
    purpose_problem,
    scopes_problem,
    state_after_regeneration,
)
from keystead.core.tokens import Token, TokenState
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read import tokens as read_tokens
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Transaction
from keystead.storage.vault import new_token
from keystead.storage.write import tokens as write_tokens
from keystead.storage.write.changes import record

ROLES_UNKNOWN: Final[Roles] = None
"""Nobody can tell yet what people are in courses, so rules about students do not apply."""


class Kept(Enum):
    """Says that a value stays as it is, where None means something else."""

    KEPT = "kept"


class ExpiryRefused(Malformed):
    """The permanent expiry breaks a rule."""


class ExpiredForGood(Malformed):
    """An expired token cannot get a new credential without a new expiry."""

    default = "cannot regenerate an expired token without a new expiration date"


class AlreadyActive(Malformed):
    """Only a pending token can be activated."""

    default = "is already active"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWish:
    """What a new token should be. ``scopes`` have no effect unless the built-in key requires scopes."""

    purpose: str
    expires_at: Instant | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenChange:
    """What is wanted of a token; None leaves a value, and so does ``Kept.KEPT`` the expiry, whose None is never."""

    purpose: str | None = None
    expires_at: Instant | Kept | None = Kept.KEPT
    scopes: tuple[str, ...] | None = None
    regenerate: bool = False


def create(
    tx: Transaction,
    owner: User,
    wanted: TokenWish,
    *,
    domain_root: Account,
    acting: Actor,
    because: str | None,
) -> tuple[Token, Secret]:
    """Make a manual token; it waits for its owner when somebody else made it (docs/canvas-compat.md, Tokens).

    Raises Forbidden, NotFound for people of other tenants, Invalid, ExpiryRefused.
    """
    if not may_create(tx, owner, domain_root=domain_root, acting=acting):
        raise refusal(tx, owner, domain_root=domain_root, acting=acting)
    key = read_keys.built_in_key(tx)
    _check_values(key, wanted.purpose, wanted.scopes)
    _check_expiry(tx, wanted.expires_at)

    secret = new_token()
    state = first_state(by_owner=_by_owner(owner, acting), is_exempt=_is_exempt(tx, acting))
    token_id = write_tokens.insert_token(
        tx,
        user_id=owner.id,
        key_id=key.id,
        access=secret,
        refresh=None,
        scopes=wanted.scopes,
        purpose=wanted.purpose,
        expires_at=wanted.expires_at,
        state=state,
        real_user_id=acting.real_user_id,
    )
    token = _read(tx, token_id)
    after = {"user_id": owner.id, "real_user_id": acting.real_user_id} | _spoken(_values(token))
    _record(tx, "token.created", token, domain_root.id, acting=acting, after=after, because=because)
    return token, secret


def update(
    tx: Transaction,
    token: Token,
    owner: User,
    change: TokenChange,
    *,
    domain_root: Account,
    acting: Actor,
    because: str | None,
) -> tuple[Token, Secret | None]:
    """Change a token; with ``regenerate`` also give it a new credential, which is returned.

    Of a token issued through OAuth only the purpose can change: its owner consented to all else. A credential made
    for somebody else makes the token wait for its owner again. Raises Forbidden, NotFound for somebody else's token,
    Invalid, ExpiryRefused, ExpiredForGood.
    """
    held = _held(tx, token, owner)
    key = read_keys.built_in_key(tx)
    is_manual = held.key_id == key.id
    is_own = _is_own(owner, acting)
    if not (is_own or is_manual) or not may_create(tx, owner, domain_root=domain_root, acting=acting):
        raise Forbidden if is_own else NotFound

    changed = _changed(held, change) if is_manual else _changed(held, TokenChange(purpose=change.purpose))
    _check_values(key, change.purpose, changed.scopes if is_manual and change.scopes is not None else ())
    regenerates = change.regenerate and is_manual
    if regenerates:
        if held.expired_at(tx.now) and (changed.expires_at is None or changed.expires_at == held.expires_at):
            raise ExpiredForGood
        by_owner, is_exempt = _by_owner(owner, acting), _is_exempt(tx, acting)
        state = state_after_regeneration(held.state, by_owner=by_owner, is_exempt=is_exempt)
        changed = replace(changed, state=state, real_user_id=acting.real_user_id)
    if regenerates or changed.expires_at != held.expires_at:
        _check_expiry(tx, changed.expires_at)

    before, after = _difference(held, changed)
    if not after and not regenerates:
        return held, None
    columns = {name: " ".join(value) if name == "scopes" else value for name, value in after.items()}
    secret = new_token() if regenerates else None
    if secret is None:
        write_tokens.update_token(tx, held.id, **columns)
    else:
        write_tokens.replace_access(tx, held.id, secret, **columns)
    action = "token.updated" if secret is None else "token.regenerated"
    _record(
        tx, action, held, domain_root.id, acting=acting, before=_spoken(before), after=_spoken(after), because=because
    )  # fmt: skip
    return _read(tx, held.id), secret


def delete(
    tx: Transaction, token: Token, owner: User, *, domain_root: Account, acting: Actor, because: str | None
) -> Token:
    """Delete a token; its row stays, so that it is known as revoked.

    People delete any of their own, others only manual ones. Raises NotFound.
    """
    held = _held(tx, token, owner)
    is_manual = held.key_id == read_keys.built_in_key(tx).id
    permitted = is_manual and holds_over(tx, acting, Right.DELETE_ACCESS_TOKENS, owner, domain_root)
    if not _is_own(owner, acting) and not permitted:
        raise NotFound

    write_tokens.update_token(tx, held.id, state=TokenState.DELETED)
    _record(
        tx,
        "token.deleted",
        held,
        domain_root.id,
        acting=acting,
        before={"state": held.state},
        after={"state": TokenState.DELETED},
        because=because,
    )
    return _read(tx, held.id)


def activate(tx: Transaction, token: Token, *, acting: Actor, because: str | None) -> Token:
    """Let a pending token act; only its owner can, and nobody behind a mask.

    Raises NotFound, Forbidden, AlreadyActive.
    """
    held = read_tokens.find_token(tx, token.id, for_change=True)
    if held is None or held.state is TokenState.DELETED or acting.user_id != held.user_id:
        raise NotFound
    if acting.is_masquerading:
        raise Forbidden
    if held.state is not TokenState.PENDING:
        raise AlreadyActive

    write_tokens.update_token(tx, held.id, state=TokenState.ACTIVE)
    home = next((login.account_id for login in read_users.logins_of(tx, held.user_id)), None)
    _record(
        tx,
        "token.activated",
        held,
        home,
        acting=acting,
        before={"state": held.state},
        after={"state": TokenState.ACTIVE},
        because=because,
    )
    return _read(tx, held.id)


def may_create(tx: Transaction, owner: User, *, domain_root: Account, acting: Actor) -> bool:
    """Whether the person acting may make and change manual tokens of this person on this host."""
    is_own = _is_own(owner, acting)
    limits = Policy.LIMIT_PERSONAL_TOKENS in domain_root.policies
    if is_own:
        holds_right = limits and permits.holds(tx, acting, Right.CREATE_ACCESS_TOKENS, domain_root)
    else:
        holds_right = holds_over(tx, acting, Right.CREATE_ACCESS_TOKENS, owner, domain_root)
    covers = acting.is_operator or (not is_own and holds_right and read_users.covers(tx, acting.user_id, owner.id))
    return may_make(
        Maker(is_owner=is_own, holds_right=holds_right, covers=covers, limits=limits, roles=ROLES_UNKNOWN)
    )  # fmt: skip


def may_see(tx: Transaction, owner: User, *, domain_root: Account, acting: Actor) -> bool:
    """Whether the person acting may see this person's manual tokens."""
    if _is_own(owner, acting):
        return True
    return holds_over(tx, acting, Right.VIEW_USER_GENERATED_ACCESS_TOKENS, owner, domain_root)


def holds_over(tx: Transaction, acting: Actor, right: Right, person: User, domain_root: Account) -> bool:
    """Whether the person acting holds a right over somebody: in Site Admin, or in the host's root account.

    A root account's people are those who sign in to it, so tenants never reach each other's.
    """
    if permits.holds(tx, acting, right, read_accounts.site_admin(tx)):
        return True
    return _signs_in_to(tx, person, domain_root) and permits.holds(tx, acting, right, domain_root)


def refusal(tx: Transaction, owner: User, *, domain_root: Account, acting: Actor) -> Forbidden | NotFound:
    """Return how something about a person's tokens is refused: other tenants' people are not there."""
    is_known = _is_own(owner, acting) or _signs_in_to(tx, owner, domain_root)
    return Forbidden() if is_known else NotFound()


def _is_own(owner: User, acting: Actor) -> bool:
    return acting.user_id == owner.id


def _by_owner(owner: User, acting: Actor) -> bool:
    return _is_own(owner, acting) and not acting.is_masquerading


def _is_exempt(tx: Transaction, acting: Actor) -> bool:
    """Whether tokens for others are active at once: Site Admin's administrators automate without a browser."""
    return not acting.is_masquerading and permits.is_site_administrator(tx, acting)


def _signs_in_to(tx: Transaction, person: User, root: Account) -> bool:
    return any(login.account_id == root.id for login in read_users.logins_of(tx, person.id))


def _held(tx: Transaction, token: Token, owner: User) -> Token:
    """Return the token as it is now, held until the transaction ends. Raises NotFound."""
    held = read_tokens.find_token(tx, token.id, for_change=True)
    if held is None or held.state is TokenState.DELETED or held.user_id != owner.id:
        raise NotFound
    return held


def _read(tx: Transaction, token_id: int) -> Token:
    token = read_tokens.find_token(tx, token_id)
    if token is None:
        raise NotFound
    return token


def _check_values(key: Key, purpose: str | None, scopes: tuple[str, ...]) -> None:
    found = {
        "purpose": None if purpose is None else purpose_problem(purpose),
        "scopes": scopes_problem(scopes, of_key=key.scopes, requires_scopes=key.require_scopes),
    }
    problems = {attribute: [problem] for attribute, problem in found.items() if problem is not None}
    if problems:
        raise Invalid(problems)


def _check_expiry(tx: Transaction, expires_at: Instant | None) -> None:
    problem = expiry_problem(expires_at, roles=ROLES_UNKNOWN, now=tx.now)
    if problem is not None:
        raise ExpiryRefused(problem)


def _changed(token: Token, change: TokenChange) -> Token:
    return replace(
        token,
        purpose=token.purpose if change.purpose is None else change.purpose,
        expires_at=token.expires_at if change.expires_at is Kept.KEPT else change.expires_at,
        scopes=token.scopes if change.scopes is None else change.scopes,
    )


def _values(token: Token) -> dict[str, Any]:
    return {name: getattr(token, name) for name in ("purpose", "expires_at", "scopes", "state")}


def _difference(old: Token, new: Token) -> tuple[dict[str, Any], dict[str, Any]]:
    before = _values(old) | {"real_user_id": old.real_user_id}
    after = _values(new) | {"real_user_id": new.real_user_id}
    names = [name for name in after if before[name] != after[name]]
    return {name: before[name] for name in names}, {name: after[name] for name in names}


def _spoken(values: Mapping[str, Any]) -> dict[str, Any]:
    spoken = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
    return spoken | ({"expires_at": iso(values["expires_at"])} if "expires_at" in values else {})


def _record(
    tx: Transaction,
    action: str,
    token: Token,
    account_id: int | None,
    *,
    acting: Actor,
    after: Mapping[str, Any],
    because: str | None,
    before: Mapping[str, Any] | None = None,
) -> None:
    record(
        tx, action, "token", token.id, acting=acting, account_id=account_id, before=before, after=after, because=because
    )  # fmt: skip
