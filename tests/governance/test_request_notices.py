"""Are reviewers told of requests, and whoever asked of what they did, where other notices are told, and nobody else?"""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from console.test_key_pages import send, words
from governance.test_notices import Post, drawn, newest, store
from governance.test_requests import RISKY, WANTED, Office, office
from governance.test_vetting import desk
from keystead.actions.subscriptions import subscribe, unsubscribe
from keystead.core.actors import Actor
from keystead.core.errors import Forbidden, Invalid, Malformed
from keystead.core.key_requests import KeyRequest
from keystead.core.notices import NoticeKind
from keystead.governance import requests, reviews
from keystead.governance.delivering import deliver
from keystead.governance.noticing import seen_subscriptions, whose_notices
from keystead.storage.notices import Addressee, Notice, Notices
from keystead.storage.read import accounts as read_accounts
from keystead.storage.transaction import Origin
from oauth_bench import NORTH, SOUTH, OAuthBench

__all__ = ["desk", "office", "store"]

OWN = (NoticeKind.OWN_REQUEST.value,)


def told_to(bench: OAuthBench, store: Notices, person: str, host: str = NORTH) -> list[Notice]:
    """Return the notices about somebody's own requests, oldest first."""
    whose = Addressee(account_id=bench.accounts[host], user_id=bench.people[person])
    return list(reversed(store.newest(whose, limit=50)[0]))


def reviewers(bench: OAuthBench, store: Notices, request: KeyRequest, host: str = NORTH) -> list[Notice]:
    """Return the notices about a request that a host's reviewers read, oldest first."""
    return [one for one in reversed(newest(bench, store, host, 50)) if one.told.get("request_id") == request.id]


def wish(bench: OAuthBench, acting: Actor, **given: Any) -> int:
    """Let notices of north go somewhere."""
    with bench.database.write(Origin(surface="test")) as tx:
        north = read_accounts.get_account(tx, bench.accounts[NORTH])
        asked = {"channel": "email", "address": "", "kinds": OWN, "is_digest": False} | given
        return subscribe(tx, north, acting=acting, because=None, **asked)[0]


Step = Callable[[Office, KeyRequest], object]
STEPS: dict[str, tuple[Step, bool, dict[str, Any]]] = {
    "request.changed": (
        lambda office, asked: office.change(asked, RISKY), False, {"scopes_added": [RISKY.scope_names[1]]},
    ),
    "request.commented": (
        lambda office, asked: office.do(requests.comment, asked.id, "Which course?", acting=office.ada), True,
        {"comment": "Which course?"},
    ),
    "request.refused": (
        lambda office, asked: office.do(reviews.refuse, asked.id, acting=office.ada, because="no contract"), True, {},
    ),
    "request.withdrawn": (
        lambda office, asked: office.do(requests.withdraw, asked.id, acting=office.pat, because=None), False, {},
    ),
    "request.approved": (lambda office, asked: office.approve(asked, office.ada), True, {}),
}  # fmt: skip


def test_a_new_request_is_told_to_those_who_review_it_alone(bench: OAuthBench, office: Office, store: Notices) -> None:
    asked = office.ask()
    drawn(bench, store)

    (notice,) = reviewers(bench, store, asked)
    assert (notice.kind, notice.key_id) == (NoticeKind.REQUEST, None)
    assert notice.told == {
        "action": "request.asked", "key_name": "Timetables", "request_id": asked.id, "before": {},
        "after": {"scopes": list(WANTED.scope_names)}, "person": "Pat Person", "because": "a course needs it",
    }  # fmt: skip
    assert asked.id not in [one.told["request_id"] for one in told_to(bench, store, "pat")]
    assert reviewers(bench, store, asked, SOUTH) == []


@pytest.mark.parametrize("action", STEPS)
def test_what_happens_to_a_request_is_told_to_reviewers_and_what_they_did_to_whoever_asked(
    bench: OAuthBench, office: Office, store: Notices, action: str
) -> None:
    step, is_theirs, after = STEPS[action]
    asked = office.ask()
    step(office, asked)
    drawn(bench, store)

    notice = reviewers(bench, store, asked)[1]
    mine = [one for one in told_to(bench, store, "pat") if one.told["request_id"] == asked.id]
    assert (notice.told["action"], notice.told["after"]) == (action, after)
    expected = [action, "request.done"] if action == "request.approved" else [action] * is_theirs
    assert [one.told["action"] for one in mine] == expected
    assert {one.kind for one in mine} <= {NoticeKind.OWN_REQUEST}
    assert [one for one in told_to(bench, store, "lee") if one.told["request_id"] == asked.id] == []


def test_narrowing_tells_what_was_taken_out(bench: OAuthBench, office: Office, store: Notices) -> None:
    asked = office.ask(RISKY)
    office.do(reviews.narrow, asked.id, [RISKY.scope_names[0]], acting=office.bob, because="too much")
    drawn(bench, store)

    (mine,) = [one for one in told_to(bench, store, "pat") if one.told["request_id"] == asked.id]
    assert mine.told["after"] == {"taken_out": [RISKY.scope_names[1]]}
    assert (mine.told["person"], mine.told["because"]) == ("Bob Person", "too much")


