"""What has changed that concerns an account, and where else it should be told?"""

from typing import Any

from keystead.actions import subscriptions as act
from keystead.api.keys import because
from keystead.api.paging import page_of, paged_shapes
from keystead.api.requests import Answer, Ask, OwnRoute
from keystead.core.errors import NotFound
from keystead.core.ids import parse_id
from keystead.core.notices import NoticeKind
from keystead.core.parameters import boolean, text, text_list
from keystead.governance.delivering import notice_object
from keystead.governance.noticing import seen_subscriptions, whose_notices
from keystead.storage.notices import Delivery, Notices
from keystead.storage.read.subscriptions import Subscription, list_subscriptions

BASE = "/api/keystead/v1/accounts/:account_id"


def list_notices(ask: Ask) -> Answer:
    """List the notices of a root account to whoever sees its keys, to others those about their own requests."""
    whose = whose_notices(ask.tx, ask.account(), acting=ask.acting)
    page, size = page_of(ask)
    found, total = _store(ask).newest(whose, limit=size, offset=(page - 1) * size)
    return paged_shapes(ask, [notice_object(one) for one in found], total)


def list_wishes(ask: Ask) -> Answer:
    """List where an account's notices go, and where those about one's own requests do."""
    account, store = ask.account(), _store(ask)
    whose = whose_notices(ask.tx, account, acting=ask.acting)
    wishes = seen_subscriptions(ask.tx, account, whose, acting=ask.acting)
    return Answer(body=[_told(one, store.delivery(one.id)) for one in wishes])


def subscribe(ask: Ask) -> Answer:
    """Let an account's notices go somewhere; the answer alone holds what signs a webhook."""
    made, secret = act.subscribe(
        ask.tx,
        ask.account(),
        channel=text(ask.parameters.get("channel"), "channel") or "",
        address=text(ask.parameters.get("address"), "address") or "",
        kinds=text_list(ask.parameters.get("kinds"), "kinds") or (),
        is_digest=bool(boolean(ask.parameters.get("digest"), "digest")),
        acting=ask.acting,
        because=because(ask),
    )
    (one,) = (found for found in list_subscriptions(ask.tx, ask.account().id) if found.id == made)
    return Answer(body=_told(one, None) | {"secret": None if secret is None else secret.reveal()}, status=201)


def unsubscribe(ask: Ask) -> Answer:
    """Let notices go there no more."""
    wanted = parse_id(ask.values["id"])
    act.unsubscribe(ask.tx, ask.account(), wanted, acting=ask.acting, because=because(ask))
    return Answer(body={"id": wanted})


def _told(one: Subscription, delivery: Delivery | None) -> dict[str, Any]:
    return {
        "id": one.id,
        "channel": one.channel,
        "address": one.address,
        "kinds": list(one.kinds),
        "digest": one.is_digest,
        "user_id": one.user_id,
        "failures": 0 if delivery is None else delivery.failures,
        "problem": None if delivery is None else delivery.problem,
    }


def _store(ask: Ask) -> Notices:
    if ask.world.notices is None:
        raise NotFound
    return ask.world.notices


_GROUP: Any = {"resource": "keystead", "resource_name": "Keystead"}
_NOTICE = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"}, "at": {"type": "string", "format": "date-time"}, "kind": {"enum": list(NoticeKind)},
        "key_id": {"type": ["integer", "null"]}, "request_id": {"type": "integer"},
        "inherited": {"type": "boolean"}, "action": {"type": "string"},
        "key_name": {"type": ["string", "null"]}, "before": {"type": "object"}, "after": {"type": "object"},
        "person": {"type": ["string", "null"]}, "because": {"type": ["string", "null"]},
    },
}  # fmt: skip
_WISH = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"}, "channel": {"enum": ["email", "webhook"]}, "address": {"type": "string"},
        "kinds": {"type": "array", "items": {"enum": list(NoticeKind)}}, "digest": {"type": "boolean"},
        "user_id": {"type": "integer"}, "failures": {"type": "integer"}, "problem": {"type": ["string", "null"]},
        "secret": {"type": ["string", "null"], "description": "What signs a webhook; only when it is made."},
    },
}  # fmt: skip
_TAKES = {
    "type": "object",
    "required": ["channel"],
    "properties": {
        "channel": {"enum": ["email", "webhook"]}, "address": {"type": "string"},
        "kinds": {"type": "array", "items": {"enum": list(NoticeKind)}}, "digest": {"type": "boolean"},
        "because": {"type": "string"},
    },
}  # fmt: skip

ROUTES = (
    OwnRoute(
        verb="GET", template=f"{BASE}/notices", handler=list_notices, summary="List what has changed",
        gives={"type": "array", "items": _NOTICE}, query={"page": "Which page.", "per_page": "At most 100."}, **_GROUP,
    ),
    OwnRoute(
        verb="GET", template=f"{BASE}/subscriptions", handler=list_wishes, summary="List where notices go",
        gives={"type": "array", "items": _WISH}, **_GROUP,
    ),
    OwnRoute(
        verb="POST", template=f"{BASE}/subscriptions", handler=subscribe, summary="Let notices go somewhere",
        takes=_TAKES, gives=_WISH, **_GROUP,
    ),
    OwnRoute(
        verb="DELETE", template=f"{BASE}/subscriptions/:id", handler=unsubscribe, summary="End a subscription",
        gives={"type": "object", "properties": {"id": {"type": "integer"}}}, **_GROUP,
    ),
)  # fmt: skip
