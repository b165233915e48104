"""What does the gateway ask of whoever remembers? Ports only: the gateway itself has no database."""

from dataclasses import dataclass
from typing import Protocol

from keystead.core.accounts import Account
from keystead.core.actors import User, UserState
from keystead.core.bindings import Binding
from keystead.core.decision import CallFacts, Masquerade
from keystead.core.ids import TokenId
from keystead.core.instants import Instant
from keystead.core.key_policies import KeyPolicy
from keystead.core.keys import Key
from keystead.core.throttle import Limits
from keystead.core.tokens import Token


class FactsUnavailable(Exception):  # noqa: N818  (says what is the case)
    """What is true cannot be learnt now, so nothing may pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Which keys this installation keeps out: those for test clusters, when it checks and is not one."""

    checks: bool = False
    is_test: bool = False

    def refuses(self, key: Key) -> bool:
        """Whether the key is meant for test clusters only and this is none."""
        return self.checks and key.test_cluster_only and not self.is_test


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which facts are wanted: those of a credential (by its digests) on a host, for a path's account reference."""

    digests: tuple[bytes, ...]
    host: str
    account_reference: str | None
    as_user: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is true of a credential on a host. ``user`` is who acts, ``real_user`` who does so behind a mask.

    ``limits`` are those that the key has for the throttle, else its account here; None: the usual ones.
    ``catalogue`` is the revision of the catalogue at that moment. ``key_policies`` are those in force for the key here.
    """

    domain_root: Account
    account: Account
    token: Token | None = None
    key: Key | None = None
    binding: Binding | None = None
    key_serves: bool = False
    test_cluster_mismatch: bool = False
    user: User | None = None
    login: str | None = None
    has_login: bool = False
    minted_by: Masquerade | None = None
    acting_as: Masquerade | None = None
    owner_state: UserState = UserState.DELETED
    real_user: User | None = None
    limits: Limits | None = None
    catalogue: int = 0
    key_policies: tuple[KeyPolicy, ...] = ()

    def for_call(
        self, *, covered: bool, exposed: bool, address: str | None = None, from_anywhere: bool = False
    ) -> CallFacts:
        """Return the facts of one call: ``covered`` by a scope, ``exposed`` when its credential stood in the query.

        ``address`` is where it comes from; ``from_anywhere`` asks about no call (core.decision.CallFacts).
        """
        return CallFacts(
            token=self.token,
            key=self.key,
            account_id=self.account.id,
            binding=self.binding,
            key_serves=self.key_serves,
            user_state=self.owner_state,
            has_login=self.has_login,
            covered=covered,
            exposed=exposed,
            test_cluster_mismatch=self.test_cluster_mismatch,
            minted_by=self.minted_by,
            acting_as=self.acting_as,
            key_policies=self.key_policies,
            address=address,
            from_anywhere=from_anywhere,
        )


class FactSource(Protocol):
    """Who remembers. Nothing that was committed before a question may be missing from its answer."""

    def epoch(self) -> int | None:
        """Return a number that has changed if anybody may have committed since the last question.

        While two answers are equal, facts learnt between them are still true. None: only asking for the facts tells.
        Must return at once. Raises FactsUnavailable.
        """

    async def epoch_waiting(self) -> int | None:
        """Return the same where it takes waiting. None: only asking for the facts tells. Raises FactsUnavailable."""

    def facts_now(self, question: Question) -> Facts | None:
        """Return what is true now if that can be learnt without waiting, else None. Raises FactsUnavailable."""

    def facts_waiting(self, question: Question) -> Facts:
        """Return what is true now, in the caller's thread. Raises FactsUnavailable."""

    async def facts(self, question: Question) -> Facts:
        """Return what is true now. Raises FactsUnavailable."""

    def digests(self, credential: str) -> tuple[bytes, ...]:
        """Return the digests under which a credential may be stored."""


class UsageSink(Protocol):
    """Who notes that a token was used."""

    def token_used(self, token_id: TokenId, key_id: int, now: Instant) -> None:
        """Note one allowed call; must return at once."""


class IdentitySigner(Protocol):
    """Who signs what the upstream is told about the person acting."""

    def sign(self, claims: dict[str, object]) -> str:
        """Return a compact JWS over the claims."""
