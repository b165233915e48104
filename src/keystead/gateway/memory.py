"""What is remembered of credentials that were judged already? Only as long as nobody has committed since.

A memory belongs to one epoch of its source and is thrown away whole with it. What was found out about a credential is
kept under a digest of a key that this process has drawn for itself: memory holds no credential.
"""

import secrets
from hashlib import blake2b
from typing import Final, Generic, NamedTuple, TypeVar

from keystead.core.decision import standing
from keystead.core.instants import Instant
from keystead.core.key_policies import Ranges, admits, ranges_of
from keystead.core.routes import RouteTable, ScopeMatcher
from keystead.gateway.facts import Facts
from keystead.gateway.verdicts import Allowed

MOST_REMEMBERED = 50_000
"""How many credentials are remembered at least, of those seen last; twice as many at the most."""
MOST_ASIDE = 5_000
"""The same for questions about a named account or another person, which one token could ask without end."""

Name = TypeVar("Name")
Value = TypeVar("Value")

_KEYED = blake2b(key=secrets.token_bytes(32), digest_size=16)


def fingerprint(credential: bytes) -> bytes:
    """Return the name under which this process remembers a credential. It means nothing to any other."""
    state = _KEYED.copy()
    state.update(credential)
    return state.digest()


class Statement(NamedTuple):
    """What was signed about a credential for one issuer, until when."""

    issuer: str
    expires_at: int
    octets: bytes


Who = tuple[int, int, int, int]
"""Under which key, root account, person and account calls are counted."""


class Log(dict[str | None, list[str]]):
    """The paths of calls that passed with a credential from one network on one day, by scope, until they are counted.

    Those that come at ``until`` or later, or from another ``source``, belong in another log (gateway.counting).
    """

    __slots__ = ("day", "network", "source", "until", "who")

    def __init__(self, who: Who, network: str, day: int, *, until: int) -> None:
        super().__init__()
        self.who = who
        self.network = network
        self.day = day
        self.until = until
        self.source: str | None = None

    def __missing__(self, scope: str | None) -> list[str]:
        return self.setdefault(scope, [])


NO_LOG: Final = Log((0, 0, 0, 0), "", 0, until=0)
"""The log of credentials of which no call was counted yet."""


class Known:
    """A credential on a host, made ready for its next call.

    ``allowed`` and ``until`` are its standing: None when no call with it passes now; where there are ``ranges``, only
    those do that come from an address it ``admits``. ``mask`` holds the routes that its scopes name; it is heard only
    when ``limited``. ``table`` is the one they were compiled for. ``statement`` is what was signed about it last,
    ``name`` what the throttle counts it under in every process, and ``place`` where. ``log`` is where its calls are
    counted.
    """

    __slots__ = (
        "admitted", "allowed", "facts", "limited", "log", "mask", "name", "place", "ranges", "scopes", "statement",
        "table", "until",
    )  # fmt: skip

    def __init__(self, facts: Facts, name: bytes, table: RouteTable, scopes: ScopeMatcher | None, now: Instant) -> None:
        self.facts = facts
        self.name = name
        self.place = -1
        self.table = table
        self.scopes = scopes
        self.mask = 0 if scopes is None else scopes.mask
        self.statement: Statement | None = None
        self.log = NO_LOG
        self.ranges: tuple[Ranges, ...] = ranges_of(facts.key_policies)
        self.admitted: str | None = None
        self._stand(now)

    def renew(self, now: Instant) -> None:
        """Find out how it stands from now on, when its time is over: hours begin while facts stay what they are."""
        if self.facts.key_policies:
            self._stand(now)

    def _stand(self, now: Instant) -> None:
        facts = self.facts
        stands = None if facts.token is None else standing(facts.for_call(covered=True, exposed=False), now)
        self.limited = stands is None or stands.allow.limited
        self.allowed = None if stands is None else Allowed(facts=facts, decision=stands.allow)
        self.until: int = 0 if stands is None else stands.until

    def admits(self, address: str | None) -> bool:
        """Whether it may be used from an address. The one it was used from last is not looked at again."""
        if address is not None and address == self.admitted:
            return True
        if not admits(self.ranges, address):
            return False
        self.admitted = address
        return True


class Generations(Generic[Name, Value]):
    """A dictionary that forgets what was not asked for lately. Asking for what is young costs one look-up."""

    __slots__ = ("_most", "_old", "young")

    def __init__(self, most: int) -> None:
        self._most = most
        self.young: dict[Name, Value] = {}
        self._old: dict[Name, Value] = {}

    def get(self, name: Name) -> Value | None:
        """Return what is kept under the name, None when nothing is."""
        found = self.young.get(name)
        if found is None and self._old:
            found = self._old.pop(name, None)
            if found is not None:
                self.keep(name, found)
        return found

    def keep(self, name: Name, value: Value) -> None:
        """Keep a value; when there are too many, those that nobody asked for since the last time are gone."""
        if len(self.young) >= self._most:
            self._old, self.young = self.young, {}
        self.young[name] = value

    def __len__(self) -> int:
        return len(self.young) + len(self._old)


class Memory:
    """What is known of credentials in one epoch: of plain questions, and aside of those that name somebody else."""

    __slots__ = ("aside", "epoch", "plain")

    def __init__(self, epoch: int | None) -> None:
        self.epoch = epoch
        self.plain: Generations[tuple[bytes, str], Known] = Generations(MOST_REMEMBERED)
        self.aside: Generations[tuple[bytes, str, str | None, str | None], Known] = Generations(MOST_ASIDE)

    def get(self, text: str, host: str, reference: str | None, as_user: str | None) -> Known | None:
        """Return what is known of a credential, None when nothing is."""
        name = fingerprint(text.encode("utf-8", "surrogatepass"))
        if reference is None and as_user is None:
            return self.plain.get((name, host))
        return self.aside.get((name, host, reference, as_user))

    def keep(self, text: str, host: str, reference: str | None, as_user: str | None, known: Known) -> None:
        """Keep what was found out about a credential."""
        name = fingerprint(text.encode("utf-8", "surrogatepass"))
        if reference is None and as_user is None:
            self.plain.keep((name, host), known)
        else:
            self.aside.keep((name, host, reference, as_user), known)
