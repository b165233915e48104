"""Can another proxy's question be answered at once? Most can: a plain call with a credential that stands well.

The answer is only ever yes, and only where the full reading (gateway.forward_auth) would say the same. Whatever takes a
closer look is left to it: what is said in two ways, bodies, overrides, escapes, accounts in paths, people to act as,
every refusal.
"""

import itertools
import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from keystead.config import Network
from keystead.core.accounts import normal_host
from keystead.core.instants import Instant
from keystead.core.paths import OVERRIDE_HEADERS
from keystead.gateway.identity import Identities
from keystead.gateway.judge import Judge
from keystead.gateway.origin import clean_host, is_within, sender_of
from keystead.gateway.own import OwnPaths
from keystead.gateway.throttle import Throttle, unthrottled
from keystead.gateway.told import PREFIX
from keystead.observability.metrics import COUNTS

FIRST_LINE: Final = b"GET " + PREFIX + b" HTTP/1.1\r\n"
LONGEST_HEAD: Final = 8 * 1024

_HEAD = (
    b"HTTP/1.1 204 No Content\r\nx-keystead-identity: %b\r\nx-keystead-method: %b\r\nx-keystead-query: %b\r\n"
    b"x-keystead-serves: %b\r\ncache-control: no-store\r\nx-request-id: %b\r\n"
)
_HEARD: Final = frozenset(
    {b"authorization", b"host", b"content-length", b"x-original-method", b"x-original-uri", b"x-original-host"}
    | {b"x-forwarded-method", b"x-forwarded-uri", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded-for"}
)
_NEVER: Final = frozenset(
    {b"content-type", b"content-encoding", b"transfer-encoding", b"expect", b"upgrade", b"x-envoy-auth-partial-body"}
    | {b"x-keystead-passes"}
    | {name.encode() for name in OVERRIDE_HEADERS}
)
_NAME = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_READS: dict[bytes | None, str] = {b"GET": "GET", b"HEAD": "HEAD"}
_SCHEMES = {b"http": "http", b"https": "https"}
_BEARER = b"Bearer "
_MOST_KEPT = 1024
_MEASURED = 15


class Passing(NamedTuple):
    """The answer to a call that passes, as the values of its headers."""

    identity: bytes
    method: bytes
    query: bytes
    serves: bytes

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers as ASGI sends them."""
        return [
            (b"x-keystead-identity", self.identity),
            (b"x-keystead-method", self.method),
            (b"x-keystead-query", self.query),
            (b"x-keystead-serves", self.serves),
            (b"cache-control", b"no-store"),
        ]


class RequestIds:
    """Names requests: no two the same, and none a secret."""

    def __init__(self) -> None:
        self._prefix = uuid.uuid4().hex[:20].encode()
        self._numbers = itertools.count(1)

    def next(self) -> bytes:
        """Return the next name: 32 hexadecimal characters."""
        return b"%b%012x" % (self._prefix, next(self._numbers))


class AtOnce:
    """The quick side of forward-auth. ``audience`` is the upstream's origin; None: the public origin."""

    def __init__(
        self,
        *,
        judge: Judge,
        identities: Identities,
        own_paths: OwnPaths,
        audience: str | None,
        public_url: str | None,
        check_from: Sequence[Network],
        clock: Callable[[], Instant],
        trusted: Sequence[Network],
        throttle: Throttle | None = None,
    ) -> None:
        self._throttle = throttle or unthrottled()
        self.request_ids = RequestIds()
        self._judge = judge
        self._calls = judge.calls
        self._identities = identities
        self._own_paths = own_paths
        self._audience = audience
        self._public_url = public_url
        self._check_from = check_from
        self._clock = clock
        self._trusted = trusted
        self._trusts = bool(trusted)
        self._senders: dict[tuple[bytes, str | None], str | None] = {}
        self._origins: dict[tuple[bytes | None, bytes | None, bytes | None, bytes | None, str], tuple[str, str]] = {}
        self._kinds: dict[bytes, bytes | None] = {}

    def may_ask(self, peer: str | None) -> bool:
        """Whether questions from this address are answered at all."""
        return is_within(peer, self._check_from)

    def answer_head(self, head: bytes, scheme: str, peer: str | None = None) -> bytes | None:
        """Return the head of the answer (without its last line) to one whole request of the server's protocol.

        ``head`` begins with ``FIRST_LINE`` and ends with an empty line. Raises FactsUnavailable.
        """
        is_measured = not COUNTS.at_once & _MEASURED
        began = time.perf_counter() if is_measured else 0.0
        said = self._said_in(head)
        passing = None if said is None else self._passing(said, scheme, peer)
        if passing is None:
            return None
        if is_measured:
            COUNTS.decision_times.note(time.perf_counter() - began, weight=_MEASURED + 1)
        COUNTS.at_once += 1
        return _HEAD % (*passing, self.request_ids.next())

    def answer(self, headers: Iterable[tuple[bytes, bytes]], scheme: str, peer: str | None = None) -> Passing | None:
        """Return the answer to a GET of ``PREFIX`` with these headers, their names in small letters.

        Raises FactsUnavailable.
        """
        said: dict[bytes, bytes] = {}
        for name, value in headers:
            if name in _HEARD:
                if name in said:
                    return None
                said[name] = value
            elif name in _NEVER:
                return None
        return self._passing(said, scheme, peer)

    def _said_in(self, head: bytes) -> dict[bytes, bytes] | None:
        """Return the headers that are heard, None for a head whose every line is not plainly ``name: value``."""
        lines = head[len(FIRST_LINE) : -4].split(b"\r\n")
        ends = len(lines) + 2
        if head.count(b"\n") != ends or head.count(b"\r") != ends:
            return None
        said: dict[bytes, bytes] = {}
        kinds = self._kinds
        for line in lines:
            name, is_named, value = line.partition(b": ")
            if not is_named:
                return None
            if name in kinds:
                heard = kinds[name]
                if heard is None:
                    continue
            else:
                heard = name.lower()
                if heard in _NEVER or _NAME.fullmatch(name) is None:
                    return None
                if heard not in _HEARD and heard != b"connection":
                    self._learn(name, None)
                    continue
                self._learn(name, heard)
            if heard in said:
                return None
            said[heard] = value
        return said if said.get(b"connection", b"keep-alive") == b"keep-alive" else None

    def _learn(self, name: bytes, kind: bytes | None) -> None:
        if len(self._kinds) >= _MOST_KEPT:
            self._kinds.clear()
        self._kinds[name] = kind

    def _passing(self, said: Mapping[bytes, bytes], scheme: str, peer: str | None) -> Passing | None:
        say = said.get
        method, uri = say(b"x-original-method"), say(b"x-original-uri")
        if method is None:
            method, uri = say(b"x-forwarded-method"), say(b"x-forwarded-uri")
        elif b"x-forwarded-method" in said or b"x-forwarded-uri" in said:
            return None
        authorization, verb = say(b"authorization"), _READS.get(method)
        if verb is None or uri is None or authorization is None or authorization[:7] != _BEARER:
            return None
        if b"content-length" in said and said[b"content-length"] != b"0":
            return None
        origin = self._origins.get((say(b"x-original-host"), say(b"x-forwarded-host"), say(b"host"),
                                    say(b"x-forwarded-proto"), scheme))  # fmt: skip
        if origin is None:
            origin = self._new_origin(said, scheme)
        target = self._judge.targets.get(uri)
        if target is None or origin is None:
            return None
        path, query, match = target
        now = self._clock()
        sender = self._sender(say(b"x-forwarded-for"), peer) if self._trusts else peer
        known = self._judge.standing(authorization[7:], origin[0], match, now, sender)
        if known is None or not self._throttle.passes(known):
            return None
        if self._calls is not None:
            log = known.log
            if now >= log.until or sender != log.source:
                log = self._calls.turn(known, sender, now)
            log[match.scope].append(path)
        issuer = origin[1]
        statement = self._identities.of_known(known, issuer, self._audience or issuer, now)
        serves = b"keystead" if self._own_paths.has_path(path, match) else b"upstream"
        return Passing(statement, method or b"", query.encode(), serves)

    def _sender(self, forwarded: bytes | None, peer: str | None) -> str | None:
        """Return the address that the caller's proxy had the call from; only proxies of ours are believed."""
        if forwarded is None:
            return peer
        sender = self._senders.get((forwarded, peer))
        if sender is None:
            if len(self._senders) >= _MOST_KEPT:
                self._senders.clear()
            sender = sender_of((forwarded.decode("latin-1"),), peer, self._trusted)
            self._senders[forwarded, peer] = sender
        return sender

    def _new_origin(self, said: Mapping[bytes, bytes], scheme: str) -> tuple[str, str] | None:
        """Return the domain and the issuer for the host that is asked for, None when that takes a closer look."""
        original, forwarded, direct = said.get(b"x-original-host"), said.get(b"x-forwarded-host"), said.get(b"host")
        told = said.get(b"x-forwarded-proto")
        host = direct if original is None and forwarded is None else original or forwarded
        if (original is not None and forwarded is not None) or host is None:
            return None
        if self._trusts and (told is None or (original is None and forwarded is None)):
            return None
        if told is not None and told not in _SCHEMES:
            return None
        as_asked, text = scheme if told is None else _SCHEMES[told], host.decode("latin-1")
        if clean_host(text) != text or as_asked not in ("http", "https"):
            return None
        if len(self._origins) >= _MOST_KEPT:
            self._origins.clear()
        known = (normal_host(text), self._public_url or f"{as_asked}://{text}")
        self._origins[original, forwarded, direct, told, scheme] = known
        return known
