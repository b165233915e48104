"""What policies do by themselves: told to those whom it concerns, written down, done once, and undone by hand."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import delete

from keystead.actions.sealing import seal_audit
from keystead.core.actors import UserState
from keystead.core.bindings import BindingState
from keystead.core.instants import DAY, Instant
from keystead.core.key_policies import KeyPolicy, OwnerRule
from keystead.core.notices import NoticeKind
from keystead.core.usage import day_of
from keystead.governance.noticing import addressee, draw_notices
from keystead.governance.policing import act_by_policies
from keystead.governance.situations import Concern, situation_of
from keystead.storage.policy_schema import key_policies
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read.bindings import bindings_of
from keystead.storage.transaction import Origin
from keystead.storage.write.key_policies import put_policy
from keystead.storage.write.users import update_user
from oauth_bench import NORTH, SOUTH, Client, OAuthBench


@pytest.fixture(autouse=True)
def _nothing_left(bench: OAuthBench) -> Iterator[None]:
    """Take away what a test has laid down: tests share the installation."""
    yield
    with bench.database.write(Origin(surface="test")) as tx:
        tx.connection.execute(delete(key_policies))


def lay_down(bench: OAuthBench, client: Client | None, host: str | None = NORTH, **values: Any) -> None:
    with bench.database.write(Origin(surface="test")) as tx:
        account_id = read_accounts.site_admin(tx).id if host is None else bench.accounts[host]
        put_policy(tx, KeyPolicy(account_id=account_id, key_id=None if client is None else client.id, **values), None)


def today(bench: OAuthBench) -> int:
    return day_of(bench.clock.now)


def pass_days(bench: OAuthBench, days: int) -> int:
    """Let days pass, looking on each; return how many acts there were."""
    done = 0
    for _ in range(days):
        bench.clock.pass_seconds(86_400)
        done += act_by_policies(bench.database)
    return done


def state(bench: OAuthBench, key: Client, host: str = NORTH) -> BindingState | None:
    with bench.database.read() as tx:
        found = bindings_of(tx, key.id).get(bench.accounts[host])
    return None if found is None else found.state


def told(bench: OAuthBench, key: Client, host: str = NORTH) -> list[tuple[NoticeKind, str]]:
    """Return the notices of a host's administrators about a key: their kinds and actions, oldest first."""
    seal_audit(bench.database)
    draw_notices(bench.database, bench.app._parts.notices)
    with bench.database.read() as tx:
        whose = addressee(tx, read_accounts.get_account(tx, bench.accounts[host]))
    found, _ = bench.app._parts.notices.newest(whose, limit=500)
    return [(one.kind, one.told["action"]) for one in reversed(found) if one.key_id == key.id]


def concerns(bench: OAuthBench, key: Client, host: str = NORTH) -> tuple[Concern, ...]:
    with bench.database.read() as tx:
        held = read_keys.get_key(tx, key.id)
        return situation_of(tx, read_accounts.get_account(tx, bench.accounts[host]), held).concerns


def test_a_review_that_nobody_makes_switches_the_key_off_once(bench: OAuthBench) -> None:
    key = bench.key()
    token = bench.issued(key)["access_token"]
    lay_down(bench, key, review_on=today(bench) + 20)

    warned = pass_days(bench, 20)
    on_the_day = state(bench, key)
    pass_days(bench, 1)
    after = state(bench, key)
    bench.bind(key, bench.accounts[NORTH], BindingState.ON)
    again = pass_days(bench, 10)

    assert (warned, on_the_day, after, again) == (3, BindingState.ON, BindingState.OFF, 0)
    assert state(bench, key) is BindingState.ON
    assert Concern.REVIEW_OVERDUE in concerns(bench, key)
    (entry,) = bench.audited("policy.review_overdue")
    assert (entry.user_id, entry.surface, entry.account_id) == (None, "system", bench.accounts[NORTH])
    assert entry.before == {"workflow_state": "on"}
    assert entry.after["workflow_state"] == "off"
    assert "Turn the key on again" in entry.because
    assert told(bench, key) == [(NoticeKind.AUTOMATIC, "policy.review_due")] * 3 + [
        (NoticeKind.AUTOMATIC, "policy.review_overdue")
    ]  # fmt: skip
    assert told(bench, key, SOUTH) == []
    assert bench.call(token).status_code == 200


def test_a_later_date_prevents_it(bench: OAuthBench) -> None:
    key = bench.key()
    lay_down(bench, key, review_on=today(bench) + 2)
    pass_days(bench, 2)
    lay_down(bench, key, review_on=today(bench) + 100)

    assert pass_days(bench, 5) == 0
    assert state(bench, key) is BindingState.ON
    assert Concern.REVIEW_OVERDUE not in concerns(bench, key)


def test_a_key_that_was_off_on_the_day_stays_on_when_it_is_turned_on_after_it(bench: OAuthBench) -> None:
    key = bench.key(on=None)
    lay_down(bench, key, review_on=today(bench) + 2)
    pass_days(bench, 4)
    bench.bind(key, bench.accounts[NORTH], BindingState.ON)
    pass_days(bench, 4)

    assert state(bench, key) is BindingState.ON
    assert told(bench, key) == []


