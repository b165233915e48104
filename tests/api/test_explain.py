"""Why a call passes or not: who may ask, what is told, and that asking changes nothing."""

from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from keystead.core.actors import ADMIN_ROLE
from keystead.core.bindings import BindingState
from keystead.core.key_policies import KeyPolicy
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read import users as read_users
from keystead.storage.transaction import Origin
from keystead.storage.vault import new_token
from keystead.storage.write import tokens as write_tokens
from keystead.storage.write import users as write_users
from keystead.storage.write.key_policies import put_policy
from oauth_bench import COURSES, NORTH, SOUTH, Client, OAuthBench

TEST = Origin(surface="test")


def manual_token(bench: OAuthBench, name: str, *, admin_of: str | None = None) -> str:
    """Make a token that a person made themselves, and perhaps their seat as an administrator."""
    access = new_token()
    with bench.database.write(TEST) as tx:
        key = read_keys.built_in_key(tx)
        user_id = bench.people[name]
        write_tokens.insert_token(tx, user_id=user_id, key_id=key.id, access=access, refresh=None, scopes=())
        if admin_of is not None:
            root = read_accounts.get_account(tx, bench.accounts[admin_of])
            role = read_users.find_role_by_label(tx, ADMIN_ROLE, root)
            assert role is not None
            write_users.ensure_seat(tx, account_id=root.id, user_id=user_id, role_id=role.id)
    return access.reveal()


def ask(bench: OAuthBench, by: str, on: str = NORTH, /, **question: Any) -> httpx.Response:
    asked = {"method": "GET", "path": "/api/v1/courses"} | question
    return bench.browser(on).request(
        "POST", "/api/keystead/v1/explain", json=asked, headers={"authorization": f"Bearer {by}"}
    )


def get(bench: OAuthBench, token: str, path: str, host: str = NORTH) -> httpx.Response:
    return bench.browser(host).request("GET", path, headers={"authorization": f"Bearer {token}"})


def newest_token(bench: OAuthBench, client: Client) -> int:
    chosen = text("SELECT max(id) FROM tokens WHERE key_id = :key")
    with bench.database.read() as tx:
        return int(tx.connection.execute(chosen, {"key": client.id}).scalar_one())


@pytest.fixture
def admin(bench: OAuthBench) -> str:
    return manual_token(bench, "pat", admin_of=NORTH)


def test_a_refused_call_is_explained_with_what_would_let_it_pass(bench: OAuthBench, admin: str) -> None:
    client = bench.key(require_scopes=True, scopes=(COURSES,))
    token = bench.issued(client, scope=COURSES)["access_token"]

    told = ask(bench, admin, token=token, path="/api/v1/courses/1/users?include[]=email").json()

    assert (told["decision"], told["reason"], told["status"]) == ("deny", "scope_missing", 401)
    assert told["message"] == "Insufficient scopes on access token."
    assert told["missing_scope"] == "url:GET|/api/v1/courses/:course_id/users"
    assert told["remedies"] == [
        "Add url:GET|/api/v1/courses/:course_id/users to the key, then ask the person for consent again: "
        "tokens gain none later."
    ]
    outcomes = {step["check"]: step["outcome"] for step in told["checks"]}
    assert outcomes["key_on_here"] == "passed"
    assert outcomes["scope_granted"] == "refused"
    assert outcomes["masquerade_permitted"] == "not_reached"
    assert told["developer_key"]["id"] == client.id


def test_an_allowed_call_says_what_would_be_cut(bench: OAuthBench, admin: str) -> None:
    client = bench.key(require_scopes=True, scopes=(COURSES,))
    token = bench.issued(client, scope=COURSES)["access_token"]

    told = ask(bench, admin, token=token, path="/api/v1/courses?include[]=term&a=1").json()

    assert (told["decision"], told["reason"], told["remedies"]) == ("allow", None, [])
    assert told["would_strip"] == ["include[]=term"]


def test_a_token_is_imagined_for_a_key_and_its_governing_binding_is_named(bench: OAuthBench, admin: str) -> None:
    client = bench.key(require_scopes=True, scopes=(COURSES,))
    bench.bind(client, bench.accounts[NORTH], BindingState.OFF)

    off = ask(bench, admin, developer_key_id=client.id).json()
    narrowed = ask(bench, admin, developer_key_id=client.id, scopes=[]).json()

    assert off["reason"] == "key_off"
    assert off["binding"] == {"account_id": bench.accounts[NORTH], "workflow_state": "off"}
    assert len(narrowed["remedies"]) == 2


def test_people_may_ask_about_their_own_token_and_see_nothing_around_it(bench: OAuthBench) -> None:
    client = bench.key()
    token = bench.issued(client, login="lee")["access_token"]
    own = manual_token(bench, "lee")

    told = ask(bench, own, token=token)

    assert told.status_code == 200
    assert told.json()["decision"] == "allow"
    assert "account" not in told.json()


