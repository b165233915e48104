"""Does everybody find the accounts they look after, and no others?"""

import re
from itertools import count

import pytest
from sqlalchemy import event

from console.test_key_pages import admin, site_admin, words
from keystead.core.accounts import AccountKind
from keystead.core.actors import ADMIN_ROLE
from keystead.core.ids import AccountId
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Origin
from keystead.storage.write.accounts import insert_account, update_account
from keystead.storage.write.users import ensure_seat
from oauth_bench import NORTH, SOUTH, Browser, OAuthBench

__all__ = ["admin"]

_numbers = count(1)
_TEST = Origin(surface="test")


def sub_account(bench: OAuthBench, name: str, parent: int) -> AccountId:
    """Make an account below another."""
    with bench.database.write(_TEST) as tx:
        above = read_accounts.get_account(tx, parent)
        return insert_account(tx, name=name, kind=AccountKind.SUB, uuid=f"tree{next(_numbers)}", parent=above)


def test_an_administrator_sees_the_tree_of_the_host(bench: OAuthBench, admin: Browser) -> None:
    college = sub_account(bench, "College of Bees", bench.accounts[NORTH])
    sub_account(bench, "Department of Honey", college)
    sub_account(bench, "Foreign Department", bench.accounts[SOUTH])

    page = admin.get("/accounts")
    found = words(admin.get("/accounts?q=honey"))

    assert page.text.index("College of Bees") < page.text.index("Department of Honey")
    assert f'href="/accounts/{bench.accounts[NORTH]}/developer_keys"' in page.text
    assert f'href="/accounts/{college}/developer_keys"' not in page.text
    assert "Foreign Department" not in page.text
    assert "All institutions" not in page.text
    assert "Department of Honey below north.test › College of Bees" in found
    assert "1 account" in found


def test_the_kinds_of_accounts_are_told_in_the_readers_language(bench: OAuthBench, admin: Browser) -> None:
    sub_account(bench, "College of Words", bench.accounts[NORTH])

    page = words(admin.get("/accounts?q=words", headers={"accept-language": "de"}))

    assert "Unterkonto" in page
    assert "1 Konto" in page


def test_another_institutions_tree_is_not_shown_to_an_administrator(bench: OAuthBench, admin: Browser) -> None:
    sub_account(bench, "Southern Secrets", bench.accounts[SOUTH])

    page = words(admin.get(f"/accounts?root={bench.accounts[SOUTH]}"))

    assert "Southern Secrets" not in page
    assert SOUTH not in page


def test_who_administers_a_sub_account_sees_only_what_is_below(bench: OAuthBench) -> None:
    college = sub_account(bench, "College of Wax", bench.accounts[NORTH])
    sub_account(bench, "Candles", college)
    sub_account(bench, "Not Theirs", bench.accounts[NORTH])
    person = bench.person("subadmin", NORTH)
    with bench.database.write(_TEST) as tx:
        role = read_users.find_role_by_label(tx, ADMIN_ROLE, read_accounts.site_admin(tx))
        assert role is not None
        ensure_seat(tx, account_id=college, user_id=person, role_id=role.id)

    page = words(bench.browser(NORTH).signed_in("subadmin").get("/accounts"))

    assert "College of Wax" in page
    assert "Candles" in page
    assert "Not Theirs" not in page
    assert "2 accounts" in page


@pytest.mark.parametrize("query", ["", "?root=1", "?q=x&page=9"])
def test_who_administers_nothing_is_sent_home(bench: OAuthBench, query: str) -> None:
    answer = bench.browser(NORTH).signed_in().get(f"/accounts{query}")

    assert (answer.status_code, answer.headers["location"]) == (302, "/")


def test_site_admin_finds_every_institution_and_opens_its_tree(bench: OAuthBench) -> None:
    bench.administrator("sitewide", None, NORTH)
    sub_account(bench, "Southern College", bench.accounts[SOUTH])
    browser = bench.browser(NORTH).signed_in("sitewide")

    every = browser.get("/accounts")
    found = words(browser.get("/accounts?q=SOUTH.t"))
    tree = words(browser.get(f"/accounts?root={bench.accounts[SOUTH]}"))
    unknown = browser.get("/accounts?root=999999")
    the_top = browser.get(f"/accounts?root={site_admin(bench)}")

    assert f'href="/accounts/{bench.accounts[SOUTH]}/developer_keys"' in every.text
    assert "Site Admin" in words(every)
    assert "1 institution" in found
    assert NORTH not in found.partition("1 institution")[2].replace("Keystead north.test", "")
    assert "Southern College" in tree
    assert (unknown.status_code, the_top.status_code) == (404, 404)


def test_a_consortiums_parent_sees_its_children(bench: OAuthBench, admin: Browser) -> None:
    before = words(admin.get("/accounts"))
    with bench.database.write(_TEST) as tx:
        update_account(tx, bench.accounts[SOUTH], consortium_parent_id=bench.accounts[NORTH])
    after = admin.get("/accounts")
    with bench.database.write(_TEST) as tx:
        update_account(tx, bench.accounts[SOUTH], consortium_parent_id=None)

    assert "Institutions of the consortium" not in before
    assert "Institutions of the consortium" in words(after)
    assert SOUTH in words(after)
    assert f'href="/accounts/{bench.accounts[SOUTH]}/developer_keys"' not in after.text


def test_a_longer_list_takes_no_more_questions(bench: OAuthBench) -> None:
    bench.administrator("sitewide", None, NORTH)
    browser = bench.browser(NORTH).signed_in("sitewide")
    browser.get("/accounts")
    asked: list[str] = []
    engine = bench.app._parts.database.engine
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))

    browser.get("/accounts")
    few = len(asked)
    with bench.database.write(_TEST) as tx:
        for _ in range(60):
            number = next(_numbers)
            insert_account(tx, name=f"Zenith {number}", kind=AccountKind.ROOT, uuid=f"root{number}", domain=None)
    asked.clear()
    page = browser.get("/accounts")

    assert len(asked) == few
    assert re.search(r"page=2", page.text)
