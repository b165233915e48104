"""Can programs do what the pages about vetting can, with the same rights?"""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest

from keystead.core.ids import global_id
from keystead.core.vetting_rules import USUAL_RULES, told_rules
from oauth_bench import COURSES, NORTH, Browser, Client, OAuthBench


class Program:
    """What calls the API as ada, who administers north."""

    def __init__(self, bench: OAuthBench, browser: Browser) -> None:
        self.browser = browser
        self.base = f"/api/keystead/v1/accounts/{bench.accounts[NORTH]}"

    def __call__(self, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
        proof = {"x-csrf-token": self.browser.http.cookies.get("_csrf_token") or ""}
        answer = self.browser.request(verb, self.base + path, json=body or {}, headers=proof)
        return answer.status_code, answer.json()


@pytest.fixture
def ada(bench: OAuthBench) -> Iterator[Program]:
    bench.administrator("ada", NORTH)
    program = Program(bench, bench.browser(NORTH).signed_in("ada"))
    yield program
    program("PATCH", "/vetting/rules", told_rules(USUAL_RULES))


def reader(bench: OAuthBench, **values: Any) -> Client:
    return bench.key(**({"scopes": (COURSES,), "require_scopes": True, "name": "Reader"} | values))


def test_a_record_is_shown_changed_and_complete(bench: OAuthBench, ada: Program) -> None:
    key = reader(bench)
    path = f"/keys/{key.id}/vetting"

    _, before = ada("GET", path)
    asked = before["questions"][0]["id"]
    changes = {
        "items": {
            "token_storage": {"state": "in_place", "valid_until": "2999-01-01", "digest": "A" * 64},
            "contacts": {"state": "not_needed", "note": "we know them"},
        },
        "note": "for maths", "answers": {asked: "a calendar"}, "because": "new",
    }  # fmt: skip
    status, after = ada("PATCH", path, changes)

    assert before["key_id"] == global_id(key.id)
    assert [lack["item"] for lack in before["missing"]] == ["token_storage", "contacts"]
    assert (before["completed_at"], before["owner"], before["exceptions"]) == (None, None, [])
    assert (status, after["missing"], after["note"]) == (200, [], "for maths")
    assert after["completed_at"] is not None
    assert after["questions"][0]["answer"] == "a calendar"
    (storage,) = [one for one in after["items"] if one["item"] == "token_storage"]
    assert (storage["standing"], storage["valid_until"], storage["digest"]) == ("complete", "2999-01-01", "a" * 64)
    assert storage["changed_by"] == "Ada Person"
    entries = bench.audited("vetting.item_set")
    assert [(entry.because, entry.surface) for entry in entries] == [("new", "api")] * 2


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"items": {"luck": {"state": "in_place"}}}, 404),
        ({"items": {"ferpa": {"state": "perhaps"}}}, 400),
        ({"items": {"ferpa": {"valid_until": "soon"}}}, 400),
        ({"items": {"ferpa": "in_place"}}, 400),
        ({"items": {"ferpa": {"evidence_id": 999_999}}}, 404),
        ({"vendor_id": 999_999}, 404),
        ({"answers": {"nothing": "x"}}, 400),
    ],
)
def test_a_change_that_cannot_be_made_changes_nothing(
    bench: OAuthBench, ada: Program, changes: dict[str, Any], status: int
) -> None:
    path = f"/keys/{reader(bench).id}/vetting"
    _, before = ada("GET", path)

    answer, body = ada("PATCH", path, {"note": "x"} | changes)

    assert answer == status, body
    assert "errors" in body
    assert ada("GET", path)[1] == before


def test_risk_is_told_with_reasons(bench: OAuthBench, ada: Program) -> None:
    key = reader(bench)

    assert ada("GET", f"/keys/{key.id}/risk") == (
        200,
        {
            "key_id": global_id(key.id),
            "level": "low",
            "reasons": [{"trait": "reads_only", "level": "low", "scopes": 1, "shown_by": []}],
        },
    )


def test_evidence_goes_in_and_comes_out_with_its_digest(bench: OAuthBench, ada: Program) -> None:
    key, other = reader(bench), reader(bench)
    content = b64encode(b"signed").decode()
    given = {"item": "contract", "name": "c.pdf", "content_type": "application/pdf", "content": content}

    status, made = ada("POST", f"/keys/{key.id}/vetting/evidence", given)
    _, shown = ada("GET", f"/keys/{key.id}/vetting/evidence/{made['id']}")
    _, record = ada("GET", f"/keys/{key.id}/vetting")

    assert status == 201
    assert made["digest"] == sha256(b"signed").hexdigest()
    assert (shown["content"], shown["content_type"]) == (content, "application/pdf")
    assert record["items"][0]["file"]["id"] == made["id"]
    assert ada("GET", f"/keys/{other.id}/vetting/evidence/{made['id']}")[0] == 404
    assert ada("POST", f"/keys/{key.id}/vetting/evidence", given | {"item": "luck"})[0] == 400


