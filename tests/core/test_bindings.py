"""Which account's decision governs: the tables of the reference row by row, and a slow model of its words."""

from collections.abc import Mapping
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from keys_builders import COLLEGE, FACULTY, PARENT, ROOT, SITE, STRANGER, bound, faculty_path, key, site_path
from keystead.core.accounts import AccountPath
from keystead.core.bindings import (
    Binding,
    BindingChanged,
    BindingMade,
    BindingState,
    Unchanged,
    change,
    resolve,
    serves,
)
from keystead.core.ids import AccountId
from keystead.core.keys import Key

pytestmark = pytest.mark.pure

ON, OFF, ALLOW = BindingState.ON, BindingState.OFF, BindingState.ALLOW
CHOICES = (ON, OFF, ALLOW, None)
States = Mapping[AccountId, BindingState | None]


def winner(which: Key, path: AccountPath, states: States) -> tuple[AccountId, BindingState] | None:
    found = resolve(which, path, bound(states), SITE)
    return None if found is None else (found.account_id, found.state)


def model(which: Key, path: AccountPath, states: States) -> tuple[AccountId, BindingState] | None:
    """The reference's words (bindings and inheritance, 4), one rule at a time, with nothing clever."""
    if which.account_id is None and states.get(SITE) == "on":
        return SITE, ON
    if which.account_id is None and states.get(SITE) == "off":
        return SITE, OFF
    from_the_top = [step.id for step in path.chain]
    from_the_top.reverse()
    for number in from_the_top:
        if states.get(number) == "on":
            return number, ON
        if states.get(number) == "off":
            return number, OFF
    answer = None
    for number in from_the_top:
        if states.get(number) == "allow":
            answer = (number, ALLOW)
    return answer


@pytest.mark.parametrize(
    ("site", "root", "expected"),
    [
        *[(ON, root, (SITE, ON)) for root in CHOICES],
        *[(OFF, root, (SITE, OFF)) for root in CHOICES],
        *[(site, ON, (ROOT, ON)) for site in (ALLOW, None)],
        *[(site, OFF, (ROOT, OFF)) for site in (ALLOW, None)],
        *[(site, ALLOW, (ROOT, ALLOW)) for site in (ALLOW, None)],
        *[(site, None, None) for site in (ALLOW, None)],
    ],
)
def test_a_global_key_in_a_root_account_follows_the_table(
    site: BindingState | None, root: BindingState | None, expected: tuple[AccountId, BindingState] | None
) -> None:
    assert winner(key(), faculty_path(at=ROOT), {SITE: site, ROOT: root}) == expected


@pytest.mark.parametrize("root", CHOICES)
@pytest.mark.parametrize("site", CHOICES)
@pytest.mark.parametrize("at", [ROOT, COLLEGE, FACULTY])
def test_a_root_accounts_own_key_hears_the_root_account_and_never_site_admin(
    at: AccountId, site: BindingState | None, root: BindingState | None
) -> None:
    found = winner(key(ROOT), faculty_path(at=at), {SITE: site, ROOT: root})

    assert found == (None if root is None else (ROOT, root))


@pytest.mark.parametrize("root", [ON, OFF])
@pytest.mark.parametrize("college", CHOICES)
@pytest.mark.parametrize("faculty", CHOICES)
def test_below_an_explicit_root_account_no_sub_account_matters(
    root: BindingState, college: BindingState | None, faculty: BindingState | None
) -> None:
    states = {SITE: ALLOW, ROOT: root, COLLEGE: college, FACULTY: faculty}

    assert winner(key(), faculty_path(), states) == (ROOT, root)


@pytest.mark.parametrize("root", [ALLOW, None])
@pytest.mark.parametrize(
    ("college", "faculty", "expected"),
    [
        (ON, OFF, (COLLEGE, ON)),
        (OFF, ON, (COLLEGE, OFF)),
        (ALLOW, ON, (FACULTY, ON)),
        (None, OFF, (FACULTY, OFF)),
        (ON, None, (COLLEGE, ON)),
        (ALLOW, ALLOW, (FACULTY, ALLOW)),
        (ALLOW, None, (COLLEGE, ALLOW)),
    ],
)
def test_below_a_root_account_without_opinion_the_highest_explicit_one_decides(
    root: BindingState | None,
    college: BindingState | None,
    faculty: BindingState | None,
    expected: tuple[AccountId, BindingState],
) -> None:
    states = {SITE: ALLOW, ROOT: root, COLLEGE: college, FACULTY: faculty}

    assert winner(key(), faculty_path(), states) == expected


