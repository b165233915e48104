"""What an account says about a key: who may say it, about which keys, in which words."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from keys_bench import ACCOUNTS, BINDINGS, GLOBAL, KeyBench, benches, shown
from world import Response

NOT_FOUND = (404, "The specified resource does not exist.")
FORBIDDEN = (403, "user not authorized to perform that action")
WORDS = (400, "workflow_state must be one of on, off, allow")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[KeyBench]:
    yield from benches(tmp_path)


def refusal(response: Response) -> tuple[int, str]:
    return response.status, response.message


def post(bench: KeyBench, account: int | str, key: int | str, *, by: str | None = None, **sent: Any) -> Response:
    path = f"/api/v1/accounts/{account}/developer_keys/{key}/{BINDINGS}"
    return bench.site("POST", path, **sent) if by is None else bench.call("POST", path, token=by, **sent)


def test_the_first_decision_makes_a_binding_and_the_next_ones_change_it(bench: KeyBench) -> None:
    key = bench.own_key(1)

    made = bench.bind(2, key["id"], "on")
    changed = bench.bind(2, key["id"], "allow")
    same = bench.bind(2, key["id"], "allow")

    assert (made.status, changed.status, same.status) == (201, 200, 200)
    assert made.json == {
        "id": made.json["id"], "account_id": GLOBAL + 2, "developer_key_id": key["id"], "workflow_state": "on",
        "account_owns_binding": True,
    }  # fmt: skip
    assert made.json["id"] > GLOBAL
    assert changed.json == same.json == made.json | {"workflow_state": "allow"}
    assert bench.binding_rows(key["id"]) == [(1, "off"), (2, "allow")]
    assert len(bench.audited("binding.set")) == 2


@pytest.mark.parametrize(
    ("sent", "state"),
    [
        ({"json": {"developer_key_account_binding": {"workflow_state": "on"}}}, "on"),
        ({"form": {"developer_key_account_binding[workflow_state]": "on"}}, "on"),
        ({"json": {"workflow_state": "on"}}, "on"),
        ({"form": {"workflow_state": "allow"}}, "allow"),
        ({"json": {"workflow_state": "on", "developer_key_account_binding": {"workflow_state": "allow"}}}, "allow"),
        ({"json": {"workflow_state": "on", "developer_key_account_binding": None}}, "on"),
        ({"json": {"workflow_state": "on", "developer_key_account_binding": {}}}, "on"),
        ({"json": {}}, "off"),
        ({}, "off"),
        ({"json": {"developer_key_account_binding": {}}}, "off"),
        ({"json": {"developer_key_account_binding": {"odd": 1}}}, "off"),
    ],
)
def test_the_envelope_wins_over_the_flat_form_and_nothing_means_off(
    bench: KeyBench, sent: dict[str, Any], state: str
) -> None:
    key = bench.own_key(2)
    bench.bind(2, key["id"], "allow" if state != "allow" else "on")

    assert shown(post(bench, 2, key["id"], **sent))["workflow_state"] == state


@pytest.mark.parametrize("wrong", ["ON", "", None, "on ", " on", "maybe", 1, True, [], ["on"], {"on": "on"}, "оn"])
def test_any_other_word_is_refused_and_changes_nothing(bench: KeyBench, wrong: Any) -> None:
    key = bench.own_key(2)
    bench.bind(2, key["id"], "on")

    for body in ({"developer_key_account_binding": {"workflow_state": wrong}}, {"workflow_state": wrong}):
        assert refusal(post(bench, 2, key["id"], json=body)) == WORDS
    assert bench.binding_rows(key["id"]) == [(2, "on")]


@pytest.mark.parametrize("envelope", ["on", "", 1, True, ["on"], [{"workflow_state": "on"}]])
def test_an_envelope_that_is_no_object_is_refused_even_beside_a_flat_state(bench: KeyBench, envelope: Any) -> None:
    key = bench.own_key(2)

    response = post(bench, 2, key["id"], json={"developer_key_account_binding": envelope, "workflow_state": "on"})

    assert response.status == 400
    assert bench.binding_rows(key["id"]) == [(2, "off")]


def test_the_checks_come_in_their_order_the_body_last(bench: KeyBench) -> None:
    other = bench.root_account("Other")
    nobody, admin = bench.person(2), bench.admin(2)
    reader = bench.admin(1, bench.role(1, "Reader", "manage_developer_keys"), tenant=1)
    key, foreign, everybodys = bench.own_key(2), bench.own_key(other), bench.own_key(1)
    wrong = {"json": {"workflow_state": "odd"}}

    anonymous = bench.call("POST", f"/api/v1/accounts/2/developer_keys/{key['id']}/{BINDINGS}", json={})
    assert (anonymous.status, anonymous.json["status"]) == (401, "unauthenticated")
    assert refusal(post(bench, 999, 1, by=nobody.token, **wrong)) == NOT_FOUND
    assert refusal(post(bench, 2, 999, by=nobody.token, **wrong)) == FORBIDDEN
    read_only = post(bench, "site_admin", everybodys["id"], by=reader.token, **wrong)
    assert read_only.json == {
        "errors": [{"message": "You don't have permission to modify Site Admin developer keys"}]
    }  # fmt: skip
    for missing in (999, "x", "0", "9" * 30, foreign["id"]):
        assert refusal(post(bench, 2, missing, by=admin.token, **wrong)) == NOT_FOUND
    assert refusal(post(bench, 2, key["id"], by=admin.token, **wrong)) == WORDS
    assert refusal(post(bench, other, foreign["id"], by=admin.token)) == FORBIDDEN
    assert refusal(post(bench, "site_admin", everybodys["id"], by=admin.token)) == FORBIDDEN


def test_site_admin_says_nothing_about_root_accounts_keys_in_its_own_name(bench: KeyBench) -> None:
    key, everybodys = bench.own_key(2), bench.own_key(1)

    assert refusal(post(bench, "site_admin", key["id"], json={"workflow_state": "on"})) == NOT_FOUND
    for state in ("on", "off", "allow"):
        assert shown(bench.bind("site_admin", everybodys["id"], state))["workflow_state"] == state


def test_an_inactive_key_is_to_be_had_only_by_its_owner(bench: KeyBench) -> None:
    own, everybodys = bench.own_key(2), bench.own_key(1)
    for key in (own, everybodys):
        bench.site("PUT", f"/api/v1/developer_keys/{key['id']}", json={"developer_key": {"event": "deactivate"}})

    assert bench.bind(2, own["id"], "on").status == 200
    assert refusal(bench.bind(2, everybodys["id"], "on")) == NOT_FOUND


def test_a_root_admin_may_decide_about_a_locked_key_and_it_counts_once_it_is_unlocked(bench: KeyBench) -> None:
    admin = bench.admin(2)
    key = bench.own_key(1)
    bench.bind("site_admin", key["id"], "off")
    _, token = bench.token_for(key["id"], admin.id)

    assert bench.bind(2, key["id"], "on", by=admin.token).status == 201
    assert bench.call("GET", "/api/v1/accounts", token=token).message == "Invalid access token."
    bench.bind("site_admin", key["id"], "allow")
    assert bench.call("GET", "/api/v1/accounts", token=token).status == 200


def test_a_consortium_child_decides_about_its_own_keys_only(bench: KeyBench) -> None:
    child = bench.root_account("Child")
    bench.set_account(child, consortium_parent_id=2)
    admin = bench.admin(child)
    own, parents, everybodys = bench.own_key(child), bench.own_key(2), bench.own_key(1)

    assert bench.bind(child, own["id"], "on", by=admin.token, host="child.test").status == 200
    for key in (parents, everybodys):
        assert refusal(bench.bind(child, key["id"], "on", by=admin.token, host="child.test")) == NOT_FOUND
    assert refusal(bench.bind(2, parents["id"], "on", by=admin.token, host="child.test")) == FORBIDDEN


def test_a_parents_key_that_is_on_serves_its_children(bench: KeyBench) -> None:
    child = bench.root_account("Child")
    bench.set_account(child, consortium_parent_id=2)
    person = bench.person(child)
    key = bench.own_key(2)
    _, token = bench.token_for(key["id"], person.id)

    off = bench.call("GET", "/api/v1/users/self/profile", token=token, host="child.test")
    bench.bind(2, key["id"], "on")

    assert off.message == "Invalid access token."
    assert bench.call("GET", "/api/v1/users/self/profile", token=token, host="child.test").status == 200


def test_a_sub_account_may_decide_for_itself_and_the_call_that_names_it_hears_that(bench: KeyBench) -> None:
    college, other = bench.sub_account(2), bench.sub_account(2, "Other")
    dean = bench.admin(college, tenant=2)
    key = bench.own_key(1)
    bench.bind("site_admin", key["id"], "allow")
    _, token = bench.token_for(key["id"], dean.id)

    made = bench.bind(college, key["id"], "on", by=dean.token)

    assert (made.status, made.json["account_id"]) == (201, GLOBAL + college)
    assert bench.call("GET", f"/api/v1/accounts/{college}", token=token).status == 200
    for elsewhere in ("/api/v1/accounts", f"/api/v1/accounts/{other}", "/api/v1/accounts/2"):
        assert bench.call("GET", elsewhere, token=token).message == "Invalid access token."
    assert refusal(bench.bind(2, key["id"], "on", by=dean.token)) == FORBIDDEN
    bench.bind(2, key["id"], "off")
    assert bench.call("GET", f"/api/v1/accounts/{college}", token=token).message == "Invalid access token."


@pytest.mark.parametrize(
    ("method", "account"), [("POST", "self"), ("POST", "default"), ("POST", "1~2"), ("POST", "10000000000002")]
)
def test_the_account_may_be_named_in_every_way(bench: KeyBench, method: str, account: str) -> None:
    key = bench.own_key(2)

    assert shown(bench.bind(account, key["id"], "on"))["account_id"] == GLOBAL + 2
    assert refusal(bench.bind("sis_account_id:x", key["id"], "on")) == NOT_FOUND


def test_two_at_once_make_one_binding_and_both_are_answered(bench: KeyBench) -> None:
    key = bench.own_key(1)
    statuses: list[int] = []

    def decide(state: str) -> None:
        from keystead.actions import bindings as act
        from keystead.core.actors import Actor
        from keystead.core.bindings import BindingMade, BindingState
        from keystead.core.ids import UserId
        from keystead.storage.read.accounts import get_account
        from keystead.storage.transaction import Origin

        with bench.database.write(Origin(surface="test")) as tx:
            _, outcome = act.set_state(
                tx, get_account(tx, 2), key["id"] - GLOBAL, BindingState(state), acting=Actor(user_id=UserId(1)),
                because=None,
            )  # fmt: skip
        statuses.append(201 if isinstance(outcome, BindingMade) else 200)

    rivals = [Thread(target=decide, args=(state,)) for state in ("on", "allow", "on", "off")]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()

    assert sorted(statuses) == [200, 200, 200, 201]
    assert len([row for row in bench.binding_rows(key["id"]) if row[0] == 2]) == 1


def test_a_browsers_decision_needs_proof_that_our_page_made_it(bench: KeyBench) -> None:
    key = bench.own_key(2)
    cookie, csrf = bench.session_of(1)
    path = f"/api/v1/accounts/2/developer_keys/{key['id']}/{BINDINGS}"
    body = {"workflow_state": "on"}

    forged = bench.call("POST", path, form=body, headers={"cookie": cookie})
    meant = bench.call("POST", path, form=body, headers={"cookie": cookie, "x-csrf-token": csrf})

    assert (forged.status, meant.status) == (422, 200)


def test_a_scoped_token_needs_the_bindings_own_scope(bench: KeyBench) -> None:
    template = f"/api/v1/accounts/:account_id/developer_keys/:developer_key_id/{BINDINGS}"
    target = bench.own_key(1)
    _, able = bench.live_token(1, f"url:POST|{template}")
    _, unable = bench.live_token(1, ACCOUNTS)

    refused = bench.bind(2, target["id"], "on", by=unable)

    assert refusal(refused) == (401, "Insufficient scopes on access token.")
    assert refused.headers["x-keystead-missing-scope"] == f"url:POST|{template}"
    assert bench.bind(2, target["id"], "on", by=able).status == 201