def test_notices_of_requests_go_where_the_others_go(bench: OAuthBench, office: Office, store: Notices) -> None:
    post = Post()
    bench.change_person("ada", email="ada@north.test")
    bench.change_person("pat", email="pat@north.test")
    kinds = (NoticeKind.REQUEST.value,)
    made = [
        wish(bench, office.ada, channel="webhook", address="https://hook.test/requests", kinds=kinds),
        wish(bench, office.ada, kinds=kinds), wish(bench, office.pat),
    ]  # fmt: skip
    try:
        deliver(bench.database, store, post.couriers)
        asked = office.ask()
        office.do(reviews.refuse, asked.id, acting=office.ada, because="no contract")
        drawn(bench, store)
        bench.clock.pass_seconds(60)
        deliver(bench.database, store, post.couriers)
    finally:
        for one in made:
            with bench.database.write(Origin(surface="test")) as tx:
                north = read_accounts.get_account(tx, bench.accounts[NORTH])
                unsubscribe(tx, north, one, acting=office.ada, because=None)

    (hook,) = [json.loads(octets) for url, octets, _ in post.hooks if url.endswith("/requests")]
    mails = {address: text for address, _, text in post.mails}
    assert [one["action"] for one in hook["notices"]] == ["request.asked", "request.refused"]
    assert {one["request_id"] for one in hook["notices"]} == {asked.id}
    assert "Timetables: request asked by Pat Person" in mails["ada@north.test"]
    assert mails["pat@north.test"].count("\n") == 1
    assert "Timetables: request refused by Ada Person" in mails["pat@north.test"]


def test_people_may_be_told_of_their_own_requests_once_and_of_nothing_else(
    bench: OAuthBench, office: Office, store: Notices
) -> None:
    bench.change_person("pat", email="pat@north.test")
    bench.change_person("lee", email="lee@north.test")
    lee, sue = (Actor(user_id=bench.people[name]) for name in ("lee", "sue"))
    made = wish(bench, office.pat)

    with pytest.raises(Malformed):
        wish(bench, office.pat)
    for refused, kinds, channel in (
        (Forbidden, (), "email"), (Forbidden, ("request",), "email"), (Forbidden, (*OWN, "request"), "email"),
        (Invalid, OWN, "webhook"),
    ):  # fmt: skip
        with pytest.raises(refused):
            wish(bench, lee, kinds=kinds, channel=channel, address="https://hook.test/in")
    with pytest.raises(Forbidden):
        wish(bench, sue)
    with pytest.raises(Invalid):
        wish(bench, office.ada, kinds=(*OWN, "request"))
    with bench.database.write(Origin(surface="test")) as tx:
        north = read_accounts.get_account(tx, bench.accounts[NORTH])
        seen = {}
        for name, who in (("pat", office.pat), ("lee", lee), ("ada", office.ada)):
            wishes = seen_subscriptions(tx, north, whose_notices(tx, north, acting=who), acting=who)
            seen[name] = made in [one.id for one in wishes]
        with pytest.raises(Forbidden):
            unsubscribe(tx, north, made, acting=lee, because=None)
        unsubscribe(tx, north, made, acting=office.pat, because=None)
        with pytest.raises(Forbidden):
            unsubscribe(tx, north, made, acting=office.pat, because=None)
        with pytest.raises(Forbidden):
            whose_notices(tx, north, acting=sue)
    assert seen == {"pat": True, "lee": False, "ada": False}


def test_the_page_shows_reviewers_all_and_others_their_own(bench: OAuthBench, office: Office) -> None:
    kept = bench.app._parts.notices
    asked = office.ask()
    office.do(requests.comment, asked.id, "Which <b>course</b>?", acting=office.ada)
    drawn(bench, kept)
    ada, pat, lee = (bench.browser(NORTH).signed_in(name) for name in ("ada", "pat", "lee"))

    of_ada, of_pat, of_lee = (browser.get("/console/notices") for browser in (ada, pat, lee))
    link = f'href="/console/requests/{asked.id}"'
    newest_id = re.search(r'name="newest" value="(\d+)"', of_pat.text)
    assert newest_id is not None
    send(pat, "/console/notices", "/console/notices/read", ("newest", newest_id.group(1)))

    assert "A request for a key: Timetables was commented on" in words(of_ada)
    assert "Your request for a key: Timetables was commented on" in words(of_pat)
    assert "Which <b>course</b>?" in words(of_pat)
    assert "<b>" not in of_pat.text
    assert link in of_ada.text
    assert link in of_pat.text
    assert link not in of_lee.text
    assert "Switch a key off by itself" not in words(of_pat)
    assert "Address of the webhook" not in words(of_pat)
    assert "0 of them are new." in words(pat.get("/console/notices"))
    assert 'href="/console/notices"' in pat.get("/console/requests").text


def test_the_api_gives_everybody_what_is_theirs(bench: OAuthBench, office: Office) -> None:
    asked = office.ask()
    office.do(requests.comment, asked.id, "Which course?", acting=office.bob)
    drawn(bench, bench.app._parts.notices)
    base = f"/api/keystead/v1/accounts/{bench.accounts[NORTH]}"

    found = {
        name: [
            one["action"] for one in bench.browser(NORTH).signed_in(name).get(f"{base}/notices").json()
            if one.get("request_id") == asked.id
        ]
        for name in ("ada", "pat", "lee")
    }  # fmt: skip
    wishes = bench.browser(NORTH).signed_in("lee").get(f"{base}/subscriptions")
    foreign = bench.browser(NORTH).signed_in("pat").get(f"/api/keystead/v1/accounts/{bench.accounts[SOUTH]}/notices")

    assert found == {"ada": ["request.commented", "request.asked"], "pat": ["request.commented"], "lee": []}
    assert wishes.json() == []
    assert foreign.status_code in (401, 403, 404)
