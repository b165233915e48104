"""Do the pages about keys that nobody uses list, ask, turn off together, and undo?"""

import re
from typing import Any
from urllib.parse import urlencode

from console.test_key_pages import admin, keys, send, site_admin, words
from keystead.core.bindings import BindingState
from keystead.core.ids import global_id
from oauth_bench import NORTH, SOUTH, Browser, Client, OAuthBench

__all__ = ["admin", "keys"]

PAGES = "url:GET|/api/v1/courses/:course_id/pages"


def inherited(bench: OAuthBench, name: str, **values: Any) -> Client:
    """Return a global key that north has on."""
    return bench.key(owner=None, **{"name": name, "visible": True, "scopes": (PAGES,), "require_scopes": True} | values)


def box(page: str, key: Client) -> str | None:
    """Return the checkbox of a key, None when it has none."""
    found = re.search(rf'<input type="checkbox"[^>]*value="{key.id}"[^>]*>', page)
    return None if found is None else found.group(0)


def is_on(bench: OAuthBench, admin: Browser, keys: str, key: Client) -> bool:
    """Whether the list of inherited keys shows a key as on."""
    page = admin.get(f"{keys}?tab=inherited&q={global_id(key.id)}").text
    row = page.split(f'id="row-{global_id(key.id)}"')[1].split("</tr>")[0]
    return 'aria-checked="true"' in row


def test_keys_go_off_together_after_a_question_and_come_back_by_one_undo(
    bench: OAuthBench, admin: Browser, keys: str
) -> None:
    one, two, authorised = inherited(bench, "One"), inherited(bench, "Two"), inherited(bench, "Let in")
    bench.call(bench.issued(bench.key(), login="pat")["access_token"])
    bench.issued(authorised, scope=PAGES)

    listed = admin.get(f"{keys}/unused")
    asked = admin.get(f"{keys}/unused/off?" + urlencode([("keys[]", one.id), ("keys[]", two.id)]))
    unasked = is_on(bench, admin, keys, one)
    done = send(
        admin, f"{keys}/unused/off?keys[]={one.id}&keys[]={two.id}", f"{keys}/unused/off", ("keys[]", str(one.id)),
        ("keys[]", str(two.id)), ("because", "Nobody needs them"),
    )  # fmt: skip
    batch = done.headers["location"]
    told = admin.get(batch)
    off = [is_on(bench, admin, keys, key) for key in (one, two, authorised)]
    send(admin, batch, f"{batch}/undo")
    undone = admin.get(batch)
    again = send(admin, keys + "/unused/off?keys[]=" + str(one.id), f"{batch}/undo")

    assert f'href="{keys}/unused"' in admin.get(f"{keys}?tab=inherited").text
    assert "checked" in (box(listed.text, one) or "")
    assert "checked" not in (box(listed.text, authorised) or "checked")
    assert "Calls are counted since" in words(listed)
    assert "Turn off 2 keys" in words(asked)
    assert unasked
    assert "2 keys were turned off" in words(told)
    assert "Nobody needs them" in words(told)
    assert off == [False, False, True]
    assert "Every key is in the state that it had." in words(undone)
    assert f"{batch}/undo" not in undone.text
    assert [is_on(bench, admin, keys, key) for key in (one, two)] == [True, True]
    assert again.status_code == 400
    assert f'href="{batch}"' in admin.get(f"{keys}/unused").text


def test_a_locked_key_is_shown_with_who_locked_it_and_cannot_be_chosen(
    bench: OAuthBench, admin: Browser, keys: str
) -> None:
    key = inherited(bench, "Decided above", on=None)
    bench.bind(key, site_admin(bench), BindingState.ON)

    page = admin.get(f"{keys}/unused")
    asked = admin.get(f"{keys}/unused/off?keys[]={key.id}")

    assert "Decided above" in page.text
    assert "Locked by Site Admin" in words(page)
    assert box(page.text, key) is None
    assert "Decided above locked: another account has decided" in words(asked)
    assert "Turn off" not in [button.strip() for button in re.findall(r"<button[^>]*>([^<]*)", asked.text)]


def test_what_is_used_by_the_time_of_the_press_stays_on_and_is_named(
    bench: OAuthBench, admin: Browser, keys: str
) -> None:
    idle, taken = inherited(bench, "Idle"), inherited(bench, "Taken meanwhile")
    bench.issued(taken, scope=PAGES)
    both = (("keys[]", str(idle.id)), ("keys[]", str(taken.id)))

    batch = send(admin, f"{keys}/unused/off?keys[]={idle.id}", f"{keys}/unused/off", *both).headers["location"]
    nothing = send(admin, batch, f"{keys}/unused/off", ("keys[]", str(taken.id)))

    assert "Taken meanwhile people have authorized it by now" in words(admin.get(batch))
    assert nothing.status_code == 400
    assert "Nothing was turned off. Taken meanwhile: people have authorized it by now" in words(nothing)
    assert is_on(bench, admin, keys, taken)


def test_nothing_is_done_without_a_choice_a_proof_or_the_right(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = inherited(bench, "Kept")
    pat, theirs = bench.browser(NORTH).signed_in("pat"), f"/accounts/{bench.accounts[SOUTH]}/developer_keys/unused"

    assert admin.get(f"{keys}/unused/off").status_code == 400
    assert "Choose at least one key." in words(admin.get(f"{keys}/unused/off"))
    assert admin.get(f"{keys}/unused/off?keys[]=x").status_code == 400
    assert admin.get(f"{keys}/unused?days=x").status_code == 400
    assert admin.post(f"{keys}/unused/off", {"keys[]": str(key.id)}).status_code == 422
    assert admin.get(f"{keys}/unused/batches/999999").status_code == 404
    assert pat.get(f"{keys}/unused").headers["location"] == "/"
    assert admin.get(theirs).status_code in (302, 404)
    assert is_on(bench, admin, keys, key)