@pytest.mark.parametrize(
    ("owner", "states", "expected"),
    [
        (PARENT, {PARENT: ON, ROOT: OFF}, (PARENT, ON)),
        (PARENT, {PARENT: OFF, ROOT: ON}, (PARENT, OFF)),
        (PARENT, {SITE: OFF, PARENT: ON}, (PARENT, ON)),
        (None, {SITE: ON, PARENT: OFF, ROOT: OFF}, (SITE, ON)),
        (None, {SITE: ALLOW, PARENT: OFF, ROOT: ON}, (PARENT, OFF)),
        (None, {SITE: ALLOW, PARENT: ALLOW, ROOT: ON}, (ROOT, ON)),
        (None, {PARENT: ALLOW}, (PARENT, ALLOW)),
        (ROOT, {ROOT: ON}, (ROOT, ON)),
        (ROOT, {ROOT: ON, PARENT: OFF}, (PARENT, OFF)),
        (ROOT, {ROOT: ON, PARENT: ALLOW}, (ROOT, ON)),
    ],
)
@pytest.mark.parametrize("at", [ROOT, FACULTY])
def test_a_consortium_parent_stands_on_top_of_its_childrens_whole_tree(
    at: AccountId, owner: AccountId | None, states: States, expected: tuple[AccountId, BindingState]
) -> None:
    assert winner(key(owner), faculty_path(consortium=True, at=at), states) == expected


@pytest.mark.parametrize("consortium", [False, True])
@pytest.mark.parametrize("owner", [None, ROOT, PARENT])
def test_all_combinations_agree_with_a_slow_reading_of_the_rules(owner: AccountId | None, consortium: bool) -> None:
    which, path = key(owner), faculty_path(consortium=consortium)
    for site, root, college, faculty in product(CHOICES, repeat=4):
        for parent in CHOICES if consortium else (None,):
            states = {SITE: site, ROOT: root, COLLEGE: college, FACULTY: faculty, PARENT: parent}
            assert winner(which, path, states) == model(which, path, states), states


def test_without_a_consortium_its_parents_decision_is_none_of_our_business() -> None:
    assert winner(key(), faculty_path(), {PARENT: ON, STRANGER: ON}) is None


@pytest.mark.parametrize("state", [ON, OFF, ALLOW])
def test_in_site_admin_itself_its_own_binding_governs(state: BindingState) -> None:
    assert winner(key(), site_path(), {SITE: state, ROOT: OFF}) == (SITE, state)
    assert winner(key(ROOT), site_path(), {SITE: state, ROOT: OFF}) == (SITE, state)


some_states = some.fixed_dictionaries(
    {number: some.sampled_from(CHOICES) for number in (SITE, ROOT, COLLEGE, FACULTY, PARENT, STRANGER)}
)
some_owner = some.sampled_from((None, ROOT, PARENT, STRANGER))


@settings(max_examples=60, deadline=None)
@given(states=some_states, other=some_states, owner=some_owner, consortium=some.booleans())
def test_what_stands_below_an_explicit_winner_does_not_matter(
    states: States, other: States, owner: AccountId | None, consortium: bool
) -> None:
    which, path = key(owner), faculty_path(consortium=consortium)
    found = winner(which, path, states)
    if found is None or found[1] is ALLOW:
        return
    order = [SITE, *(step.id for step in reversed(path.chain))]
    above = set(order[: order.index(found[0]) + 1])

    mixed = {number: states[number] if number in above else other[number] for number in states}

    assert winner(which, path, mixed) == found


@settings(max_examples=60, deadline=None)
@given(states=some_states, other=some_states, owner=some_owner, consortium=some.booleans())
def test_what_stands_outside_the_path_does_not_matter(
    states: States, other: States, owner: AccountId | None, consortium: bool
) -> None:
    which, path = key(owner), faculty_path(consortium=consortium)
    heard = {SITE, *path.ids} if which.is_global else set(path.ids)

    mixed = {number: states[number] if number in heard else other[number] for number in states}

    assert winner(which, path, mixed) == winner(which, path, states)


@settings(max_examples=40, deadline=None)
@given(states=some_states, order=some.permutations([SITE, ROOT, COLLEGE, FACULTY, PARENT, STRANGER]))
def test_the_order_of_the_rows_does_not_matter(states: States, order: list[AccountId]) -> None:
    shuffled = {number: states[number] for number in order}

    assert winner(key(), faculty_path(), shuffled) == winner(key(), faculty_path(), states)


@pytest.mark.parametrize(
    ("owner", "consortium", "expected"),
    [
        (None, False, True),
        (ROOT, False, True),
        (COLLEGE, False, True),
        (STRANGER, False, False),
        (PARENT, False, False),
        (PARENT, True, True),
    ],
)
def test_a_key_serves_its_owners_tree_and_a_global_one_everybody(
    owner: AccountId | None, consortium: bool, expected: bool
) -> None:
    assert serves(key(owner), faculty_path(consortium=consortium)) is expected


def test_a_change_says_whether_it_made_changed_or_left_the_binding() -> None:
    held = bound({ROOT: OFF})[ROOT]

    assert change(None, ON) == BindingMade(state=ON)
    assert change(held, ON) == BindingChanged(before=OFF, state=ON)
    assert change(held, OFF) == Unchanged(state=OFF)


def test_only_on_admits() -> None:
    admitted = [Binding(id=1, account_id=ROOT, key_id=key().id, state=state).is_on for state in (ON, OFF, ALLOW)]

    assert admitted == [True, False, False]
