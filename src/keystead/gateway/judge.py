"""May this call pass? Gathers the facts, matches the scopes, and asks the one decision."""

import asyncio
from collections.abc import Callable, Iterator
from functools import lru_cache

from keystead.core.decision import Deny, decide, scopes_decide
from keystead.core.instants import Instant
from keystead.core.reasons import Reason
from keystead.core.routes import ALWAYS_COVERED, RouteMatch, RouteTable, ScopeMatcher, compile_scopes
from keystead.gateway.call import ApiCall, covers
from keystead.gateway.counting import Calls
from keystead.gateway.facts import Facts, FactSource, Question, UsageSink
from keystead.gateway.memory import Known, Memory, fingerprint
from keystead.gateway.plain import PlainTargets
from keystead.gateway.routing import Routing
from keystead.gateway.verdicts import Allowed, Denied
from keystead.observability.metrics import COUNTS

LONGEST_CREDENTIAL = 4096


class Judge:
    """Judges calls with credentials. The routes are compiled once until the catalogue changes, scope sets once each.

    There are two ways to the same decision. ``judge``, ``judge_now`` and ``judge_waiting`` take a call that was read
    in full. ``standing`` answers for a credential that is remembered, at a fraction of the cost, and only ever with
    yes: whatever else there is to say is said by the others.
    """

    def __init__(
        self,
        *,
        routing: Routing,
        source: FactSource,
        usage: UsageSink,
        clock: Callable[[], Instant],
        calls: Calls | None = None,
    ) -> None:
        self.calls = calls
        """Who counts what this judge decides: the doors tell them, which know the caller and the throttle."""
        self._routing = routing
        self.table = routing.now.table
        self.targets = PlainTargets(self.table)
        self._source = source
        self._usage = usage
        self._clock = clock
        self._memory = Memory(None)
        self._scopes = lru_cache(maxsize=4096)(self._compile)

    def standing(
        self, credential: bytes, host: str, match: RouteMatch, now: Instant, address: str | None = None
    ) -> Known | None:
        """Return what is known of a credential from a header if the call that matches so passes now, else None.

        Not for calls that name an account in their path or a person to act as. ``match`` may be of an older table: it
        must be of a path below ``/api``, whose routes have the same numbers in all. ``address`` is the caller's. Where
        calls are counted, the caller counts it, which notes the use of the token. Raises FactsUnavailable.
        """
        memory = self._memory
        if memory.epoch is None or self._source.epoch() != memory.epoch:
            return None
        known = memory.plain.get((fingerprint(credential), host))
        if known is None or known.allowed is None or now >= known.until:
            return None
        if known.limited and not known.mask & match.meant:
            return None
        if known.ranges and not known.admits(address):
            return None
        token = known.facts.token
        if token is not None and self.calls is None:
            self._usage.token_used(token.id, token.key_id, now)
        COUNTS.allowed += 1
        COUNTS.remembered += 1
        if match.route is None:
            COUNTS.unmapped += 1
        return known

    async def judge(self, call: ApiCall, *, note_use: bool = True) -> Allowed | Denied:
        """Decide about one call. Raises FactsUnavailable when what is true cannot be learnt."""
        verdict = self.judge_now(call, note_use=note_use)
        if verdict is not None:
            return verdict
        epoch = await self._source.epoch_waiting()
        reference, as_user = call.account_reference, call.as_user or None
        text = "" if call.credential is None else call.credential.reveal()
        known = await self._learnt(epoch, text, call.host, reference, as_user)
        return self._decided(known, call, note_use=note_use)

    def judge_waiting(self, call: ApiCall) -> Allowed | Denied:
        """Decide about one call in the caller's thread. Raises FactsUnavailable."""
        verdict = self.judge_now(call)
        if verdict is not None:
            return verdict
        question = self._question_of(call)
        facts = self._source.facts_waiting(question)
        if facts.catalogue != self._routing.now.revision:
            self.renew(facts.catalogue)
        return self._decided(self._known(facts, question), call, note_use=True)

    def judge_now(self, call: ApiCall, *, note_use: bool = True) -> Allowed | Denied | None:
        """Decide about one call if that takes no waiting, else return None. Raises FactsUnavailable."""
        if call.credential is None:
            return Denied(decision=Deny(reason=Reason.NO_CREDENTIALS))
        text = call.credential.reveal()
        if not text or len(text) > LONGEST_CREDENTIAL:
            return Denied(decision=Deny(reason=Reason.TOKEN_UNKNOWN))
        epoch = self._source.epoch()
        if epoch is None:
            return None
        known = self._remembered(epoch, text, call.host, call.account_reference, call.as_user or None)
        return None if known is None else self._decided(known, call, note_use=note_use)

    def now(self) -> Instant:
        """Return the moment it is for this judge."""
        return self._clock()

    def scopes_of(self, mask: int) -> Iterator[str]:
        """Return the scopes that a mask of routes stands for."""
        return (f"url:{one.verb}|{one.template}" for at, one in enumerate(self.table.routes) if mask >> at & 1)

    def covers(self, call: ApiCall, facts: Facts) -> bool:
        """Return whether scopes of the facts' token cover the call, as the decision hears it."""
        table = call.table or self.table
        scopes = self._scopes(() if facts.token is None else facts.token.scopes, table)
        return self._covered(Known(facts, b"", table, scopes, self.now()), call)

    def name_of(self, credential: str) -> bytes:
        """Return the name under which the throttle counts a credential, the same in every process."""
        return self._source.digests(credential)[0][:16]

    async def known(self, credential: str, host: str) -> Known:
        """Return what is known of a credential on a host, whatever may be called with it. Raises FactsUnavailable."""
        epoch = self._source.epoch()
        known = None if epoch is None else self._remembered(epoch, credential, host, None, None)
        if known is None:
            known = await self._learnt(await self._source.epoch_waiting(), credential, host, None, None)
        now = self._clock()
        if now >= known.until:
            known.renew(now)
        return known

    async def _learnt(
        self, epoch: int | None, text: str, host: str, reference: str | None, as_user: str | None
    ) -> Known:
        """Return what is known of a credential, asked for where it is not remembered from this very epoch."""
        if epoch is not None:
            known = self._memory_of(epoch).get(text, host, reference, as_user)
            if known is not None and known.facts.catalogue == self._routing.now.revision:
                COUNTS.remembered += 1
                return known
        COUNTS.looked_up += 1
        question = self._question(text, host, reference, as_user)
        facts = await self._source.facts(question)
        if facts.catalogue != self._routing.now.revision:
            await asyncio.to_thread(self.renew, facts.catalogue)
        known = self._known(facts, question)
        if epoch is not None and facts.token is not None and self._memory.epoch == epoch:
            self._memory.keep(text, host, reference, as_user, known)
        return known

    def _memory_of(self, epoch: int) -> Memory:
        """Return the memory of this epoch, a fresh one when it has just begun."""
        memory = self._memory
        if memory.epoch != epoch:
            memory = self._memory = Memory(epoch)
        return memory

    def _remembered(self, epoch: int, text: str, host: str, reference: str | None, as_user: str | None) -> Known | None:
        """Return what is known of a credential, looked up where it is new. Unknown ones leave no trace."""
        memory = self._memory_of(epoch)
        known = memory.get(text, host, reference, as_user)
        if known is not None:
            COUNTS.remembered += 1
            return known
        question = self._question(text, host, reference, as_user)
        facts = self._source.facts_now(question)
        if facts is None or facts.catalogue != self._routing.now.revision:
            return None
        COUNTS.looked_up += 1
        known = self._known(facts, question)
        if facts.token is not None:
            memory.keep(text, host, reference, as_user, known)
        return known

    def _question(self, text: str, host: str, reference: str | None, as_user: str | None) -> Question:
        return Question(digests=self._source.digests(text), host=host, account_reference=reference, as_user=as_user)

    def _question_of(self, call: ApiCall) -> Question:
        assert call.credential is not None  # noqa: S101  (calls without one are refused before)
        return self._question(call.credential.reveal(), call.host, call.account_reference, call.as_user or None)

    def renew(self, revision: int) -> None:
        """Judge by a catalogue of at least this revision from now on. May wait; raises FactsUnavailable."""
        table = self._routing.renew(revision).table
        if table is not self.table:
            self.table, self.targets = table, PlainTargets(table)

    def _known(self, facts: Facts, question: Question) -> Known:
        table = self.table
        scopes = None if facts.token is None else self._scopes(facts.token.scopes, table)
        return Known(facts, question.digests[0][:16], table, scopes, self._clock())

    def _decided(self, known: Known, call: ApiCall, *, note_use: bool) -> Allowed | Denied:
        now = self._clock()
        facts = known.facts
        if call.table is not known.table:
            call = call.matched_by(known.table)
        if now >= known.until:
            known.renew(now)
        if known.allowed is not None and _stands(known, call, now):
            if note_use and facts.token is not None:
                self._usage.token_used(facts.token.id, facts.token.key_id, now)
            return known.allowed
        covered = self._covered(known, call)
        decision = decide(facts.for_call(covered=covered, exposed=call.exposed, address=call.address), now)
        if isinstance(decision, Deny):
            missing = decision.reason is Reason.SCOPE_MISSING
            return Denied(decision=decision, missing_scope=call.match.scope if missing else None, facts=facts)
        if decision.limited and call.match.route is not None and not call.match.meant & known.mask:
            COUNTS.overlapping += 1
        if note_use and facts.token is not None:
            self._usage.token_used(facts.token.id, facts.token.key_id, now)
        return Allowed(facts=facts, decision=decision)

    def _covered(self, known: Known, call: ApiCall) -> bool:
        """Whether a scope of the token matches.

        For strict keys, and in APIs that were loaded, the most specific template must be granted: what a new
        description adds may overlap what was granted before, and must not be covered by it.
        """
        facts, scopes = known.facts, known.scopes
        if facts.key is None or scopes is None or not scopes_decide(facts.key, facts.token):
            return False
        is_exact = facts.key.is_strict or not call.plain.startswith("/api/")
        if is_exact and call.path != ALWAYS_COVERED:
            return covers(call, lambda match, _path: bool(match.meant & scopes.mask))
        return covers(call, lambda match, path: scopes.covers(match, call.verb, path))

    @staticmethod
    def _compile(scopes: tuple[str, ...], table: RouteTable) -> ScopeMatcher:
        return compile_scopes(scopes, table)


def _stands(known: Known, call: ApiCall, now: Instant) -> bool:
    """Whether the standing of a credential settles a call: the most specific template is granted, or none must be."""
    granted = not known.limited or bool(known.mask & call.match.meant)
    if not granted or now >= known.until or call.exposed or call.plain != call.path:
        return False
    return not known.ranges or known.admits(call.address)
