"""Why does a call pass or not? Asked about calls that were refused, and about calls that nobody has made yet."""

from typing import Any

from keystead.actions import permits
from keystead.api.paging import page_of, paged_shapes
from keystead.api.requests import Answer, Ask, OwnRoute
from keystead.core.accounts import Account
from keystead.core.actors import Right
from keystead.core.bindings import serves
from keystead.core.errors import Malformed, NotFound
from keystead.core.ids import TokenId, UserId, parse_id
from keystead.core.instants import iso
from keystead.core.keys import Key
from keystead.core.parameters import text, text_list
from keystead.core.tokens import Token, TokenState
from keystead.gateway.explaining import Explained, explain_call, read_asked
from keystead.gateway.facts import Facts, Question
from keystead.gateway.judge import Judge
from keystead.gateway.refusals import Refusal
from keystead.storage.gathering import load_token
from keystead.storage.lookups import TransactionLookups
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read import tokens as read_tokens
from keystead.storage.read import users as read_users
from keystead.storage.refusals import Refusals

REFUSED_STATUS = 401


def explain(ask: Ask) -> Answer:
    """Explain a call with a token (by credential or id), or with a key, for a person and scopes that are imagined."""
    judge = _judge(ask)
    method, target = _wanted(ask, "method"), _wanted(ask, "path")
    root = _root(ask)
    token, key_id = _token(ask, root)
    call = read_asked(method, target, judge.table, host=root.domain or "", as_user=None)
    if isinstance(call, str):
        return Answer(body={"decision": "refused", "status": 400, "message": call, "checks": [], "remedies": []})
    question = Question(
        digests=(), host=_host(ask, root), account_reference=call.account_reference, as_user=call.as_user or None
    )
    facts = load_token(ask.tx, token, question, ask.world.cluster)
    if token is not None:
        _require_may_know(ask, root, facts)
    elif key_id is None:
        permits.require(ask.tx, ask.acting, Right.MANAGE_DEVELOPER_KEYS, root)
    found = explain_call(judge, call, facts, target.partition("?")[2].encode())
    return Answer(body=told(found, in_full=_manages(ask, root)))


def show_decision(ask: Ask) -> Answer:
    """Show a refused call by the id of its ``X-Keystead-Decision`` header, and what would become of it now."""
    refusal = _refusals(ask).find(ask.values["id"])
    if refusal is None:
        raise NotFound
    root = read_accounts.find_account(ask.tx, refusal.root_id)
    manages = root is not None and permits.holds(ask.tx, ask.acting, Right.MANAGE_DEVELOPER_KEYS, root)
    if root is None or not (manages or (refusal.user_id is not None and refusal.user_id == ask.user.id)):
        raise NotFound
    return Answer(body=refusal_object(refusal) | {"explained_now": _now(ask, refusal, in_full=manages)})


def list_decisions(ask: Ask) -> Answer:
    """List the newest refused calls on the hosts of a root account; filtered by key, reason or missing scope."""
    account = ask.account()
    if not account.is_root:
        raise NotFound
    permits.require(ask.tx, ask.acting, Right.MANAGE_DEVELOPER_KEYS, account)
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
    }


def _now(ask: Ask, refusal: Refusal, *, in_full: bool) -> dict[str, Any] | None:
    """Explain a refused call as it would be now, None when its token is not known any more."""
    token = None if refusal.token_id is None else read_tokens.find_token(ask.tx, refusal.token_id)
    judge = _judge(ask)
    call = read_asked(refusal.verb, refusal.path, judge.table, host=refusal.host, as_user=None)
    if token is None or isinstance(call, str):
        return None
    question = Question(
        digests=(), host=refusal.host, account_reference=call.account_reference, as_user=None
    )  # fmt: skip
    found = explain_call(judge, call, load_token(ask.tx, token, question, ask.world.cluster), b"")
    return told(found, in_full=in_full)


def _token(ask: Ask, root: Account) -> tuple[Token | None, int | None]:
    """Return the token that is asked about, stored or imagined, and the id of the key if that was named."""
    credential, token_id, key_id = (_text(ask, name) for name in ("token", "token_id", "developer_key_id"))
    if [credential, token_id, key_id].count(None) != 2:
        raise Malformed("give one of token, token_id, developer_key_id")
    if credential is not None:
        return TransactionLookups(ask.tx).token(ask.tx.vault.tokens.digests(credential)), None
    if token_id is not None:
        found = read_tokens.find_token(ask.tx, parse_id(token_id) or 0)
        if found is None:
            raise NotFound
        return found, None
    key = read_keys.get_key(ask.tx, parse_id(str(key_id)))
    if not (_manages(ask, root) and _is_known_in(ask, key, root)):
        raise NotFound
    scopes = text_list(ask.parameters.get("scopes"), "scopes")
    imagined = Token(
        id=TokenId(0), user_id=_person(ask, root), key_id=key.id, state=TokenState.ACTIVE, hint="",
        scopes=key.scopes if scopes is None else scopes,
    )  # fmt: skip
    return imagined, key.id


def _person(ask: Ask, root: Account) -> UserId:
    reference = _text(ask, "user_id")
    if reference is None or reference == "self":
        return ask.user.id
    user = read_users.find_user(ask.tx, parse_id(reference))
    if user is None or not read_users.has_login(ask.tx, user.id, root):
        raise NotFound
    return user.id


def _require_may_know(ask: Ask, root: Account, facts: Facts) -> None:
    """Raise NotFound unless the token is the caller's own, or one of a person or key of an account they manage."""
    if facts.token is not None and facts.token.user_id == ask.user.id:
        return
    belongs = facts.has_login or (facts.key is not None and facts.key.account_id == root.id)
    if not (belongs and _manages(ask, root)):
        raise NotFound


def _is_known_in(ask: Ask, key: Key, root: Account) -> bool:
    if permits.is_site_administrator(ask.tx, ask.acting):
        return True
    return serves(key, read_accounts.path_to(ask.tx, root)) and (key.visible or not key.is_global)


def _manages(ask: Ask, root: Account) -> bool:
    return permits.holds(ask.tx, ask.acting, Right.MANAGE_DEVELOPER_KEYS, root)


def _root(ask: Ask) -> Account:
    """Return the root account on whose host the call is imagined: the request's own, another for Site Admin only."""
    host = _text(ask, "host")
    if host is None:
        return ask.domain_root
    root = read_accounts.root_for_host(ask.tx, host)
    if root.id != ask.domain_root.id and not permits.is_site_administrator(ask.tx, ask.acting):
        raise NotFound
    return root


def _host(ask: Ask, root: Account) -> str:
    return _text(ask, "host") or root.domain or ""


def _wanted(ask: Ask, name: str) -> str:
    given = _text(ask, name)
    if given is None:
        raise Malformed(f"{name} is missing")
    return given


def _text(ask: Ask, name: str) -> str | None:
    return text(ask.parameters.get(name), name) or None


def _query(ask: Ask, name: str) -> str | None:
    return text(ask.query.get(name), name) or None


def _judge(ask: Ask) -> Judge:
    if ask.world.judge is None:
        raise NotFound
    return ask.world.judge


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
                    "check": _TEXT, "asks": _TEXT, "outcome": {"enum": ["passed", "refused", "not_reached"]},
                    "reason": {"type": ["string", "null"]},
                },
            },
        },
        "remedies": {"type": "array", "items": _TEXT},
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
