"""The pages about the use of keys: what they show, lay down, try and warn of, and who may open them."""

import pytest
from sqlalchemy import delete

from console.test_key_pages import send, words
from keystead.actions.sealing import seal_audit
from keystead.core.instants import DAY, Instant, parse_iso
from keystead.core.key_policies import KeyPolicy
from keystead.governance.noticing import draw_notices
from keystead.storage.policy_schema import key_policies
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read.key_policies import find_policy
from keystead.storage.transaction import Origin
from keystead.storage.write.key_policies import put_policy
from oauth_bench import NORTH, SOUTH, Browser, Client, OAuthBench

WHOLE = (
    ("ranges", "203.0.113.0/24\r\n2001:db8::/32"), ("days[]", "mon"), ("days[]", "fri"), ("opens", "22:00"),
    ("closes", "06:00"), ("zone", "Europe/Berlin"), ("review_on", "2999-01-31"), ("expires_at", "2999-02-01T12:00"),
    ("owner", "off"), ("days_off", "30"), ("person", "pat"), ("because", "asked"),
)  # fmt: skip


@pytest.fixture
def admin(bench: OAuthBench) -> Browser:
    """The browser of somebody who administers north."""
    with bench.database.write(Origin(surface="test")) as tx:
        tx.connection.execute(delete(key_policies))
    bench.administrator("ada", NORTH)
    return bench.browser(NORTH).signed_in("ada")


def page_of(bench: OAuthBench, key: Client | None, host: str = NORTH) -> str:
    account = f"/accounts/{bench.accounts[host]}"
    return f"{account}/policy" if key is None else f"{account}/developer_keys/{key.id}/policy"


def stored(bench: OAuthBench, key: Client | None, host: str = NORTH) -> KeyPolicy | None:
    with bench.database.read() as tx:
        found = find_policy(tx, bench.accounts[host], None if key is None else key.id)
    return None if found is None else found.policy


def test_a_policy_is_laid_down_shown_and_taken_away(bench: OAuthBench, admin: Browser) -> None:
    key = bench.key(name="Bound")
    page = page_of(bench, key)
    before = words(admin.get(page))

    send(admin, page, page, *WHOLE, ("do", "save"))
    after, about = words(admin.get(page)), words(admin.get(page.replace("/policy", "/about")))
    kept = stored(bench, key)
    send(admin, page, page, ("do", "clear"))

    assert "Nothing is laid down: the key may be used from anywhere" in before
    for shown in ("203.0.113.0/24", "Monday, Friday", "22:00 to 06:00 (Europe/Berlin)", "For this key", "30 days"):
        assert shown in after
        assert shown in about
    assert "Your own address" in after
    assert kept is not None
    assert kept.owner is not None
    assert (kept.owner.user_id, kept.owner.off_after_days) == (bench.people["pat"], 30)
    assert kept.expires_at == parse_iso("2999-02-01T12:00-07:00")
    assert [str(network) for network in kept.ranges] == ["203.0.113.0/24", "2001:db8::/32"]
    (first, second) = bench.audited("key.policy_set")
    assert (first.surface, first.because, second.after["address_ranges"]) == ("console", "asked", [])
    assert stored(bench, key) is None


def test_the_change_is_a_notice_in_plain_words(bench: OAuthBench, admin: Browser) -> None:
    key = bench.key(name="Told of")
    send(admin, page_of(bench, key), page_of(bench, key), *WHOLE, ("do", "save"))
    seal_audit(bench.database)
    draw_notices(bench.database, bench.app._parts.notices)

    told = words(admin.get("/console/notices"))

    assert "A key was changed: Told of" in told
    assert "zone Europe/Berlin, days mon, fri, from 22:00, to 06:00" in told
    assert "{" not in told


def test_what_is_shown_in_the_form_is_saved_the_same_again(bench: OAuthBench, admin: Browser) -> None:
    key = bench.key()
    page = page_of(bench, key)
    send(admin, page, page, *WHOLE, ("do", "save"))
    html = admin.get(page).text

    for text in ('value="2999-02-01T12:00"', 'value="2999-01-31"', 'value="22:00"', 'value="pat"', 'value="30"'):
        assert text in html
    assert html.count(" checked") == 2
    send(admin, page, page, *WHOLE, ("do", "save"))
    assert len(bench.audited("key.policy_set")) == 1


def test_trying_tells_and_keeps_what_was_written_without_saving(bench: OAuthBench, admin: Browser) -> None:
    key = bench.key()
    token = bench.issued(key)["access_token"]
    bench.call(token)
    page = page_of(bench, key)

    told = words(send(admin, page, page, *WHOLE, ("do", "try")))

    assert "1 of 1 call of the last 30 days" in told
    assert "Nothing was saved yet." in told
    assert "203.0.113.0/24" in told
    assert stored(bench, key) is None


