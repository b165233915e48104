"""Do the pages about developer keys do what their buttons say, for those who may, and for nobody else?"""

import html
import re
from itertools import count
from urllib.parse import urlencode

import httpx
import pytest

from keystead.core.accounts import Policy
from keystead.core.bindings import BindingState
from keystead.core.ids import AccountId, global_id
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from oauth_bench import COURSES, NORTH, SOUTH, USERS, Browser, OAuthBench

_numbers = count(1)
_VALUE = re.compile(r'name="authenticity_token" value="([^"]*)"')
_TAG = re.compile(r"<[^>]*>")


def words(answer: httpx.Response) -> str:
    """Return what a page says, without its markup."""
    return " ".join(html.unescape(_TAG.sub(" ", answer.text)).split())


@pytest.fixture
def admin(bench: OAuthBench) -> Browser:
    """The browser of somebody who administers north."""
    bench.administrator("ada", NORTH)
    return bench.browser(NORTH).signed_in("ada")


@pytest.fixture
def keys(bench: OAuthBench) -> str:
    """Where north's keys are."""
    return f"/accounts/{bench.accounts[NORTH]}/developer_keys"


def value(browser: Browser, page: str) -> str:
    """Return the anti-forgery value of a page."""
    found = _VALUE.search(browser.get(page).text)
    assert found is not None
    return found.group(1)


def send(browser: Browser, page: str, to: str, *pairs: tuple[str, str]) -> httpx.Response:
    """Send a form of a page, with the page's own anti-forgery value."""
    body = urlencode([("authenticity_token", value(browser, page)), *pairs])
    return browser.request(
        "POST", to, content=body, headers={"content-type": "application/x-www-form-urlencoded"}
    )  # fmt: skip


def fields(**values: str) -> list[tuple[str, str]]:
    """Return fields of the editor's form."""
    return [(f"developer_key[{name}]", text) for name, text in values.items()]


def scopes(*chosen: str) -> list[tuple[str, str]]:
    """Return ticked boxes of the scope picker."""
    return [("developer_key[scopes][]", scope) for scope in chosen]


def stored(bench: OAuthBench, key_id: int) -> read_keys.Key:
    """Return a key as it is stored."""
    with bench.database.read() as tx:
        found = read_keys.find_key(tx, key_id)
    assert found is not None
    return found


def site_admin(bench: OAuthBench) -> AccountId:
    """Return Site Admin's id."""
    with bench.database.read() as tx:
        return read_accounts.site_admin(tx).id


def test_a_key_is_made_off_with_what_the_form_says(bench: OAuthBench, admin: Browser, keys: str) -> None:
    name = f"Made {next(_numbers)}"
    said = fields(name=name, email="v@vendor.test", redirect_uris="https://a.test/cb\r\nhttps://b.test/cb", notes="why")
    flags = fields(require_scopes="1", allow_includes="1")

    made = send(admin, f"{keys}/new", keys, *said, *flags, *scopes(COURSES, USERS), ("do", "save"))
    listed = admin.get(f"{keys}?q={name.replace(' ', '+')}")
    (entry,) = bench.audited("key.created")
    key = stored(bench, entry.subject_id)

    assert (made.status_code, made.headers["location"]) == (302, keys)
    assert "Save successful." in listed.text
    assert 'aria-checked="false"' in listed.text
    assert (key.name, key.email, key.notes) == (name, "v@vendor.test", "why")
    assert key.redirect_uris == ("https://a.test/cb", "https://b.test/cb")
    assert (key.scopes, key.require_scopes, key.allow_includes) == ((COURSES, USERS), True, True)
    assert key.account_id == bench.accounts[NORTH]


def test_a_key_without_a_name_is_an_unnamed_tool(bench: OAuthBench, admin: Browser, keys: str) -> None:
    send(admin, f"{keys}/new", keys, *fields(name="  ", require_scopes="1"), *scopes(COURSES))

    assert stored(bench, bench.audited("key.created")[0].subject_id).name == "Unnamed Tool"


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (fields(name="x", require_scopes="1"), "At least one scope must be selected."),
        (fields(name="x" * 256), "is too long (maximum is 255 characters)"),
        (fields(name="x", redirect_uris="javascript:alert(1)"), "is not a valid URI"),
        (fields(name="x", redirect_uris="https://a.test/" + "x" * 4096), "longer than 4096 characters"),
        (fields(name="x", redirect_uris="\n".join(f"https://a.test/{n}" for n in range(65))), "more than 64 active"),
        ([*fields(name="x", require_scopes="1"), *scopes("url:GET|/api/v1/nothing")], "cannot contain"),
        (fields(name="x", require_scopes="maybe"), "require_scopes"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    bench: OAuthBench, admin: Browser, keys: str, said: list[tuple[str, str]], complaint: str
) -> None:
    answer = send(admin, f"{keys}/new", keys, *said, ("do", "save"))

    assert answer.status_code == 400
    assert complaint in words(answer)
    assert bench.audited("key.created") == []


