"""What is asked, and by which credential? Read once, in the same way for the proxy and for forward-auth."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from keystead.core.credentials import Secret
from keystead.core.parameters import read_query
from keystead.core.paths import OVERRIDE_HEADERS, Target, TargetReason, TargetRefusal, effective_method, read_target
from keystead.core.routes import RouteTable
from keystead.gateway import replies
from keystead.gateway.bodies import Inspected, inspect
from keystead.gateway.call import ApiCall
from keystead.gateway.origin import Scope, header, headers_named

_SAID_ONCE = (b"content-type", b"content-encoding", b"content-length")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call before it is understood. ``scope`` has the headers; without ``has_body`` they say nothing of a body.

    ``address`` is the caller's, by the rules of gateway.origin, None when it is not known.
    """

    method: str
    path: bytes
    query: bytes
    scope: Scope
    chunks: AsyncIterator[bytes]
    has_body: bool
    domain: str
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A call that has one reading: what is judged, what its target was, and what its body says.

    A token in a body is judged, but the throttle does not see it, as in Canvas.
    """

    call: ApiCall
    target: Target
    body: Inspected
    token_in_body: bool = False


async def read_call(asked: Asked, table: RouteTable) -> Reading | replies.Reply:
    """Return the call, or the answer to one that cannot be read. Raises BodyRefused and MalformedParameters."""
    target = read_target(asked.path, asked.query)
    if isinstance(target, TargetRefusal):
        return _refused(target)
    method = effective_method(asked.method)
    if isinstance(method, TargetRefusal):
        return _refused(method)
    scope = asked.scope
    if any(len(headers_named(scope, name)) > 1 for name in _SAID_ONCE):
        return replies.error(400, "The request repeats a header that describes its body.")
    query = read_query(target.query)
    body = await inspect(
        header(scope, b"content-type") if asked.has_body else None,
        asked.chunks,
        method=method,
        content_length=_length(scope) if asked.has_body else None,
        content_encoding=header(scope, b"content-encoding") if asked.has_body else None,
    )
    overrides = [value for name in OVERRIDE_HEADERS for value in headers_named(scope, name.encode())]
    verb = effective_method(method, (*overrides, *query.method_overrides, *body.method_overrides))
    if isinstance(verb, TargetRefusal):
        return _refused(verb)
    credential, exposed = credential_of(scope, query.access_tokens, body.access_tokens)
    match = table.match(verb, target.path)
    call = ApiCall(
        verb=verb,
        path=target.path,
        plain=target.plain,
        host=asked.domain,
        credential=credential,
        exposed=exposed,
        as_user=next((value for value in (*body.as_user_ids, *query.as_user_ids) if value.strip()), None),
        match=match,
        plain_match=match if target.plain == target.path else table.match(verb, target.plain),
        table=table,
        address=asked.address,
    )
    in_body = credential is not None and not exposed and header(scope, b"authorization") is None
    return Reading(call=call, target=target, body=body, token_in_body=in_body)


def has_body(scope: Scope) -> bool:
    """Whether the headers announce a body."""
    length = header(scope, b"content-length")
    return header(scope, b"transfer-encoding") is not None or (length is not None and length.strip() != "0")


def credential_of(scope: Scope, in_query: Sequence[str], in_body: Sequence[str]) -> tuple[Secret | None, bool]:
    """Return what was presented, and whether it stood in the query. The header wins (docs/canvas-compat.md, Calls)."""
    lines = headers_named(scope, b"authorization")
    if len(lines) > 1:
        return Secret(""), False
    if lines and lines[0].startswith("Bearer "):
        return Secret(lines[0][len("Bearer ") :]), False
    for values, exposed in ((in_query, True), (in_body, False)):
        if values and values[-1]:
            return Secret(values[-1]), exposed
    return None, False


def _refused(refusal: TargetRefusal) -> replies.Reply:
    match refusal.reason:
        case TargetReason.PATH_TOO_LONG | TargetReason.QUERY_TOO_LONG:
            status = 414
        case TargetReason.UNKNOWN_METHOD:
            status = 405
        case _:
            status = 400
    return replies.error(status, refusal.reason.words)


def _length(scope: Scope) -> int | None:
    length = header(scope, b"content-length")
    return int(length) if length is not None and length.isascii() and length.isdigit() else None
