"""May this call pass? Asked by a program about a call it was sent, in its own process and without a framework."""

import threading
from collections.abc import Coroutine, Iterable
from typing import Any, NamedTuple, TypeVar

from keystead.api.operations import routing_of
from keystead.config import Settings, read_settings, usage_url
from keystead.core.accounts import normal_host
from keystead.core.parameters import MalformedParameters, filter_query
from keystead.gateway import replies
from keystead.gateway.bodies import BodyRefused
from keystead.gateway.bodies.buffered import only
from keystead.gateway.facts import Cluster, Facts, FactsUnavailable
from keystead.gateway.identity import who_acts
from keystead.gateway.judge import Judge as GatewayJudge
from keystead.gateway.noting import note
from keystead.gateway.origin import clean_host
from keystead.gateway.plain import bearer_in
from keystead.gateway.reading import Asked, Reading, has_body, read_call
from keystead.gateway.verdicts import Allowed, Denied
from keystead.observability.logs import log
from keystead.storage.clock import system_clock
from keystead.storage.counts import FLUSHED_EVERY, counts_for
from keystead.storage.facts import StoredFacts
from keystead.storage.master_secret import open_vault
from keystead.storage.transaction import Database, StorageUnavailable, engine_for
from keystead.storage.upgrades import make_usage_tables
from keystead.storage.usage import Usage

Result = TypeVar("Result")
Headers = Iterable[tuple[bytes, bytes]]

FLUSH_EVERY = 1.0
_MOST_HOSTS = 1024
_new = tuple.__new__  # what a NamedTuple's own constructor calls, at half the price


class Passed(NamedTuple):
    """The call may pass: who acts, and what of it may be done. ``query`` is what is left of the query.

    With ``strips_includes``, parameters ``include`` and ``includes`` are taken out of the query here; those of a body
    must not be heard (``KeysteadMiddleware`` takes them out).
    """

    facts: Facts
    verb: str
    path: str
    query: bytes
    strips_includes: bool

    @property
    def user_id(self) -> int:
        """The person who acts, by their local id."""
        return 0 if self.facts.user is None else int(self.facts.user.id)

    @property
    def identity(self) -> dict[str, object]:
        """Who acts, in the words of the identity statement (docs/gateway.md), without its times and its issuer."""
        return who_acts(self.facts)