def test_wrong_values_are_said_by_name_and_kept_in_the_form(bench: OAuthBench, admin: Browser) -> None:
    page = page_of(bench, None)

    answer = send(admin, page, page, ("ranges", "10.1.2.3/8"), ("opens", "08:00"), ("review_on", "x"), ("do", "save"))

    told = words(answer)
    assert answer.status_code == 400
    for said in ("Address ranges must be networks", "10.1.2.3/8", "Hours must have", "Next review must be a day"):
        assert said in told
    assert stored(bench, None) is None
    nobody = send(admin, page, page, ("owner", "tell"), ("person", "no such login"), ("do", "save"))
    assert nobody.status_code == 400


def test_all_keys_have_a_page_of_their_own_that_others_lead_to(bench: OAuthBench, admin: Browser) -> None:
    page, key = page_of(bench, None), bench.key()

    send(admin, page, page, ("ranges", "10.0.0.0/8"), ("do", "save"))

    assert "For all keys used here" in words(admin.get(page_of(bench, key)))
    for leading in (f"/accounts/{bench.accounts[NORTH]}/vetting", "/console/notices"):
        assert f'href="{page}"' in admin.get(leading).text
    assert "Your own address" not in words(admin.get(page))


def test_what_site_admin_laid_down_is_a_fact_below(bench: OAuthBench, admin: Browser) -> None:
    key = bench.key(owner=None, on=NORTH, name="Shared")
    with bench.database.write(Origin(surface="test")) as tx:
        site = read_accounts.site_admin(tx)
        ends = Instant(bench.clock.now + DAY)
        put_policy(tx, KeyPolicy(account_id=site.id, key_id=key.id, review_on=30_000, expires_at=ends), 1)

    told = words(admin.get(page_of(bench, key).replace("/policy", "/about")))

    assert "For this key, set by Site Admin" in told
    assert "Expires" in told
    assert "Next review" not in told


def test_the_list_of_keys_shows_what_somebody_should_look_after(bench: OAuthBench, admin: Browser) -> None:
    old, fine = bench.key(name="Old one"), bench.key(name="Fine one", require_scopes=True)
    root = bench.accounts[NORTH]
    with bench.database.write(Origin(surface="test")) as tx:
        put_policy(tx, KeyPolicy(account_id=root, key_id=old.id, expires_at=bench.clock.now, review_on=1), None)

    lists = {
        kind: words(admin.get(f"/accounts/{root}/vetting?show={kind}&q=one"))
        for kind in ("review_overdue", "expired", "ownerless", "unscoped")
    }

    assert all("Old one" in told for told in lists.values())
    assert ["Fine one" in told for told in lists.values()] == [False, False, True, False]
    assert "Overdue for review Expired Nobody answers for it Not limited by scopes" in lists["expired"]
    assert fine.id != old.id


def test_others_find_no_such_page(bench: OAuthBench, admin: Browser) -> None:
    """Not of another institution's key, not as a person without the right, and not without the form's proof."""
    theirs, mine = bench.key(owner=SOUTH, on=SOUTH), bench.key()

    assert admin.get(page_of(bench, theirs)).status_code == 404
    assert admin.get(page_of(bench, theirs, SOUTH)).status_code in (302, 404)
    assert admin.get(page_of(bench, None, SOUTH)).status_code in (302, 404)
    assert bench.browser(NORTH).signed_in("pat").get(page_of(bench, mine)).status_code == 302
    assert admin.post(page_of(bench, mine), {"do": "save", "ranges": "10.0.0.0/8"}).status_code == 422
    assert stored(bench, mine) is None


def test_the_page_that_explains_names_the_conditions_and_takes_an_address(bench: OAuthBench, admin: Browser) -> None:
    key = bench.key()
    send(admin, page_of(bench, key), page_of(bench, key), ("ranges", "203.0.113.0/24"), ("do", "save"))
    asked = f"/console/explain?method=GET&path=/api/v1/users/self&key={key.id}"

    somewhere, outside = words(admin.get(asked)), words(admin.get(f"{asked}&address=198.51.100.1"))
    inside = words(admin.get(f"{asked}&address=203.0.113.9"))

    assert "The call passes from some addresses." in somewhere
    assert "depends on the address" in somewhere
    assert "The call is refused." in outside
    assert "Call from an address allowed for the key" in outside
    assert "Only from 203.0.113.0/24" in outside
    assert "The call passes." in inside
