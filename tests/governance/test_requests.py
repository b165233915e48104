"""Does a request become a key only by enough yeses, off, and with every step in the audit?"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from governance.test_vetting import Desk, desk
from keystead.api.operations import read_catalogue
from keystead.core.actors import Actor, Right
from keystead.core.bindings import BindingState
from keystead.core.errors import Forbidden, Invalid, NotFound
from keystead.core.key_requests import KeyRequest, RequestState
from keystead.core.manifests import AskedScope, Manifest
from keystead.core.vetting_rules import USUAL_RULES, told_rules
from keystead.governance import requests, reviews, rules
from keystead.governance.request_values import asked_scopes
from keystead.storage.read import bindings as read_bindings
from keystead.storage.read import keys as read_keys
from keystead.storage.read.pages import EVERYTHING
from keystead.storage.transaction import Origin
from oauth_bench import COURSES, NORTH, SOUTH, OAuthBench

__all__ = ["desk"]

CATALOGUE = read_catalogue()
FILES = "url:DELETE|/api/v1/files/:id"
WANTED = Manifest(
    name="Timetables",
    vendor="Larch",
    contact="help@larch.test",
    redirect_uris=("https://larch.test/cb",),
    scopes=(AskedScope(scope=COURSES, reason="to list them"),),
)
RISKY = replace(WANTED, scopes=(*WANTED.scopes, AskedScope(scope=FILES, reason="to tidy up")))


@dataclass(kw_only=True)
class Office:
    """pat asks; ada and bob review."""

    bench: OAuthBench
    desk: Desk
    pat: Actor
    ada: Actor
    bob: Actor

    def do(self, work: Any, *given: Any, acting: Actor, **named: Any) -> Any:
        with self.bench.database.write(Origin(surface="test")) as tx:
            return work(tx, self.desk.account(tx), *given, acting=acting, **named)

    def ask(self, manifest: Manifest = WANTED, *, key_id: int | None = None, acting: Actor | None = None) -> KeyRequest:
        asked: KeyRequest = self.do(
            requests.ask_for_key, manifest, key_id=key_id, source=None, catalogue=CATALOGUE,
            acting=acting or self.pat, because="a course needs it",
        )  # fmt: skip
        return asked

    def approve(self, request: KeyRequest, acting: Actor) -> KeyRequest:
        approved: KeyRequest = self.do(
            reviews.approve, request.id, catalogue=CATALOGUE, acting=acting, because="fine"
        )  # fmt: skip
        return approved

    def change(self, request: KeyRequest, manifest: Manifest, acting: Actor | None = None) -> KeyRequest:
        changed: KeyRequest = self.do(
            requests.change_manifest, request.id, manifest, catalogue=CATALOGUE, acting=acting or self.pat,
            because="we grew",
        )  # fmt: skip
        return changed

    def key(self, request: KeyRequest) -> read_keys.Key:
        with self.bench.database.read() as tx:
            return read_keys.get_key(tx, request.key_id)


@pytest.fixture
def office(bench: OAuthBench, desk: Desk) -> Iterator[Office]:
    bob = Actor(user_id=bench.administrator("bob", NORTH))
    made = Office(bench=bench, desk=desk, pat=Actor(user_id=bench.people["pat"]), ada=desk.acting, bob=bob)
    withdraw_all(made)
    yield made
    with bench.database.write(Origin(surface="test")) as tx:
        rules.set_rules(tx, desk.account(tx), told_rules(USUAL_RULES), acting=desk.acting, because=None)
    withdraw_all(made)


def withdraw_all(office: Office) -> None:
    """Leave no request waiting: there may be only so many."""
    with office.bench.database.read() as tx:
        account = office.desk.account(tx)
        mine = requests.list_requests(tx, account, EVERYTHING, state=RequestState.OPEN, acting=office.ada).items
    for one in mine:
        office.do(requests.withdraw, one.id, acting=Actor(user_id=one.user_id), because=None)


def test_an_approved_request_makes_the_key_off_with_its_vendor(bench: OAuthBench, office: Office) -> None:
    asked = office.ask()

    done = office.approve(asked, office.ada)
    key = office.key(done)
    with bench.database.read() as tx:
        binding = read_bindings.find_binding(tx, bench.accounts[NORTH], key.id)
    own = office.desk.gate(bench_client(key.id)).own

    assert (asked.state, done.state) == (RequestState.OPEN, RequestState.APPROVED)
    assert (key.name, key.email, key.scopes, key.require_scopes) == ("Timetables", "help@larch.test", (COURSES,), True)
    assert key.redirect_uris == ("https://larch.test/cb",)
    assert binding is not None
    assert binding.state is BindingState.OFF
    assert own.vendor.name == "Larch"
    assert [entry.action for action in ("asked", "approved", "done") for entry in bench.audited(f"request.{action}")]
    assert bench.audited("request.asked")[0].because == "a course needs it"
    assert bench.audited("key.created")[0].subject_id == key.id


def test_two_others_must_agree_where_the_rules_say_so(office: Office) -> None:
    asked = office.ask(RISKY, acting=office.bob)

    with pytest.raises(Invalid):
        office.approve(asked, office.bob)
    once = office.approve(asked, office.ada)
    with pytest.raises(Invalid):
        office.approve(asked, office.ada)
    third = Actor(user_id=office.bench.administrator("cleo", NORTH))
    twice = office.approve(asked, third)

    assert (once.state, once.key_id) == (RequestState.OPEN, None)
    assert (twice.state, office.key(twice).scopes) == (RequestState.APPROVED, (COURSES, FILES))


def test_reviewers_narrow_what_is_asked_for(bench: OAuthBench, office: Office) -> None:
    asked = office.ask(RISKY)

    office.approve(asked, office.ada)
    narrowed = office.do(reviews.narrow, asked.id, [COURSES], acting=office.bob, because="no deletes")
    again = office.do(reviews.narrow, asked.id, [COURSES, FILES], acting=office.bob, because=None)
    least = office.do(reviews.narrow, asked.id, [COURSES], acting=office.bob, because=None)
    done = office.approve(asked, office.bob)

    assert (narrowed.taken_out, narrowed.agreed) == ((FILES,), (office.ada.user_id,))
    assert (again.taken_out, again.agreed) == ((), ())
    assert least.effective.scope_names == (COURSES,)
    assert office.key(done).scopes == (COURSES,)
    for wrong in ([], ["url:GET|/api/v1/other"]):
        with pytest.raises(Invalid):
            office.do(reviews.narrow, office.ask().id, wrong, acting=office.bob, because=None)


def test_a_manifest_that_grows_needs_every_yes_anew(bench: OAuthBench, office: Office) -> None:
    asked = office.ask(RISKY)
    office.approve(asked, office.ada)

    smaller = office.change(asked, replace(RISKY, redirect_uris=()))
    larger = office.change(asked, replace(RISKY, redirect_uris=("https://evil.test/cb",)))
    with pytest.raises(Forbidden):
        office.change(asked, WANTED, acting=office.ada)

    assert smaller.agreed == (office.ada.user_id,)
    assert larger.agreed == ()
    assert bench.audited("request.changed")[-1].after["redirect_uris_added"] == ["https://evil.test/cb"]


def test_a_changed_manifest_of_a_made_key_asks_anew_and_shows_what_changed(office: Office) -> None:
    made = office.approve(office.ask(), office.ada)

    asked = office.change(made, RISKY)
    with pytest.raises(Invalid):
        office.change(made, WANTED)
    once = office.approve(asked, office.ada)
    twice = office.approve(asked, office.bob)

    assert asked.id != made.id
    assert asked.change is not None
    assert [one.scope for one in asked.change.scopes_added] == [FILES]
    assert once.state is RequestState.OPEN
    assert twice.state is RequestState.APPROVED
    assert office.key(twice).id == office.key(made).id
    assert office.key(twice).scopes == (COURSES, FILES)


def test_a_change_that_only_takes_away_needs_one_yes(office: Office) -> None:
    third = Actor(user_id=office.bench.administrator("cleo", NORTH))
    made = office.approve(office.approve(office.ask(RISKY), office.ada), third)

    less = office.approve(office.change(made, WANTED), office.bob)

    assert (less.state, office.key(less).scopes) == (RequestState.APPROVED, (COURSES,))


def test_a_yes_to_a_key_that_has_changed_since_is_none(bench: OAuthBench, office: Office) -> None:
    made = office.approve(office.ask(), office.ada)
    asked = office.change(made, RISKY)
    client = bench_client(office.key(made).id)
    bench.change_key(client, scopes=(COURSES, "url:GET|/api/v1/accounts/:id"))

    with pytest.raises(Invalid) as refused:
        office.approve(asked, office.ada)

    assert "has changed since" in str(refused.value)


def test_more_scopes_for_a_key_keep_those_it_has(bench: OAuthBench, office: Office) -> None:
    key = bench.key(scopes=(COURSES,), require_scopes=True, name="Old")
    with bench.database.read() as tx:
        account = office.desk.account(tx)
        before = requests.manifest_of(tx, account, read_keys.get_key(tx, key.id))

    wanted = requests.with_more(before, asked_scopes("GET /api/v1/users/{user} to greet people", CATALOGUE))
    asked = office.ask(wanted, key_id=key.id)
    done = office.approve(asked, office.ada)

    assert asked.effective.scope_names == (COURSES, "url:GET|/api/v1/users/:id")
    assert asked.manifest.scopes[0].reason == requests.HELD_BEFORE
    assert office.key(done).scopes == (COURSES, "url:GET|/api/v1/users/:id")
    foreign = bench.key(owner=SOUTH)
    with pytest.raises(NotFound):
        office.ask(wanted, key_id=foreign.id)


def test_a_refusal_says_why_and_ends_the_request(office: Office) -> None:
    asked = office.ask()

    with pytest.raises(Invalid):
        office.do(reviews.refuse, asked.id, acting=office.ada, because=" ")
    refused = office.do(reviews.refuse, asked.id, acting=office.ada, because="no contract")

    assert (refused.state, refused.steps[-1].words) == (RequestState.REFUSED, "no contract")
    for late in (lambda: office.approve(asked, office.bob), lambda: office.change(asked, RISKY)):
        with pytest.raises(Invalid):
            late()


def test_only_the_asker_and_reviewers_see_a_request(bench: OAuthBench, office: Office) -> None:
    asked = office.ask()
    lee = Actor(user_id=bench.people["lee"])

    said = office.do(requests.comment, asked.id, "When?", acting=office.pat)
    with pytest.raises(NotFound):
        office.do(requests.comment, asked.id, "Me too", acting=lee)
    with pytest.raises(Forbidden):
        office.approve(asked, office.pat)
    with pytest.raises(Forbidden):
        office.ask(acting=Actor(user_id=bench.people["sue"]))
    with bench.database.read() as tx:
        account = office.desk.account(tx)
        theirs = requests.list_requests(tx, account, EVERYTHING, state=None, acting=lee)
        all_of_them = requests.list_requests(tx, account, EVERYTHING, state=None, acting=office.ada)
    withdrawn = office.do(requests.withdraw, asked.id, acting=office.pat, because=None)

    assert said.steps[-1].words == "When?"
    assert theirs.total == 0
    assert asked.id in [one.id for one in all_of_them.items]
    assert withdrawn.state is RequestState.WITHDRAWN


def test_nobody_floods_the_reviewers(office: Office) -> None:
    for _ in range(requests.MOST_OPEN):
        office.ask()

    with pytest.raises(Invalid):
        office.ask()


@pytest.mark.parametrize("line", ["GET /api/v1/nothing why", "url:GET|/api/v1/courses", "hello world"])
def test_a_line_that_names_no_call_or_no_reason_is_named(line: str) -> None:
    with pytest.raises(Invalid) as refused:
        asked_scopes(f"{COURSES} to list them\n{line}", CATALOGUE)

    assert line in str(refused.value)


def bench_client(key_id: int) -> Any:
    """Return a key as the desk names it."""
    return type("Named", (), {"id": key_id})()


def test_whoever_approves_needs_no_right_to_make_keys_and_whoever_reviews_cannot_approve(
    bench: OAuthBench, office: Office
) -> None:
    reviewer = Actor(user_id=bench.holder("reva", NORTH, Right.REVIEW_DEVELOPER_KEYS))
    approver = Actor(user_id=bench.holder("april", NORTH, Right.APPROVE_DEVELOPER_KEYS))
    asked = office.ask(replace(WANTED, vendor="Made by the approver"))

    office.do(requests.comment, asked.id, "who is it for?", acting=reviewer)
    with pytest.raises(Forbidden):
        office.approve(asked, reviewer)
    with pytest.raises(Forbidden):
        office.do(reviews.narrow, asked.id, [COURSES], acting=approver, because=None)
    done = office.approve(asked, approver)

    assert done.state is RequestState.APPROVED
    assert office.desk.gate(bench_client(office.key(done).id)).own.vendor.name == "Made by the approver"


def test_by_the_rules_only_people_with_the_right_may_ask(bench: OAuthBench, office: Office) -> None:
    asker = Actor(user_id=bench.holder("asa", NORTH, Right.REQUEST_DEVELOPER_KEYS))
    before = office.ask()
    office.do(rules.set_rules, {"who_may_ask": "permitted"}, acting=office.ada, because="too many wishes")

    with pytest.raises(Forbidden):
        office.ask()
    asked = office.ask(acting=asker)
    by_manager = office.ask(acting=office.bob)

    assert (asked.state, by_manager.state) == (RequestState.OPEN, RequestState.OPEN)
    assert office.do(requests.get_request, before.id, acting=office.pat) == before
    (changed,) = bench.audited("vetting_rules.changed")
    assert (changed.before, changed.after) == ({"who_may_ask": "everyone"}, {"who_may_ask": "permitted"})
