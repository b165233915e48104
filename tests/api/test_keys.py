"""Developer keys on Canvas's wire: their object, and who may make, change and delete them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keys_bench import ACCOUNTS, COURSES, GLOBAL, KeyBench, benches, shown
from world import SITE_PERSON, Response

NOT_FOUND = {"errors": [{"message": "The specified resource does not exist."}]}
FORBIDDEN = {"status": "unauthorized", "errors": [{"message": "user not authorized to perform that action"}]}
READ_ONLY = {"errors": [{"message": "You don't have permission to modify Site Admin developer keys"}]}
NOBODY = {"status": "unauthenticated", "errors": [{"message": "user authorization required"}]}
OTHER_DOMAIN = {"errors": [{"message": "Developer keys may only be managed from their account's domain"}]}

FULL = {
    "id", "name", "created_at", "updated_at", "icon_url", "workflow_state", "email", "user_id", "user_name", "notes",
    "scopes", "require_scopes", "client_credentials_audience", "lti_registration_id", "account_name", "visible",
    "developer_key_account_binding", "is_lti_key", "is_lti_registration",
}  # fmt: skip
SECRET = {
    "api_key", "redirect_uri", "redirect_uris", "all_redirect_uris", "access_token_count", "last_used_at",
    "unified_tool_id", "vendor_code", "public_jwk", "public_jwk_url", "allow_includes",
}  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[KeyBench]:
    yield from benches(tmp_path)


def refused(response: Response) -> tuple[int, Any]:
    return response.status, response.json


def test_a_new_key_shows_every_member_and_is_off(bench: KeyBench) -> None:
    made = shown(bench.site("POST", "/api/v1/accounts/2/developer_keys", json={"developer_key": {"name": "App"}}))

    secret, key_id, binding_id = made.pop("api_key"), made.pop("id"), made["developer_key_account_binding"].pop("id")
    assert re.fullmatch(r"[A-Za-z0-9]{64}", secret)
    assert key_id > GLOBAL
    assert binding_id > GLOBAL
    assert made == {
        "name": "App", "created_at": "2025-10-09T08:53:20Z", "updated_at": "2025-10-09T08:53:20Z", "icon_url": None,
        "workflow_state": "active", "email": None, "user_id": None, "user_name": None, "notes": None, "scopes": [],
        "require_scopes": False, "client_credentials_audience": None, "lti_registration_id": None,
        "redirect_uri": None, "redirect_uris": "", "all_redirect_uris": [], "access_token_count": 0,
        "last_used_at": None, "unified_tool_id": None, "vendor_code": None, "public_jwk": None, "public_jwk_url": None,
        "allow_includes": False, "account_name": "Root", "visible": True, "is_lti_key": False,
        "is_lti_registration": False,
        "developer_key_account_binding": {
            "account_id": GLOBAL + 2, "developer_key_id": key_id, "workflow_state": "off", "account_owns_binding": True,
        },
    }  # fmt: skip


def test_every_attribute_can_be_given_and_comes_back(bench: KeyBench) -> None:
    given = {
        "name": "App", "email": "a@b.c", "icon_url": "https://a.example/i.png", "notes": "Note", "vendor_code": "v",
        "redirect_uri": "tealpass://login", "scopes": [COURSES, ACCOUNTS, COURSES], "require_scopes": True,
        "allow_includes": True, "client_credentials_audience": "external", "unified_tool_id": "u",
        "auto_expire_tokens": True, "visible": False, "test_cluster_only": True,
    }  # fmt: skip
    uris = ["https://b.example/cb", "a.example/cb", "https://b.example/cb"]

    made = bench.own_key(2, **given, redirect_uris=uris)

    expected = given | {"scopes": [COURSES, ACCOUNTS], "redirect_uris": "https://b.example/cb\nhttp://a.example/cb"}
    stored = bench.key_row(made["id"])
    assert {name: made[name] for name in expected if name in made} == {
        name: value for name, value in expected.items() if name not in ("auto_expire_tokens", "test_cluster_only")
    }
    assert (stored.auto_expire_tokens, stored.test_cluster_only) == (True, True)
    assert made["all_redirect_uris"] == [
        {"redirect_uri": "http://a.example/cb", "last_used_at": None, "workflow_state": "active"},
        {"redirect_uri": "https://b.example/cb", "last_used_at": None, "workflow_state": "active"},
    ]


def test_form_multipart_and_json_make_the_same_key(bench: KeyBench) -> None:
    path, token = "/api/v1/accounts/2/developer_keys", bench.admin(2).token
    form = {
        "developer_key[name]": "App", "developer_key[scopes][]": [COURSES, ACCOUNTS], "developer_key[visible]": "0",
        "developer_key[redirect_uris]": "https://a.example/1\r\nhttps://a.example/2 https://a.example/3",
    }  # fmt: skip
    parts = [("developer_key[name]", "App"), ("developer_key[visible]", "false")]
    parts += [("developer_key[scopes][]", COURSES), ("developer_key[scopes][]", ACCOUNTS)]
    parts += [("developer_key[redirect_uris][]", f"https://a.example/{number}") for number in (1, 2, 3)]
    written = (
        "".join(f'--B\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in parts) + "--B--\r\n"
    )
    tree = {
        "name": "App", "scopes": [COURSES, ACCOUNTS], "visible": False,
        "redirect_uris": [f"https://a.example/{number}" for number in (1, 2, 3)],
    }  # fmt: skip

    made = [
        shown(bench.call("POST", path, token=token, form=form)),
        shown(
            bench.call(
                "POST", path, token=token, body=written.encode(),
                headers={"content-type": "multipart/form-data; boundary=B"},
            )
        ),
        shown(bench.call("POST", path + ".json", token=token, json={"developer_key": tree})),
    ]  # fmt: skip

    for one in made:
        for varying in ("id", "api_key", "developer_key_account_binding"):
            one.pop(varying)
    assert made[0] == made[1] == made[2]
    assert made[0]["redirect_uris"] == "https://a.example/1\nhttps://a.example/2\nhttps://a.example/3"


def test_a_site_admin_key_has_no_account_name_and_is_not_visible_unless_asked(bench: KeyBench) -> None:
    hidden, seen = bench.own_key(1), bench.own_key(1, visible=True)

    assert (hidden["account_name"], hidden["visible"], seen["visible"]) == (None, False, True)
    assert hidden["developer_key_account_binding"]["account_id"] == GLOBAL + 1


@pytest.mark.parametrize("body", [{}, {"developer_key": {}}, {"developer_key": "x"}, {"developer_key": []}, {"x": 1}])
def test_a_missing_or_empty_envelope_is_named(bench: KeyBench, body: dict[str, Any]) -> None:
    key = bench.own_key(2)

    made = bench.site("POST", "/api/v1/accounts/2/developer_keys", json=body)
    changed = bench.site("PUT", f"/api/v1/developer_keys/{key['id']}", json=body)

    assert refused(made) == refused(changed) == (400, {"errors": [{"message": "developer_key is missing"}]})


@pytest.mark.parametrize("verb", ["POST", "PUT"])
def test_an_unknown_scope_is_refused_in_exact_words_and_nothing_changes(bench: KeyBench, verb: str) -> None:
    key = bench.own_key(2, scopes=[COURSES])
    token_id, _ = bench.token_for(key["id"], SITE_PERSON, COURSES)
    before = bench.many_keys()
    path = "/api/v1/accounts/2/developer_keys" if verb == "POST" else f"/api/v1/developer_keys/{key['id']}"

    response = bench.site(verb, path, json={"developer_key": {"name": "X", "scopes": ["url:GET|/x", COURSES, "y"]}})

    text = "cannot contain url:GET|/x, y"
    assert refused(response) == (
        400, {"errors": {"scopes": [{"attribute": "scopes", "type": text, "message": text}]}}
    )  # fmt: skip
    assert bench.many_keys() == before
    assert bench.key_row(key["id"]).name == "An app"
    assert bench.token_state(token_id) == "active"


def test_a_root_admin_manages_their_own_keys_only_from_their_own_host(bench: KeyBench) -> None:
    other = bench.root_account("Other")
    admin, stranger = bench.admin(2), bench.admin(other)
    key = bench.own_key(2, by=admin.token)
    address = f"/api/v1/developer_keys/{key['id']}"
    change = {"developer_key": {"name": "New"}}

    assert shown(bench.call("PUT", address, token=admin.token, json=change))["name"] == "New"
    theirs = bench.call("POST", f"/api/v1/accounts/{other}/developer_keys", token=admin.token, json=change)
    assert refused(theirs) == (403, FORBIDDEN)
    assert refused(bench.call("PUT", address, token=stranger.token, json=change, host="other.test")) == (403, FORBIDDEN)
    assert refused(bench.call("DELETE", address, token=stranger.token, host="other.test")) == (403, FORBIDDEN)
    assert refused(bench.call("PUT", address, json=change)) == (401, NOBODY)


def test_site_admin_manages_any_root_accounts_keys_from_any_host(bench: KeyBench) -> None:
    other = bench.root_account("Other")

    made = bench.own_key(other)

    assert made["account_name"] == "Other"
    assert len(shown(bench.site("GET", f"/api/v1/accounts/{other}/developer_keys"))) == 1
    assert shown(bench.site("DELETE", f"/api/v1/developer_keys/{made['id']}"))["workflow_state"] == "deleted"


def test_a_sub_account_is_404_for_those_who_may_and_403_for_the_others(bench: KeyBench) -> None:
    sub = bench.sub_account(2)
    path = f"/api/v1/accounts/{sub}/developer_keys"

    for verb, sent in (("GET", {}), ("POST", {"json": {}})):
        assert refused(bench.site(verb, path, **sent)) == (404, NOT_FOUND)
        assert refused(bench.call(verb, path, token=bench.admin(2).token, **sent)) == (403, FORBIDDEN)
        missing = bench.call(verb, "/api/v1/accounts/999/developer_keys", token=bench.person(2).token, **sent)
        assert refused(missing) == (404, NOT_FOUND)


def test_a_site_admin_role_without_the_right_to_modify_sees_the_keys_and_changes_none(bench: KeyBench) -> None:
    role = bench.role(1, "Reader", "manage_developer_keys")
    reader = bench.admin(1, role, tenant=1)
    key = bench.own_key(1)
    address = f"/api/v1/developer_keys/{key['id']}"

    listed = shown(bench.call("GET", "/api/v1/accounts/site_admin/developer_keys", token=reader.token))
    assert key["id"] in [one["id"] for one in listed]
    for verb, path in (
        ("POST", "/api/v1/accounts/site_admin/developer_keys"),
        ("PUT", address),
        ("DELETE", address),
        ("POST", f"{address}/regenerate_secret"),
    ):
        assert refused(bench.call(verb, path, token=reader.token, json={})) == (403, READ_ONLY)
    assert bench.own_key(2, by=reader.token)["account_name"] == "Root"


def test_a_role_without_the_right_may_nothing_and_one_with_it_everything_in_its_tenant(bench: KeyBench) -> None:
    without, holder = bench.role(2, "Registrar", "read_roster"), bench.role(2, "Keys", "manage_developer_keys")
    poor, rich = bench.admin(2, without), bench.admin(2, holder)

    path = "/api/v1/accounts/self/developer_keys"

    assert refused(bench.call("GET", path, token=poor.token)) == (403, FORBIDDEN)
    assert shown(bench.call("GET", path, token=rich.token)) == []


def test_the_domain_rule_refuses_changes_from_another_host_even_to_site_admin(bench: KeyBench) -> None:
    other = bench.root_account("Other")
    key = bench.own_key(other)
    bench.policies(other, "domain_root_account_restriction")
    address = f"/api/v1/developer_keys/{key['id']}"
    change = {"developer_key": {"name": "New"}}

    for verb, path in (("PUT", address), ("DELETE", address), ("POST", f"/api/v1/accounts/{other}/developer_keys")):
        assert refused(bench.site(verb, path, json=change)) == (403, OTHER_DOMAIN)
        assert bench.site(verb, path, json=change, host="other.test").status == 200


def test_ids_may_be_local_global_or_short_and_nothing_else(bench: KeyBench) -> None:
    key = bench.own_key(2)
    number = key["id"] - GLOBAL

    for reference in (number, key["id"], f"1~{number}", f"{number}.json"):
        changed = bench.site("PUT", f"/api/v1/developer_keys/{reference}", json={"developer_key": {"notes": "x"}})
        assert shown(changed)["id"] == key["id"]
    for reference in ("0", "-1", "2~1", "9" * 25, "1e3", "x", "%EF%BC%91", f"+{number}", "999"):
        response = bench.site("PUT", f"/api/v1/developer_keys/{reference}", json={"developer_key": {"notes": "x"}})
        assert refused(response) == (404, NOT_FOUND)


def test_there_is_no_way_to_show_a_single_key(bench: KeyBench) -> None:
    key = bench.own_key(2)

    assert refused(bench.site("GET", f"/api/v1/developer_keys/{key['id']}")) == (404, NOT_FOUND)


def test_ids_are_texts_when_asked_for_however_deep(bench: KeyBench) -> None:
    made = bench.site(
        "POST", "/api/v1/accounts/2/developer_keys", json={"developer_key": {"name": "App"}},
        headers={"accept": "application/json+canvas-string-ids, application/json"},
    )  # fmt: skip

    key = shown(made)
    binding = key["developer_key_account_binding"]
    assert made.headers["content-type"] == "application/json; charset=utf-8"
    assert key["id"] == str(int(key["id"]))
    assert [type(binding[name]) for name in ("id", "account_id", "developer_key_id")] == [str, str, str]
    assert (key["user_id"], key["access_token_count"]) == (None, 0)
