"""What is told of unused keys, and of ranges that are tried, equals a count of the calls themselves."""

import ipaddress
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from databases import fresh_installation
from governance_builders import OWNER, SITE, figures_after, key_with
from keystead.core.accounts import Account
from keystead.core.addresses import Network
from keystead.core.instants import DAY, Instant
from keystead.governance.key_policies import Place, tried
from keystead.storage.transaction import Transaction
from keystead.storage.usage_figures import UsageFigures
from usage_builders import NOON, Call, calls_made

__all__ = ["figures_after"]

RANGES: Final = tuple(
    map(ipaddress.IPv4Network, ("10.0.0.0/24", "10.0.0.64/26", "10.0.1.1/32", "10.0.0.0/23", "192.0.2.0/24"))
)


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transaction]:
    """A transaction three days after the first calls."""
    database = fresh_installation(tmp_path_factory.mktemp("tried"), lambda: Instant(NOON + 3 * DAY))
    with database.read() as tx:
        yield tx
    database.close()


@settings(deadline=None, max_examples=60)
@given(made=st.lists(calls_made(), max_size=30))
def test_which_keys_were_used_here_and_when_last_equals_a_count(
    figures_after: Callable[[list[Call]], UsageFigures], made: list[Call]
) -> None:
    figures, asked = figures_after(made), [1, 2, 3]

    last = figures.last_calls(OWNER.id, asked)
    refused = figures.refused_only(OWNER.id, [key for key in asked if key not in last])

    mine = [call for call in made if call.root == OWNER.id]
    passed = [call for call in mine if call.outcome == "allowed"]
    assert last == {key: max(call.at // DAY for call in passed if call.key == key) for key in {c.key for c in passed}}
    assert refused == {call.key for call in mine} - last.keys()
    assert figures.counted_since() == min((call.at // DAY for call in made), default=None)


@settings(deadline=None, max_examples=60)
@given(
    made=st.lists(calls_made(), max_size=30), ranges=st.sets(st.sampled_from(RANGES)),
    account=st.sampled_from((OWNER, SITE)), of_all=st.booleans(),
)  # fmt: skip
def test_what_ranges_would_have_refused_equals_a_count_of_the_calls(
    figures_after: Callable[[list[Call]], UsageFigures],
    reading: Transaction,
    made: list[Call],
    ranges: set[Network],
    account: Account,
    of_all: bool,
) -> None:
    place = Place(account=account, key=None if of_all else key_with())

    found = tried(reading, figures_after(made), place, tuple(ranges))

    mine = [
        call for call in made
        if call.outcome == "allowed" and (of_all or call.key == 1) and account.id in (SITE.id, call.root)
    ]  # fmt: skip
    inside = [
        sum(any(address in one for one in ranges) for address in ipaddress.ip_network(call.network)) for call in mine
    ]  # fmt: skip
    assert found.calls == len(mine)
    assert found.refused == (inside.count(0) if ranges else 0)
    assert found.unsure == (sum(0 < many < 256 for many in inside) if ranges else 0)
    assert set(found.networks) == {
        call.network for call, many in zip(mine, inside, strict=True) if ranges and many == 0
    }
