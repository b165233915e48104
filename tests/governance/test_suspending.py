"""Is a key switched off when its vendor goes on asking, only by an account's own rule, and can that be taken back?"""

import pytest

from console.test_key_pages import send, words
from keystead.core.bindings import BindingState
from keystead.governance.suspending import suspend_by_rules
from keystead.storage.read.bindings import bindings_of
from oauth_bench import COURSES, NORTH, SOUTH, Browser, Client, OAuthBench


@pytest.fixture
def admin(bench: OAuthBench) -> Browser:
    """The browser of somebody who administers north."""
    bench.administrator("ada", NORTH)
    return bench.browser(NORTH).signed_in("ada")


def set_rule(admin: Browser, refused: str, minutes: str) -> str:
    """Set the rule on the page; return what the page says then."""
    page = "/console/notices"
    send(admin, page, f"{page}/suspension", ("refused", refused), ("minutes", minutes))
    return words(admin.get(page))


def suspended(bench: OAuthBench) -> int:
    """Look whether a rule is for any key; return how many were switched off."""
    return suspend_by_rules(bench.database, bench.app._parts.refusals)


def state(bench: OAuthBench, key: Client, host: str = NORTH) -> BindingState:
    """Return what a host's root account says about a key."""
    with bench.database.read() as tx:
        return bindings_of(tx, key.id)[bench.accounts[host]].state


def test_a_key_that_is_refused_too_often_is_switched_off_and_on_again(bench: OAuthBench, admin: Browser) -> None:
    told = set_rule(admin, "3", "10")
    key = bench.key(name="Insists", scopes=(COURSES,), require_scopes=True)
    token = bench.issued(key, scope=COURSES)["access_token"]
    for _ in range(2):
        bench.call(token, "/api/v1/users/9")
    early = suspended(bench)
    bench.call(token, "/api/v1/users/9")
    late = suspended(bench)
    off = state(bench, key)
    (entry,) = bench.audited("policy.suspended")
    bench.clock.pass_seconds(5)
    bench.bind(key, bench.accounts[NORTH], BindingState.ON)
    again = suspended(bench)

    assert "The rule was saved." in told
    assert (early, late) == (0, 1)
    assert off is BindingState.OFF
    assert (entry.subject_id, entry.user_id, entry.account_id) == (key.id, None, bench.accounts[NORTH])
    assert "3 calls were refused for want of a scope within 10 minutes" in entry.because
    assert again == 0
    assert state(bench, key) is BindingState.ON
    set_rule(admin, "", "")


def test_old_refusals_and_other_accounts_do_not_count(bench: OAuthBench, admin: Browser) -> None:
    set_rule(admin, "2", "1")
    key = bench.key(name="Slow", scopes=(COURSES,), require_scopes=True)
    theirs = bench.key(owner=SOUTH, on=SOUTH, name="Elsewhere", scopes=(COURSES,), require_scopes=True)
    token = bench.issued(key, scope=COURSES)["access_token"]
    code = bench.code(theirs, login="sue", host=SOUTH, scope=COURSES)
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://tool.test/cb"}
    other = bench.token(form | theirs.credentials, headers={"host": SOUTH}).json()["access_token"]
    for _ in range(5):
        bench.call(other, "/api/v1/users/9", host=SOUTH)
    bench.call(token, "/api/v1/users/9")
    bench.clock.pass_seconds(90)
    bench.call(token, "/api/v1/users/9")

    assert suspended(bench) == 0
    assert state(bench, theirs, SOUTH) is BindingState.ON
    set_rule(admin, "", "")


@pytest.mark.parametrize(("refused", "minutes"), [("x", "1"), ("0", "1"), ("1", "99999999"), ("-1", "5")])
def test_a_rule_that_makes_no_sense_is_refused(bench: OAuthBench, admin: Browser, refused: str, minutes: str) -> None:
    page = "/console/notices"

    answer = send(admin, page, f"{page}/suspension", ("refused", refused), ("minutes", minutes))

    assert answer.status_code == 400
    assert bench.audited("account.suspension_rule_set") == []


def test_the_api_sets_and_shows_the_rule_for_the_institution_only(bench: OAuthBench, admin: Browser) -> None:
    csrf = {"X-CSRF-Token": next(one.value or "" for one in admin.http.cookies.jar if "csrf" in one.name)}
    base = f"/api/keystead/v1/accounts/{bench.accounts[NORTH]}/suspension_rule"

    made = admin.request("PUT", base, json={"refused": 50, "minutes": 60}, headers=csrf)
    shown = admin.get(base).json()
    wrong = admin.request("PUT", base, json={"refused": "many", "minutes": 60}, headers=csrf)
    ended = admin.request("DELETE", base, headers=csrf).json()
    foreign = admin.get(f"/api/keystead/v1/accounts/{bench.accounts[SOUTH]}/suspension_rule")

    assert made.status_code == 200
    assert shown == {"refused": 50, "minutes": 60}
    assert wrong.status_code == 400
    assert ended == {"refused": None, "minutes": None}
    assert foreign.status_code in (401, 403, 404)
