"""Who has authorised a key, and can one person's access be ended, or everybody's, and nobody else's?"""

import re

import pytest

from console.test_key_pages import admin, keys, send, words
from keystead.core.bindings import BindingState
from keystead.storage.read.users import logins_of
from keystead.storage.transaction import Origin
from keystead.storage.write.users import update_login
from oauth_bench import NORTH, SOUTH, Browser, OAuthBench

__all__ = ["admin", "keys"]


def ends(page: str, person: str) -> str:
    """Return the address that ends all of a person's tokens."""
    row = next(part for part in page.split("<tr") if person in part and "people/end?user" in part)
    found = re.search(r'href="([^"]*people/end\?user=\d+)"', row)
    assert found is not None
    return found.group(1)


def test_one_token_one_person_and_everybody_are_ended(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(name="Popular")
    bench.person("uma", NORTH)
    bench.person("vic", NORTH)
    tokens = [bench.issued(key, login=login)["access_token"] for login in ("uma", "uma", "vic", "pat")]
    address = f"{keys}/{key.id}/people"

    def alive() -> list[bool]:
        return [bench.call(token).status_code == 200 for token in tokens]

    page = admin.get(address)
    before = alive()
    one = re.findall(r'href="([^"]*people/end\?token=(\d+))"', page.text)[-1]
    asked = admin.get(one[0])
    send(admin, one[0], f"{address}/end", ("token", one[1]), ("because", "lost laptop"))
    after_one = alive()
    person = ends(admin.get(address).text, "Uma Person")
    send(admin, person, f"{address}/end", ("user", person.rpartition("=")[2]))
    after_person = alive()
    everybody = admin.get(f"{address}/end")
    send(admin, f"{address}/end", f"{address}/end")
    after_all = alive()

    assert "3 people have let this app act for them." in words(page)
    assert before == [True, True, True, True]
    assert "Uma Person" in words(asked)
    assert "End 1 token" in words(asked)
    assert after_one == [False, True, True, True]
    assert after_person == [False, False, True, True]
    assert "End 2 tokens" in words(everybody)
    assert after_all == [False] * 4
    assert [entry.because for entry in bench.audited("key.tokens_ended")] == ["lost laptop", None, None]
    assert [entry.after["tokens_ended"] for entry in bench.audited("key.tokens_ended")] == [1, 1, 2]
    assert "Nobody has authorized this key." in words(admin.get(address))


def test_of_an_inherited_key_only_this_institutions_people_count(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(owner=None, on=NORTH, name="Global tool", visible=True)
    bench.bind(key, bench.accounts[SOUTH], BindingState.ON)
    ours = bench.issued(key, login="pat")["access_token"]
    code = bench.code(key, login="sue", host=SOUTH)
    theirs = bench.token(
        {"grant_type": "authorization_code", "code": code, **key.credentials, "redirect_uri": "https://tool.test/cb"},
        headers={"host": SOUTH},
    ).json()["access_token"]
    address = f"{keys}/{key.id}/people"

    page = words(admin.get(address))
    send(admin, f"{address}/end", f"{address}/end")

    assert "Pat Person" in page
    assert "Sue Person" not in page
    assert "Only people of this institution are shown." in page
    assert bench.call(ours).status_code == 401
    assert bench.call(theirs, host=SOUTH).status_code == 200


def test_who_has_left_the_institution_is_not_its_business(bench: OAuthBench, admin: Browser, keys: str) -> None:
    """They may be somewhere else now, with the same token: an institution they left once ended it there too."""
    key = bench.key(owner=None, on=NORTH, name="Global tool", visible=True)
    bench.bind(key, bench.accounts[SOUTH], BindingState.ON)
    bench.person("moved", NORTH, SOUTH)
    token = bench.issued(key, login="moved")["access_token"]
    address = f"{keys}/{key.id}/people"
    before = words(admin.get(address))
    with bench.database.write(Origin(surface="test")) as tx:
        (north,) = [one for one in logins_of(tx, bench.people["moved"]) if one.account_id == bench.accounts[NORTH]]
        update_login(tx, north.id, is_active=False)

    after = words(admin.get(address))
    send(admin, f"{address}/end", f"{address}/end")

    assert "Moved Person" in before
    assert "Moved Person" not in after
    assert bench.call(token, host=SOUTH).status_code == 200


@pytest.mark.parametrize("pair", [("user", "x"), ("user", "999999"), ("token", "0"), ("token", "-1")])
def test_a_reference_that_names_nobody_never_means_everybody(
    bench: OAuthBench, admin: Browser, keys: str, pair: tuple[str, str]
) -> None:
    key = bench.key(name="Careful")
    token = bench.issued(key)["access_token"]

    send(admin, f"{keys}/{key.id}/people/end", f"{keys}/{key.id}/people/end", pair)

    assert bench.call(token).status_code == 200
    assert bench.audited("key.tokens_ended") == []


def test_people_of_other_institutions_keys_are_not_shown(bench: OAuthBench, admin: Browser, keys: str) -> None:
    theirs = bench.key(owner=SOUTH, on=SOUTH, name="Southern")

    assert admin.get(f"{keys}/{theirs.id}/people").status_code == 404
    assert admin.get(f"/accounts/{bench.accounts[SOUTH]}/developer_keys/{theirs.id}/people").headers["location"] == "/"


def test_the_api_lists_and_ends_the_same(bench: OAuthBench, admin: Browser) -> None:
    key = bench.key(name="Listed")
    bench.person("wes", NORTH)
    mine, other = bench.issued(key)["access_token"], bench.issued(key, login="wes")["access_token"]
    csrf = {"X-CSRF-Token": next(one.value or "" for one in admin.http.cookies.jar if "csrf" in one.name)}
    base = f"/api/keystead/v1/accounts/{bench.accounts[NORTH]}/keys/{key.id}/tokens"

    listed = admin.get(f"{base}?search_term=wes").json()
    nothing = admin.request("DELETE", base, headers=csrf)
    ended = admin.request("DELETE", f"{base}/{listed[0]['id']}", headers=csrf)
    both = admin.get(base).json()
    rest = admin.request("DELETE", f"{base}?all=1", headers=csrf)

    assert [(one["user_name"], one["workflow_state"]) for one in listed] == [("Wes Person", "active")]
    assert "access_token" not in str(listed)
    assert nothing.status_code == 400
    assert ended.json()["tokens_ended"] == 1
    assert [one["user_name"] for one in both] == ["Pat Person"]
    assert rest.json()["tokens_ended"] == 1
    assert {bench.call(token).status_code for token in (mine, other)} == {401}
