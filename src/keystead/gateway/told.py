"""What does a proxy say that its caller asked for? Said in exactly one way, or refused."""

from dataclasses import dataclass

from keystead.gateway.origin import RequestOrigin, Scope, clean_host, headers_named

PREFIX = b"/gateway/check"
_PAIRS = (("X-Original-Method", "X-Original-URI"), ("X-Forwarded-Method", "X-Forwarded-Uri"))
_HOSTS = ("X-Original-Host", "X-Forwarded-Host")
_SCHEME = "X-Forwarded-Proto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Method, path and query that the proxy's caller asked for, and the origin it was asked by."""

    method: str
    path: bytes
    query: bytes
    scheme: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """Nothing that could be judged was said; ``words`` say why."""

    words: str


def told_by(scope: Scope, origin: RequestOrigin) -> Told | Untold:
    """Return what the proxy says: nginx and Traefik in headers, Envoy by the path behind the prefix.

    Whoever says it in several ways must say the same each time, so that no caller can slip a second one in.
    """
    said = {name: headers_named(scope, name.lower().encode()) for name in (*_HOSTS, _SCHEME, *sum(_PAIRS, ()))}
    for name, values in said.items():
        if len(values) > 1:
            return Untold(words=f"The header {name} is repeated.")
    asked: set[tuple[str, bytes]] = set()
    for method, uri in _PAIRS:
        if bool(said[method]) != bool(said[uri]):
            return Untold(words=f"The headers {method} and {uri} belong together.")
        if said[uri]:
            asked.add((said[method][0], said[uri][0].encode("latin-1")))
    if behind := _behind_the_prefix(scope):
        asked.add((str(scope["method"]), behind))
    if len(asked) > 1:
        return Untold(words="The proxy says in two ways what is asked for, and they differ.")
    if not asked:
        return Untold(words="The proxy does not say what is asked for.")
    hosts = {said[name][0].strip().lower() for name in _HOSTS if said[name]}
    if len(hosts) > 1 or any(clean_host(host) != host for host in hosts):
        return Untold(words="The proxy does not name one host.")
    scheme = said[_SCHEME][0].strip().lower() if said[_SCHEME] else origin.scheme
    if scheme not in ("http", "https"):
        return Untold(words=f"The header {_SCHEME} must be http or https.")
    method, uri_bytes = asked.pop()
    path, _, query = uri_bytes.partition(b"?")
    host = hosts.pop() if hosts else origin.host
    return Told(method=method, path=path, query=query, scheme=scheme, host=host)


def _behind_the_prefix(scope: Scope) -> bytes:
    path: bytes = scope["raw_path"][len(PREFIX) :]
    query: bytes = scope["query_string"]
    return path + b"?" + query if path and query else path
