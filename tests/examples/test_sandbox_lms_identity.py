"""Who acts: what a request must prove before anything is answered."""

import asyncio
import json
from typing import Any

import pytest
from joserfc.jwk import OKPKey

from sandbox_lms.identity import REFETCH_PAUSE_SECONDS, PublishedKeys
from sandbox_lms_bench import OTHER_CURVE, PUBLIC_KEYS, SIGNING, Sandbox, claims, signed

UNAUTHENTICATED = {"status": "unauthenticated", "errors": [{"message": "user authorization required"}]}


def ask(sandbox: Sandbox, token: str) -> Any:
    return sandbox.get(None, "/courses/101", headers={"X-Keystead-Identity": token})


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1_700_000_000},
        {"exp": None},
        {"exp": "soon"},
        {"aud": "http://elsewhere.example"},
        {"aud": None},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"sub": None},
        {"sub": 77},
        {"login": None},
        {"login": ["teacher"]},
    ],
    ids=str,
)
def test_an_identity_with_wrong_claims_is_refused(sandbox: Sandbox, changes: dict[str, Any]) -> None:
    reply = ask(sandbox, signed(claims("teacher", **changes)))

    assert (reply.status_code, reply.json()) == (401, UNAUTHENTICATED)


def test_an_identity_that_is_not_signed_by_a_known_key_is_refused(sandbox: Sandbox) -> None:
    stranger = OKPKey.generate_key("Ed25519", {"kid": "one"})
    good = signed(claims("teacher"))
    unsigned = "eyJhbGciOiJub25lIiwia2lkIjoib25lIn0." + good.split(".")[1] + "."

    tokens = [signed(claims("teacher"), stranger), good[:-6] + "AAAAAA", unsigned, "x", "a.b.c", "", "x" * 20_000]

    assert [ask(sandbox, each).status_code for each in tokens] == [401] * len(tokens)
    assert sandbox.get(None, "/courses/101").status_code == 401


def test_two_identities_in_one_request_are_refused(sandbox: Sandbox) -> None:
    both = [("X-Keystead-Identity", signed(claims(each))) for each in ("student", "teacher")]

    assert asyncio.run(sandbox._send("GET", "/courses/101", headers=both)).status_code == 401


def test_both_signature_kinds_are_accepted(sandbox: Sandbox) -> None:
    assert ask(sandbox, signed(claims("teacher"))).status_code == 200
    assert ask(sandbox, signed(claims("teacher"), OTHER_CURVE, "ES256")).status_code == 200


def test_a_like_named_person_of_another_root_account_is_a_stranger(sandbox: Sandbox) -> None:
    assert ask(sandbox, signed(claims("teacher", account=9))).status_code == 403
    assert ask(sandbox, signed(claims("teacher", account=None))).status_code == 403


def test_somebody_acting_for_another_has_the_rights_of_the_other(sandbox: Sandbox) -> None:
    acting = claims("student", sub="4", act={"sub": "2", "login": "admin"})

    assert ask(sandbox, signed(acting)).status_code == 200
    assert "sis_course_id" not in ask(sandbox, signed(acting)).json()


def test_includes_that_the_gateway_could_not_cut_are_cut_here(sandbox: Sandbox) -> None:
    path, token = "/courses/101?include[]=term", signed(claims("student", includes=False))

    assert "term" in sandbox.get("student", path).json()
    assert "term" not in sandbox.get(None, path, headers={"X-Keystead-Identity": token}).json()


def test_the_keys_are_fetched_when_needed_and_again_only_after_a_pause() -> None:
    moment, fetched = [0.0], list[str]()

    async def fetch(url: str) -> bytes:
        fetched.append(url)
        return json.dumps(PUBLIC_KEYS.as_dict(private=False)).encode()

    async def journey() -> list[bool]:
        keys = PublishedKeys("http://keystead.example/jwks", fetch, lambda: moment[0])
        known = [await keys.find(SIGNING.kid or "") is not None, await keys.find("new") is not None]
        moment[0] += REFETCH_PAUSE_SECONDS
        return [*known, await keys.find("new") is not None, await keys.find("newer") is not None]

    assert asyncio.run(journey()) == [True, False, False, False]
    assert len(fetched) == 2


def test_keys_that_cannot_be_read_are_said_to_be_unavailable() -> None:
    async def fetch(url: str) -> bytes:
        raise ConnectionRefusedError(url)

    reply = Sandbox(PublishedKeys("http://keystead.example/jwks", fetch)).get("teacher", "/courses/101")

    assert (reply.status_code, reply.json()) == (503, {"errors": [{"message": "The identity keys cannot be read."}]})
