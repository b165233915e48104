"""Is told of a key, an inherited one too, what an institution may know, and nothing else?"""

from console.test_key_pages import admin, keys, send, site_admin, words
from keystead.core.bindings import BindingState
from keystead.core.ids import global_id
from oauth_bench import COURSES, NORTH, SOUTH, USERS, Browser, OAuthBench

__all__ = ["admin", "keys"]

DELETES = "url:DELETE|/api/v1/files/:id"


def test_an_inherited_key_is_told_in_plain_words_with_who_decided(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(
        owner=None, on=NORTH, name="Inherited", visible=True, require_scopes=True, scopes=(COURSES, USERS, DELETES),
        email="private@vendor.test", notes="for Site Admin only",
    )  # fmt: skip
    bench.bind(key, site_admin(bench), BindingState.ALLOW)

    page = admin.get(f"{keys}/{key.id}/about")
    told = admin.get(f"/api/keystead/v1/accounts/{bench.accounts[NORTH]}/keys/{key.id}").json()

    assert "a key of Site Admin" in words(page)
    assert "Courses yes – –" in words(page)
    assert "Files – – yes" in words(page)
    assert "Tells of students: Users" in words(page)
    assert "Site Admin Allow" in words(page)
    assert "north.test (this one counts) On" in words(page)
    assert "private@vendor.test" not in page.text
    assert "for Site Admin only" not in page.text
    assert key.secret not in page.text
    assert "Key Settings" not in words(page)
    assert (told["id"], told["inherited"], told["workflow_state"]) == (global_id(key.id), True, "on")
    assert (told["reads"], told["changes"], told["deletes"], told["student_records"]) == (2, 0, 1, ["Users"])
    assert [(one["account"], one["workflow_state"], one["governs"]) for one in told["decisions"]] == [
        ("Site Admin", "allow", False), ("north.test", "on", True),
    ]  # fmt: skip
    assert "email" not in told


def test_a_note_is_kept_for_this_institution_only(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(owner=None, on=NORTH, name="Noted", visible=True)
    bench.administrator("stu", SOUTH)
    theirs = bench.browser(SOUTH).signed_in("stu")
    south = f"/accounts/{bench.accounts[SOUTH]}/developer_keys/{key.id}/about"

    saved = send(admin, f"{keys}/{key.id}/about", f"{keys}/{key.id}/note", ("note", "Used by <b>biology</b>"))
    page = admin.get(f"{keys}/{key.id}/about")
    send(admin, f"{keys}/{key.id}/about", f"{keys}/{key.id}/note", ("note", "Used by <b>biology</b>"))
    other = theirs.get(south)
    (entry,) = bench.audited("key.noted")

    assert saved.status_code == 302
    assert "Used by &lt;b&gt;biology&lt;/b&gt;" in page.text
    assert "by Ada Person" in words(page)
    assert other.status_code == 200
    assert "biology" not in other.text
    assert (entry.before, entry.after) == ({"note": ""}, {"note": "Used by <b>biology</b>"})


def test_what_is_not_published_is_not_told(bench: OAuthBench, admin: Browser, keys: str) -> None:
    hidden = bench.key(owner=None, on=None, name="Hidden above", visible=False)
    theirs = bench.key(owner=SOUTH, on=SOUTH, name="Of the south")
    api = f"/api/keystead/v1/accounts/{bench.accounts[NORTH]}/keys"

    for key in (hidden, theirs):
        assert admin.get(f"{keys}/{key.id}/about").status_code == 404
        assert admin.get(f"{api}/{key.id}").status_code == 404
        assert send(admin, keys, f"{keys}/{key.id}/note", ("note", "x")).status_code == 404


def test_a_key_of_ones_own_tells_who_made_it(bench: OAuthBench, admin: Browser, keys: str) -> None:
    name = "Made here today"
    form = [("developer_key[name]", name), ("developer_key[email]", "o@v.test"), ("developer_key[require_scopes]", "0")]
    send(admin, f"{keys}/new", keys, *form, ("do", "save"))
    key_id = bench.audited("key.created")[0].subject_id

    page = words(admin.get(f"{keys}/{key_id}/about"))

    assert "by Ada Person" in page
    assert "o@v.test" in page
    assert "Its scopes are not enforced" in page
    assert "key.created" in page
