"""What the upstream is told about the person acting, and who may act as somebody else."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from databases import SITE_TOKEN
from gateway_bench import Answered, GatewayBench
from keys_bench import COURSES
from keystead.core.instants import SECOND, Instant
from world import SITE_PERSON

REFUSED = (401, {"errors": "Invalid as_user_id"}, [])
UNCHANGEABLE = (401, {"errors": "Cannot change masquerade"}, [])
TARGET = "/api/v1/courses"


def refusal(answer: Answered) -> tuple[int, Any, list[str]]:
    return answer.status, answer.json, answer.named("www-authenticate")


def statement(gate: GatewayBench, token: str, target: str = TARGET) -> str:
    assert gate.ask("GET", target, token=token).status == 200
    return gate.last.named("x-keystead-identity")[0]


def test_the_statement_names_who_where_by_which_key_and_within_which_scopes(gate: GatewayBench) -> None:
    person = gate.person(2, "Ada Lovelace", login="ada")
    key, token = gate.live_token(person.id, COURSES)

    gate.ask("GET", TARGET, token=token, host="keystead.test:8090")

    now = gate.clock.now // SECOND
    assert gate.last.identity == {
        "iss": "http://keystead.test:8090", "aud": gate.upstream_url, "iat": now, "exp": now + 60,
        "sub": str(person.id), "name": "Ada Lovelace", "login": "ada", "account": 2, "client_id": str(key["id"]),
        "scopes": [COURSES],
    }  # fmt: skip


def test_the_statement_is_signed_with_a_published_key(gate: GatewayBench) -> None:
    text = statement(gate, SITE_TOKEN)

    checked = jwt.decode(text, KeySet.import_key_set(gate.signing.published()), algorithms=["ES256", "Ed25519"])

    assert checked.claims["sub"] == "1"
    assert checked.claims["scopes"] == []


def test_a_statement_serves_again_while_twenty_seconds_of_it_are_left(gate: GatewayBench) -> None:
    first = statement(gate, SITE_TOKEN)

    gate.clock.now = Instant(gate.clock.now + 40 * SECOND)
    assert statement(gate, SITE_TOKEN) == first
    gate.clock.now = Instant(gate.clock.now + 1 * SECOND)
    assert statement(gate, SITE_TOKEN) != first


def test_a_statement_does_not_outlive_the_facts_it_tells(gate: GatewayBench) -> None:
    first = statement(gate, SITE_TOKEN)

    gate.site("PUT", f"/api/v1/users/{SITE_PERSON}", form={"user[name]": "Somebody New"})

    gate.ask("GET", TARGET, token=SITE_TOKEN)
    call = gate.last
    assert call.named("x-keystead-identity") != [first]
    assert call.identity["name"] == "Somebody New"


def test_whoever_may_become_somebody_acts_as_them_and_the_upstream_sees_both(gate: GatewayBench) -> None:
    admin, person = gate.admin(2), gate.person(2, login="ada")

    for way in (f"?as_user_id={person.id}&x=1", f"?x=1&as_user_id=1~{person.id}"):
        assert gate.ask("GET", TARGET + way, token=admin.token).status == 200
        call = gate.last
        assert call.target == f"{TARGET}?x=1"
        assert (call.identity["sub"], call.identity["login"]) == (str(person.id), "ada")
        assert call.identity["act"] == {"sub": str(admin.id), "name": "Ada Lovelace"}
    body, kind = f"a=1&as_user_id={person.id}".encode(), "application/x-www-form-urlencoded"
    assert gate.ask("POST", TARGET, token=admin.token, body=body, content_type=kind).status == 200
    call = gate.last
    assert (call.body, call.identity["sub"]) == (b"a=1", str(person.id))


@pytest.mark.parametrize("blank", ["", "%20", "self"])
def test_acting_as_oneself_or_nobody_is_acting_as_oneself(gate: GatewayBench, blank: str) -> None:
    assert gate.ask("GET", f"{TARGET}?as_user_id={blank}", token=SITE_TOKEN).status == 200
    assert "act" not in gate.last.identity


@pytest.mark.parametrize("nobody", ["999", "x", "sis_user_id:x", "0", "-1", "9" * 40, "%EF%BC%91"])
def test_nobody_can_be_acted_as(gate: GatewayBench, nobody: str) -> None:
    assert refusal(gate.ask("GET", f"{TARGET}?as_user_id={nobody}", token=SITE_TOKEN)) == REFUSED


def test_only_those_with_fewer_rights_can_be_acted_as(gate: GatewayBench) -> None:
    role = gate.role(2, "Helpdesk", "become_user", "read_roster")
    helper, admin, person, peer = gate.admin(2, role), gate.admin(2), gate.person(2), gate.admin(2, role)

    def status(by: str, who: int) -> int:
        return gate.ask("GET", f"{TARGET}?as_user_id={who}", token=by).status

    assert [status(helper.token, one.id) for one in (person, peer, admin)] == [200, 200, 401]
    assert status(helper.token, SITE_PERSON) == 401
    assert status(admin.token, helper.id) == 200
    assert status(person.token, peer.id) == 401
    assert status(SITE_TOKEN, admin.id) == 200


def test_a_suspended_person_and_one_of_another_tenant_cannot_be_acted_as(gate: GatewayBench) -> None:
    admin, person = gate.admin(2), gate.person(2)
    stranger = gate.person(gate.root_account("Other"))
    gate.site("PUT", f"/api/v1/users/{person.id}", form={"user[event]": "suspend"})

    for who in (person.id, stranger.id):
        assert refusal(gate.ask("GET", f"{TARGET}?as_user_id={who}", token=admin.token)) == REFUSED


def test_a_scoped_tokens_scopes_decide_before_the_mask_is_looked_at(gate: GatewayBench) -> None:
    admin, person = gate.admin(2), gate.person(2)
    _, token = gate.live_token(admin.id, COURSES)

    assert gate.ask("GET", f"{TARGET}?as_user_id={person.id}", token=token).status == 200
    assert gate.ask("GET", f"{TARGET}/1?as_user_id=999", token=token).json == {
        "errors": [{"message": "Insufficient scopes on access token."}]
    }


def test_a_strict_keys_token_acts_as_nobody_else(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON)
    person = gate.person(2)
    gate.set_key(key["id"], profile="strict")

    assert refusal(gate.ask("GET", f"{TARGET}?as_user_id={person.id}", token=token)) == REFUSED


def test_a_token_made_behind_a_mask_keeps_it_while_the_right_stands(gate: GatewayBench) -> None:
    admin, person, other = gate.admin(2), gate.person(2), gate.person(2)
    key, _ = gate.live_token(SITE_PERSON)
    _, token = gate.token_for(key["id"], person.id, real_user_id=admin.id)

    assert gate.ask("GET", TARGET, token=token).status == 200
    assert gate.last.identity["act"]["sub"] == str(admin.id)
    assert gate.ask("GET", f"{TARGET}?as_user_id={person.id}", token=token).status == 200
    assert refusal(gate.ask("GET", f"{TARGET}?as_user_id={other.id}", token=token)) == UNCHANGEABLE
    assert refusal(gate.ask("GET", f"{TARGET}?as_user_id=999", token=token)) == UNCHANGEABLE
    assert gate.site("DELETE", f"/api/v1/accounts/2/admins/{admin.id}").status == 200
    assert gate.ask("GET", TARGET, token=token).json == {"errors": [{"message": "Invalid access token."}]}


def test_our_own_resources_are_answered_as_the_person_behind_the_mask_and_audited_with_both(gate: GatewayBench) -> None:
    admin, deputy = gate.admin(2), gate.admin(2)

    made = gate.call(
        "POST", f"/api/v1/accounts/2/developer_keys?as_user_id={deputy.id}", token=admin.token,
        json={"developer_key": {"name": "App"}},
    )  # fmt: skip

    (entry,) = gate.audited("key.created")
    assert made.status == 200
    assert (entry.user_id, entry.real_user_id) == (deputy.id, admin.id)
