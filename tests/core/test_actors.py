"""Which rights follow from which? The narrow rights about keys follow from the wide one, and never the other way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.core.actors import SITE_ADMIN_ONLY_RIGHTS, AdminSeat, Right, Role, held, with_implied
from keystead.core.ids import AccountId, RoleId, UserId
from keystead.core.roles import AUDITOR, RIGHT_WORDS, TEMPLATES

pytestmark = pytest.mark.pure

SITE, ROOT, COLLEGE, STRANGER = (AccountId(number) for number in (1, 2, 3, 4))
rights = st.frozensets(st.sampled_from(list(Right)))


def seat(account: AccountId, given_rights: frozenset[Right]) -> AdminSeat:
    role = Role(id=RoleId(1), account_id=account, label="Role", rights=given_rights)
    return AdminSeat(id=1, account_id=account, user_id=UserId(1), role=role)


@given(rights, rights)
def test_more_rights_never_imply_fewer(some: frozenset[Right], others: frozenset[Right]) -> None:
    assert some <= with_implied(some)
    assert with_implied(some) <= with_implied(some | others)
    assert with_implied(some | others) == with_implied(some) | with_implied(others)


@given(rights)
def test_what_is_implied_implies_nothing_more(some: frozenset[Right]) -> None:
    assert with_implied(with_implied(some)) == with_implied(some)


@given(rights)
def test_nobody_acts_on_keys_that_they_cannot_see(some: frozenset[Right]) -> None:
    acting = {
        Right.MANAGE_DEVELOPER_KEYS, Right.REVIEW_DEVELOPER_KEYS, Right.APPROVE_DEVELOPER_KEYS,
        Right.SWITCH_DEVELOPER_KEYS, Right.EXPORT_DEVELOPER_KEY_RECORDS,
    }  # fmt: skip

    assert not (acting & some) or Right.VIEW_DEVELOPER_KEYS in with_implied(some)


@given(rights)
def test_the_right_to_manage_keys_comes_from_no_other_right(some: frozenset[Right]) -> None:
    gained = with_implied(some - {Right.MANAGE_DEVELOPER_KEYS}) - some

    assert gained <= {Right.VIEW_DEVELOPER_KEYS}


def test_whoever_manages_keys_may_do_all_that_was_split_off() -> None:
    split = {right for right in Right if "developer_key" in right} - {Right.MODIFY_SITE_ADMIN_DEVELOPER_KEYS}

    assert with_implied({Right.MANAGE_DEVELOPER_KEYS}) == split


def test_every_right_is_told_in_words() -> None:
    assert RIGHT_WORDS.keys() == set(Right)


def test_an_auditor_can_change_nothing() -> None:
    given_rights = TEMPLATES[AUDITOR].rights

    assert with_implied(given_rights) == given_rights
    assert given_rights == {
        Right.VIEW_DEVELOPER_KEYS, Right.VIEW_DEVELOPER_KEY_AUDIT, Right.EXPORT_DEVELOPER_KEY_RECORDS,
    }  # fmt: skip


@given(rights, rights)
def test_rights_hold_where_their_seats_are_and_below_and_those_of_site_admin_everywhere(
    here: frozenset[Right], above: frozenset[Right]
) -> None:
    seats = [seat(COLLEGE, here), seat(STRANGER, frozenset(Right)), seat(SITE, above)]

    assert held(seats, (COLLEGE, ROOT), SITE) == (with_implied(here) - SITE_ADMIN_ONLY_RIGHTS) | with_implied(above)
    assert held(seats, (ROOT,), SITE) == with_implied(above)
