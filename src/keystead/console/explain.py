"""Why was this call refused, and what would let it pass? A page over the very checks of the decision."""

from dataclasses import replace
from typing import Final
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from keystead.actions import permits
from keystead.console.explain_views import AnswerView, ExplainView, KeyChoice, PastView, RefusalLine, StepLine
from keystead.console.key_paths import UNNAMED
from keystead.console.key_policy_views import PolicyFacts, facts_of
from keystead.console.manners import signed_in, with_own_form
from keystead.core.actors import Right
from keystead.core.errors import Forbidden, Malformed, NotFound
from keystead.core.ids import global_id, parse_id
from keystead.core.parameters import Tree
from keystead.core.reasons import Reason
from keystead.core.scopes import VERBS, ScopeSet
from keystead.gateway.explaining import Explained
from keystead.gateway.facts import Facts
from keystead.gateway.refusals import Refusal
from keystead.governance.explaining import Asked, Explainer
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.read import users as read_users
from keystead.storage.read.key_policies import stored_for
from keystead.storage.read.pages import Window
from keystead.storage.transaction import Transaction
from keystead.web.frames import show
from keystead.web.surface import Surface, Visitor

ADDRESS: Final = "/console/explain"
TITLE: Final = "Explain a call"
_FIELDS: Final = ("method", "path", "key", "token_id", "person", "scopes", "address")
_MOST_KEYS: Final = 500
_LATEST: Final = 15
_LONGEST: Final = 4_000
_REFUSED_STATUS: Final = 401


class Explain:
    """``/console/explain``"""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of this page."""
        return [Route(ADDRESS, self.show, methods=["GET"]), Route(ADDRESS, self.answer, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """Show the form; with a call in the query its explanation, with ``decision`` a refused call and why."""

        def work(tx: Transaction, visitor: Visitor) -> Response:
            query = request.query_params
            values = {name: query.get(name, "")[:_LONGEST] for name in _FIELDS}
            if query.get("decision"):
                return self._page(tx, visitor, values, decision=query["decision"][:100].strip())
            return self._page(tx, visitor, values, asks=bool(values["path"]))

        return await signed_in(self._surface, request, work)

    async def answer(self, request: Request) -> Response:
        """Explain a call. One with a pasted credential is answered here; others get an address that can be kept."""

        def work(tx: Transaction, visitor: Visitor, form: Tree) -> Response:
            values = {name: _text(form.get(name))[:_LONGEST].strip() for name in _FIELDS}
            credential = _text(form.get("token")).strip()
            if credential:
                return self._page(tx, visitor, values, asks=True, credential=credential)
            decision = _text(form.get("decision")).strip()
            asked = {"decision": decision} if decision else {name: text for name, text in values.items() if text}
            return RedirectResponse(f"{ADDRESS}?{urlencode(asked)}", 302)

        return await with_own_form(self._surface, request, work)

    def _page(
        self,
        tx: Transaction,
        visitor: Visitor,
        values: dict[str, str],
        *,
        asks: bool = False,
        credential: str | None = None,
        decision: str | None = None,
    ) -> Response:
        root, acting = visitor.domain_root, visitor.acting
        rights = permits.rights_of(tx, acting, root)
        sees, reads_audit = Right.VIEW_DEVELOPER_KEYS in rights, Right.VIEW_DEVELOPER_KEY_AUDIT in rights
        explainer = Explainer(
            tx=tx, judge=self._surface.judge, cluster=self._surface.cluster, acting=acting, domain_root=root
        )
        view = ExplainView(
            authenticity_token=visitor.form_value,
            values=values | {"decision": decision or ""},
            keys=_choices(tx, visitor) if sees else (),
            latest=tuple(_line(one) for one in self._latest(root.id)) if reads_audit else (),
            sees=sees,
            reads_audit=reads_audit,
        )
        if decision is not None:
            view = self._looked_up(tx, visitor, explainer, view, decision)
        elif asks:
            view = self._explained(tx, visitor, explainer, view, values, credential)
        status = 200 if view.problem is None else 400
        return show(tx, self._surface.pages, visitor, view, TITLE, status=status)

    def _explained(
        self,
        tx: Transaction,
        visitor: Visitor,
        explainer: Explainer,
        view: ExplainView,
        values: dict[str, str],
        credential: str | None,
    ) -> ExplainView:
        method, target = _call(values["method"], values["path"])
        view = replace(view, values=view.values | {"method": method, "path": target})
        try:
            asked = Asked(
                method=method,
                target=target,
                credential=credential,
                token_id=None if credential or not values["token_id"] else values["token_id"],
                key_id=values["key"] or None,
                user_id=_person_id(tx, visitor, values["person"]) if view.sees else None,
                scopes=ScopeSet.parse(values["scopes"]).items if values["scopes"].strip() else None,
                address=values["address"] or None,
            )
            answered = explainer.explain(asked)
        except Malformed:
            return replace(view, problem=visitor.say("Choose one: a key, the id of a token, or a pasted token."))
        except (NotFound, Forbidden):
            return replace(view, problem=visitor.say("There is no such key, token or person that you may ask about."))
        if answered.found is None:
            early = AnswerView(method=method, path=target, passes=False, words=answered.refusal, status=400)
            return replace(view, answer=early)
        return replace(view, answer=_answer(tx, visitor, answered.found, in_full=answered.in_full))

    def _looked_up(
        self, tx: Transaction, visitor: Visitor, explainer: Explainer, view: ExplainView, decision: str
    ) -> ExplainView:
        refusal = self._surface.refusals.find(decision)
        if refusal is None or not explainer.may_know_of(refusal):
            return replace(view, problem=visitor.say("No refused call with this id is known here."))
        in_full, now = explainer.sees_in_full(refusal), explainer.now(refusal)
        user = read_users.find_user(tx, refusal.user_id) if in_full and refusal.user_id is not None else None
        past = PastView(
            line=_line(refusal),
            missing_scope=refusal.missing_scope,
            address=refusal.address if in_full else None,
            person=None if user is None else user.name,
        )
        answer = None if now is None else _answer(tx, visitor, now, in_full=in_full)
        return replace(view, past=past, answer=answer)

    def _latest(self, root_id: int) -> list[Refusal]:
        found, _ = self._surface.refusals.newest(
            root_id, limit=_LATEST, offset=0, key_id=None, reason=None, missing_scope=None
        )  # fmt: skip
        return list(found)


def _call(method: str, target: str) -> tuple[str, str]:
    """Return method and target of what was pasted: ``GET /api/…`` and whole addresses are understood."""
    first, _, rest = target.strip().partition(" ")
    if first.upper() in VERBS and rest.strip():
        method, target = first, rest
    target = target.strip()
    if target.startswith(("http://", "https://")):
        try:
            parts = urlsplit(target)
        except ValueError:
            return method or "GET", target
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return (method.strip() or "GET").upper(), target


def _person_id(tx: Transaction, visitor: Visitor, reference: str) -> str | None:
    """Return the id of the person with this login, or id, on the visitor's host. Raises NotFound."""
    if not reference.strip():
        return None
    found = read_users.find_sign_in(tx, reference.strip(), visitor.domain_root)
    if found is not None:
        return str(found.user.id)
    if parse_id(reference.strip()) is None:
        raise NotFound
    return reference.strip()


