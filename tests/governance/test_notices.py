"""Are changes told to whom they concern, on the page, by mail and by webhook, once each and in spite of failures?"""

import hashlib
import hmac
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import delete

from console.test_key_pages import send, site_admin, words
from keystead.actions.sealing import seal_audit
from keystead.actions.subscriptions import subscribe
from keystead.core.actors import Actor
from keystead.core.credentials import Secret
from keystead.core.instants import DAY, MINUTE, Instant
from keystead.core.notices import NoticeKind
from keystead.governance.delivering import SIGNATURE, Couriers, DeliveryFailed, deliver, signature
from keystead.governance.noticing import addressee, draw_notices
from keystead.storage.notice_schema import notice_progress
from keystead.storage.notices import Notice, Notices
from keystead.storage.read import accounts as read_accounts
from keystead.storage.transaction import Origin, engine_for
from keystead.storage.upgrades import make_usage_tables
from oauth_bench import NORTH, SOUTH, OAuthBench


@pytest.fixture
def store(bench: OAuthBench, tmp_path: Path) -> Iterator[Notices]:
    """A store of its own, which knows all that happened before this test."""
    engine = engine_for(f"sqlite:///{tmp_path}/notices.db")
    make_usage_tables(engine)
    made = Notices(engine)
    drawn(bench, made)
    yield made
    engine.dispose()


def drawn(bench: OAuthBench, store: Notices) -> int:
    """Seal and draw what has happened."""
    seal_audit(bench.database)
    return draw_notices(bench.database, store)


def newest(bench: OAuthBench, store: Notices, host: str, most: int = 5) -> list[Notice]:
    """Return the newest notices of a host's root account."""
    with bench.database.read() as tx:
        whose = addressee(tx, read_accounts.get_account(tx, bench.accounts[host]))
    return list(store.newest(whose, limit=most)[0])


@dataclass
class Post:
    """Carriers that remember, and fail as long as they are told to."""

    mails: list[tuple[str, str, str]] = field(default_factory=list)
    hooks: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)
    fails: bool = False

    @property
    def couriers(self) -> Couriers:
        """As delivering wants them."""
        return Couriers(webhook=self._hook, mail=self._mail)

    def _mail(self, address: str, subject: str, text: str) -> None:
        if self.fails:
            raise DeliveryFailed("the mail server refused (Test)")
        self.mails.append((address, subject, text))

    def _hook(self, url: str, octets: bytes, headers: dict[str, str]) -> None:
        if self.fails:
            raise DeliveryFailed("it answers 500")
        self.hooks.append((url, octets, headers))


def subscribed(bench: OAuthBench, host: str, channel: str, **more: object) -> tuple[int, Secret | None]:
    """Let a host's notices go somewhere."""
    ada = bench.administrator("ada", NORTH)
    bench.change_person("ada", email="ada@north.test")
    with bench.database.write(Origin(surface="test")) as tx:
        account = read_accounts.get_account(tx, bench.accounts[host])
        wished = {"address": "https://hook.test/in", "kinds": (), "is_digest": False} | more
        return subscribe(tx, account, channel=channel, acting=Actor(user_id=ada), because=None, **wished)  # type: ignore[arg-type]


def switch(bench: OAuthBench, store: Notices, host: str = NORTH, name: str = "Told of") -> int:
    """Switch a key off as an administrator does; return its id."""
    bench.administrator("ada", NORTH)
    key = bench.key(name=name)
    keys = f"/accounts/{bench.accounts[host]}/developer_keys"
    browser = bench.browser(host).signed_in("ada")
    send(browser, f"{keys}/{key.id}/state?to=off", f"{keys}/{key.id}/state", ("state", "off"), ("because", "why"))
    drawn(bench, store)
    return key.id


def test_a_change_is_told_once_to_its_own_institution(bench: OAuthBench, store: Notices) -> None:
    key_id = switch(bench, store)
    again = drawn(bench, store)

    (notice,) = newest(bench, store, NORTH, 1)
    assert again == 0
    assert (notice.kind, notice.key_id, notice.heirs_of) == (NoticeKind.KEY_STATE, key_id, None)
    assert notice.told["before"] == {"workflow_state": "on"}
    assert notice.told["after"] == {"workflow_state": "off"}
    assert (notice.told["person"], notice.told["because"]) == ("Ada Person", "why")
    assert key_id not in [one.key_id for one in newest(bench, store, SOUTH)]


