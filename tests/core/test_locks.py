"""Who decides about a key instead of an account?"""

import pytest

from keys_builders import COLLEGE, FACULTY, PARENT, ROOT, SITE, account, bound, faculty_path, key
from keystead.core.accounts import AccountKind, path_of
from keystead.core.bindings import BindingState, resolve
from keystead.core.ids import AccountId
from keystead.core.instants import Instant
from keystead.core.locks import Lock, lock_of

pytestmark = pytest.mark.pure

ON, OFF, ALLOW = BindingState.ON, BindingState.OFF, BindingState.ALLOW
SITE_ADMIN = account(SITE, kind=AccountKind.SITE_ADMIN)


@pytest.mark.parametrize(
    ("states", "locked_by"),
    [
        ({}, None),
        ({SITE: ALLOW}, None),
        ({FACULTY: ON}, None),
        ({FACULTY: OFF, COLLEGE: ALLOW}, None),
        ({SITE: ON, FACULTY: OFF}, SITE),
        ({SITE: OFF}, SITE),
        ({ROOT: ON, FACULTY: OFF}, ROOT),
        ({COLLEGE: OFF}, COLLEGE),
    ],
)
def test_whoever_decided_above_locks_a_key(
    states: dict[AccountId, BindingState | None], locked_by: AccountId | None
) -> None:
    path, bindings = faculty_path(), bound(states)
    governing = resolve(key(), path, bindings, SITE)
    decided = {one.id: Instant(one.account_id) for one in bindings.values()}

    found = lock_of(key(), path, governing, decided, SITE_ADMIN)

    names = {one.id: one.name for one in (SITE_ADMIN, *path.chain)}
    expected = None if locked_by is None else Lock(account_name=names[locked_by], at=Instant(locked_by))
    assert found == expected


def test_in_a_consortium_the_parent_decides_about_all_that_is_not_the_childs_own() -> None:
    path = faculty_path(consortium=True)
    bindings = bound({PARENT: ON})
    governing = resolve(key(PARENT), path, bindings, SITE)
    names = {one.id: one.name for one in path.chain}

    theirs = lock_of(key(PARENT), path, governing, {bindings[PARENT].id: Instant(5)}, SITE_ADMIN)

    assert theirs == Lock(account_name=names[PARENT], at=Instant(5))
    assert lock_of(key(), path, None, {}, SITE_ADMIN) == Lock(account_name=names[PARENT])
    assert lock_of(key(ROOT), path, None, {}, SITE_ADMIN) is None


def test_a_consortium_whose_parent_has_gone_locks_without_a_name() -> None:
    whole = faculty_path(consortium=True)
    path = path_of([one for one in whole.chain if one.id != PARENT], None)

    assert lock_of(key(), path, None, {}, SITE_ADMIN) == Lock(account_name=None)
