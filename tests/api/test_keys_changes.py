"""What happens to a key's life and tokens: events, lost scopes, deletion, new secrets, operator flags."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keys_bench import ACCOUNTS, COURSES, KeyBench, benches, shown
from world import SITE_PERSON, Response

NOT_FOUND = (404, "The specified resource does not exist.")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[KeyBench]:
    yield from benches(tmp_path)


def put(bench: KeyBench, key: dict[str, Any], **attributes: Any) -> Response:
    return bench.site("PUT", f"/api/v1/developer_keys/{key['id']}", json={"developer_key": attributes})


def refusal(response: Response) -> tuple[int, str]:
    return response.status, response.message


def test_an_update_changes_what_it_names_and_its_moment_only(bench: KeyBench) -> None:
    key = bench.own_key(2, name="App", notes="Note", redirect_uris=["https://a.example/1"], visible=False)
    bench.clock.now += 60_000_000

    changed = shown(put(bench, key, name="New"))

    assert changed == key | {"name": "New", "updated_at": "2025-10-09T08:54:20Z"}


def test_an_update_replaces_lists_and_clears_texts(bench: KeyBench) -> None:
    key = bench.own_key(
        2, name="App", redirect_uris=["https://a.example/1"], icon_url="https://a.example/i", redirect_uri="x://y"
    )  # fmt: skip

    changed = shown(put(bench, key, name=None, redirect_uris="https://a.example/2", icon_url=" ", redirect_uri=""))

    assert (changed["name"], changed["icon_url"], changed["redirect_uri"]) == (None, None, None)
    assert changed["redirect_uris"] == "https://a.example/2"
    assert shown(put(bench, key, redirect_uris=[]))["redirect_uris"] == ""


def test_auto_expiry_and_visibility_are_heard_on_update(bench: KeyBench) -> None:
    key = bench.own_key(2)

    put(bench, key, auto_expire_tokens="true", visible="0")

    stored = bench.key_row(key["id"])
    assert (stored.auto_expire_tokens, stored.visible) == (True, False)


def test_losing_a_scope_ends_every_token_of_the_key_and_of_no_other(bench: KeyBench) -> None:
    key, other = bench.own_key(2, scopes=[COURSES, ACCOUNTS]), bench.own_key(2, scopes=[COURSES])
    mine, theirs = bench.token_for(key["id"], SITE_PERSON, ACCOUNTS)[0], bench.token_for(other["id"], SITE_PERSON)[0]

    changed = shown(put(bench, key, scopes=[ACCOUNTS]))

    assert changed["scopes"] == [ACCOUNTS]
    assert changed["access_token_count"] == 0
    assert (bench.token_state(mine), bench.token_state(theirs)) == ("deleted", "active")


@pytest.mark.parametrize("attributes", [{"scopes": [ACCOUNTS, COURSES, "url:GET|/api/v1/users/:id"]}, {"scopes": ""},
                                        {"scopes": None}, {"name": "New"}, {"require_scopes": True}])  # fmt: skip
def test_tokens_live_on_when_no_scope_is_lost(bench: KeyBench, attributes: dict[str, Any]) -> None:
    key = bench.own_key(2, scopes=[COURSES, ACCOUNTS])
    token_id, _ = bench.token_for(key["id"], SITE_PERSON, COURSES)

    changed = shown(put(bench, key, **attributes))

    assert set(changed["scopes"]) >= {COURSES, ACCOUNTS}
    assert bench.token_state(token_id) == "active"


def test_an_empty_list_of_scopes_clears_them_in_json_and_in_a_form(bench: KeyBench) -> None:
    for body in ({"json": {"developer_key": {"scopes": []}}}, {"form": {"developer_key[scopes][]": ""}}):
        key = bench.own_key(2, scopes=[COURSES])
        assert shown(bench.site("PUT", f"/api/v1/developer_keys/{key['id']}", **body))["scopes"] == []


def test_events_switch_a_key_off_and_on_and_from_the_wrong_state_are_refused(bench: KeyBench) -> None:
    key = bench.own_key(2)

    assert put(bench, key, event="activate").status == 400
    assert shown(put(bench, key, event="deactivate"))["workflow_state"] == "inactive"
    assert put(bench, key, event="deactivate").status == 400
    assert shown(put(bench, key, event="activate", name="Back"))["name"] == "Back"
    assert bench.key_row(key["id"]).is_active
    for wrong in ("explode", ["activate"], {"a": 1}):
        assert put(bench, key, event=wrong, name="Changed").status == 400
    assert bench.key_row(key["id"]).name == "Back"


def test_an_event_and_a_bad_value_together_change_nothing(bench: KeyBench) -> None:
    key = bench.own_key(2)

    assert put(bench, key, event="deactivate", scopes=["nonsense"]).status == 400
    assert bench.key_row(key["id"]).is_active


def test_a_deleted_key_loses_its_bindings_and_is_gone(bench: KeyBench) -> None:
    key = bench.own_key(2, redirect_uris=["https://a.example/1"])
    token_id, _ = bench.token_for(key["id"], SITE_PERSON)

    deleted = shown(bench.site("DELETE", f"/api/v1/developer_keys/{key['id']}"))

    assert deleted == {n: v for n, v in key.items() if n != "developer_key_account_binding"} | {
        "workflow_state": "deleted", "access_token_count": 1
    }  # fmt: skip
    assert bench.binding_rows(key["id"]) == []
    assert bench.token_state(token_id) == "active"
    assert shown(bench.site("GET", "/api/v1/accounts/2/developer_keys")) == []
    assert refusal(bench.site("DELETE", f"/api/v1/developer_keys/{key['id']}")) == NOT_FOUND
    assert refusal(put(bench, key, name="x")) == NOT_FOUND
    assert refusal(bench.bind(2, key["id"], "on")) == NOT_FOUND


def test_the_built_in_key_is_neither_deleted_nor_deactivated(bench: KeyBench) -> None:
    (built_in,) = shown(bench.site("GET", "/api/v1/accounts/site_admin/developer_keys"))
    refused = (400, "Please never delete the default developer key")

    assert built_in["name"] == "User-Generated"
    assert refusal(bench.site("DELETE", f"/api/v1/developer_keys/{built_in['id']}")) == refused
    assert refusal(put(bench, built_in, event="deactivate")) == refused


def test_a_new_secret_is_refused_in_this_order(bench: KeyBench) -> None:
    site_key, key, other = bench.own_key(1), bench.own_key(2), bench.own_key(2)
    for one in (key, other):
        bench.bind(2, one["id"], "on")
    address = f"/api/v1/developer_keys/{key['id']}/regenerate_secret"
    foreign = bench.token_for(other["id"], SITE_PERSON)[1]

    global_first = bench.site("POST", f"/api/v1/developer_keys/{site_key['id']}/regenerate_secret")
    assert refusal(global_first) == (403, "Cannot regenerate secret for Site Admin keys")
    assert refusal(bench.site("POST", address)) == (403, "Feature not enabled")
    bench.policies(2, "regenerate_secrets")
    manual = bench.site("POST", address)
    assert refusal(manual) == (403, "Cannot regenerate secret using a user-generated access token")
    assert refusal(bench.call("POST", address, token=foreign)) == (
        403, "Cannot regenerate secret for a developer key other than the one associated with this access token"
    )  # fmt: skip
    assert refusal(bench.site("POST", "/api/v1/developer_keys/999/regenerate_secret")) == NOT_FOUND
    assert bench.call("POST", address, token=bench.person(2).token).status == 403
    assert bench.key_row(key["id"]).secret.reveal() == key["api_key"]


def test_a_new_secret_is_shown_whole_and_ends_the_keys_tokens(bench: KeyBench) -> None:
    key = bench.own_key(2)
    bench.bind(2, key["id"], "on")
    bench.policies(2, "regenerate_secrets")
    token_id, token = bench.token_for(key["id"], SITE_PERSON)
    address = f"/api/v1/developer_keys/{key['id']}/regenerate_secret"

    rotated = shown(bench.call("POST", address, token=token))

    assert len(rotated["api_key"]) == 64
    assert rotated["api_key"] != key["api_key"]
    assert bench.token_state(token_id) == "deleted"
    assert refusal(bench.call("POST", address, token=token)) == (401, "Revoked access token.")


def test_a_person_signed_in_may_make_a_new_secret(bench: KeyBench) -> None:
    key = bench.own_key(2)
    bench.policies(2, "regenerate_secrets")
    cookie, csrf = bench.session_of(SITE_PERSON)
    address = f"/api/v1/developer_keys/{key['id']}/regenerate_secret"

    assert bench.call("POST", address, headers={"cookie": cookie}).status == 422
    assert bench.call("POST", address, headers={"cookie": cookie, "x-csrf-token": "wrong"}).status == 422
    assert bench.call("POST", address, headers={"cookie": cookie, "x-csrf-token": csrf}).status == 200
    assert bench.call("POST", address, headers={"cookie": cookie}, form={"authenticity_token": csrf}).status == 200
    assert bench.call("GET", "/api/v1/accounts/2/developer_keys", headers={"cookie": cookie}).status == 200


def test_where_secrets_are_regenerated_only_new_ones_are_shown_whole(bench: KeyBench) -> None:
    bench.policies(2, "regenerate_secrets")
    key = bench.own_key(2)
    hint = f"{key['api_key'][:5]}..."

    (listed,) = shown(bench.site("GET", "/api/v1/accounts/2/developer_keys"))
    changed = shown(put(bench, key, name="New"))
    deleted = shown(bench.site("DELETE", f"/api/v1/developer_keys/{key['id']}"))

    assert len(key["api_key"]) == 64
    assert [listed["api_key"], changed["api_key"], deleted["api_key"]] == [hint, hint, hint]


def test_operator_flags_are_for_site_administrators_only(bench: KeyBench) -> None:
    key = bench.own_key(2)
    address = f"/api/keystead/v1/developer_keys/{key['id']}"
    reader = bench.admin(1, bench.role(1, "Reader", "manage_developer_keys"), tenant=1)

    for token in (bench.admin(2).token, bench.person(2).token, reader.token):
        assert bench.call("PATCH", address, token=token, json={"trusted": True}).status in (403, 404)
    assert bench.call("PATCH", address, json={"trusted": True}).status == 401
    assert not bench.key_row(key["id"]).trusted


def test_operator_flags_are_set_and_shown(bench: KeyBench) -> None:
    key = bench.own_key(2)
    given = {
        "trusted": True, "force_token_reuse": True, "replace_tokens": True, "internal_service": True,
        "client_type": "public", "security_profile": "strict", "public_jwk_url": "https://a.example/jwks",
        "public_jwk": {"kty": "EC", "crv": "P-256", "x": "x", "y": "y"}, "authorized_flows": ["service_user"],
        "may_introspect": True, "service_user_id": SITE_PERSON,
    }  # fmt: skip

    changed = shown(bench.site("PATCH", f"/api/keystead/v1/developer_keys/{key['id']}", json=given))

    assert {name: changed[name] for name in given} == given
    assert "api_key" not in changed
    assert changed["require_scopes"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_type": "odd"}, {"security_profile": None}, {"trusted": "perhaps"}, {"public_jwk": {"d": "x"}},
        {"public_jwk": "x"}, {"authorized_flows": "x"}, {"service_user_id": 999}, {"service_user_id": [1]},
        {"public_jwk_url": {}},
    ],
)  # fmt: skip
def test_a_wrong_operator_flag_is_refused(bench: KeyBench, wrong: dict[str, Any]) -> None:
    key = bench.own_key(2)

    assert bench.site("PATCH", f"/api/keystead/v1/developer_keys/{key['id']}", json=wrong).status == 400


def test_forced_reuse_and_expiring_tokens_exclude_each_other(bench: KeyBench) -> None:
    key = bench.own_key(2, auto_expire_tokens=True)

    response = bench.site(
        "PATCH", f"/api/keystead/v1/developer_keys/{key['id']}", json={"force_token_reuse": True}
    )  # fmt: skip

    text = "auto_expire_tokens cannot be set if force_token_reuse is set"
    assert response.json["errors"]["auto_expire_tokens"][0]["message"] == text


def test_every_change_is_audited_with_who_and_why(bench: KeyBench) -> None:
    admin = bench.admin(2)
    key = bench.own_key(2, by=admin.token)

    bench.call(
        "PUT", f"/api/v1/developer_keys/{key['id']}", token=admin.token,
        json={"developer_key": {"name": "New"}, "because": "A better name"},
    )  # fmt: skip

    (entry,) = bench.audited("key.updated")
    assert (entry.user_id, entry.because, entry.before, entry.after) == (
        admin.id, "A better name", {"name": "An app"}, {"name": "New"}
    )  # fmt: skip
