"""Are keys that nobody here uses found, turned off together as they were chosen, and turned on again by one undo?"""

from typing import Any

import pytest
from sqlalchemy import event

from keystead.actions.bindings import set_state
from keystead.core.actors import Actor
from keystead.core.bindings import BindingState
from keystead.core.errors import Forbidden, Invalid, NotFound
from keystead.core.ids import UserId
from keystead.core.instants import DAY
from keystead.governance.batches import Chosen, Why, plan_off, turn_off, undo
from keystead.governance.unused import UnusedKeys, unused_keys
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read.batches import OffBatch
from keystead.storage.read.bindings import find_binding
from keystead.storage.transaction import Origin
from keystead.storage.usage_figures import UsageFigures
from keystead.storage.write.accounts import update_account
from keystead.storage.write.tokens import delete_of_key
from oauth_bench import NORTH, SOUTH, Client, OAuthBench

PAGES = "url:GET|/api/v1/courses/:course_id/pages"


class Office:
    """Somebody who administers north, and what they do about keys that nobody uses."""

    def __init__(self, bench: OAuthBench) -> None:
        self.bench = bench
        self.ada = Actor(user_id=UserId(bench.administrator("ada", NORTH)))
        counts = bench.app._parts.counts
        assert counts is not None
        self.figures = UsageFigures(counts._engine, counts.flush)

    def found(self, host: str = NORTH, days: int = 90, acting: Actor | None = None) -> UnusedKeys:
        """Return which keys nobody uses."""
        with self.bench.database.read() as tx:
            account = read_accounts.get_account(tx, self.bench.accounts[host])
            return unused_keys(tx, self.figures, account, days=days, counted=True, acting=acting or self.ada)

    def use_of(self, key: Client) -> str:
        """Return in which list a key stands."""
        found = self.found()
        lists = {"never used": found.never_used, "authorised": found.authorised}
        return next((name for name, many in lists.items() if key.id in [one.key.id for one in many]), "-")

    def off(self, *keys: Client, authorised: tuple[Client, ...] = ()) -> tuple[OffBatch | None, dict[int, str]]:
        """Turn keys off; return the batch and why others were left alone."""
        chosen = Chosen(never_used=tuple(key.id for key in keys), authorised=tuple(key.id for key in authorised))
        with self.bench.database.write(Origin(surface="test")) as tx:
            account = read_accounts.get_account(tx, self.bench.accounts[NORTH])
            batch, plan = turn_off(tx, self.figures, account, chosen, acting=self.ada, because="tidying")
        return batch, {one.key_id: one.why for one in plan.skipped}

    def undo(self, batch: OffBatch | None, acting: Actor | None = None, host: str = NORTH) -> OffBatch:
        """Undo a batch."""
        assert batch is not None
        find = self.bench.app._parts.routing.now.catalogue.find
        with self.bench.database.write(Origin(surface="test")) as tx:
            account = read_accounts.get_account(tx, self.bench.accounts[host])
            return undo(tx, account, batch.id, find=find, acting=acting or self.ada, because=None)


@pytest.fixture
def office(bench: OAuthBench) -> Office:
    return Office(bench)


def inherited(bench: OAuthBench, **values: Any) -> Client:
    """Return a global key that north has on."""
    return bench.key(owner=None, **{"visible": True, "scopes": (PAGES,), "require_scopes": True} | values)


def state(bench: OAuthBench, key: Client) -> str | None:
    """Return what north says about a key."""
    with bench.database.read() as tx:
        found = find_binding(tx, bench.accounts[NORTH], key.id)
    return None if found is None else str(found.state)


def used(bench: OAuthBench, key: Client, path: str = "/api/v1/courses/7/pages") -> None:
    """Let pat authorise a key and call with it."""
    bench.call(bench.issued(key, scope=PAGES)["access_token"], path)


def end(bench: OAuthBench, key: Client) -> None:
    """End the tokens of a key."""
    with bench.database.write(Origin(surface="test")) as tx:
        delete_of_key(tx, key.id)


def test_a_key_without_any_call_or_live_token_was_never_used(bench: OAuthBench, office: Office) -> None:
    key, off = inherited(bench), inherited(bench, on=None)
    own = bench.key()

    assert office.use_of(key) == "never used"
    assert office.use_of(off) == "-"
    assert office.use_of(own) == "-"


