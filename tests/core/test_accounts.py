"""Are accounts told in the order in which a tree is read?"""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from keystead.core.accounts import Account, AccountKind, in_tree_order
from keystead.core.ids import AccountId

pytestmark = pytest.mark.pure


def account(number: int, name: str, parent: int | None = None) -> Account:
    kind = AccountKind.ROOT if parent is None else AccountKind.SUB
    above = None if parent is None else AccountId(parent)
    return Account(
        id=AccountId(number), name=name, kind=kind, parent_id=above, root_id=AccountId(1), uuid=str(number)
    )  # fmt: skip


def test_each_account_comes_before_those_below_it_and_neighbours_by_name() -> None:
    root = account(1, "Root")
    below = [account(2, "zoology", 1), account(3, "Arts", 1), account(4, "Music", 3), account(5, "Bees", 2)]

    found = in_tree_order([root], below)

    assert [(one.account.name, [above.name for above in one.above]) for one in found] == [
        ("Root", []),
        ("Arts", ["Root"]),
        ("Music", ["Root", "Arts"]),
        ("zoology", ["Root"]),
        ("Bees", ["Root", "zoology"]),
    ]


def test_what_hangs_below_no_top_is_left_out() -> None:
    found = in_tree_order([account(3, "Arts", 1)], [account(4, "Music", 3), account(5, "Bees", 2)])

    assert [one.account.name for one in found] == ["Arts", "Music"]


@given(some.lists(some.integers(min_value=1, max_value=12), max_size=12))
def test_no_account_comes_twice_whatever_hangs_below_what(parents: list[int]) -> None:
    below = [account(number, str(number), parent) for number, parent in enumerate(parents, start=2)]

    found = [one.account.id for one in in_tree_order([account(1, "Root")], below)]

    assert found[0] == 1
    assert len(set(found)) == len(found)