class Refused(NamedTuple):
    """The call may not pass: the answer that the caller is to be given, in Canvas's words."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]


class Judge:
    """Judges calls in this process. Threads may share it. Open it once, and close it at the end."""

    def __init__(self, settings: Settings) -> None:
        self._database = Database(
            settings.database_url.get_secret_value(), vault=open_vault(settings), clock=system_clock
        )
        engine = engine_for(usage_url(settings))
        make_usage_tables(engine)
        self._usage = Usage(engine)
        self._source = StoredFacts(
            self._database,
            cluster=Cluster(checks=settings.test_cluster_checks, is_test=settings.test_cluster),
        )
        self._counts = counts_for(engine, self._usage, system_clock, settings)
        self._calls = None if self._counts is None else self._counts.calls
        self.gateway = GatewayJudge(
            routing=routing_of(self._database), source=self._source, usage=self._usage, clock=system_clock,
            calls=self._calls,
        )  # fmt: skip
        self._hosts: dict[bytes, str] = {}
        self._over = threading.Event()
        self._flushing = threading.Thread(target=self._flush, name="keystead-uses", daemon=True)
        self._flushing.start()
        if self._counts is not None:
            self._counts.start()

    @classmethod
    def open(cls, **settings: object) -> "Judge":
        """Open the installation that the ``KEYSTEAD_`` settings name; keywords such as ``database_url`` win.

        Raises SettingsError when a setting is wrong.
        """
        return cls(read_settings(**settings))

    def judge(
        self, method: str, target: bytes, headers: Headers, *, body: bytes = b"", address: str | None = None
    ) -> Passed | Refused:
        """Decide about one call: its method, raw path with query, and headers with names in small letters.

        ``address`` is the caller's, for the count of calls by network; keys that may be used from some addresses only
        are refused without one.
        ``body`` is needed only where it may speak to Keystead: forms and JSON (``_method``, ``access_token``,
        ``as_user_id``).
        """
        passed = self.standing(method, target, headers, address)
        if passed is not None:
            return passed
        path, _, query = target.partition(b"?")
        scope = {"headers": list(headers), "method": method}
        try:
            reading = _without_waiting(read_call(self._asked(scope, path, query, body, address), self.gateway.table))
            if isinstance(reading, replies.Reply):
                return refused(reading)
            return self.said(reading, self.gateway.judge_waiting(reading.call), address)
        except BodyRefused as wrong:
            return refused(replies.error(wrong.status, wrong.words))
        except MalformedParameters as wrong:
            return refused(replies.error(400, str(wrong)))
        except FactsUnavailable:
            log.error("call.unjudged")
            return refused(replies.undecided())

    def standing(self, method: str, target: bytes, headers: Headers, address: str | None = None) -> Passed | None:
        """Answer at once about a plain call with a token that is remembered and stands well, else None."""
        brought = bearer_in(method, headers)
        plain = None if brought is None else self.gateway.targets.get(target)
        if brought is None or plain is None:
            return None
        credential, host = brought
        path, query, match = plain
        domain = self._hosts.get(host) or self.domain_of(host)
        now = system_clock()
        try:
            known = self.gateway.standing(credential, domain, match, now, address)
        except FactsUnavailable:
            return None
        if known is None or known.allowed is None:
            return None
        if self._calls is not None:
            log = known.log
            if now >= log.until or address != log.source:
                log = self._calls.turn(known, address, now)
            log[match.scope].append(path)
        values = (known.facts, method, path, query.encode(), known.allowed.decision.strip_includes)
        return _new(Passed, values)

    def domain_of(self, host: bytes) -> str:
        """Return a host as domains are compared."""
        if len(self._hosts) >= _MOST_HOSTS:
            self._hosts.clear()
        domain = self._hosts[host] = normal_host(clean_host(host.decode("latin-1")))
        return domain

    def said(self, reading: Reading, verdict: Allowed | Denied, address: str | None = None) -> Passed | Refused:
        """Return what a verdict means to whoever asked, counted and logged."""
        note(reading.call, verdict, request_id="embedded", address=address, judge=self.gateway)
        if isinstance(verdict, Denied):
            return refused(replies.denial(verdict))
        strips = verdict.decision.strip_includes
        query = filter_query(reading.target.query, strip_includes=strips)
        return Passed(verdict.facts, reading.call.verb, reading.target.path, query, strips)

    def close(self) -> None:
        """Write what was noted and give the connections back."""
        self._over.set()
        self._flushing.join()
        self._source.close()
        try:
            if self._counts is not None:
                self._counts.stop()
            self._usage.close()
        except StorageUnavailable:
            log.error("usage.not_written")
        self._database.close()

    def _asked(self, scope: dict[str, Any], path: bytes, query: bytes, body: bytes, address: str | None) -> Asked:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"localhost")
        return Asked(
            method=scope["method"], path=path, query=query, scope=scope, chunks=only(body),
            has_body=bool(body) or has_body(scope), domain=self._hosts.get(host) or self.domain_of(host),
            address=address,
        )  # fmt: skip

    def _flush(self) -> None:
        turns = 0
        while not self._over.wait(FLUSH_EVERY):
            turns += 1
            try:
                self._usage.flush()
                if self._counts is not None and turns % FLUSHED_EVERY == 0:
                    self._counts.flush()
            except StorageUnavailable:
                log.error("usage.not_written")


def refused(reply: replies.Reply) -> Refused:
    """Return a reply of the gateway as the answer to give."""
    about = () if reply.status == replies.NO_CONTENT else (("content-type", reply.content_type),)
    return Refused(reply.status, reply.body, (*about, *reply.headers))


def _without_waiting(reading: Coroutine[Any, Any, Result]) -> Result:
    """Run what never waits, because all it reads is there already."""
    try:
        reading.send(None)
    except StopIteration as done:
        found: Result = done.value
        return found
    reading.close()
    raise RuntimeError("reading a call that is there in full must not wait")
