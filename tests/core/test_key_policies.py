"""What accounts have laid down about a key: every one must agree, and what is not known is not allowed."""

import ipaddress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys_builders import NOW, ROOT, SITE, facts
from keystead.core.addresses import Network, read_address, read_network
from keystead.core.decision import CHECKS, Allow, CallFacts, Deny, decide, standing
from keystead.core.explanation import DEPENDS, PASSED, explained
from keystead.core.instants import HOUR, NEVER, SECOND, Instant
from keystead.core.key_policies import KeyPolicy, admits, expiry_of, open_until, ranges_of
from keystead.core.reasons import Reason
from strategies_decision import ALWAYS, CLOSED, some_facts

pytestmark = pytest.mark.pure

OFFICE = (ipaddress.ip_network("203.0.113.0/24"), ipaddress.ip_network("2001:db8::/32"))
LATER = Instant(NOW + HOUR)


def networks() -> st.SearchStrategy[Network]:
    four = st.tuples(st.ip_addresses(v=4), st.integers(0, 32))
    six = st.tuples(st.ip_addresses(v=6), st.integers(0, 128))
    return (four | six).map(lambda pair: ipaddress.ip_network(pair, strict=False))


@given(networks(), st.integers(0), st.booleans())
def test_an_address_of_a_network_is_admitted_by_it_however_it_is_written(
    network: Network, number: int, mapped: bool
) -> None:
    address = network[number % network.num_addresses]
    text = f"::ffff:{address}" if mapped and address.version == 4 else str(address)
    read = read_network(str(network))
    assert read is not None

    assert admits(((read,),), text)


@given(networks(), st.ip_addresses())
def test_an_address_is_admitted_by_those_networks_only_in_which_it_stands(
    network: Network, address: ipaddress.IPv4Address | ipaddress.IPv6Address
) -> None:
    read, plain = read_network(str(network)), read_address(str(address))
    assert read is not None
    assert plain is not None

    assert admits(((read,),), str(address)) == (plain.version == read.version and plain in read)


def test_a_network_of_mapped_addresses_is_the_one_it_stands_for() -> None:
    assert read_network("::ffff:203.0.113.0/120") == OFFICE[0]
    assert admits((OFFICE,), "::ffff:203.0.113.9")
    assert not admits(((ipaddress.ip_network("::/0"),),), "::ffff:203.0.113.9")


@pytest.mark.parametrize("text", ["", "10.1.2.3/8", "10.0.0.0/33", "2001:db8::1/32", "office", "10.0.0.0/8/8", "1"])
def test_what_names_no_network_is_none(text: str) -> None:
    assert read_network(text) is None


@pytest.mark.parametrize("unknown", [None, "", "unknown", "203.0.113.9:443", "[2001:db8::1]", "203.0.113.9, 10.0.0.1"])
def test_an_address_that_is_not_known_stands_in_no_range(unknown: str | None) -> None:
    assert not admits((OFFICE,), unknown)
    assert admits((), unknown)


def test_every_policy_must_agree_to_the_address() -> None:
    wide, narrow = ipaddress.ip_network("203.0.0.0/16"), OFFICE[0]
    here, there = KeyPolicy(account_id=ROOT, ranges=(wide,)), KeyPolicy(account_id=SITE, ranges=(narrow,))
    both = ranges_of((here, there, KeyPolicy(account_id=ROOT)))

    assert admits(both, "203.0.113.1")
    assert not admits(both, "203.0.112.1")


def test_the_earliest_expiry_and_the_first_end_of_hours_count() -> None:
    late = Instant(NOW + 2 * HOUR)
    policies = (KeyPolicy(account_id=ROOT, expires_at=late), KeyPolicy(account_id=SITE, expires_at=LATER))

    assert expiry_of(policies) == LATER
    assert expiry_of(()) is None
    assert open_until(policies, NOW) == NEVER
    assert open_until((KeyPolicy(account_id=ROOT, hours=ALWAYS), KeyPolicy(account_id=ROOT, hours=CLOSED)), NOW) is None


def test_a_key_expires_at_the_very_moment() -> None:
    known = facts(key_policies=(KeyPolicy(account_id=ROOT, expires_at=NOW),))

    assert decide(known, NOW) == Deny(reason=Reason.KEY_EXPIRED)
    assert isinstance(decide(known, Instant(NOW - 1)), Allow)


def test_a_standing_ends_with_the_expiry_and_with_the_hours() -> None:
    closes = ALWAYS.open_until(NOW)
    assert closes is not None
    expiring = facts(key_policies=(KeyPolicy(account_id=ROOT, hours=ALWAYS, expires_at=Instant(NOW + SECOND)),))
    open_now = facts(key_policies=(KeyPolicy(account_id=ROOT, hours=ALWAYS),))

    soon, tonight = standing(expiring, NOW), standing(open_now, NOW)

    assert soon is not None
    assert soon.until == NOW + SECOND
    assert tonight is not None
    assert tonight.until == closes
    assert standing(facts(key_policies=(KeyPolicy(account_id=ROOT, hours=CLOSED),)), NOW) is None


def test_asked_about_no_call_an_address_bound_key_passes_and_says_on_what_that_depends() -> None:
    bound = facts(key_policies=(KeyPolicy(account_id=ROOT, ranges=OFFICE),))

    told = explained(replace(bound, from_anywhere=True), NOW, missing=None, key_has_it=False)

    outcomes = {step.check: step.outcome for step in told.steps}
    assert told.reason is None
    assert told.depends_on_address
    assert outcomes.pop("address_allowed") == DEPENDS
    assert set(outcomes.values()) == {PASSED}
    assert "address" in told.remedies[0]
    assert not explained(replace(bound, address="203.0.113.7"), NOW, missing=None, key_has_it=False).depends_on_address


@given(some_facts())
def test_more_policies_never_let_more_pass(known: CallFacts) -> None:
    if isinstance(decide(known, NOW), Allow):
        assert isinstance(decide(replace(known, key_policies=()), NOW), Allow)


def test_conditions_of_a_key_are_asked_for_right_after_whether_it_is_on() -> None:
    names = [check.__name__ for check in CHECKS]
    at = names.index("key_on_here")

    assert names[at + 1 : at + 4] == ["key_lasts", "within_hours", "address_allowed"]
