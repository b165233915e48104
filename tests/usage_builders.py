"""Calls as they are counted, and the credentials that they are made with."""

from dataclasses import dataclass

from hypothesis import strategies as st

from keystead.core.accounts import Account, AccountKind
from keystead.core.ids import AccountId, KeyId, TokenId, UserId
from keystead.core.instants import DAY, SECOND, Instant
from keystead.core.routes import compile_routes
from keystead.core.tokens import Token, TokenState
from keystead.gateway.counting import Calls
from keystead.gateway.facts import Facts
from keystead.gateway.memory import Known

NOON = 20_000 * DAY + DAY // 2
SCOPES = (
    "url:GET|/api/v1/courses/:course_id/pages",
    "url:GET|/api/v1/courses/:id",
    "url:POST|/api/v1/courses/:course_id/pages",
    "url:GET|/api/v1/accounts/:account_id/users",
    "url:GET|/api/v1/users/:id",
    None,
)
_TABLE = compile_routes([("GET", "/api/v1/courses/:id")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One judged call. ``remembered`` says that its credential was known already."""

    key: int
    root: int
    person: int
    scope: str | None
    place: str
    address: str
    outcome: str
    at: int
    remembered: bool

    @property
    def network(self) -> str:
        """The network of the address, put together by hand."""
        return f"{self.address.rpartition('.')[0]}.0/24"

    @property
    def course(self) -> str:
        """The course that the path names, if it names one."""
        return self.place if self.scope is not None and "/courses/" in self.scope else ""

    @property
    def account(self) -> int:
        """The account that the path names, if it names one."""
        return self.root + 5 if self.scope is not None and "/accounts/" in self.scope else 0

    @property
    def path(self) -> str:
        """The path that was called."""
        if self.scope is None:
            return "/api/v1/nothing"
        parts = self.scope.partition("|")[2].split("/")
        return "/".join(self.place if part.startswith(":") else part for part in parts)


class NoUse:
    """Notes no uses of tokens."""

    def token_used(self, token_id: TokenId, key_id: int, now: Instant) -> None:
        """Do nothing."""


def calls_made() -> st.SearchStrategy[Call]:
    """Return judged calls of a few keys, people, days and places, so that many share their counters."""
    return st.builds(
        Call,
        key=st.integers(1, 2),
        root=st.sampled_from((1_000, 2_000)),
        person=st.integers(1, 4),
        scope=st.sampled_from(SCOPES),
        place=st.sampled_from(("7", "8", "sis_course_id:a")),
        address=st.sampled_from(("10.0.0.1", "10.0.0.77", "10.0.1.1")),
        outcome=st.sampled_from(("allowed", "allowed", "scope_missing", "key_off")),
        at=st.integers(0, 3).map(lambda day: NOON + day * DAY) | st.sampled_from((20_001 * DAY - 1, 20_001 * DAY)),
        remembered=st.booleans(),
    )


def asked_again(
    times: int, *, person: int = 1, course: str = "7", at: int = NOON, scope: str | None = SCOPES[0]
) -> list[Call]:
    """Return the same allowed call so many times."""
    call = Call(
        key=1, root=1_000, person=person, scope=scope, place=course, address="10.0.0.1", outcome="allowed", at=at,
        remembered=True,
    )  # fmt: skip
    return [call] * times


class Door:
    """Counts calls as a door would: by what is remembered of their credentials, or by their facts."""

    def __init__(self) -> None:
        self.calls = Calls(NoUse())
        self._known: dict[tuple[int, int, int, int], Known] = {}

    def count(self, *made: Call) -> None:
        """Count calls."""
        for call in made:
            if call.outcome == "allowed" and call.remembered:
                name = (call.key, call.root, call.person, call.account)
                if name not in self._known:
                    self._known[name] = known_of(call)
                self.calls.passed(self._known[name], call.scope, call.path, call.address, Instant(call.at))
            else:
                self.calls.judged(
                    facts_of(call), call.scope, call.path, source=call.address, outcome=call.outcome,
                    now=Instant(call.at),
                )  # fmt: skip


def facts_of(call: Call) -> Facts:
    """Return the facts of a call."""
    root = _account(call.root)
    token = Token(
        id=TokenId(call.key * 1_000_000 + call.root * 100 + call.person),
        user_id=UserId(call.person),
        key_id=KeyId(call.key),
        state=TokenState.ACTIVE,
        hint="",
        scopes=(),
    )
    return Facts(domain_root=root, account=_account(call.account) if call.account else root, token=token)


def known_of(call: Call) -> Known:
    """Return what is remembered of the credential of a call."""
    return Known(facts_of(call), b"", _TABLE, None, Instant(call.at - SECOND))


def _account(number: int) -> Account:
    return Account(
        id=AccountId(number), name="", kind=AccountKind.ROOT, parent_id=None, root_id=AccountId(number), uuid="",
        domain=None,
    )  # fmt: skip
