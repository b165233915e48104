"""What is counted and logged of a verdict? The same at both doors."""

from keystead.core.usage import ALLOWED, THROTTLED
from keystead.gateway.call import ApiCall
from keystead.gateway.judge import Judge
from keystead.gateway.refusals import RefusalSink
from keystead.gateway.verdicts import Allowed, Denied
from keystead.observability.logs import log
from keystead.observability.metrics import COUNTS


def note(
    call: ApiCall,
    verdict: Allowed | Denied,
    *,
    request_id: str,
    address: str | None = None,
    refusals: RefusalSink | None = None,
    judge: Judge | None = None,
) -> str | None:
    """Count the verdict; a refusal is logged and remembered too. Return the id of what is remembered."""
    count(judge, call, verdict, address=address)
    if isinstance(verdict, Allowed):
        COUNTS.allowed += 1
        if call.match.route is None:
            COUNTS.unmapped += 1
        return None
    reason = verdict.decision.reason
    COUNTS.refused(reason.code)
    facts = verdict.facts
    decision_id = None
    if refusals is not None:
        decision_id = refusals.note(call, verdict, address=address, request_id=request_id)
    log.info(
        "call.denied",
        reason=reason.code,
        verb=call.verb,
        route=None if call.match.route is None else call.match.route.template,
        key=None if facts is None or facts.key is None else facts.key.id,
        account=None if facts is None else facts.account.id,
        request=request_id,
        decision=decision_id,
    )
    return decision_id


def count(
    judge: Judge | None,
    call: ApiCall,
    verdict: Allowed | Denied | None,
    *,
    address: str | None,
    throttled: bool = False,
) -> None:
    """Count the call by its key, scope, person and outcome, where its judge's calls are counted (gateway.counting)."""
    if judge is None or judge.calls is None or verdict is None:
        return
    outcome = THROTTLED if throttled else ALLOWED if isinstance(verdict, Allowed) else verdict.decision.reason.code
    judge.calls.judged(verdict.facts, call.match.scope, call.plain, source=address, outcome=outcome, now=judge.now())