def test_a_key_that_only_a_college_has_on_goes_off_too(bench: OAuthBench) -> None:
    key = bench.key(on=None)
    bench.bind(key, bench.sub_account(NORTH), BindingState.ON)
    lay_down(bench, key, review_on=today(bench))

    pass_days(bench, 1)

    assert state(bench, key) is BindingState.OFF
    assert bench.audited("policy.review_overdue")[0].before is None


def test_what_somebody_above_has_decided_is_told_and_left_alone(bench: OAuthBench) -> None:
    key = bench.key(owner=None, on=None)
    with bench.database.read() as tx:
        site = read_accounts.site_admin(tx)
    bench.bind(key, site.id, BindingState.ON)
    lay_down(bench, key, review_on=today(bench))

    pass_days(bench, 1)

    (entry,) = bench.audited("policy.review_overdue")
    assert "decided above" in entry.because
    assert "workflow_state" not in entry.after
    assert state(bench, key) is None


def test_heirs_are_told_when_site_admins_policy_switches_a_key_off_and_before_it_expires(bench: OAuthBench) -> None:
    key = bench.key(owner=None, on=None)
    with bench.database.read() as tx:
        site = read_accounts.site_admin(tx)
    bench.bind(key, site.id, BindingState.ON)
    lay_down(bench, key, None, review_on=today(bench), expires_at=Instant(bench.clock.now + 3 * DAY))

    pass_days(bench, 1)

    heard = told(bench, key, SOUTH)
    assert (NoticeKind.INHERITED_STATE, "policy.review_overdue") in heard
    assert (NoticeKind.INHERITED_STATE, "policy.key_expires") in heard
    assert NoticeKind.AUTOMATIC not in {kind for kind, _ in heard}


def test_an_expiry_is_told_and_a_later_one_undoes_it(bench: OAuthBench) -> None:
    key = bench.key()
    token = bench.issued(key)["access_token"]
    lay_down(bench, key, expires_at=Instant(bench.clock.now + 10 * DAY))

    early = [bench.call(token).status_code]
    pass_days(bench, 12)
    late = bench.call(token).status_code
    lay_down(bench, key, expires_at=None)

    assert (early, late, bench.call(token).status_code) == ([200], 401, 200)
    assert [action for _, action in told(bench, key)] == [
        "policy.key_expires",
        "policy.key_expires",
        "policy.key_expired",
    ]
    assert state(bench, key) is BindingState.ON


@pytest.mark.parametrize("leaving", ["suspended", "moved"])
def test_when_the_owner_has_left_that_is_told_at_once_and_the_key_goes_off_after_the_grace(
    bench: OAuthBench, leaving: str
) -> None:
    key, who = bench.key(), bench.person(f"owner {leaving} {bench.address}", NORTH if leaving == "suspended" else SOUTH)
    lay_down(bench, key, owner=OwnerRule(user_id=who, off_after_days=3))
    if leaving == "suspended":
        assert pass_days(bench, 5) == 0
        with bench.database.write(Origin(surface="test")) as tx:
            update_user(tx, who, state=UserState.SUSPENDED)

    first = act_by_policies(bench.database)
    still = state(bench, key)
    pass_days(bench, 3)

    assert (first, still, state(bench, key)) == (1, BindingState.ON, BindingState.OFF)
    assert [action for _, action in told(bench, key)] == ["policy.owner_left", "policy.owner_gone"]
    assert Concern.OWNERLESS in concerns(bench, key)
    (entry,) = bench.audited("policy.owner_left")
    assert entry.after["owner_user_id"] == who
    assert "in 3 days" in entry.because


def test_who_is_back_in_time_keeps_the_key_on(bench: OAuthBench) -> None:
    key = bench.key()
    lay_down(bench, key, owner=OwnerRule(user_id=bench.people["pat"], off_after_days=3))
    bench.change_person("pat", state=UserState.SUSPENDED)
    act_by_policies(bench.database)
    bench.change_person("pat", state=UserState.ACTIVE)
    pass_days(bench, 5)
    bench.change_person("pat", state=UserState.SUSPENDED)
    act_by_policies(bench.database)

    assert state(bench, key) is BindingState.ON
    assert len(bench.audited("policy.owner_left")) == 2


def test_a_policy_about_all_keys_concerns_each_one_that_is_on_here(bench: OAuthBench) -> None:
    on, off, elsewhere = bench.key(), bench.key(on=None), bench.key(owner=SOUTH, on=SOUTH)
    lay_down(bench, None, review_on=today(bench))

    pass_days(bench, 1)

    assert (state(bench, on), state(bench, off), state(bench, elsewhere, SOUTH)) == (
        BindingState.OFF, None, BindingState.ON,
    )  # fmt: skip


def test_two_processes_do_each_act_once(bench: OAuthBench) -> None:
    key = bench.key()
    lay_down(bench, key, review_on=today(bench))

    assert act_by_policies(bench.database) == 1
    assert act_by_policies(bench.app._parts.database) == 0
    assert len(bench.audited("policy.review_due")) == 1
