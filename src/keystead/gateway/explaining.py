"""Why would this call pass, or not? The judge's own answer about facts that somebody else has gathered."""

from dataclasses import dataclass

from keystead.core.credentials import Secret
from keystead.core.decision import scopes_decide
from keystead.core.explanation import Explanation, explained, refused_before
from keystead.core.parameters import filter_query, read_query
from keystead.core.paths import TargetRefusal, effective_method, read_target
from keystead.core.reasons import Reason
from keystead.core.routes import RouteTable
from keystead.gateway.call import ApiCall
from keystead.gateway.facts import Facts
from keystead.gateway.judge import Judge

_NOBODY = Secret("imagined")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """An explanation with what is known of the call: its scopes by template, the most specific first."""

    call: ApiCall
    facts: Facts
    explanation: Explanation
    missing_scope: str | None
    covering_scopes: tuple[str, ...]
    would_strip: tuple[str, ...]
    only_overlaps: bool


def read_asked(
    method: str, target: str, table: RouteTable, *, host: str, as_user: str | None, address: str | None = None
) -> ApiCall | str:
    """Return the call that somebody asks about, or why it would not even be judged. ``address`` None: from anywhere."""
    raw, _, query = target.encode("utf-8").partition(b"?")
    read = read_target(raw, query)
    if isinstance(read, TargetRefusal):
        return read.reason.words
    verb = effective_method(method.upper())
    if isinstance(verb, TargetRefusal):
        return verb.reason.words
    heard = read_query(read.query)
    verb = effective_method(verb, heard.method_overrides)
    if isinstance(verb, TargetRefusal):
        return verb.reason.words
    match = table.match(verb, read.path)
    return ApiCall(
        verb=verb, path=read.path, plain=read.plain, host=host, credential=_NOBODY,
        exposed=bool(heard.access_tokens), as_user=as_user or next(iter(heard.as_user_ids), None),
        match=match, plain_match=match if read.plain == read.path else table.match(verb, read.plain), table=table,
        address=address,
    )  # fmt: skip


def explain_call(judge: Judge, call: ApiCall, facts: Facts, query: bytes) -> Explained:
    """Explain a call by the judge's own checks. Nothing is counted, noted or remembered."""
    match = call.match
    scopes = tuple(judge.scopes_of(match.mask))
    meant = None if match.route is None else f"url:{match.route.verb}|{match.route.template}"
    covering = tuple(dict.fromkeys((*(() if meant is None else (meant,)), *scopes)))
    if facts.token is None:
        explanation = refused_before(Reason.TOKEN_UNKNOWN)
        return Explained(
            call=call, facts=facts, explanation=explanation, missing_scope=None, covering_scopes=covering,
            would_strip=(), only_overlaps=False,
        )  # fmt: skip
    covered = judge.covers(call, facts)
    granted = set(facts.token.scopes)
    limited = scopes_decide(facts.key, facts.token)
    explanation = explained(
        facts.for_call(covered=covered, exposed=call.exposed, address=call.address, from_anywhere=call.address is None),
        judge.now(),
        missing=meant,
        key_has_it=facts.key is not None and meant in facts.key.scopes,
    )
    return Explained(
        call=call,
        facts=facts,
        explanation=explanation,
        missing_scope=meant if explanation.reason is Reason.SCOPE_MISSING else None,
        covering_scopes=covering,
        would_strip=_stripped(query) if explanation.strips_includes else (),
        only_overlaps=limited and covered and meant is not None and meant not in granted,
    )


def _stripped(query: bytes) -> tuple[str, ...]:
    kept = set(filter_query(query, strip_includes=True).split(b"&"))
    gone = (piece for piece in filter_query(query, strip_includes=False).split(b"&") if piece not in kept)
    return tuple(piece.decode("ascii", "replace") for piece in gone if piece)