def test_the_list_is_filtered_and_paged(bench: OAuthBench, ada: Program) -> None:
    low, critical = reader(bench), reader(bench, require_scopes=False)

    _, risky = ada("GET", "/vetting?risk=critical&per_page=100")
    _, first = ada("GET", "/vetting?per_page=1")

    ids = [one["key_id"] for one in risky]
    assert global_id(critical.id) in ids
    assert global_id(low.id) not in ids
    assert len(first) == 1
    assert ada("GET", "/vetting?show=nonsense") == (200, [])


def test_rules_gate_and_exception_work_together(bench: OAuthBench, ada: Program) -> None:
    key = reader(bench, on=None)
    binding = f"/api/v1/accounts/{bench.accounts[NORTH]}/developer_keys/{key.id}/developer_key_account_bindings"
    proof = {"x-csrf-token": ada.browser.http.cookies["_csrf_token"]}

    def turn_on() -> int:
        return ada.browser.post(binding, {"workflow_state": "on"}, headers=proof).status_code

    status, changed = ada("PATCH", "/vetting/rules", {"blocks": ["low"], "because": "policy"})
    refused = turn_on()
    _, closed = ada("GET", f"/keys/{key.id}/vetting")
    made, exception = ada("POST", f"/keys/{key.id}/vetting/exceptions", {"days": 7, "because": "pilot"})
    passed = turn_on()
    ended, over = ada("DELETE", f"/keys/{key.id}/vetting/exceptions/{exception['id']}")

    assert (status, changed["blocks"], changed["needs"]) == (200, ["low"], told_rules(USUAL_RULES)["needs"])
    assert (refused, closed["may_be_turned_on"]) == (400, False)
    assert (made, exception["is_live"], passed) == (201, True, 201)
    assert (ended, over["is_live"]) == (200, False)
    assert ada("POST", f"/keys/{key.id}/vetting/exceptions", {"days": "many", "because": "x"})[0] == 400
    assert ada("DELETE", f"/keys/{key.id}/vetting/exceptions/999999")[0] == 404


def test_questionnaires_are_exported_and_imported(ada: Program) -> None:
    _, document = ada("GET", "/vetting/questionnaires")
    document["questionnaires"]["low"] = [{"question": "Why?", "item": "ferpa"}]

    status, after = ada("PUT", "/vetting/questionnaires", document)

    assert status == 200
    assert [one["question"] for one in after["questionnaires"]["low"]] == ["Why?"]
    assert after["questionnaires"]["high"] == document["questionnaires"]["high"]
    assert ada("PUT", "/vetting/questionnaires", {"format": "else"})[0] == 400


def test_vendors_are_noted_listed_and_changed(bench: OAuthBench, ada: Program) -> None:
    name = f"Maker at {bench.clock()}"

    status, made = ada("POST", "/vendors", {"name": name, "website": "https://maker.test"})
    again, refusal = ada("POST", "/vendors", {"name": name})
    _, changed = ada("PATCH", f"/vendors/{made['id']}", {"contacts": "call"})
    key = reader(bench)
    _, record = ada("PATCH", f"/keys/{key.id}/vetting", {"vendor_id": made["id"]})

    assert (status, again) == (201, 400)
    assert refusal["errors"]["name"][0]["message"] == "is known already"
    assert changed == made | {"contacts": "call"}
    assert record["vendor"] == changed
    assert changed in ada("GET", "/vendors")[1]
    assert ada("POST", "/vendors", {"name": "x", "website": "javascript:1"})[0] == 400


@pytest.mark.parametrize("path", ["/vetting", "/vetting/rules", "/vetting/questionnaires", "/vendors"])
def test_nobody_else_is_answered(bench: OAuthBench, ada: Program, path: str) -> None:
    pat = Program(bench, bench.browser(NORTH).signed_in())

    assert ada("GET", path)[0] == 200
    assert pat("GET", path)[0] == 403
    assert pat("PATCH", "/vetting/rules", {"blocks": ["low"]})[0] == 403
    assert pat("PATCH", f"/keys/{reader(bench).id}/vetting", {"note": "x"})[0] == 403
    assert Program(bench, bench.browser(NORTH))("GET", path)[0] == 401


@pytest.mark.parametrize(
    "body",
    [
        {"items": {"ferpa": {"state": ["in_place"]}}},
        {"items": {"ferpa": {"state": {"in": "place"}}}},
        {"items": {"ferpa": {"note": ["x"]}}},
        {"items": {"ferpa": {"valid_until": {}}}},
        {"items": ["ferpa"]},
        {"note": {"x": "y"}},
        {"answers": ["x"]},
        {"vendor_id": [1]},
    ],
)
def test_values_of_a_wrong_shape_are_refused(bench: OAuthBench, ada: Program, body: Any) -> None:
    status, told = ada("PATCH", f"/keys/{reader(bench).id}/vetting", body)

    assert status == 400, told


@pytest.mark.parametrize("body", [{"risk": {"writes": ["low"]}}, {"risk": "low"}, {"blocks": {"low": 1}}])
def test_rules_of_a_wrong_shape_are_refused(ada: Program, body: Any) -> None:
    assert ada("PATCH", "/vetting/rules", body)[0] == 400
