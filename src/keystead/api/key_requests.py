"""Requests for keys, for programs: ask by a manifest, comment, narrow, decide."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from keystead.api.keys import because
from keystead.api.paging import page_of, paged_shapes, window_of
from keystead.api.requests import Answer, Ask, OwnRoute, number
from keystead.core.errors import Invalid, Malformed
from keystead.core.ids import global_id, parse_id
from keystead.core.instants import iso
from keystead.core.key_requests import KeyRequest, RequestState
from keystead.core.manifests import SCHEMA, Manifest, told_change, told_manifest
from keystead.core.parameters import text, text_list
from keystead.core.risk import told_risk
from keystead.gateway.outside import OutsideError
from keystead.governance import requests as govern
from keystead.governance import reviews
from keystead.governance.request_values import manifest_from_document

BASE = "/api/keystead/v1/accounts/:account_id/requests"


def list_requests(ask: Ask) -> Answer:
    """List requests, newest first: to whoever sees keys all of the account's, to others their own."""
    page_of(ask)
    word = text(ask.query.get("state"), "state")
    if word and word not in set(RequestState):
        raise Malformed(f"state must be one of {', '.join(RequestState)}")
    state = RequestState(word) if word else None
    found = govern.list_requests(ask.tx, ask.account(), window_of(ask), state=state, acting=ask.acting)
    standing = reviews.reviews_of(ask.tx, ask.account(), found.items, ask.world.catalogue)
    return paged_shapes(ask, [_told_review(review, in_full=False) for review in standing], found.total)


def make_request(ask: Ask) -> Answer:
    """Ask for a key, or with ``key_id`` for a change of one."""
    manifest, source = ask.ahead
    given = text(ask.parameters.get("key_id"), "key_id")
    made = govern.ask_for_key(
        ask.tx, ask.account(), manifest, key_id=None if not given else (parse_id(given) or 0), source=source,
        catalogue=ask.world.catalogue, acting=ask.acting, because=because(ask),
    )  # fmt: skip
    return Answer(body=_told(ask, made), status=201)


def show_request(ask: Ask) -> Answer:
    """Show a request with everything that happened to it."""
    found = govern.get_request(ask.tx, ask.account(), _id(ask), acting=ask.acting)
    return Answer(body=_told(ask, found))


def change_manifest(ask: Ask) -> Answer:
    """Put another manifest in the place of what was asked for; of a key that is made, ask for the change."""
    manifest, _ = ask.ahead
    changed = govern.change_manifest(
        ask.tx, ask.account(), _id(ask), manifest, catalogue=ask.world.catalogue, acting=ask.acting,
        because=because(ask),
    )  # fmt: skip
    return Answer(body=_told(ask, changed))


def comment(ask: Ask) -> Answer:
    """Say something about a request."""
    words = text(ask.parameters.get("comment"), "comment") or ""
    said = govern.comment(ask.tx, ask.account(), _id(ask), words, acting=ask.acting)
    return Answer(body=_told(ask, said), status=201)


def narrow(ask: Ask) -> Answer:
    """Let only these of the scopes stand that are asked for."""
    kept = text_list(ask.parameters.get("scopes"), "scopes") or ()
    narrowed = reviews.narrow(ask.tx, ask.account(), _id(ask), kept, acting=ask.acting, because=because(ask))
    return Answer(body=_told(ask, narrowed))


def decide(ask: Ask) -> Answer:
    """Approve or refuse a request as somebody who reviews, or withdraw it as whoever asked."""
    account, request_id = ask.account(), _id(ask)
    doing: Any = {"acting": ask.acting, "because": because(ask)}
    match text(ask.parameters.get("decision"), "decision"):
        case "approve":
            decided = reviews.approve(ask.tx, account, request_id, catalogue=ask.world.catalogue, **doing)
        case "refuse":
            decided = reviews.refuse(ask.tx, account, request_id, **doing)
        case "withdraw":
            decided = govern.withdraw(ask.tx, account, request_id, **doing)
        case _:
            raise Malformed("decision must be one of approve, refuse, withdraw")
    return Answer(body=_told(ask, decided))


def manifest_given(ask: Ask) -> Callable[[], tuple[Manifest, str | None]]:
    """Return how the manifest of a new request is read, or fetched from its ``url``; first that somebody may ask."""
    govern.require_may_ask(ask.tx, ask.account(), ask.acting)
    return _read(ask)


def manifest_changed(ask: Ask) -> Callable[[], tuple[Manifest, str | None]]:
    """As ``manifest_given``, for a request that is there: whoever asked may change it, whatever the rules say now."""
    govern.get_request(ask.tx, ask.account(), _id(ask), acting=ask.acting)
    return _read(ask)


def told_request(request: KeyRequest) -> dict[str, Any]:
    """Return a request as an object."""
    change = request.change
    return {
        "id": request.id,
        "kind": str(request.kind),
        "state": str(request.state),
        "asked_by": {"id": global_id(request.user_id), "name": request.person},
        "key_id": None if request.key_id is None else global_id(request.key_id),
        "created_at": iso(request.created_at),
        "updated_at": iso(request.updated_at),
        "source": request.source,
        "manifest": told_manifest(request.manifest),
        "taken_out": list(request.taken_out),
        "change": None if change is None else told_change(change),
        "agreed_by": [global_id(user_id) for user_id in request.agreed],
        "steps": [
            {
                "kind": str(step.kind), "at": iso(step.at), "person": step.person, "words": step.words,
                "told": dict(step.told),
            }
            for step in request.steps
        ],
    }  # fmt: skip


