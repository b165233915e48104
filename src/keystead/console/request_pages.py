"""How does a request look to somebody? Put together from the request, the account's rules, and what they may do."""

import json

from keystead.actions.keys import owner_of
from keystead.console.key_paths import key_address, rights_about
from keystead.console.request_views import STATE_WORDS, STEP_WORDS, RequestRow, RequestView, ScopeRow, StepLine
from keystead.console.vetting_views import AskedLine, risk_view
from keystead.core.actors import Right
from keystead.core.catalogue import Catalogue
from keystead.core.ids import UserId, global_id
from keystead.core.key_requests import KeyRequest, RequestState, StepKind, objection_to_yes
from keystead.core.manifests import told_manifest
from keystead.core.reach import tells_of_students
from keystead.governance import reviews
from keystead.governance.reviews import Review
from keystead.storage.read import keys as read_keys
from keystead.storage.transaction import Transaction
from keystead.web.surface import Visitor


def asked_line(request: KeyRequest) -> AskedLine:
    """Return a request as the page of its key tells of it."""
    yeses = [step for step in request.steps if step.kind is StepKind.APPROVED and step.user_id in request.agreed]
    return AskedLine(
        href=f"/console/requests/{request.id}",
        state=str(request.state),
        state_label=STATE_WORDS[request.state],
        person=request.person,
        created_at=request.created_at,
        agreed=tuple(dict.fromkeys(step.person or "--" for step in yeses)),
        because=tuple(step.words for step in (*request.steps[:1], *yeses) if step.words),
    )


def request_row(review: Review) -> RequestRow:
    """Return a request's row in the list."""
    request = review.request
    return RequestRow(
        href=f"/console/requests/{request.id}",
        name=request.manifest.name,
        kind=str(request.kind),
        state=str(request.state),
        state_label=STATE_WORDS[request.state],
        person=request.person,
        created_at=request.created_at,
        scopes=len(request.effective.scopes),
        risk=risk_view(review.risk),
        missing=review.missing if request.is_open else 0,
    )


def request_view(
    tx: Transaction,
    visitor: Visitor,
    request: KeyRequest,
    address: str,
    catalogue: Catalogue,
    *,
    problem: str | None,
    document: str,
) -> RequestView:
    """Return what the page of a request says to a visitor who may see it."""
    root, acting = visitor.domain_root, visitor.acting
    review = reviews.review_of(tx, root, request, catalogue)
    rights = rights_about(tx, visitor, root)
    sees_all, reviews_it = Right.VIEW_DEVELOPER_KEYS in rights, Right.REVIEW_DEVELOPER_KEYS in rights
    decides = Right.APPROVE_DEVELOPER_KEYS in rights and request.is_open
    objection = objection_to_yes(request, UserId(acting.answerable_id), review.needed)
    is_asker = acting.answerable_id == request.user_id
    key = read_keys.find_key(tx, request.key_id)
    return RequestView(
        id=request.id,
        address=address,
        kind=str(request.kind),
        state=str(request.state),
        state_label=STATE_WORDS[request.state],
        person=request.person,
        created_at=request.created_at,
        manifest=request.manifest,
        risk=risk_view(review.risk),
        rows=tuple(_scopes(request, catalogue)),
        steps=_steps(request),
        needed=review.needed,
        missing=review.missing if request.is_open else 0,
        authenticity_token=visitor.form_value,
        change=request.change,
        source=request.source,
        key_href=None if key is None or not sees_all else f"{key_address(owner_of(tx, key), key)}/vetting",
        client_id=None if key is None else str(global_id(key.id)),
        may_comment=is_asker or reviews_it,
        may_narrow=reviews_it and request.is_open,
        may_decide=decides,
        may_agree=decides and objection is None,
        objection=objection if decides else None,
        is_asker=is_asker,
        may_change=_may_change(request, is_asker=is_asker, reviews_it=reviews_it),
        tokens=0 if key is None or not sees_all else read_keys.token_counts(tx, (key.id,)).get(key.id, 0),
        document=document or json.dumps(told_manifest(request.manifest), ensure_ascii=False, indent=2),
        problem=problem,
    )


def _may_change(request: KeyRequest, *, is_asker: bool, reviews_it: bool) -> bool:
    """Whether another manifest may be given: by whoever asked, and of a key that was made by reviewers too."""
    if request.is_open:
        return is_asker
    made = request.state is RequestState.APPROVED and request.key_id is not None
    return made and (is_asker or reviews_it)


def _scopes(request: KeyRequest, catalogue: Catalogue) -> list[ScopeRow]:
    held = frozenset(() if request.before is None else request.before.scope_names)
    rows = []
    for one in request.manifest.scopes:
        entry = catalogue.find(one.scope)
        rows.append(
            ScopeRow(
                scope=one.scope,
                reason=one.reason,
                summary="" if entry is None else entry.summary,
                is_taken_out=one.scope in request.taken_out,
                is_new=one.scope not in held,
                tells_of_students=entry is not None and tells_of_students(entry),
            )
        )
    return rows


def _steps(request: KeyRequest) -> tuple[StepLine, ...]:
    return tuple(
        StepLine(
            label=STEP_WORDS[step.kind],
            person=step.person,
            at=step.at,
            words=step.words,
            scopes=tuple(
                [f"− {scope}" for scope in (*step.told.get("taken_out", ()), *step.told.get("scopes_removed", ()))]
                + [f"+ {scope}" for scope in step.told.get("put_back", ())]
                + [f"+ {one['scope']}" for one in step.told.get("scopes_added", ())]
                + [f"+ {uri}" for uri in step.told.get("redirect_uris_added", ())]
            ),
        )
        for step in request.steps
    )