def test_a_pasted_list_is_added_and_reported(bench: OAuthBench, admin: Browser, keys: str) -> None:
    pasted = f"Scope name Section\n{COURSES} Courses\nGET /api/v1/cuorses/:id\n"
    said = fields(name="kept", require_scopes="1")

    page = send(admin, f"{keys}/new", keys, *said, *scopes(USERS), ("pasted", pasted), ("do", "paste"))

    assert page.status_code == 200
    assert "1 scope matched and is chosen now. 1 line did not match:" in words(page)
    assert "Line 3: GET /api/v1/cuorses/:id nearest: url:GET|/api/v1/courses/:id" in words(page)
    assert re.findall(r'value="(url:[^"]*)" checked', page.text) == [COURSES, USERS]
    assert 'value="kept"' in page.text
    assert bench.audited("key.created") == []


@pytest.mark.parametrize(
    ("step", "many"), [("read_only", "every"), ("none", "no"), ("group:Courses", "courses"), ("search", "same")]
)
def test_every_button_of_the_picker_works_without_scripts(admin: Browser, keys: str, step: str, many: str) -> None:
    sent = [*scopes(USERS), ("search", "quiz statistics"), ("do", step)]

    page = send(admin, f"{keys}/new", keys, *fields(require_scopes="1"), *sent)
    boxes = re.findall(r'value="([^"]*)"( checked)?(?: data-held)?><span class="verb verb-[a-z]+">([A-Z]+)<', page.text)
    chosen = {scope for scope, checked, _ in boxes if checked}

    expected = {
        "every": {scope for scope, _, verb in boxes if verb == "GET"},
        "no": set(),
        "courses": {USERS} | set(re.findall(r'value="([^"]*)"', _group(page.text, "Courses"))),
        "same": {USERS},
    }[many]
    assert chosen == expected
    shown = re.findall(r'<details class="scope-group"(?! open hidden| hidden)[^>]*data-group="([^"]*)"', page.text)
    assert "Quiz Statistics" in shown
    assert "Courses" not in shown


def _group(page: str, name: str) -> str:
    return page.split(f'data-group="{name}"')[1].split("<ul>")[1].split("</details>")[0]


