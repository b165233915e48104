"""How is a refused call answered? In Canvas's words (docs/canvas-compat.md, Standard errors)."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from keystead.core.decision import Deny
from keystead.core.explanation import NO_SCOPE_EXISTS
from keystead.core.instants import iso
from keystead.core.reasons import Reason
from keystead.gateway.verdicts import Denied

JSON_TYPE = "application/json; charset=utf-8"
NO_CONTENT = 204
CHALLENGE = ("www-authenticate", 'Bearer realm="canvas-lms"')
_WITHOUT_CHALLENGE = frozenset({Reason.SCOPE_MISSING, Reason.MASQUERADE_CHANGED, Reason.MASQUERADE_REFUSED})
_PLAIN_STRING = frozenset({Reason.MASQUERADE_CHANGED, Reason.MASQUERADE_REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole small answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = JSON_TYPE

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers as ASGI sends them."""
        about_body = (("content-type", self.content_type), ("content-length", str(len(self.body))))
        all_headers = (*(about_body if self.status != NO_CONTENT else ()), *self.headers)
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in all_headers]


def error(status: int, message: str, *headers: tuple[str, str]) -> Reply:
    """Return a refusal in the JSON shape."""
    return Reply(status=status, body=_json({"errors": [{"message": message}]}), headers=headers)


def nothing(*headers: tuple[str, str]) -> Reply:
    """Return an answer that is all headers."""
    return Reply(status=NO_CONTENT, body=b"", headers=headers)


def refused_without_words() -> Reply:
    """Return a refusal for proxies that fetch the words by a second route: nginx would add its challenge to theirs."""
    return Reply(status=403, body=b"")


def undecided() -> Reply:
    """Return the answer while what is true cannot be learnt."""
    return error(503, "The service cannot decide about this request now. Try again.")


def missing() -> Reply:
    """Return the answer to what does not exist."""
    return error(404, "The specified resource does not exist.")


def denial(denied: Denied, decision_id: str | None = None) -> Reply:
    """Return the answer to a call that the judge refused, with the id under which it is remembered."""
    decision = denied.decision
    reason = decision.reason
    headers = () if reason in _WITHOUT_CHALLENGE else (CHALLENGE,)
    if denied.missing_scope is not None:
        headers = (*headers, ("x-keystead-missing-scope", denied.missing_scope))
    elif reason is Reason.SCOPE_MISSING:
        headers = (*headers, ("x-keystead-explanation", NO_SCOPE_EXISTS))
    if decision_id is not None:
        headers = (*headers, ("x-keystead-decision", decision_id))
    return Reply(status=401, body=_json(_body(decision)), headers=headers)


async def answer(send: Callable[[MutableMapping[str, Any]], Awaitable[None]], reply: Reply) -> None:
    """Send a reply (ASGI)."""
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.raw_headers()})
    await send({"type": "http.response.body", "body": reply.body, "more_body": False})


def _body(decision: Deny) -> dict[str, object]:
    reason = decision.reason
    if reason in _PLAIN_STRING:
        return {"errors": reason.words}
    if reason is Reason.NO_CREDENTIALS:
        return {"status": "unauthenticated", "errors": [{"message": reason.words}]}
    if reason is Reason.TOKEN_EXPIRED:
        return {"errors": [{"message": reason.words, "expired_at": iso(decision.expired_at)}]}
    return {"errors": [{"message": reason.words}]}


def _json(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