def _choices(tx: Transaction, visitor: Visitor) -> tuple[KeyChoice, ...]:
    root, window = visitor.domain_root, Window(limit=_MOST_KEYS)
    path = read_accounts.path_to(tx, root)
    parent = next((above for above in path.chain if above.id == root.consortium_parent_id), None)
    keys = [
        *read_keys.list_own(tx, root, window).items,
        *read_keys.list_inherited(tx, root, window, parent=parent).items,
    ]
    return tuple(KeyChoice(id=str(global_id(key.id)), name=key.name or UNNAMED) for key in keys)


def _answer(tx: Transaction, visitor: Visitor, found: Explained, *, in_full: bool) -> AnswerView:
    explanation, facts, call = found.explanation, found.facts, found.call
    reason = explanation.reason
    token = facts.token
    whose = facts.user if in_full and token is not None else None
    return AnswerView(
        method=call.verb,
        path=call.path,
        passes=reason is None,
        depends_on_address=explanation.depends_on_address,
        words=_words(reason),
        status=None if reason is None else _REFUSED_STATUS,
        steps=tuple(
            StepLine(asks=step.asks, outcome=step.outcome, words=_words(step.reason)) for step in explanation.steps
        ),
        remedies=explanation.remedies,
        covering_scopes=found.covering_scopes,
        would_strip=found.would_strip,
        only_overlaps=found.only_overlaps,
        person=None if whose is None else whose.name,
        key=facts.key.name or UNNAMED if in_full and facts.key is not None else None,
        account=facts.account.name if in_full else None,
        token_hint=token.hint or None if token is not None else None,
        token_scopes=None if token is None else len(token.scopes),
        policies=_policies(tx, visitor, facts) if in_full else (),
    )


def _policies(tx: Transaction, visitor: Visitor, facts: Facts) -> tuple[PolicyFacts, ...]:
    """Return the conditions in force, as the visitor's institution may know them."""
    if facts.key is None or not facts.key_policies:
        return ()
    ids = tuple(dict.fromkeys(policy.account_id for policy in facts.key_policies))
    return facts_of(stored_for(tx, ids, facts.key.id), visitor.domain_root)


def _words(reason: Reason | None) -> str | None:
    return None if reason is None else reason.words


def _line(refusal: Refusal) -> RefusalLine:
    return RefusalLine(
        id=refusal.id,
        at=refusal.at,
        method=refusal.verb,
        path=refusal.path,
        reason=refusal.reason,
        href=f"{ADDRESS}?{urlencode({'decision': refusal.id})}",
        key=None if refusal.key_id is None else str(global_id(refusal.key_id)),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
