"""Why does a call pass or not? Asked about calls that were refused, and about calls that nobody has made yet."""

from typing import Any

from keystead.actions import permits
from keystead.api.paging import page_of, paged_shapes
from keystead.api.requests import Answer, Ask, OwnRoute
from keystead.core.actors import Right
from keystead.core.errors import Malformed, NotFound
from keystead.core.ids import parse_id
from keystead.core.instants import iso
from keystead.core.key_policies import told_policy
from keystead.core.parameters import text, text_list
from keystead.gateway.explaining import Explained
from keystead.gateway.facts import Facts
from keystead.gateway.refusals import Refusal
from keystead.governance.explaining import Asked, Explainer
from keystead.storage.refusals import Refusals

REFUSED_STATUS = 401


def explain(ask: Ask) -> Answer:
    """Explain a call with a token (by credential or id), or with a key, for a person and scopes that are imagined."""
    asked = Asked(
        method=_wanted(ask, "method"),
        target=_wanted(ask, "path"),
        credential=_text(ask, "token"),
        token_id=_text(ask, "token_id"),
        key_id=_text(ask, "developer_key_id"),
        user_id=_text(ask, "user_id"),
        scopes=text_list(ask.parameters.get("scopes"), "scopes"),
        host=_text(ask, "host"),
        address=_text(ask, "address"),
    )
    answered = _explainer(ask).explain(asked)
    if answered.found is None:
        return Answer(
            body={"decision": "refused", "status": 400, "message": answered.refusal, "checks": [], "remedies": []}
        )
    return Answer(body=told(answered.found, in_full=answered.in_full))


def show_decision(ask: Ask) -> Answer:
    """Show a refused call by the id of its ``X-Keystead-Decision`` header, and what would become of it now."""
    refusal, explainer = _refusals(ask).find(ask.values["id"]), _explainer(ask)
    if refusal is None or not explainer.may_know_of(refusal):
        raise NotFound
    now, in_full = explainer.now(refusal), explainer.sees_in_full(refusal)
    return Answer(body=refusal_object(refusal) | {"explained_now": None if now is None else told(now, in_full=in_full)})


def list_decisions(ask: Ask) -> Answer:
    """List the newest refused calls on the hosts of a root account; filtered by key, reason or missing scope."""
    account = ask.account()
    if not account.is_root:
        raise NotFound
    permits.require(ask.tx, ask.acting, Right.VIEW_DEVELOPER_KEY_AUDIT, account)
    page, size = page_of(ask)
    key = _query(ask, "developer_key_id")
    found, total = _refusals(ask).newest(
        account.id,
        limit=size,
        offset=(page - 1) * size,
        key_id=None if key is None else (parse_id(key) or 0),
        reason=_query(ask, "reason"),
        missing_scope=_query(ask, "missing_scope"),
    )
    return paged_shapes(ask, [refusal_object(one) for one in found], total)


def told(found: Explained, *, in_full: bool) -> dict[str, Any]:
    """Return an explanation as an object; without ``in_full`` it names no account, key or person."""
    explanation, facts, call = found.explanation, found.facts, found.call
    reason = explanation.reason
    body: dict[str, Any] = {
        "decision": "allow" if reason is None else "deny",
        "reason": None if reason is None else reason.code,
        "message": None if reason is None else reason.words,
        "status": None if reason is None else REFUSED_STATUS,
        "method": call.verb,
        "path": call.path,
        "route": None if call.match.route is None else call.match.route.template,
        "missing_scope": found.missing_scope,
        "covering_scopes": list(found.covering_scopes),
        "passes_only_by_overlap": found.only_overlaps,
        "would_strip": list(found.would_strip),
        "checks": [
            {
                "check": step.check,
                "asks": step.asks,
                "outcome": step.outcome,
                "reason": None if step.reason is None else step.reason.code,
            }
            for step in explanation.steps
        ],
        "remedies": list(explanation.remedies),
        "depends_on_address": explanation.depends_on_address,
    }
    return body | _around(facts) if in_full else body


def refusal_object(refusal: Refusal) -> dict[str, Any]:
    """Return a refused call as an object."""
    return {
        "id": refusal.id,
        "at": iso(refusal.at),
        "method": refusal.verb,
        "path": refusal.path,
        "route": refusal.route,
        "reason": refusal.reason,
        "missing_scope": refusal.missing_scope,
        "developer_key_id": refusal.key_id,
        "token_id": refusal.token_id,
        "user_id": refusal.user_id,
        "account_id": refusal.account_id,
        "address": refusal.address,
        "request_id": refusal.request_id,
    }


