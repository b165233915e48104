"""May this call pass? Gathers the facts, matches the scopes, and asks the one decision."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from keystead.core.decision import Allow, Deny, decide, scopes_decide
from keystead.core.instants import Instant
from keystead.core.reasons import Reason
from keystead.core.routes import ALWAYS_COVERED, RouteMatch, RouteTable, ScopeMatcher, compile_scopes
from keystead.gateway.call import ApiCall, covers
from keystead.gateway.facts import Facts, FactSource, Question, UsageSink
from keystead.observability.metrics import OVERLAPPING_CALLS

LONGEST_CREDENTIAL = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """The call passes, with these facts; ``decision`` says what must be cut from it."""

    facts: Facts
    decision: Allow


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """The call is refused. ``missing_scope`` names what would have covered it, where the catalogue knows."""

    decision: Deny
    missing_scope: str | None = None
    facts: Facts | None = None


class Judge:
    """Judges calls with credentials. The table of routes is compiled once; scope sets are compiled once each."""

    def __init__(
        self, *, table: RouteTable, source: FactSource, usage: UsageSink, clock: Callable[[], Instant]
    ) -> None:
        self.table = table
        self._source = source
        self._usage = usage
        self._clock = clock
        self._scopes = lru_cache(maxsize=4096)(self._compile)

    async def judge(self, call: ApiCall, *, note_use: bool = True) -> Allowed | Denied:
        """Decide about one call. Raises FactsUnavailable when what is true cannot be learnt."""
        if call.credential is None:
            return Denied(decision=Deny(reason=Reason.NO_CREDENTIALS))
        text = call.credential.reveal()
        if not text or len(text) > LONGEST_CREDENTIAL:
            return Denied(decision=Deny(reason=Reason.TOKEN_UNKNOWN))
        facts = await self._source.facts(
            Question(
                digests=self._source.digests(text),
                host=call.host,
                account_reference=call.account_reference,
                as_user=call.as_user or None,
            )
        )
        now = self._clock()
        decision = decide(facts.for_call(covered=self._covered(facts, call), exposed=call.exposed), now)
        if isinstance(decision, Deny):
            missing = decision.reason is Reason.SCOPE_MISSING
            return Denied(decision=decision, missing_scope=self._scope_of(call) if missing else None, facts=facts)
        if decision.limited and self._only_overlaps(facts, call):
            OVERLAPPING_CALLS.inc()
        if note_use and facts.token is not None:
            self._usage.token_used(facts.token.id, facts.token.key_id, now)
        return Allowed(facts=facts, decision=decision)

    def _covered(self, facts: Facts, call: ApiCall) -> bool:
        """Whether a scope of the token matches; for strict keys the most specific template must be granted."""
        if facts.key is None or facts.token is None or not scopes_decide(facts.key, facts.token):
            return False
        scopes = self._scopes(facts.token.scopes)
        if facts.key.is_strict and call.path != ALWAYS_COVERED:
            return covers(call, lambda match, _path: _meant(match, scopes.mask))
        return covers(call, lambda match, path: scopes.covers(match, call.verb, path))

    def _only_overlaps(self, facts: Facts, call: ApiCall) -> bool:
        """Whether the call passes by a template that matches, though the one that means it was not granted."""
        if facts.token is None or call.match.index is None:
            return False
        return not _meant(call.match, self._scopes(facts.token.scopes).mask)

    def _scope_of(self, call: ApiCall) -> str | None:
        route = call.match.route
        return None if route is None else f"url:{route.verb}|{route.template}"

    def _compile(self, scopes: tuple[str, ...]) -> ScopeMatcher:
        return compile_scopes(scopes, self.table)


def _meant(match: RouteMatch, mask: int) -> bool:
    return match.index is not None and bool(mask >> match.index & 1)
