"""Can programs ask for keys and decide, by a manifest given or fetched, with the rights of who they act for?"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keystead.api import key_requests, keys, vetting, vetting_rules
from keystead.core.ids import global_id
from keystead.governance.requests import MOST_OPEN
from world import ROUTES, Bench, Clock, Person, bench_in

COURSES = "url:GET|/api/v1/courses"
FILES = "url:DELETE|/api/v1/files/:id"
ALL = (*ROUTES, *keys.ROUTES, *vetting.ROUTES, *vetting_rules.ROUTES, *key_requests.ROUTES)
MANIFEST: dict[str, Any] = {
    "manifest_version": 1, "name": "Timetables", "vendor": "Larch", "redirect_uris": ["https://larch.test/cb"],
    "scopes": [{"scope": COURSES, "reason": "to list them"}],
}  # fmt: skip
MORE = MANIFEST | {"scopes": [*MANIFEST["scopes"], {"scope": FILES, "reason": "to tidy up"}]}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = bench_in(tmp_path, Clock(), ALL)
    yield made
    made.close()


class Place:
    """A root account with somebody who asks and two who review."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.account = bench.root_account("North")
        self.base = f"/api/keystead/v1/accounts/{self.account}"
        self.pat, self.ada, self.bob = bench.person(self.account), bench.admin(self.account), bench.admin(self.account)

    def __call__(self, who: Person, verb: str, path: str = "", body: Any = None) -> tuple[int, Any]:
        answer = self.bench.call(
            verb, f"{self.base}/requests{path}", token=who.token, json=body, host="north.test"
        )  # fmt: skip
        return answer.status, answer.json


@pytest.fixture
def place(bench: Bench) -> Place:
    return Place(bench)


def test_a_request_goes_from_manifest_to_key(place: Place, bench: Bench) -> None:
    status, asked = place(place.pat, "POST", body={"manifest": MANIFEST, "because": "a course"})
    where = f"/{asked['id']}"
    said = place(place.ada, "POST", f"{where}/comments", {"comment": "Why now?"})
    _, done = place(place.ada, "PUT", f"{where}/decision", {"decision": "approve", "because": "fine"})
    key = bench.call(
        "GET", f"/api/v1/accounts/{place.account}/developer_keys", token=place.ada.token, host="north.test"
    )

    assert (status, asked["state"], asked["kind"], asked["risk"]["level"]) == (201, "open", "new", "low")
    assert (asked["yeses_needed"], asked["yeses_missing"], asked["key_id"]) == (1, 1, None)
    assert said[0] == 201
    assert done["state"] == "approved"
    assert [step["kind"] for step in done["steps"]] == ["asked", "commented", "approved", "done"]
    (made,) = key.json
    assert (made["id"], made["name"], made["scopes"]) == (done["key_id"], "Timetables", [COURSES])
    assert made["developer_key_account_binding"]["workflow_state"] == "off"
    assert [entry.surface for entry in bench.audited("request.asked")] == ["api"]


def test_a_manifest_is_fetched_from_its_address(place: Place, bench: Bench) -> None:
    bench.outside["https://larch.test/manifest.json"] = json.dumps(MANIFEST).encode()

    status, asked = place(place.pat, "POST", body={"url": "https://larch.test/manifest.json"})
    gone, refusal = place(place.pat, "POST", body={"url": "https://larch.test/other.json"})

    assert (status, asked["source"], asked["manifest"]["name"]) == (
        201,
        "https://larch.test/manifest.json",
        "Timetables",
    )
    assert (gone, refusal["errors"]["url"][0]["message"]) == (400, "it answers 404")


