"""Does every call of our own API need the rights that docs/roles.md says, and no others? Asked of the calls."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest

from keystead.api.openapi import PREFIX
from keystead.api.operations import OWN_ROUTES
from keystead.core.accounts import Account, Policy
from keystead.core.actors import Actor, Right, with_implied
from keystead.core.ids import KeyId, UserId
from keystead.core.instants import DAY
from keystead.core.key_requests import RequestKind, RequestState
from keystead.core.manifests import AskedScope, Manifest, told_manifest
from keystead.core.questionnaires import USUAL, exported
from keystead.core.tokens import TokenState
from keystead.core.vetting import Item
from keystead.governance.vetting import add_evidence
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.transaction import Origin, Transaction
from keystead.storage.vault import new_token
from keystead.storage.write.batches import insert_batch
from keystead.storage.write.requests import insert_request
from keystead.storage.write.subscriptions import insert_subscription
from keystead.storage.write.tokens import insert_token
from keystead.storage.write.vetting import insert_exception, insert_vendor
from keystead.storage.write.watches import mark_enforced, put_watch
from oauth_bench import COURSES, NORTH, USERS, Browser, OAuthBench

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "roles.md"
ROWS: Final = dict(re.findall(r"^\| [^|]+ \| `([A-Z]+ /[^`]+)` \| (.+) \|$", PAGE.read_text(), re.M))
EVERYBODY, OWNER, OPERATORS = "everybody", "its owner", "Site Admin's administrators"
_TEST: Final = Origin(surface="test")
_OPERATOR: Final = Actor(user_id=UserId(1), is_operator=True)
_PLANNER: Final = Manifest(
    name="Planner", redirect_uris=("https://planner.test/cb",),
    scopes=(AskedScope(scope=COURSES, reason="to list them"), AskedScope(scope=USERS, reason="to name people")),
)  # fmt: skip
_FEWER: Final = Manifest(name="Planner", redirect_uris=_PLANNER.redirect_uris, scopes=_PLANNER.scopes[:1])
_WHY: Final = {"because": "a test"}
_FILE: Final = {"item": "contract", "name": "a.txt", "content_type": "text/plain", "content": "aGVsbG8="}
_OWN_API: Final = f"{PREFIX}accounts/:account_id"
BODIES: Final[dict[str, dict[str, Any]]] = {
    f"PUT {_OWN_API}/keys/:id/note": {"note": "a test"},
    f"DELETE {_OWN_API}/keys/:id/tokens": {"all": "1"},
    f"PATCH {_OWN_API}/keys/:id/vetting": {"note": "a test"},
    f"POST {_OWN_API}/keys/:id/vetting/evidence": _FILE,
    f"PATCH {_OWN_API}/vetting/rules": {"accepts_owner": False},
    f"PUT {_OWN_API}/vetting/questionnaires": exported(USUAL),
    f"POST {_OWN_API}/keys/:id/vetting/exceptions": {"days": 1, **_WHY},
    f"PATCH {_OWN_API}/vendors/:vendor_id": {"website": "https://vendor.test"},
    f"POST {_OWN_API}/requests": {"manifest": told_manifest(_PLANNER)},
    f"PUT {_OWN_API}/requests/:request_id/manifest": {"manifest": told_manifest(_FEWER)},
    f"POST {_OWN_API}/requests/:request_id/comments": {"comment": "a test"},
    f"PUT {_OWN_API}/requests/:request_id/scopes": {"scopes": [COURSES]},
    f"PUT {_OWN_API}/requests/:request_id/decision": {"decision": "refuse", **_WHY},
    f"POST {_OWN_API}/vendors": {"name": "Vendor {number}"},
    f"POST {_OWN_API}/roles": {"template": "auditor", "label": "Auditor {number}"},
    f"POST {_OWN_API}/subscriptions": {"channel": "webhook", "address": "https://hook.test/"},
    f"PUT {_OWN_API}/keys/:id/watch": {"scopes": [COURSES]},
    f"POST {_OWN_API}/unused_keys/off": {"keys": ["{key}"]},
    f"PUT {_OWN_API}/suspension_rule": {"refused": 5, "minutes": 5},
    f"POST {PREFIX}explain": {"method": "GET", "path": "/api/v1/courses", "developer_key_id": "{key}"},
    f"POST {PREFIX}catalogues": {"name": "x", "prefix": "/x", "document": {"openapi": "3.1.0"}},
    f"POST {PREFIX}catalogues/diff": {"name": "x", "prefix": "/x", "document": {"openapi": "3.1.0"}},
}  # fmt: skip
"""What a call sends that would be refused for its body alone, before anybody's rights are asked for."""
QUERIES: Final = {f"GET {_OWN_API}/keys/:id/impact": "?state=off"}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call that is about to be made: of which route, by whom, about which key and whose things."""

    tx: Transaction
    north: Account
    caller: UserId
    owner: UserId
    key_id: KeyId
    number: int


def _evidence(call: Call) -> int:
    key = read_keys.get_key(call.tx, call.key_id)
    return add_evidence(
        call.tx, call.north, key, Item.CONTRACT, name="a.txt", content_type="text/plain", content="aGVsbG8=",
        acting=_OPERATOR, because=None,
    ).id  # fmt: skip


def _request(call: Call) -> int:
    values: dict[str, Any] = {
        "account_id": call.north.id, "kind": RequestKind.NEW, "state": RequestState.OPEN, "user_id": call.owner,
        "key_id": None, "manifest": told_manifest(_PLANNER), "before": None, "taken_out": [], "source": None,
    }  # fmt: skip
    return insert_request(call.tx, values)


def _token(call: Call, state: TokenState = TokenState.ACTIVE) -> int:
    return insert_token(
        call.tx, user_id=call.owner, key_id=call.key_id, access=new_token(), refresh=None, scopes=(), state=state
    )  # fmt: skip


MADE: Final[Mapping[str, Callable[[Call], object]]] = {
    ":account_id": lambda call: call.north.id,
    "accounts/:id": lambda call: call.north.id,
    "keys/:id": lambda call: call.key_id,
    "developer_keys/:id": lambda call: call.key_id,
    ":developer_key_id": lambda call: call.key_id,
    ":evidence_id": _evidence,
    ":request_id": _request,
    ":token_id": _token,
    "tokens/:id": lambda call: _token(call, TokenState.PENDING),
    ":exception_id": lambda call: insert_exception(
        call.tx, call.north.id, call.key_id, because="a test", user_id=1, expires_at=call.tx.now + DAY
    ),
    ":batch_id": lambda call: insert_batch(call.tx, call.north.id, call.owner, None),
    ":vendor_id": lambda call: insert_vendor(call.tx, call.north.id, {"name": f"Known vendor {call.number}"}),
    "subscriptions/:id": lambda call: insert_subscription(
        call.tx, account_id=call.north.id, user_id=call.owner, channel="webhook", address="https://hook.test/",
        secret=new_token(), kinds=(), is_digest=False,
    ),
}  # fmt: skip
"""How what a path names is made, by the name in the path; names that are not here stand for 1."""


@dataclass(kw_only=True)
class House:
    """People of north, each with a role of their own rights, and the calls that they make."""

    bench: OAuthBench
    decision: str
    browsers: dict[str, Browser] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def browser(self, name: str, *rights: Right) -> Browser:
        """Return the browser of a person whose one role has these rights, perhaps none."""
        if name not in self.browsers:
            self.bench.holder(name, NORTH, *rights)
            address = f"10.9.0.{len(self.browsers) + 1}"
            self.browsers[name] = self.bench.browser(NORTH, address).signed_in(name)
        return self.browsers[name]

    def call(self, route: str, name: str, *rights: Right, owner: str | None = None) -> int:
        """Make a call as somebody with these rights about things of ``owner``, or their own; return the status."""
        browser, number = self.browser(name, *rights), next(self.numbers)
        enforces = route.endswith("/relax")
        key_id = self.bench.key(name="Tool", require_scopes=enforces, scopes=(COURSES,) if enforces else ()).id
        verb, _, template = route.partition(" ")
        with self.bench.database.write(_TEST) as tx:
            put_watch(tx, key_id, (COURSES,), tx.now)
            mark_enforced(tx, key_id, tx.now if enforces else None)
            north = read_accounts.get_account(tx, self.bench.accounts[NORTH])
            people = self.bench.people
            call = Call(
                tx=tx, north=north, caller=people[name], owner=people[owner or name], key_id=key_id, number=number
            )  # fmt: skip
            path = self._path(call, template)
        words = json.dumps(BODIES.get(route, {})).replace("{key}", str(key_id)).replace("{number}", str(number))
        proof = {"x-csrf-token": browser.http.cookies.get("_csrf_token") or "", "content-type": "application/json"}
        return browser.request(verb, path + QUERIES.get(route, ""), content=words, headers=proof).status_code

    def _path(self, call: Call, template: str) -> str:
        steps = template.split("/")
        for place, step in enumerate(steps):
            if step.startswith(":"):
                name = f"{steps[place - 1]}/:id" if step == ":id" else step
                steps[place] = self.decision if name == "decisions/:id" else str(MADE.get(name, lambda _: 1)(call))
        return "/".join(steps)


@pytest.fixture(scope="module")
def house(shared_bench: OAuthBench) -> Iterator[House]:
    """North with its people; secrets may be regenerated there."""
    bench = shared_bench
    bench.clear_the_table()
    narrow = bench.key(require_scopes=True, scopes=(USERS,), name="Narrow")
    refused = bench.call(bench.issued(narrow, scope=USERS)["access_token"], "/api/v1/courses")
    bench.set_policies(NORTH, Policy.REGENERATE_SECRETS)
    yield House(bench=bench, decision=refused.headers["x-keystead-decision"])
    bench.set_policies(NORTH)


def needed(route: str) -> frozenset[Right]:
    """Return the rights that the table asks for."""
    return frozenset(Right(name) for name in re.findall(r"`(\w+)`", ROWS[route]))


def is_let_in(status: int) -> bool:
    return status not in (401, 403, 404)


def test_the_table_decides_about_every_call_of_our_own_api() -> None:
    ours = {f"{route.verb} {route.template}" for route in OWN_ROUTES if route.template.startswith(PREFIX)}
    known = {f"{route.verb} {route.template}" for route in OWN_ROUTES}

    assert ours <= ROWS.keys() <= known
    assert all(needed(route) or words in (EVERYBODY, OWNER, OPERATORS) for route, words in ROWS.items())


@pytest.mark.parametrize("route", [route for route in ROWS if needed(route)])
def test_a_call_needs_the_rights_of_the_table_and_no_others(house: House, route: str) -> None:
    """With every right but those that are needed it is refused, and with one right alone too unless it implies them."""
    wanted = needed(route)

    let_in = {right for right in Right if is_let_in(house.call(route, f"only_{right}", right, owner="pat"))}

    assert let_in == {right for right in Right if wanted <= with_implied({right})}
    assert not is_let_in(house.call(route, "nobody", owner="pat"))
    assert is_let_in(house.call(route, "_".join(sorted(wanted)), *wanted, owner="pat"))
    for left_out in wanted:
        others = [right for right in Right if left_out not in with_implied({right})]
        assert not is_let_in(house.call(route, f"all_but_{left_out}", *others, owner="pat"))


@pytest.mark.parametrize("route", [route for route, words in ROWS.items() if words == OPERATORS])
def test_what_is_site_admins_no_right_of_an_institution_gives(house: House, route: str) -> None:
    assert not is_let_in(house.call(route, "everything", *Right, owner="pat"))


@pytest.mark.parametrize("route", [route for route, words in ROWS.items() if words == OWNER])
def test_what_belongs_to_somebody_is_theirs_alone(house: House, route: str) -> None:
    assert is_let_in(house.call(route, "nobody"))
    assert not is_let_in(house.call(route, "everything", *Right, owner="pat"))


@pytest.mark.parametrize("route", [route for route, words in ROWS.items() if words == EVERYBODY])
def test_what_is_everybodys_needs_no_role(house: House, route: str) -> None:
    assert is_let_in(house.call(route, "nobody"))


def test_usage_leaves_as_a_file_only_with_the_right_to_export(house: House) -> None:
    key = house.bench.key(name="Tool")
    address = f"/api/keystead/v1/accounts/{house.bench.accounts[NORTH]}/keys/{key.id}/usage?format="

    answers = {
        right: [
            house.browser(f"only_{right}", right).get(address + form).status_code for form in ("json", "csv", "jsonl")
        ]
        for right in (Right.VIEW_DEVELOPER_KEYS, Right.EXPORT_DEVELOPER_KEY_RECORDS)
    }

    assert answers == {
        Right.VIEW_DEVELOPER_KEYS: [200, 403, 403],
        Right.EXPORT_DEVELOPER_KEY_RECORDS: [200, 200, 200],
    }
