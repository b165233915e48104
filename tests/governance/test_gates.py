"""Does nothing block by default, and does a rule hold on every surface once an account has made it?"""

from collections.abc import Iterator

import httpx
import pytest

from console.test_key_pages import admin, keys, send, words
from governance.test_vetting import Desk, desk
from keystead.actions import bindings as act
from keystead.actions.gates import GateClosed
from keystead.core.bindings import BindingState, Unchanged
from keystead.core.vetting import Item, ItemState
from keystead.governance import rules
from keystead.governance.vetting import ItemChange, set_item
from keystead.storage.transaction import Origin
from oauth_bench import COURSES, NORTH, Browser, Client, OAuthBench

__all__ = ["admin", "desk", "keys"]


@pytest.fixture
def blocking(bench: OAuthBench, desk: Desk) -> Iterator[None]:
    """Let north's rules block keys of low and of critical risk."""
    for blocks in (["low", "critical"], []):
        with bench.database.write(Origin(surface="test")) as tx:
            rules.set_rules(tx, desk.account(tx), {"blocks": blocks}, acting=desk.acting, because=None)
        if blocks:
            yield


def low(bench: OAuthBench) -> Client:
    return bench.key(on=None, scopes=(COURSES,), require_scopes=True, name="Reader")


def turn_on(admin: Browser, key: Client, account: int) -> httpx.Response:
    path = f"/api/v1/accounts/{account}/developer_keys/{key.id}/developer_key_account_bindings"
    proof = {"x-csrf-token": admin.http.cookies["_csrf_token"]}
    return admin.post(path, {"developer_key_account_binding[workflow_state]": "on"}, headers=proof)


def test_by_default_nothing_blocks_and_the_page_warns(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key, other = low(bench), low(bench)

    page = admin.get(f"{keys}/{key.id}/state?to=on")
    done = send(admin, f"{keys}/{key.id}/state?to=on", f"{keys}/{key.id}/state", ("state", "on"))
    over_the_api = turn_on(admin, other, bench.accounts[NORTH])

    assert "Not everything is settled with the vendor of this key. Its risk is low." in words(page)
    assert "Contacts: missing" in words(page)
    assert "settled" not in admin.get(f"{keys}/{key.id}/state?to=off").text
    assert done.status_code == 302
    assert over_the_api.status_code == 201


@pytest.mark.usefixtures("blocking")
def test_where_rules_block_a_key_goes_on_only_when_it_is_settled(
    bench: OAuthBench, desk: Desk, admin: Browser, keys: str
) -> None:
    key, account = low(bench), bench.accounts[NORTH]

    page = admin.get(f"{keys}/{key.id}/state?to=on")
    by_page = send(admin, f"{keys}/{key.id}/state?to=off", f"{keys}/{key.id}/state", ("state", "on"))
    by_api = turn_on(admin, key, account)
    for item in (Item.TOKEN_STORAGE, Item.CONTACTS):
        desk.do(set_item, key, ItemChange(item=item, values={"state": ItemState.IN_PLACE}))
    settled = turn_on(admin, key, account)

    assert 'type="submit">Switch' not in page.text
    assert by_page.status_code == 400
    assert "do not allow it while something is lacking" in words(by_page)
    assert by_api.status_code == 400
    (error,) = by_api.json()["errors"]["vetting"]
    assert "low risk" in error["message"]
    assert "token_storage (missing), contacts (missing)" in error["message"]
    assert settled.status_code == 201
    assert len(bench.audited("binding.set")) == 1


@pytest.mark.usefixtures("blocking")
def test_an_exception_opens_the_gate_until_it_expires_or_is_ended(
    bench: OAuthBench, desk: Desk, admin: Browser
) -> None:
    account = bench.accounts[NORTH]
    first, second, third = low(bench), low(bench), low(bench)

    for key in (first, second, third):
        desk.do(rules.make_exception, key, days=1)
    on_time = turn_on(admin, first, account)
    ended = desk.gate(second).exception
    desk.do(rules.end_exception, second, ended.id)
    after_its_end = turn_on(admin, second, account)
    bench.clock.pass_seconds(86_400)
    admin.signed_in("ada")
    too_late = turn_on(admin, third, account)

    assert [on_time.status_code, after_its_end.status_code, too_late.status_code] == [201, 400, 400]


@pytest.mark.usefixtures("blocking")
def test_what_is_on_stays_on_and_turning_off_needs_nothing(bench: OAuthBench, desk: Desk, admin: Browser) -> None:
    account = bench.accounts[NORTH]
    key = bench.key(scopes=(COURSES,), require_scopes=True)
    path = f"/api/v1/accounts/{account}/developer_keys/{key.id}/developer_key_account_bindings"
    proof = {"x-csrf-token": admin.http.cookies["_csrf_token"]}

    again = turn_on(admin, key, account)
    off = admin.post(path, {"workflow_state": "off"}, headers=proof)

    assert [again.status_code, off.status_code] == [200, 200]


@pytest.mark.usefixtures("blocking")
def test_a_sub_account_obeys_its_roots_rules_and_an_unknown_risk_is_the_worst(bench: OAuthBench, desk: Desk) -> None:
    key, college = bench.key(on=None, scopes=(COURSES,), require_scopes=True), bench.sub_account(NORTH)

    with bench.database.write(Origin(surface="test")) as tx:
        account = act.read_accounts.get_account(tx, college)
        with pytest.raises(GateClosed) as refused:
            act.set_state(tx, account, key.id, BindingState.ON, acting=desk.acting, because=None)
        _, outcome = act.set_state(tx, account, key.id, BindingState.OFF, acting=desk.acting, because=None)

    assert "critical risk" in str(refused.value)
    assert not isinstance(outcome, Unchanged)