def test_tenants_learn_nothing_of_each_other(bench: OAuthBench) -> None:
    client = bench.key()
    token = bench.issued(client)["access_token"]
    south = manual_token(bench, "sue", admin_of=SOUTH)
    nobody = manual_token(bench, "lee")
    token_id = newest_token(bench, client)

    assert ask(bench, south, SOUTH, token=token).status_code == 404
    assert ask(bench, south, SOUTH, token_id=token_id).status_code == 404
    assert ask(bench, south, SOUTH, developer_key_id=client.id).status_code == 404
    assert ask(bench, south, SOUTH, token=token, host=NORTH).status_code == 404
    assert ask(bench, nobody, token=token).status_code == 404
    assert ask(bench, nobody, developer_key_id=client.id).status_code == 404
    assert ask(bench, nobody, token="u" * 64).status_code == 403
    assert ask(bench, "u" * 64, token=token).status_code == 401


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ({}, "give one of token, token_id, developer_key_id"),
        ({"token": "x", "token_id": 1}, "give one of token, token_id, developer_key_id"),
        ({"method": "", "token": "x"}, "method is missing"),
        ({"path": None, "token": "x"}, "path is missing"),
    ],
)
def test_a_question_that_is_none_is_refused(bench: OAuthBench, admin: str, question: Any, words: str) -> None:
    answer = ask(bench, admin, **question)

    assert (answer.status_code, answer.json()) == (400, {"errors": [{"message": words}]})


@pytest.mark.parametrize("path", ["/api/v1/../x", "/api//v1", "api/v1", "/api/v1/a%2fb"])
def test_what_would_not_be_judged_is_said_to_be_refused_before(bench: OAuthBench, admin: str, path: str) -> None:
    told = ask(bench, admin, token=admin, path=path).json()

    assert (told["decision"], told["status"]) == ("refused", 400)


def test_asking_writes_nothing_and_is_no_use(bench: OAuthBench, admin: str) -> None:
    client = bench.key()
    token = bench.issued(client)["access_token"]
    epoch = bench.app._parts.source.epoch()

    ask(bench, admin, token=token)

    assert bench.app._parts.source.epoch() == epoch
    token_id = newest_token(bench, client)
    assert bench.app._parts.usage.of_tokens([token_id]) == {}


def test_the_header_of_a_refusal_leads_to_why_and_to_how_it_stands_now(bench: OAuthBench, admin: str) -> None:
    client = bench.key(require_scopes=True, scopes=(COURSES,))
    token = bench.issued(client, scope=COURSES, login="lee")["access_token"]
    refused = bench.call(token, "/api/v1/courses/1/users?secret=x")
    decision = refused.headers["x-keystead-decision"]

    told = get(bench, admin, f"/api/keystead/v1/decisions/{decision}").json()

    assert (told["reason"], told["path"], told["address"]) == (
        "scope_missing", "/api/v1/courses/1/users", told["address"],
    )  # fmt: skip
    assert "secret" not in str(told)
    assert told["missing_scope"] == "url:GET|/api/v1/courses/:course_id/users"
    assert told["explained_now"]["reason"] == "scope_missing"
    assert get(bench, manual_token(bench, "lee"), f"/api/keystead/v1/decisions/{decision}").status_code == 200
    south = manual_token(bench, "sue", admin_of=SOUTH)
    assert get(bench, south, f"/api/keystead/v1/decisions/{decision}", SOUTH).status_code == 404
    assert get(bench, admin, "/api/keystead/v1/decisions/unknown").status_code == 404
    assert "x-keystead-decision" not in bench.call(admin, "/api/v1/users/self").headers


def test_refusals_are_listed_for_the_account_s_administrators(bench: OAuthBench, admin: str) -> None:
    client, other = bench.key(require_scopes=True, scopes=(COURSES,)), bench.key(require_scopes=True, scopes=(COURSES,))
    for one in (client, other, client):
        bench.call(bench.issued(one, scope=COURSES)["access_token"], "/api/v1/courses/1/users")
    path = f"/api/keystead/v1/accounts/{bench.accounts[NORTH]}/decisions"

    of_key = get(bench, admin, f"{path}?developer_key_id={client.id}&per_page=1")
    by_reason = get(bench, admin, f"{path}?reason=key_off&developer_key_id={client.id}")

    assert len(of_key.json()) == 1
    assert 'rel="next"' in of_key.headers["link"]
    assert of_key.json()[0]["developer_key_id"] == client.id
    assert by_reason.json() == []
    south = manual_token(bench, "sue", admin_of=SOUTH)
    assert get(bench, south, path, SOUTH).status_code == 403


def test_a_key_bound_to_addresses_is_explained_for_one_or_depends_on_it(bench: OAuthBench, admin: str) -> None:
    client = bench.key()
    root = bench.accounts[NORTH]
    bound = KeyPolicy(account_id=root, key_id=client.id, ranges=(ip_network("203.0.113.0/24"),))
    with bench.database.write(TEST) as tx:
        put_policy(tx, bound, None)

    told = [ask(bench, admin, developer_key_id=client.id, **more).json() for more in (
        {}, {"address": "203.0.113.9"}, {"address": "198.51.100.1"},
    )]  # fmt: skip

    outcomes = [{step["check"]: step["outcome"] for step in one["checks"]}["address_allowed"] for one in told]
    assert [one["reason"] for one in told] == [None, None, "address_not_allowed"]
    assert [one["depends_on_address"] for one in told] == [True, False, False]
    assert outcomes == ["depends", "passed", "refused"]
    assert [policy["address_ranges"] for policy in told[0]["key_policies"]] == [["203.0.113.0/24"]]
