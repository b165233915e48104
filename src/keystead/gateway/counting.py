"""How many judged calls were there, by whom and for what? Counted in memory, exactly; someone else writes it down.

A call that passes costs two look-ups and one append: its path joins the list of its credential and scope. Once a second
the lists are emptied and added up, by a thread that waits for nothing else. What would be too much to tell apart is
counted as ``other``, so that memory is bounded.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from keystead.core.instants import DAY, MINUTE, Instant
from keystead.core.usage import ALLOWED, OTHER, UNMAPPED, Counted, Dimension, course_in, day_of, network_of, place_in
from keystead.gateway.facts import Facts, UsageSink
from keystead.gateway.memory import Known, Log, Who

ADDED_UP_EVERY: Final = 1.0
MOST_LOGS: Final = 100_000
"""How many pairs of a credential and a network have lists of their own."""
MOST_TOLD: Final = 50_000
MOST_COUNTERS: Final = 200_000
"""How many counters wait to be written, before calls are counted under ``other``."""
MOST_EXAMPLES: Final = 10_000
LONGEST_EXAMPLE: Final = 500
MOST_VALUES: Final = 10_000
"""How many networks, or courses, of one key are told apart in a day by one process."""
NOTED_AGAIN_AFTER: Final = 10 * MINUTE

_NO_ONE: Final = (0, 0, 0, 0)


class Calls:
    """Counts judged calls. Threads may share it; ``usage`` is told of tokens' uses."""

    def __init__(self, usage: UsageSink) -> None:
        self._usage = usage
        self._logs: dict[tuple[int, Who, str], Log] = {}
        self._closing: list[Log] = []
        self._told: list[tuple[Who, str | None, str, str, str, int]] = []
        self._waiting: dict[Counted, int] = {}
        self._values: dict[tuple[int, int, Dimension, int], set[str]] = {}
        self._examples: dict[tuple[int, str], str] = {}
        self.watched: Mapping[int, frozenset[str]] = {}
        """The scopes proposed for keys that are watched: of calls outside them an example is kept."""
        self._turning = threading.Lock()
        self._adding = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def passed(self, known: Known, scope: str | None, path: str, source: str | None, now: Instant) -> None:
        """Count a call that passes with a credential that is remembered. The quickest doors do the same in place."""
        log = known.log
        if now >= log.until or source != log.source:
            log = self.turn(known, source, now)
        log[scope].append(path)

    def turn(self, known: Known, source: str | None, now: Instant) -> Log:
        """Return the lists for a credential, as seen from a network on this day, and note that its token is used."""
        token = known.facts.token
        if token is not None:
            self._usage.token_used(token.id, token.key_id, now)
        network, who = network_of(source), who_of(known.facts)
        name = (0 if token is None else token.id, who, network)
        with self._turning:
            if len(self._logs) >= MOST_LOGS:
                self._close_all()
            log = self._logs.get(name)
            if log is None or now >= log.until:
                if log is not None:
                    self._close(log)
                day = day_of(now)
                log = self._logs[name] = Log(who, network, day, until=min(now + NOTED_AGAIN_AFTER, (day + 1) * DAY))
            log.source = source
            known.log = log
        return log

    def judged(
        self, facts: Facts | None, scope: str | None, path: str, *, source: str | None, outcome: str, now: Instant
    ) -> None:
        """Count any other call."""
        who = _NO_ONE if facts is None else who_of(facts)
        self._told.append((who, scope, path, network_of(source), outcome, day_of(now)))
        if len(self._told) > MOST_TOLD:
            self.add_up()

    def take(self) -> dict[Counted, int]:
        """Return what was counted since the last time, and begin anew. Nothing is lost in between."""
        self.add_up()
        with self._adding:
            taken, self._waiting = self._waiting, {}
        return taken

    def take_examples(self) -> dict[tuple[int, str], str]:
        """Return the newest path of each scope that a watched key was called with outside its proposal."""
        with self._adding:
            taken, self._examples = self._examples, {}
        return taken

    def add_up(self) -> None:
        """Empty the lists into the counters."""
        with self._adding:
            with self._turning:
                closing, self._closing = self._closing, []
                logs = list(self._logs.values())
            for log in (*closing, *logs):
                self._empty(log)
            told = self._told[: len(self._told)]
            del self._told[: len(told)]
            for (who, scope, path, network, outcome, day), times in Counter(told).items():
                self._add(who, scope, network, outcome, day, times)
                if outcome == ALLOWED:
                    self._keep_example(who[0], scope, path)
                    self._add_places(who, scope, {path: times}, day)

    def start(self, now: Callable[[], Instant]) -> None:
        """Add up in the background until ``stop``."""
        self._thread = threading.Thread(target=self._run, args=(now,), name="keystead-counts", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Add up no more by itself."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, now: Callable[[], Instant]) -> None:
        while not self._over.wait(ADDED_UP_EVERY):
            self.add_up()
            self._close_logs(now())

    def _close_logs(self, now: Instant) -> None:
        """Let go of lists that nobody may use any more."""
        with self._turning:
            for name, log in list(self._logs.items()):
                if now >= log.until:
                    self._close(log)
                    del self._logs[name]

    def _close_all(self) -> None:
        for log in self._logs.values():
            self._close(log)
        self._logs = {}

    def _close(self, log: Log) -> None:
        """Use a log no more. It is emptied twice: a thread that asked just before may yet append to it."""
        log.until = 0
        self._closing.append(log)

    def _empty(self, log: Log) -> None:
        for scope, paths in log.copy().items():
            taken = paths[: len(paths)]
            del paths[: len(taken)]
            if not taken:
                continue
            self._add(log.who, scope, log.network, ALLOWED, log.day, len(taken))
            self._keep_example(log.who[0], scope, taken[-1])
            if place_in(scope) is not None:
                self._add_places(log.who, scope, Counter(taken), log.day)

    def _keep_example(self, key_id: int, scope: str | None, path: str) -> None:
        proposed = self.watched.get(key_id)
        name = (key_id, scope or UNMAPPED)
        if (
            proposed is None
            or scope in proposed
            or (name not in self._examples and len(self._examples) >= MOST_EXAMPLES)
        ):
            return
        self._examples[name] = path[:LONGEST_EXAMPLE]

    def _add(self, who: Who, scope: str | None, network: str, outcome: str, day: int, times: int) -> None:
        key_id, root_id, user_id, _ = who
        name = scope or UNMAPPED
        self._count(Counted(key_id, root_id, Dimension.CALL, day, name, "", outcome), times)
        self._count(Counted(key_id, root_id, Dimension.NETWORK, day, "", network, outcome), times)
        if user_id:
            self._count(Counted(key_id, root_id, Dimension.PERSON, day, name, str(user_id), outcome), times)

    def _add_places(self, who: Who, scope: str | None, paths: Mapping[str, int], day: int) -> None:
        """Add the courses or the account that calls reached which passed."""
        place = place_in(scope)
        if place is None:
            return
        key_id, root_id, _, account_id = who
        kind, segment = place
        values: dict[str, int] = {}
        for path, times in paths.items():
            value = str(account_id) if kind is Dimension.ACCOUNT else course_in(path, segment)
            values[value] = values.get(value, 0) + times
        for value, times in values.items():
            self._count(Counted(key_id, root_id, kind, day, scope or UNMAPPED, value, ALLOWED), times)

    def _count(self, name: Counted, times: int) -> None:
        waiting = self._waiting
        if name in waiting:
            waiting[name] += times
            return
        if name.dimension in (Dimension.NETWORK, Dimension.COURSE):
            values = self._values.get(name[:4])
            if values is None:
                if len(self._values) >= MOST_LOGS:
                    self._values.clear()
                values = self._values[name[:4]] = set()
            if name.value not in values:
                if len(values) >= MOST_VALUES:
                    name = name._replace(value=OTHER)
                else:
                    values.add(name.value)
        if len(waiting) >= MOST_COUNTERS:
            name = name._replace(scope=name.scope and OTHER, value=name.value and OTHER)
        waiting[name] = waiting.get(name, 0) + times


def who_of(facts: Facts) -> Who:
    """Return under which key, root account, person and account a call with these facts is counted."""
    token, key = facts.token, facts.key
    key_id = key.id if key is not None else 0 if token is None else token.key_id
    return key_id, facts.domain_root.id, 0 if token is None else token.user_id, facts.account.id
