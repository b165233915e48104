"""What would an institution look like after four months? A sample to look around in: keys, vendors, use, a request.

It is made by the same functions as the real thing, one transaction after the other, by a clock that begins in the past.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from keystead.actions import bindings, key_notes, keys, watches
from keystead.core.accounts import Account
from keystead.core.actors import Actor
from keystead.core.bindings import BindingState
from keystead.core.catalogue import Catalogue
from keystead.core.credentials import Secret
from keystead.core.decision import Deny
from keystead.core.ids import UserId
from keystead.core.instants import DAY, HOUR, MINUTE, SECOND, Instant
from keystead.core.keys import Key
from keystead.core.manifests import read_manifest
from keystead.core.reasons import Reason
from keystead.core.routes import RouteTable
from keystead.core.tokens import Token
from keystead.core.usage import ALLOWED, day_of
from keystead.core.vetting import Item, ItemState
from keystead.gateway.call import ApiCall
from keystead.gateway.facts import Facts
from keystead.gateway.verdicts import Denied
from keystead.governance import key_policies, requests, rules, vendors, vetting
from keystead.governance.sample_integrations import (
    ASKED_ABOUT,
    INTEGRATIONS,
    PROPOSED,
    RETIRED,
    REVIEWED,
    WATCHED,
    WISH,
    Integration,
    Use,
)
from keystead.storage.counts import WrittenCounts
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import tokens as read_tokens
from keystead.storage.refusals import Refusals
from keystead.storage.transaction import Database, Origin, Transaction
from keystead.storage.usage import Usage
from keystead.storage.vault import new_token
from keystead.storage.watch_examples import WatchExamples
from keystead.storage.write import tokens as write_tokens
from keystead.storage.write.changes import record

BEGAN_DAYS_AGO: Final = 120
SITE, ADMIN, TEACHER = (Actor(user_id=UserId(number)) for number in (1, 2, 3))
_ON, _OFF, _ALLOW = BindingState.ON, BindingState.OFF, BindingState.ALLOW


class Past:
    """A clock that stands where it was put last: so many days ago, some hours after midnight."""

    def __init__(self, now: Instant) -> None:
        self._midnight = now // DAY * DAY
        self._now = Instant(self._midnight - BEGAN_DAYS_AGO * DAY)

    def __call__(self) -> Instant:
        """Return the moment; each later than the one before."""
        self._now = Instant(self._now + MINUTE)
        return self._now

    def put(self, at: Instant) -> None:
        """Put the clock to a moment."""
        self._now = at

    def go_to(self, days_ago: int) -> None:
        """Put the clock to the morning of a day, never back."""
        self._now = Instant(max(self._now, self._midnight - days_ago * DAY + 9 * HOUR))


Step = Callable[[Transaction, Account, Account], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """Where calls are counted; ``refusals`` must ask the same clock as the database."""

    counts: WrittenCounts
    uses: Usage
    refusals: Refusals
    examples: WatchExamples


class Sample:
    """Fills the sample institution with four months of governance and use. ``database`` must ask the clock ``past``."""

    def __init__(
        self, database: Database, past: Past, *, root_id: int, catalogue: Catalogue, table: RouteTable
    ) -> None:  # fmt: skip
        self._database = database
        self._past = past
        self._root_id = root_id
        self._catalogue = catalogue
        self._table = table
        self._chance = random.Random(20)  # noqa: S311  (the sample is the same every time)
        self._keys: dict[str, Key] = {}
        self._tokens: dict[str, list[Token]] = {}
        self._request_id = 0

    def load(self, telemetry: Telemetry | None, now: Instant) -> None:
        """Make everything. Calls count as of the days on which they would have been made; None: there are none."""
        for days_ago, step in sorted(self._steps(), key=lambda one: -one[0]):
            self._past.go_to(days_ago)
            with self._database.write(Origin(surface="sample")) as tx:
                step(tx, read_accounts.get_account(tx, self._root_id), read_accounts.site_admin(tx))
        if telemetry is not None:
            self._count(telemetry, now)

    def _steps(self) -> Iterator[tuple[int, Step]]:
        for number, one in enumerate(INTEGRATIONS):
            yield 118 - number, partial(self._make, one)
            yield 110 - number, partial(self._vet, one)
            yield 101, partial(self._turn_on, one)
            yield 100, partial(self._authorize, one)
        yield 112, self._rule
        yield 61, self._retire
        yield 30, self._set_conditions
        yield 21, self._watch
        yield 6, self._ask
        yield 5, self._discuss

    def _make(self, one: Integration, tx: Transaction, root: Account, site: Account) -> None:
        owner, acting = (site, SITE) if one.at_site else (root, ADMIN)
        domain = one.vendor.lower().replace(" ", "-") + ".example.com"
        values: dict[str, Any] = {
            "name": one.name, "email": f"integrations@{domain}", "notes": one.notes, "visible": True,
            "vendor_code": domain, "redirect_uris": (f"https://{domain}/oauth/back",), "scopes": one.scopes,
            "require_scopes": bool(one.scopes),
        }  # fmt: skip
        self._keys[one.name] = keys.create(
            tx, owner, values, catalogue=self._catalogue, acting=acting, because=f"{one.vendor} asked for it"
        )
        if one.at_site:
            self._switch(
                tx, site, one.name, one.at_site, SITE, "institutions may decide" if one.at_site is _ALLOW else None
            )

    def _vet(self, one: Integration, tx: Transaction, root: Account, site: Account) -> None:
        acting, account, key = SITE if one.at_site else ADMIN, site if one.at_site else root, self._keys[one.name]
        vendor = vendors.add_vendor(tx, account, {"name": one.vendor, "website": None}, acting=acting, because=None)
        vetting.set_about(tx, account, key, {"vendor_id": vendor.id, "note": one.notes}, acting=acting, because=None)
        midnight = self._past() // DAY * DAY
        for item in one.settled:
            values: dict[str, Any] = {"state": ItemState.IN_PLACE}
            if item is Item.CONTRACT:
                values |= {
                    "valid_from": Instant(midnight - 165 * DAY),
                    "valid_until": Instant(midnight + (110 + one.contract_until) * DAY),
                    "link": f"https://files.larkfield.example.edu/contracts/{key.id}",
                }
            vetting.set_item(
                tx, account, key, vetting.ItemChange(item=item, values=values), acting=acting, because="yearly vetting"
            )
        if one.settled and Item.SECURITY_REVIEW not in one.settled:
            asked = {"state": ItemState.ASKED, "valid_until": Instant(midnight + 80 * DAY)}
            change = vetting.ItemChange(item=Item.SECURITY_REVIEW, values=asked)
            vetting.set_item(tx, account, key, change, acting=acting, because="the vendor promised it by then")

    def _turn_on(self, one: Integration, tx: Transaction, root: Account, site: Account) -> None:  # noqa: ARG002
        if one.at_site is not _ON:
            self._switch(tx, root, one.name, _ON, ADMIN, "for the term")
        if one.name == ASKED_ABOUT:
            words = "Arts use it for term papers. Ask Sofía Aguilar before anything changes."
            key_notes.set_note(tx, root, self._keys[one.name], words, acting=ADMIN, because=None)

    def _authorize(self, one: Integration, tx: Transaction, root: Account, site: Account) -> None:  # noqa: ARG002
        key, made = self._keys[one.name], []
        for number in range(0 if one.use is None else one.use.people):
            token_id = write_tokens.insert_token(
                tx, user_id=UserId(3 + (number * 7) % 60), key_id=key.id, access=new_token(), refresh=new_token(),
                scopes=key.scopes, purpose=one.name,
            )  # fmt: skip
            token = read_tokens.find_token(tx, token_id)
            if token is None:
                raise RuntimeError("a token that was just stored is not there")
            acting = Actor(user_id=token.user_id, key_id=key.id)
            after = {"key_id": key.id, "scopes": list(key.scopes)}
            record(tx, "token.issued", "token", token_id, acting=acting, account_id=root.id, after=after)
            made.append(token)
        self._tokens[one.name] = made

    def _rule(self, tx: Transaction, root: Account, site: Account) -> None:  # noqa: ARG002
        rules.set_rules(tx, root, {"accepts_owner": True}, acting=ADMIN, because="Site Admin vets what it publishes")

    def _retire(self, tx: Transaction, root: Account, site: Account) -> None:  # noqa: ARG002
        self._switch(tx, root, RETIRED, _OFF, ADMIN, "the registry has reports of its own now")

    def _set_conditions(self, tx: Transaction, root: Account, site: Account) -> None:  # noqa: ARG002
        place = key_policies.place_of(tx, root, self._keys[REVIEWED].id, acting=ADMIN)
        values = {"review_on": day_of(tx.now) + 40}
        key_policies.set_policy(tx, place, values, acting=ADMIN, because="looked at once a term")

    def _watch(self, tx: Transaction, root: Account, site: Account) -> None:  # noqa: ARG002
        watches.watch(
            tx, self._keys[WATCHED], PROPOSED, catalogue=self._catalogue, acting=ADMIN,
            because="before its scopes are enforced",
        )  # fmt: skip
        why = "The vendor's contract is with our lawyers; the timetable of the term needs it until then."
        rules.make_exception(tx, root, self._keys[WATCHED], days=60, acting=ADMIN, because=why)

    def _ask(self, tx: Transaction, root: Account, site: Account) -> None:  # noqa: ARG002
        asked = requests.ask_for_key(
            tx, root, read_manifest(WISH), key_id=None, source=None, catalogue=self._catalogue, acting=TEACHER,
            because="We plan forty seminars by hand.",
        )  # fmt: skip
        self._request_id = asked.id

    def _discuss(self, tx: Transaction, root: Account, site: Account) -> None:  # noqa: ARG002
        words = "Why does it need the list of people, and for how long is it kept?"
        requests.comment(tx, root, self._request_id, words, acting=ADMIN)

    def _switch(
        self, tx: Transaction, account: Account, name: str, state: BindingState, acting: Actor, because: str | None
    ) -> None:  # fmt: skip
        bindings.set_state(
            tx, account, self._keys[name].id, state, acting=acting, because=because, find=self._catalogue.find
        )

    def _count(self, telemetry: Telemetry, now: Instant) -> None:
        """Count calls of the past, and note those that were refused lately."""
        telemetry.counts.calls.watched = {self._keys[WATCHED].id: frozenset(PROPOSED)}
        with self._database.read() as tx:
            root = read_accounts.get_account(tx, self._root_id)
        today = now // DAY * DAY
        for one in INTEGRATIONS:
            if one.use is not None:
                for days_ago in range(one.use.since, one.use.until - 1, -1):
                    day = Instant(today - days_ago * DAY + (11 * HOUR if days_ago else 0))
                    self._count_day(telemetry, root, one.name, one.use, day, is_lately=days_ago < 9)
        telemetry.uses.flush()
        telemetry.counts.flush()
        telemetry.examples.write(telemetry.counts.calls.take_examples(), now)
        telemetry.refusals.flush()

    def _count_day(
        self, telemetry: Telemetry, root: Account, name: str, use: Use, day: Instant, *, is_lately: bool
    ) -> None:  # fmt: skip
        is_weekend = (day // DAY + 3) % 7 >= 5
        many = self._chance.randint(use.a_day // 2, use.a_day * 3 // 2) // (6 if is_weekend else 1)
        scopes = self._chance.choices(list(use.calls), weights=list(use.calls.values()), k=many)
        if is_lately and not is_weekend:
            scopes += [scope for scope, times in use.refused.items() for _ in range(times)]
        for number, scope in enumerate(scopes):
            at = Instant(day + number * SECOND)
            token = self._chance.choice(self._tokens[name])
            facts = Facts(domain_root=root, account=root, key=self._keys[name], token=token)
            telemetry.uses.token_used(token.id, token.key_id, at)
            path = self._path_of(scope)
            outcome = Reason.SCOPE_MISSING.code if scope in use.refused else ALLOWED
            telemetry.counts.calls.judged(facts, scope, path, source=use.network, outcome=outcome, now=at)
            if scope in use.refused:
                self._past.put(at)
                self._refuse(telemetry.refusals, facts, scope, path, use.network)

    def _path_of(self, scope: str) -> str:
        """Return a path that the scope covers, through one of six courses."""
        parts = scope.partition("|")[2].split("/")
        course = str(self._chance.randint(101, 106))
        named = {":id": course, ":course_id": course, ":account_id": str(self._root_id), ":url_or_id": "start"}
        return "/".join(named.get(part, "7") if part.startswith(":") else part for part in parts)

    def _refuse(
        self, refusals: Refusals, facts: Facts, scope: str, path: str, network: str
    ) -> None:  # fmt: skip
        verb = scope[4:].partition("|")[0]
        match = self._table.match(verb, path)
        call = ApiCall(
            verb=verb, path=path, plain=path, host="localhost", credential=Secret(""), exposed=False, as_user=None,
            match=match, plain_match=match,
        )  # fmt: skip
        denied = Denied(decision=Deny(reason=Reason.SCOPE_MISSING), facts=facts, missing_scope=scope)
        refusals.note(call, denied, address=network, request_id="sample")
