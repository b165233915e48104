"""Plain values for tests of rules: a small tree of accounts, keys, bindings, tokens, facts."""

from collections.abc import Mapping
from typing import Any

from keystead.core.accounts import Account, AccountKind, AccountPath, path_of
from keystead.core.actors import UserState
from keystead.core.bindings import Binding, BindingState
from keystead.core.credentials import Secret
from keystead.core.decision import CallFacts
from keystead.core.ids import AccountId, KeyId, TokenId, UserId
from keystead.core.instants import Instant
from keystead.core.keys import Key, KeyState
from keystead.core.tokens import Token, TokenState

SITE, ROOT, COLLEGE, FACULTY, PARENT, STRANGER = (AccountId(number) for number in (1, 2, 3, 4, 5, 6))
NOW = Instant(1_800_000_000_000_000)


def account(
    number: AccountId, kind: AccountKind = AccountKind.ROOT, *, above: AccountId | None = None, **values: Any
) -> Account:
    """Make an account; sub-accounts belong to ``ROOT``."""
    root = ROOT if kind is AccountKind.SUB else number
    return Account(
        id=number, name=f"Account {number}", kind=kind, parent_id=above, root_id=root, uuid=str(number), **values
    )


def faculty_path(*, consortium: bool = False, at: AccountId = FACULTY) -> AccountPath:
    """Return the path of the faculty (or of an account above it): faculty, college, root, perhaps its parent."""
    root = account(ROOT, consortium_parent_id=PARENT if consortium else None)
    college = account(COLLEGE, AccountKind.SUB, above=ROOT)
    faculty = account(FACULTY, AccountKind.SUB, above=COLLEGE)
    steps = (faculty, college, root)
    start = next(number for number, step in enumerate(steps) if step.id == at)
    return path_of(steps[start:], account(PARENT) if consortium else None)


def site_path() -> AccountPath:
    """Return Site Admin's own path."""
    return path_of((account(SITE, AccountKind.SITE_ADMIN),), None)


def key(owner: AccountId | None = None, **values: Any) -> Key:
    """Make an active key."""
    made: dict[str, Any] = {"id": KeyId(7), "account_id": owner, "state": KeyState.ACTIVE, "secret": Secret("x" * 64)}
    return Key(**made | values)


def bound(states: Mapping[AccountId, BindingState | None]) -> dict[AccountId, Binding]:
    """Make the bindings of the key by account; None makes none."""
    return {
        number: Binding(id=100 + number, account_id=number, key_id=KeyId(7), state=state)
        for number, state in states.items()
        if state is not None
    }


def token(**values: Any) -> Token:
    """Make an active token of the key."""
    made: dict[str, Any] = {
        "id": TokenId(9), "user_id": UserId(8), "key_id": KeyId(7), "state": TokenState.ACTIVE, "hint": "abcde",
    }  # fmt: skip
    return Token(**made | values)


def facts(**values: Any) -> CallFacts:
    """Make the facts of a call that passes."""
    made: dict[str, Any] = {
        "token": token(),
        "key": key(),
        "account_id": ROOT,
        "binding": bound({SITE: BindingState.ON})[SITE],
        "key_serves": True,
        "user_state": UserState.ACTIVE,
        "has_login": True,
        "covered": True,
    }
    return CallFacts(**made | values)