def test_one_call_takes_a_key_off_the_list_for_good_even_a_refused_one(bench: OAuthBench, office: Office) -> None:
    passed, refused = inherited(bench), inherited(bench)
    used(bench, passed)
    used(bench, refused, "/api/v1/courses")
    end(bench, passed)
    end(bench, refused)
    bench.clock.pass_seconds(200 * 86_400)

    assert office.use_of(passed) == "-"
    assert office.use_of(refused) == "-"


def test_calls_elsewhere_are_no_use_here(bench: OAuthBench, office: Office) -> None:
    key = inherited(bench)
    bench.bind(key, bench.accounts[SOUTH], BindingState.ON)
    code = bench.code(key, login="sue", host=SOUTH, scope=PAGES)
    form = {"grant_type": "authorization_code", "code": code, **key.credentials, "redirect_uri": "https://tool.test/cb"}
    token = bench.token(form, headers={"host": SOUTH}).json()["access_token"]
    bench.call(token, "/api/v1/courses/7/pages", host=SOUTH)

    assert office.use_of(key) == "never used"


def test_live_tokens_without_calls_are_authorised_and_not_used(bench: OAuthBench, office: Office) -> None:
    key, quiet, lapsed = inherited(bench), inherited(bench), inherited(bench)
    bench.issued(key, scope=PAGES)
    used(bench, quiet)
    bench.issued(lapsed, scope=PAGES)
    end(bench, lapsed)

    assert office.use_of(key) == "authorised"
    assert office.use_of(quiet) == "-"
    assert office.use_of(lapsed) == "never used"
    (told,) = [one for one in office.found().never_used if one.key.id == lapsed.id]
    assert (told.tokens, told.last_token_at) == (0, bench.clock.now)

    bench.clock.pass_seconds(90 * 86_400)
    assert office.use_of(quiet) == "authorised"
    (told,) = [one for one in office.found().authorised if one.key.id == quiet.id]
    assert (told.people, told.tokens, told.last_day) == (1, 1, bench.clock.now // DAY - 90)
    assert quiet.id not in [one.key.id for one in office.found(days=91).authorised]


def test_a_key_tells_who_turned_it_on_and_when_and_what_it_is_for(bench: OAuthBench, office: Office) -> None:
    key, locked = inherited(bench, on=None), inherited(bench, on=None)
    with bench.database.write(Origin(surface="test")) as tx:
        north, site = read_accounts.get_account(tx, bench.accounts[NORTH]), read_accounts.site_admin(tx)
        set_state(tx, north, key.id, BindingState.ON, acting=office.ada, because=None)
    bench.bind(locked, site.id, BindingState.ON)

    by_id = {one.key.id: one for one in office.found().never_used}
    mine, theirs = by_id[key.id], by_id[locked.id]

    assert (mine.person, mine.since, mine.lock) == ("Ada Person", bench.clock.now, None)
    assert mine.decided_by == north.name
    assert theirs.person is None
    assert theirs.lock is not None
    assert theirs.lock.account_name == theirs.decided_by == site.name


def test_hidden_keys_are_listed_only_where_they_are_known(bench: OAuthBench, office: Office) -> None:
    here, nowhere = inherited(bench, visible=False), inherited(bench, visible=False, on=SOUTH)

    assert office.use_of(here) == "never used"
    assert office.use_of(nowhere) == "-"


def test_a_consortium_child_sees_its_parents_keys_locked(bench: OAuthBench, office: Office) -> None:
    with bench.database.write(Origin(surface="test")) as tx:
        update_account(tx, bench.accounts[NORTH], consortium_parent_id=bench.accounts[SOUTH])
    try:
        key = bench.key(owner=SOUTH, on=SOUTH)
        (told,) = [one for one in office.found().never_used if one.key.id == key.id]
        _, skipped = office.off(key)
    finally:
        with bench.database.write(Origin(surface="test")) as tx:
            update_account(tx, bench.accounts[NORTH], consortium_parent_id=None)

    assert told.lock is not None
    assert told.lock.account_name == told.decided_by
    assert skipped == {key.id: Why.LOCKED}


def test_the_list_takes_the_same_number_of_queries_however_many_keys_there_are(
    bench: OAuthBench, office: Office
) -> None:
    seen: list[object] = []

    def note(*told: object) -> None:
        seen.append(told)

    event.listen(bench.database.engine, "before_cursor_execute", note)
    office.found()
    first = len(seen)
    for _ in range(5):
        inherited(bench)
    seen.clear()
    office.found()
    again = len(seen)
    event.remove(bench.database.engine, "before_cursor_execute", note)

    assert again == first


def test_keys_go_off_together_and_one_undo_brings_them_back(bench: OAuthBench, office: Office) -> None:
    keys = [inherited(bench, name=f"Idle {number}") for number in range(3)]
    before = len(bench.audited("binding.set"))

    batch, skipped = office.off(*keys)
    off = [state(bench, key) for key in keys]
    undone = office.undo(batch)

    assert batch is not None
    assert skipped == {}
    assert off == ["off"] * 3
    assert [state(bench, key) for key in keys] == ["on"] * 3
    entries = bench.audited("binding.set")[before:]
    assert [entry.subject_id for entry in entries] == [key.id for key in keys] * 2
    assert {entry.after["batch_id"] for entry in entries} == {batch.id}
    assert [entry.because for entry in entries[:3]] == ["tidying"] * 3
    assert (undone.undone_at, undone.left_off) == (bench.clock.now, ())
    with pytest.raises(Invalid):
        office.undo(batch)


def test_a_key_that_changed_since_it_was_chosen_is_skipped_and_named(bench: OAuthBench, office: Office) -> None:
    idle, taken, called, gone, locked = (inherited(bench, name=f"Key {number}") for number in range(5))
    theirs = bench.key(owner=SOUTH, on=SOUTH)
    with bench.database.read() as tx:
        site = read_accounts.site_admin(tx)
    bench.issued(taken, scope=PAGES)
    used(bench, called)
    bench.bind(gone, bench.accounts[NORTH], BindingState.OFF)
    bench.bind(locked, site.id, BindingState.ON)

    batch, skipped = office.off(idle, taken, called, gone, locked, theirs)

    assert batch is not None
    assert [one.key_id for one in batch.turned_off] == [idle.id]
    assert skipped == {
        taken.id: Why.AUTHORISED, called.id: Why.USED, gone.id: Why.NOT_ON, locked.id: Why.LOCKED,
        theirs.id: Why.UNKNOWN,
    }  # fmt: skip
    assert {one.key_id: one.name for one in batch.skipped}[theirs.id] is None
    assert state(bench, taken) == "on"


def test_an_authorised_key_goes_off_when_it_is_chosen_as_one(bench: OAuthBench, office: Office) -> None:
    key = inherited(bench)
    bench.issued(key, scope=PAGES)

    batch, skipped = office.off(authorised=(key,))

    assert skipped == {}
    assert state(bench, key) == "off"
    office.undo(batch)
    assert state(bench, key) == "on"


def test_what_somebody_changed_since_is_not_undone(bench: OAuthBench, office: Office) -> None:
    kept, switched, deleted, locked = (inherited(bench, name=f"Key {number}") for number in range(4))
    with bench.database.read() as tx:
        site = read_accounts.site_admin(tx)
    batch, _ = office.off(kept, switched, deleted, locked)
    bench.clock.pass_seconds(60)
    for change in (BindingState.ON, BindingState.OFF):
        bench.bind(switched, bench.accounts[NORTH], change)
    bench.change_key(deleted, state="deleted")
    bench.bind(locked, site.id, BindingState.OFF)

    undone = office.undo(batch)

    assert {one.key_id: one.why for one in undone.left_off} == {
        switched.id: Why.CHANGED, deleted.id: Why.GONE, locked.id: Why.LOCKED,
    }  # fmt: skip
    assert (state(bench, kept), state(bench, switched), state(bench, locked)) == ("on", "off", "off")


def test_nothing_chosen_that_can_go_off_makes_no_batch(bench: OAuthBench, office: Office) -> None:
    key = inherited(bench)
    used(bench, key)

    assert office.off(key) == (None, {key.id: Why.USED})


def test_only_those_who_manage_keys_here_may_look_turn_off_and_undo(bench: OAuthBench, office: Office) -> None:
    batch, _ = office.off(inherited(bench))
    pat = Actor(user_id=bench.people["pat"])
    bench.administrator("sam", SOUTH)
    sam = Actor(user_id=bench.people["sam"])

    with pytest.raises(Forbidden):
        office.found(acting=pat)
    with pytest.raises(Forbidden):
        office.undo(batch, pat)
    with pytest.raises(NotFound):
        office.undo(batch, sam, SOUTH)
    with bench.database.read() as tx:
        site = read_accounts.site_admin(tx)
        with pytest.raises(NotFound):
            plan_off(tx, office.figures, site, Chosen(never_used=(1,)), acting=office.ada)