def _read(ask: Ask) -> Callable[[], tuple[Manifest, str | None]]:
    url, document = text(ask.parameters.get("url"), "url") or "", ask.parameters.get("manifest")
    if bool(url) == bool(document):
        raise Malformed("give either manifest or url")

    def made() -> tuple[Manifest, str | None]:
        if not url:
            raw = document if isinstance(document, str) else json.dumps(document)
            return manifest_from_document(raw.encode()), None
        try:
            return manifest_from_document(asyncio.run(ask.world.fetch(url)).octets), url[:500]
        except OutsideError as failed:
            raise Invalid({"url": [str(failed)]}) from None

    return made


def _told(ask: Ask, request: KeyRequest) -> dict[str, Any]:
    return _told_review(reviews.review_of(ask.tx, ask.account(), request, ask.world.catalogue), in_full=True)


def _told_review(review: reviews.Review, *, in_full: bool) -> dict[str, Any]:
    told = told_request(review.request) | {
        "risk": told_risk(review.risk),
        "yeses_needed": review.needed,
        "yeses_missing": review.missing,
    }
    if in_full:
        return told
    short = {name: value for name, value in told.items() if name not in ("steps", "manifest")}
    return short | {"name": review.request.manifest.name}


def _id(ask: Ask) -> int:
    return number(ask.values["request_id"])


_GROUP: Any = {"resource": "keystead", "resource_name": "Keystead"}
_TEXT = {"type": ["string", "null"]}
_WHY = {"type": "string", "description": "Why; kept in the audit and shown to whoever asked."}
_MANIFEST = {name: value for name, value in SCHEMA.items() if name != "$schema"}
_REQUEST = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"}, "kind": _TEXT, "state": _TEXT, "asked_by": {"type": "object"},
        "key_id": {"type": ["integer", "null"]}, "created_at": _TEXT, "updated_at": _TEXT, "source": _TEXT,
        "name": _TEXT, "manifest": _MANIFEST, "taken_out": {"type": "array", "items": {"type": "string"}},
        "change": {"type": ["object", "null"]}, "agreed_by": {"type": "array", "items": {"type": "integer"}},
        "steps": {"type": "array", "items": {"type": "object"}}, "risk": {"type": "object"},
        "yeses_needed": {"type": "integer"}, "yeses_missing": {"type": "integer"},
    },
}  # fmt: skip
_GIVES_MANIFEST = {
    "manifest": {**_MANIFEST, "description": "The manifest itself."},
    "url": {"type": "string", "description": "Where it is, instead of it: https, at a public address."},
    "because": _WHY,
}
_ASKS = {
    "type": "object",
    "properties": {**_GIVES_MANIFEST, "key_id": {"type": "integer", "description": "The key that is to change."}},
}
_SCOPES = {
    "type": "object",
    "required": ["scopes"],
    "properties": {"scopes": {"type": "array", "items": {"type": "string"}}, "because": _WHY},
}
_DECIDES = {
    "type": "object",
    "required": ["decision"],
    "properties": {"decision": {"type": "string", "enum": ["approve", "refuse", "withdraw"]}, "because": _WHY},
}
_SAYS = {"type": "object", "required": ["comment"], "properties": {"comment": {"type": "string"}}}
_ONE = f"{BASE}/:request_id"

ROUTES = (
    OwnRoute(
        verb="GET", template=BASE, handler=list_requests, summary="List requests for keys",
        gives={"type": "array", "items": _REQUEST},
        query={"state": "open, approved, refused or withdrawn.", "page": "Which page.", "per_page": "At most 100."},
        **_GROUP,
    ),
    OwnRoute(verb="POST", template=BASE, handler=make_request, ahead=manifest_given, summary="Ask for a key",
             takes=_ASKS, gives=_REQUEST, **_GROUP),
    OwnRoute(verb="GET", template=_ONE, handler=show_request, summary="Show a request", gives=_REQUEST, **_GROUP),
    OwnRoute(verb="PUT", template=f"{_ONE}/manifest", handler=change_manifest, ahead=manifest_changed,
             summary="Change what is asked for", takes={"type": "object", "properties": _GIVES_MANIFEST},
             gives=_REQUEST, **_GROUP),
    OwnRoute(verb="POST", template=f"{_ONE}/comments", handler=comment, summary="Comment on a request", takes=_SAYS,
             gives=_REQUEST, **_GROUP),
    OwnRoute(verb="PUT", template=f"{_ONE}/scopes", handler=narrow, summary="Narrow a request", takes=_SCOPES,
             gives=_REQUEST, **_GROUP),
    OwnRoute(verb="PUT", template=f"{_ONE}/decision", handler=decide,
             summary="Approve, refuse or withdraw a request", takes=_DECIDES, gives=_REQUEST, **_GROUP),
)  # fmt: skip