def _around(facts: Facts) -> dict[str, Any]:
    binding, token, key, user = facts.binding, facts.token, facts.key, facts.user
    return {
        "account": {"id": facts.account.id, "name": facts.account.name},
        "developer_key": None if key is None else {"id": key.id, "name": key.name, "workflow_state": key.state},
        "binding": None if binding is None else {"account_id": binding.account_id, "workflow_state": binding.state},
        "token": None if token is None else {"id": token.id or None, "hint": token.hint, "scopes": list(token.scopes)},
        "user": None if user is None else {"id": user.id, "name": user.name},
        "key_policies": [told_policy(policy) for policy in facts.key_policies],
    }


def _explainer(ask: Ask) -> Explainer:
    if ask.world.judge is None:
        raise NotFound
    return Explainer(
        tx=ask.tx, judge=ask.world.judge, cluster=ask.world.cluster, acting=ask.acting, domain_root=ask.domain_root
    )


def _wanted(ask: Ask, name: str) -> str:
    given = _text(ask, name)
    if given is None:
        raise Malformed(f"{name} is missing")
    return given


def _text(ask: Ask, name: str) -> str | None:
    return text(ask.parameters.get(name), name) or None


def _query(ask: Ask, name: str) -> str | None:
    return text(ask.query.get(name), name) or None


def _refusals(ask: Ask) -> Refusals:
    if ask.world.refusals is None:
        raise NotFound
    return ask.world.refusals


_GROUP: Any = {"resource": "keystead", "resource_name": "Keystead"}
_TEXT = {"type": "string"}
_QUESTION = {
    "type": "object",
    "required": ["method", "path"],
    "properties": {
        "method": _TEXT,
        "path": {"type": "string", "description": "With its query, if it has one."},
        "token": {"type": "string", "description": "The credential itself."},
        "token_id": {"type": ["integer", "string"]},
        "developer_key_id": {"type": ["integer", "string"], "description": "Imagines a token of this key."},
        "scopes": {"type": "array", "items": _TEXT, "description": "Of the imagined token; all of the key's if none."},
        "user_id": {"type": ["integer", "string"], "description": "Whose token is imagined; yours if none."},
        "host": _TEXT,
        "address": {
            "type": "string",
            "description": "Where the call comes from; without, the answer may depend on it.",
        },
    },
}
_EXPLANATION = {
    "type": "object",
    "required": ["decision", "checks", "remedies"],
    "properties": {
        "decision": {"enum": ["allow", "deny", "refused"]},
        "reason": {"type": ["string", "null"], "description": "A code of docs/deny-reasons.md."},
        "status": {"type": ["integer", "null"]},
        "missing_scope": {"type": ["string", "null"]},
        "covering_scopes": {"type": "array", "items": _TEXT},
        "would_strip": {"type": "array", "items": _TEXT},
        "checks": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "check": _TEXT, "asks": _TEXT, "outcome": {"enum": ["passed", "refused", "not_reached", "depends"]},
                    "reason": {"type": ["string", "null"]},
                },
            },
        },
        "remedies": {"type": "array", "items": _TEXT},
        "depends_on_address": {"type": "boolean"},
    },
}  # fmt: skip
_DECISION = {
    "type": "object",
    "required": ["id", "at", "reason"],
    "properties": {
        name: {"type": ["string", "integer", "null"]}
        for name in ("id", "at", "method", "path", "route", "reason", "missing_scope", "developer_key_id", "token_id",
                     "user_id", "account_id", "address", "request_id")
    },
}  # fmt: skip

ROUTES = (
    OwnRoute(
        verb="POST", template="/api/keystead/v1/explain", handler=explain, only_reads=True,
        summary="Explain why a call passes or not", takes=_QUESTION, gives=_EXPLANATION, **_GROUP,
    ),
    OwnRoute(
        verb="GET", template="/api/keystead/v1/decisions/:id", handler=show_decision,
        summary="Show a refused call", gives=_DECISION, **_GROUP,
    ),
    OwnRoute(
        verb="GET", template="/api/keystead/v1/accounts/:account_id/decisions", handler=list_decisions,
        summary="List refused calls", gives={"type": "array", "items": _DECISION},
        query={
            "developer_key_id": "Only those of this key.", "reason": "Only those with this reason.",
            "missing_scope": "Only those for want of this scope.", "page": "Which page.", "per_page": "At most 100.",
        }, **_GROUP,
    ),
)  # fmt: skip