def test_two_must_agree_to_what_is_risky_and_anew_to_what_grows(place: Place) -> None:
    _, asked = place(place.pat, "POST", body={"manifest": MORE})
    where = f"/{asked['id']}"

    _, once = place(place.ada, "PUT", f"{where}/decision", {"decision": "approve"})
    again, refusal = place(place.ada, "PUT", f"{where}/decision", {"decision": "approve"})
    grown = MORE | {"redirect_uris": ["https://larch.test/cb", "https://else.test/cb"]}
    _, changed = place(place.pat, "PUT", f"{where}/manifest", {"manifest": grown})
    _, narrowed = place(place.bob, "PUT", f"{where}/scopes", {"scopes": [COURSES]})
    _, done = place(place.bob, "PUT", f"{where}/decision", {"decision": "approve"})

    assert (asked["yeses_needed"], once["agreed_by"]) == (2, [global_id(place.ada.id)])
    assert again == 400
    assert "agreement already" in refusal["errors"]["request"][0]["message"]
    assert (changed["agreed_by"], narrowed["taken_out"], narrowed["yeses_needed"]) == ([], [FILES], 1)
    assert done["state"] == "approved"


def test_a_change_of_a_key_is_compared_with_what_it_is(place: Place) -> None:
    _, asked = place(place.pat, "POST", body={"manifest": MANIFEST})
    _, made = place(place.ada, "PUT", f"/{asked['id']}/decision", {"decision": "approve"})

    status, change = place(place.pat, "PUT", f"/{asked['id']}/manifest", {"manifest": MORE})
    _, other = place(place.pat, "POST", body={"manifest": MORE, "key_id": made["key_id"]})
    _, listed = place(place.ada, "GET", "?state=open")

    assert (status, change["kind"], change["key_id"]) == (200, "change", made["key_id"])
    assert change["change"]["scopes_added"] == [{"scope": FILES, "reason": "to tidy up"}]
    assert other["change"] == change["change"]
    assert [one["id"] for one in listed] == [other["id"], change["id"]]
    assert "steps" not in listed[0]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"manifest": MANIFEST, "url": "https://larch.test/m"}, 400),
        ({"manifest": {"manifest_version": 1}}, 400),
        ({"manifest": "no: [json"}, 400),
        ({"manifest": MANIFEST | {"scopes": []}}, 400),
        ({"manifest": MANIFEST | {"scopes": [{"scope": "url:GET|/api/v1/nothing", "reason": "x"}]}}, 400),
        ({"manifest": MANIFEST, "key_id": 1}, 404),
        ({"manifest": MANIFEST, "key_id": "x"}, 404),
    ],
)
def test_what_cannot_be_asked_is_refused(place: Place, body: dict[str, Any], status: int) -> None:
    answer, told = place(place.pat, "POST", body=body)

    assert answer == status, told
    assert place(place.pat, "GET")[1] == []


def test_each_sees_their_own_and_reviewers_all(place: Place, bench: Bench) -> None:
    lee, stranger = bench.person(place.account), bench.person(bench.root_account("South"))
    _, asked = place(place.pat, "POST", body={"manifest": MANIFEST})
    where = f"/{asked['id']}"

    assert [one["id"] for one in place(place.pat, "GET")[1]] == [asked["id"]]
    assert place(lee, "GET")[1] == []
    assert place(lee, "GET", where)[0] == 404
    assert place(place.ada, "GET", where)[0] == 200
    assert place(place.pat, "PUT", f"{where}/decision", {"decision": "approve"})[0] == 403
    assert place(place.pat, "PUT", f"{where}/scopes", {"scopes": [COURSES]})[0] == 403
    assert place(place.ada, "PUT", f"{where}/decision", {"decision": "withdraw"})[0] == 403
    assert place(place.ada, "PUT", f"{where}/decision", {"decision": "perhaps"})[0] == 400
    assert place(place.ada, "PUT", f"{where}/decision", {"decision": "refuse"})[0] == 400
    assert place(place.pat, "GET", "?state=nonsense")[0] == 400
    assert place(stranger, "GET")[0] in (401, 403)
    assert place(place.pat, "PUT", f"{where}/decision", {"decision": "withdraw"})[1]["state"] == "withdrawn"


def test_somebody_who_asks_without_end_is_stopped(place: Place) -> None:
    statuses = [place(place.pat, "POST", body={"manifest": MANIFEST})[0] for _ in range(MOST_OPEN + 1)]

    assert statuses == [201] * MOST_OPEN + [400]