def test_taking_scopes_from_a_used_key_is_shown_first(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(scopes=(COURSES, USERS), require_scopes=True)
    granted = bench.issued(key, scope=COURSES)["access_token"]
    one, said = f"{keys}/{key.id}", fields(name="Tool", redirect_uris="https://tool.test/cb", require_scopes="1")

    asked = send(admin, one, one, *said, *scopes(USERS), ("do", "save"))
    before = (stored(bench, key.id).scopes, bench.call(granted, "/api/v1/courses").status_code)
    mark = re.search(r'name="reviewed" value="([^"]*)"', asked.text)
    assert mark is not None
    other = send(admin, one, one, *said, *scopes(COURSES), ("reviewed", mark.group(1)), ("do", "confirm"))
    kept = stored(bench, key.id).scopes
    saved = send(admin, one, one, *said, *scopes(USERS), ("reviewed", mark.group(1)), ("do", "confirm"))
    after = (stored(bench, key.id).scopes, bench.call(granted, "/api/v1/courses").status_code)

    assert "1 scope is taken away. 1 access token ends at once" in words(asked)
    assert before == ((COURSES, USERS), 404)
    assert (other.status_code, kept) == (200, (COURSES, USERS))
    assert saved.status_code == 302
    assert after == ((USERS,), 401)


def test_turning_enforcement_off_keeps_the_list_and_is_shown_first(
    bench: OAuthBench, admin: Browser, keys: str
) -> None:
    key = bench.key(scopes=(COURSES,), require_scopes=True)
    bench.issued(key, scope=COURSES)
    one = f"{keys}/{key.id}"

    asked = send(admin, one, one, *fields(name="Tool"), ("do", "save"))

    assert "Scopes are enforced no more" in words(asked)
    assert stored(bench, key.id).require_scopes
    mark = re.search(r'name="reviewed" value="([^"]*)"', asked.text)
    assert mark is not None
    send(admin, one, one, *fields(name="Tool"), ("reviewed", mark.group(1)), ("do", "confirm"))
    assert (stored(bench, key.id).require_scopes, stored(bench, key.id).scopes) == (False, (COURSES,))


def test_the_secret_is_in_no_page_before_it_is_asked_for(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(name=f"Hush {next(_numbers)}")
    address = f"{keys}?q=Hush"

    hidden = [admin.get(address).text, admin.get(f"{keys}/{key.id}").text]
    shown = send(admin, address, f"{keys}/{key.id}/secret?q=Hush")
    again = admin.get(address)

    assert all(key.secret not in page for page in [*hidden, again.text])
    assert key.secret in shown.text
    assert "Hide Key" in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert "content-encoding" not in shown.headers
    assert [entry.subject_id for entry in bench.audited("key.secret_shown")] == [key.id]


def test_where_secrets_are_replaced_none_is_shown(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(name="Masked")
    bench.set_policies(NORTH, Policy.REGENERATE_SECRETS)

    assert send(admin, keys, f"{keys}/{key.id}/secret").status_code == 404
    assert "Show Key" not in admin.get(f"{keys}?q=Masked").text


def test_a_key_is_deleted_only_after_a_question(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(name="Doomed")
    token = bench.issued(key)["access_token"]
    one = f"{keys}/{key.id}/delete"

    asked = admin.get(one)
    gone = send(admin, one, one, ("because", "contract over"))

    assert "Delete Developer Key" in words(asked)
    assert "Are you sure you want to delete Doomed? This cannot be undone." in words(asked)
    assert "1 access token stops working" in words(asked)
    assert (gone.status_code, gone.headers["location"]) == (302, keys)
    assert "Doomed was deleted." in admin.get(keys).text
    assert bench.call(token).status_code == 401
    assert [entry.because for entry in bench.audited("key.deleted")] == ["contract over"]
    assert admin.get(f"{keys}/{key.id}").status_code == 404


def test_a_switch_asks_first_and_can_be_taken_back(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(name="Switched")
    one = f"{keys}/{key.id}/state"

    asked = admin.get(f"{one}?to=off")
    switched = send(admin, one + "?to=off", one, ("state", "off"), ("because", "exam week"))
    page = admin.get(switched.headers["location"])
    undo = re.search(r'action="([^"]*)".{0,300}?name="state" value="([^"]*)"', page.text, re.DOTALL)

    assert "Turn Off Developer Key" in words(asked)
    assert "Switch to Off" in words(asked)
    assert "Switched is now off." in page.text
    assert undo is not None
    assert undo.groups() == (one, "on")
    assert send(admin, keys, one, ("state", "on")).status_code == 302
    assert [(entry.before, entry.after, entry.because) for entry in bench.audited("binding.set")] == [
        ({"workflow_state": "on"}, {"workflow_state": "off"}, "exam week"),
        ({"workflow_state": "off"}, {"workflow_state": "on"}, None),
    ]


def test_what_stops_is_told_before_the_click(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(name="Weighed", scopes=(COURSES,), require_scopes=True)
    token = bench.issued(key, scope=COURSES)["access_token"]
    for _ in range(3):
        bench.call(token, "/api/v1/courses")

    off = words(admin.get(f"{keys}/{key.id}/state?to=off"))
    gone = words(admin.get(f"{keys}/{key.id}/delete"))
    on = words(admin.get(f"{keys}/{key.id}/state?to=on"))

    for page in (off, gone):
        assert "People who have authorized it 1" in page
        assert "Calls in the last 90 days 3 (of 1 person)" in page
        assert "GET /api/v1/courses : 3" in page
    assert "What stops" not in on


def test_a_search_finds_by_name_mail_and_client_id(bench: OAuthBench, admin: Browser, keys: str) -> None:
    unusual = f"Zebra{next(_numbers)}"
    key = bench.key(name=f"The {unusual} 100%_", email=f"{unusual}@vendor.test")

    def found(search: str) -> bool:
        return f'id="row-{global_id(key.id)}"' in admin.get(f"{keys}?{urlencode({'q': search})}").text

    assert found(unusual.upper())
    assert found("100%_")
    assert found(f"{unusual}@VENDOR")
    assert found(str(global_id(key.id)))
    assert not found(f"{unusual}%vendor")
    assert not found("Nobody has this name")
    assert "Nothing here yet" in admin.get(f"{keys}?type=lti").text


def test_columns_sort_both_ways(bench: OAuthBench, admin: Browser, keys: str) -> None:
    run = f"Sorted{next(_numbers)}"
    made = {name: bench.key(name=f"{run} {name}", email=f"{ord('z') - ord(name)}@x.test").id for name in "bca"}

    def order(query: str) -> list[int]:
        page = admin.get(f"{keys}?q={run}&{query}").text
        return [int(number) - global_id(0) for number in re.findall(r'id="row-(\d+)"', page)]

    assert order("") == [made["a"], made["c"], made["b"]]
    assert order("sort=name") == [made["a"], made["b"], made["c"]]
    assert order("sort=name&order=desc") == [made["c"], made["b"], made["a"]]
    assert order("sort=email") == [made["c"], made["b"], made["a"]]
    assert order("sort=id&order=asc") == [made["b"], made["c"], made["a"]]
    assert order("sort=tokens") == order("sort=nonsense") == order("")
    heading = admin.get(f"{keys}?q={run}&sort=name").text
    assert 'aria-sort="ascending"' in heading
    assert f"q={run}&amp;sort=name&amp;order=desc" in heading


def test_a_long_list_has_pages_and_can_be_shown_whole(bench: OAuthBench, admin: Browser, keys: str) -> None:
    run = f"Long{next(_numbers)}x"
    for number in range(27):
        bench.key(name=f"{run} {number}", on=None)

    first, second = admin.get(f"{keys}?q={run}"), admin.get(f"{keys}?q={run}&page=2")
    whole = admin.get(f"{keys}?q={run}&all=1")

    assert [len(re.findall(r'id="row-', page.text)) for page in (first, second, whole)] == [25, 2, 27]
    assert "1 to 25 of 27" in words(first)
    assert "Show All Keys" in first.text
    assert "Show All Keys" not in whole.text


def test_a_locked_key_says_who_set_it_and_offers_no_switch(bench: OAuthBench, admin: Browser, keys: str) -> None:
    site = site_admin(bench)
    key = bench.key(owner=None, on=None, name=f"From above {next(_numbers)}", visible=True)
    bench.bind(key, site, BindingState.ON)

    page = admin.get(f"{keys}?tab=inherited&q=From+above")
    forced = send(admin, keys, f"{keys}/{key.id}/state", ("state", "off"))
    after = admin.get(f"{keys}?tab=inherited&q=From+above")

    assert "Locked. Set to On by Site Admin" in words(page)
    assert re.search(r'role="switch"[^>]*aria-checked="true" disabled aria-describedby', page.text)
    assert "Edit this key" not in page.text
    assert key.secret not in page.text
    assert forced.status_code in (302, 400, 403)
    assert "Locked. Set to On by Site Admin" in words(after)


def test_site_admin_has_three_states_and_visibility(bench: OAuthBench) -> None:
    bench.administrator("root", None, NORTH)
    browser = bench.browser(NORTH).signed_in("root")
    site = site_admin(bench)
    key = bench.key(owner=None, on=None, name=f"Global {next(_numbers)}", visible=True)
    keys = f"/accounts/{site}/developer_keys"

    page = browser.get(f"{keys}?q=Global")
    hidden = send(browser, keys, f"{keys}/{key.id}/visibility", ("visible", "0"))

    assert re.findall(r'name="to" value="(\w+)"', page.text)[:3] == ["on", "allow", "off"]
    assert "Make key invisible" in page.text
    assert hidden.status_code == 302
    assert not stored(bench, key.id).visible
    assert "Inherited" not in page.text


def test_nobody_reaches_another_institutions_keys(bench: OAuthBench, admin: Browser, keys: str) -> None:
    theirs = bench.key(owner=SOUTH, on=SOUTH, name="Secret of south")
    south = f"/accounts/{bench.accounts[SOUTH]}/developer_keys"

    for address in (south, f"{south}/new", f"{south}/{theirs.id}", f"{south}/{theirs.id}/delete"):
        assert admin.get(address).headers.get("location") == "/"
    for address in (f"{keys}/{theirs.id}", f"{keys}/{theirs.id}/state?to=on", f"{keys}/{theirs.id}/delete"):
        answer = admin.get(address)
        assert answer.status_code in (302, 404)
        assert "Secret of south" not in answer.text
    for step in ("secret", "delete", "visibility", "state"):
        answer = send(admin, keys, f"{keys}/{theirs.id}/{step}", ("state", "off"), ("visible", "0"))
        assert answer.status_code in (302, 404)
        assert theirs.secret not in answer.text
    assert stored(bench, theirs.id).state == "active"
    assert stored(bench, theirs.id).visible


@pytest.mark.parametrize("step", ["secret", "delete", "visibility", "state", ""])
def test_a_form_from_elsewhere_changes_no_key(bench: OAuthBench, admin: Browser, keys: str, step: str) -> None:
    key = bench.key(name="Safe")
    forged = {"authenticity_token": "0" * 172, "state": "off", "visible": "0", "developer_key[name]": "Hacked"}

    answer = admin.post(f"{keys}/{key.id}/{step}".rstrip("/"), forged)

    assert answer.status_code == 422
    assert key.secret not in answer.text
    assert stored(bench, key.id).name == "Safe"
    assert bench.audited("binding.set") == bench.audited("key.updated") == bench.audited("key.secret_shown") == []