def test_every_heir_is_told_what_happens_above(bench: OAuthBench, store: Notices) -> None:
    bench.administrator("root", None, NORTH)
    browser = bench.browser(NORTH).signed_in("root")
    key = bench.key(owner=None, on=None, name="Everybody's", visible=True)
    hidden = bench.key(owner=None, on=None, name="Hidden", visible=False)
    keys = f"/accounts/{site_admin(bench)}/developer_keys"
    for one in (key, hidden):
        send(browser, f"{keys}/{one.id}/state?to=on", f"{keys}/{one.id}/state", ("state", "on"))
    drawn(bench, store)

    for host in (NORTH, SOUTH):
        (notice,) = newest(bench, store, host, 1)
        assert (notice.kind, notice.key_id) == (NoticeKind.INHERITED_STATE, key.id)
        assert notice.told["after"] == {"workflow_state": "on"}
        assert "person" not in notice.told


def test_rivals_draw_each_notice_once(bench: OAuthBench, store: Notices) -> None:
    key = bench.key(name="Raced")
    keys = f"/accounts/{bench.accounts[NORTH]}/developer_keys"
    bench.administrator("ada", NORTH)
    browser = bench.browser(NORTH).signed_in("ada")
    for state in ("off", "on", "off", "on"):
        send(browser, f"{keys}/{key.id}/state?to=off", f"{keys}/{key.id}/state", ("state", state))
    seal_audit(bench.database)
    threads = [threading.Thread(target=draw_notices, args=(bench.database, store)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    draw_notices(bench.database, store)

    assert [one.key_id for one in newest(bench, store, NORTH, 20)].count(key.id) == 4


def test_a_webhook_is_signed_and_sent_once(bench: OAuthBench, store: Notices) -> None:
    post = Post()
    _, secret = subscribed(bench, NORTH, "webhook")
    deliver(bench.database, store, post.couriers)
    key_id = switch(bench, store)
    bench.clock.pass_seconds(60)
    deliver(bench.database, store, post.couriers)
    bench.clock.pass_seconds(60)
    deliver(bench.database, store, post.couriers)

    mine = [one for one in post.hooks if one[0] == "https://hook.test/in"]
    url, octets, headers = next(one for one in mine if one[2][SIGNATURE].endswith(_signed(secret, one)))
    told = json.loads(octets)
    assert url == "https://hook.test/in"
    assert [one["key_id"] for one in told["notices"]].count(key_id) == 1
    assert told["account_id"] == bench.accounts[NORTH]
    assert headers["Content-Type"] == "application/json"


def _signed(secret: Secret | None, hook: tuple[str, bytes, dict[str, str]]) -> str:
    assert secret is not None
    seconds = hook[2][SIGNATURE].partition(",")[0].removeprefix("t=")
    return hmac.new(secret.reveal().encode(), f"{seconds}.".encode() + hook[1], hashlib.sha256).hexdigest()


def test_the_signature_is_over_moment_and_body() -> None:
    made = signature(Secret("s" * 32), b'{"a":1}', Instant(1_700_000_000_000_000))

    expected = hmac.new(b"s" * 32, b'1700000000.{"a":1}', hashlib.sha256).hexdigest()
    assert made == f"t=1700000000,v1={expected}"


def test_what_fails_is_tried_again_later_and_later(bench: OAuthBench, store: Notices) -> None:
    post = Post(fails=True)
    made, _ = subscribed(bench, NORTH, "webhook", address="https://hook.test/failing")
    deliver(bench.database, store, post.couriers)
    key_id = switch(bench, store)
    waits = []
    for _ in range(3):
        before = bench.clock.now
        bench.clock.pass_seconds(DAY // 1_000_000)
        now = bench.clock.now
        deliver(bench.database, store, post.couriers)
        state = store.delivery(made)
        assert state is not None
        assert state.problem == "it answers 500"
        waits.append(state.next_at - now)
        assert before < now
    post.fails = False
    bench.clock.pass_seconds(DAY // 1_000_000)
    deliver(bench.database, store, post.couriers)
    after = store.delivery(made)

    assert waits == [MINUTE, 5 * MINUTE, 30 * MINUTE]
    assert after is not None
    assert (after.failures, after.problem) == (0, None)
    arrived = [json.loads(octets) for url, octets, _ in post.hooks if url.endswith("/failing")]
    assert key_id in [one["key_id"] for told in arrived for one in told["notices"]]


def test_a_digest_is_one_mail_a_day(bench: OAuthBench, store: Notices) -> None:
    post = Post()
    subscribed(bench, NORTH, "email", is_digest=True, kinds=("key_state",))
    deliver(bench.database, store, post.couriers)
    for name in ("First of the day", "Second of the day"):
        switch(bench, store, name=name)
    deliver(bench.database, store, post.couriers)
    early = [text for _, _, text in post.mails if "of the day" in text]
    bench.clock.pass_seconds(DAY // 1_000_000)
    deliver(bench.database, store, post.couriers)

    ((address, subject, text),) = [mail for mail in post.mails if "of the day" in mail[2]]
    assert early == []
    assert address == "ada@north.test"
    assert "changes of developer keys" in subject
    assert "First of the day: key state by Ada Person (workflow_state: on → off)" in text
    assert "Second of the day" in text


def test_the_page_shows_new_ones_and_subscribes(bench: OAuthBench) -> None:
    bench.administrator("ada", NORTH)
    browser = bench.browser(NORTH).signed_in("ada")
    page = "/console/notices"

    made = send(browser, page, f"{page}/subscriptions", ("channel", "webhook"), ("address", "https://a.test/x"))
    listed = browser.get(page)
    wrong = send(browser, page, f"{page}/subscriptions", ("channel", "webhook"), ("address", "http://a.test/x"))
    ended = re.search(r'action="([^"]*/subscriptions/\d+/end)"', listed.text)
    assert ended is not None
    send(browser, page, ended.group(1))

    assert "Copy the signing secret now" in words(made)
    assert "https://a.test/x" in words(listed)
    assert 'class="secret"' not in listed.text
    assert wrong.status_code == 400
    assert "must be an https address" in words(wrong)
    assert [entry.action for entry in bench.audited("subscription.made")] == ["subscription.made"]
    assert len(bench.audited("subscription.ended")) == 1
    assert bench.browser(NORTH).get(page).headers["location"] == "/login"


def test_the_api_lists_and_subscribes_for_the_institution_only(bench: OAuthBench) -> None:
    bench.administrator("ada", NORTH)
    browser = bench.browser(NORTH).signed_in("ada")
    csrf = {"X-CSRF-Token": next(one.value or "" for one in browser.http.cookies.jar if "csrf" in one.name)}
    base = f"/api/keystead/v1/accounts/{bench.accounts[NORTH]}"
    theirs = f"/api/keystead/v1/accounts/{bench.accounts[SOUTH]}"

    listed = browser.get(f"{base}/notices")
    made = browser.request(
        "POST", f"{base}/subscriptions", headers=csrf,
        json={"channel": "webhook", "address": "https://b.test/", "kinds": ["inherited_state"]},
    )  # fmt: skip
    wishes = browser.get(f"{base}/subscriptions").json()
    wrong = browser.request("POST", f"{base}/subscriptions", headers=csrf, json={"channel": "pigeon"})
    ended = browser.request("DELETE", f"{base}/subscriptions/{made.json()['id']}", headers=csrf)
    foreign = [browser.get(f"{theirs}/notices"), browser.get(f"{theirs}/subscriptions")]

    assert listed.status_code == 200
    assert made.status_code == 201
    assert len(made.json()["secret"]) == 64
    assert [one["address"] for one in wishes if one["id"] == made.json()["id"]] == ["https://b.test/"]
    assert "secret" not in wishes[0]
    assert wrong.status_code == 400
    assert ended.status_code == 200
    assert {one.status_code for one in foreign} <= {401, 403, 404}


def test_the_very_first_notices_are_kept_on_the_database_of_the_installation(bench: OAuthBench) -> None:
    """On PostgreSQL those of the first batch were once lost: the progress was noted, and they were not."""
    engine = bench.database.engine
    store = Notices(engine)
    make_usage_tables(engine)
    with engine.begin() as connection:
        connection.execute(delete(notice_progress))
    bench.administrator("ada", NORTH)
    key = bench.key(name="First of all")
    keys = f"/accounts/{bench.accounts[NORTH]}/developer_keys"
    browser = bench.browser(NORTH).signed_in("ada")
    send(browser, f"{keys}/{key.id}/state?to=off", f"{keys}/{key.id}/state", ("state", "off"))

    assert drawn(bench, store) > 0
    assert key.id in [one.key_id for one in newest(bench, store, NORTH, 5)]
