"""What is true of a credential right now? Answers the gateway's questions; nothing stale ever leaves here.

On the embedded database the change counter says at each question whether anybody has committed since; while nobody has,
what stands around a credential (accounts, keys, bindings) is used again, and the rest is looked up without waiting.
On PostgreSQL every decision asks for the current snapshot, and for the facts where it has changed.
"""

import sqlite3
from collections.abc import Callable, Mapping
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import SQLAlchemyError

from keystead.core.accounts import Account
from keystead.core.bindings import Binding
from keystead.core.ids import AccountId
from keystead.core.key_policies import KeyPolicy
from keystead.core.keys import Key
from keystead.gateway.facts import Cluster, Facts, FactsUnavailable, Question
from keystead.storage.change_counter import ChangeCounter
from keystead.storage.gathering import gather, load
from keystead.storage.lookups import DirectLookups, Lookups
from keystead.storage.snapshots import Snapshots
from keystead.storage.transaction import Database, StorageUnavailable
from keystead.storage.vault import SealBroken

Name = TypeVar("Name")
Found = TypeVar("Found")

MOST_REMEMBERED = 20_000
"""How many of each kind of surroundings are kept until the next commit."""
MOST_AT_ONCE = 8
"""How many questions are asked of the database at once, in threads that no one who waits to write can hold."""
MOST_TRIES = 3
"""How often a question is asked again without waiting when somebody commits while it is answered."""


class StoredFacts:
    """The gateway's source of facts over the database (see gateway.facts.FactSource). Threads may share it."""

    def __init__(self, database: Database, *, cluster: Cluster) -> None:
        self._database = database
        self._cluster = cluster
        self._counter = ChangeCounter.of(database)
        self._look = None if self._counter is None else DirectLookups(self._counter, database.vault)
        self._around: _Surroundings | None = None
        self._limiter: CapacityLimiter | None = None
        self._snapshots = Snapshots(database.engine) if self._counter is None else None

    def digests(self, credential: str) -> tuple[bytes, ...]:
        """Return the digests under which a credential may be stored."""
        return self._database.vault.tokens.digests(credential)

    def epoch(self) -> int | None:
        """Return a number that changes when anybody may have committed, None where only asking tells."""
        if self._counter is None:
            return None
        try:
            return self._counter.epoch()
        except (sqlite3.Error, OSError) as failed:
            raise FactsUnavailable("the change counter cannot be read") from failed

    async def epoch_waiting(self) -> int | None:
        """Return the same on PostgreSQL, which must be asked. Raises FactsUnavailable."""
        return None if self._snapshots is None else await self._snapshots.epoch()

    def facts_now(self, question: Question) -> Facts | None:
        """Return what is true now, None when that takes waiting: on PostgreSQL, and behind a mask."""
        if self._look is None or question.as_user:
            return None
        try:
            for _ in range(MOST_TRIES):
                epoch = self.epoch()
                token = self._look.token(question.digests)
                if token is not None and token.real_user_id is not None:
                    return None
                known = gather(self._surroundings(self._look, epoch), question, token, self._cluster)
                if self.epoch() == epoch:
                    return known
        except (sqlite3.Error, SealBroken) as failed:
            raise FactsUnavailable("the database cannot be asked") from failed
        return None

    def facts_waiting(self, question: Question) -> Facts:
        """Return what is true now, in the caller's thread. Raises FactsUnavailable."""
        try:
            with self._database.read() as tx:
                return load(tx, question, self._cluster)
        except (StorageUnavailable, SQLAlchemyError, SealBroken) as failed:
            raise FactsUnavailable("the database cannot be asked") from failed

    async def facts(self, question: Question) -> Facts:
        """Return what is true now. Raises FactsUnavailable when the database cannot be asked."""
        if self._limiter is None:
            self._limiter = CapacityLimiter(MOST_AT_ONCE)
        return await to_thread.run_sync(self.facts_waiting, question, limiter=self._limiter)

    def key_now(self, key_id: int) -> Key | None:
        """Return the key, deleted ones too, if that can be learnt without waiting. Raises FactsUnavailable."""
        if self._look is None:
            return None
        try:
            for _ in range(MOST_TRIES):
                epoch = self.epoch()
                key = self._surroundings(self._look, epoch).key(key_id)
                if self.epoch() == epoch:
                    return key
        except (sqlite3.Error, SealBroken) as failed:
            raise FactsUnavailable("the database cannot be asked") from failed
        return None

    def close(self) -> None:
        """Give the held connection back."""
        if self._snapshots is not None:
            self._snapshots.close()
        if self._look is not None:
            self._look.close()
        if self._counter is not None:
            self._counter.close()

    def _surroundings(self, look: DirectLookups, epoch: int | None) -> "_Surroundings":
        """Return what is kept of this epoch: a thread that is late with another's fills only its own."""
        around = self._around
        if around is None or around.epoch != epoch:
            around = self._around = _Surroundings(look, epoch)
        return around


class _Surroundings:
    """What stands around credentials in one epoch, looked up once; people and their logins are looked up each time."""

    def __init__(self, look: Lookups, epoch: int | None) -> None:
        self.epoch = epoch
        self._look = look
        self.token, self.user, self.logins = look.token, look.user, look.logins
        self._keys: dict[int, Key | None] = {}
        self._accounts: dict[int, Account | None] = {}
        self._roots: dict[str, Account] = {}
        self._bindings: dict[int, Mapping[AccountId, Binding]] = {}
        self._policed: frozenset[AccountId] | None = None
        self._policies: dict[tuple[int, int], tuple[KeyPolicy, ...]] = {}
        self._site: Account | None = None
        self._catalogue: int | None = None

    def key(self, key_id: int) -> Key | None:
        """Return the key, deleted ones too."""
        return _kept(self._keys, key_id, self._look.key)

    def account(self, account_id: int) -> Account | None:
        """Return the account that is not deleted."""
        return _kept(self._accounts, account_id, self._look.account)

    def root_for_host(self, host: str) -> Account:
        """Return the root account that a host belongs to."""
        return _kept(self._roots, host, self._look.root_for_host)

    def site_admin(self) -> Account:
        """Return the one account above all tenants."""
        if self._site is None:
            self._site = self._look.site_admin()
        return self._site

    def catalogue(self) -> int:
        """Return the revision of the catalogue."""
        if self._catalogue is None:
            self._catalogue = self._look.catalogue()
        return self._catalogue

    def bindings(self, key_id: int) -> Mapping[AccountId, Binding]:
        """Return every account's decision about a key."""
        return _kept(self._bindings, key_id, self._look.bindings)

    def policed(self) -> frozenset[AccountId]:
        """Return the accounts that have laid down anything about the use of keys."""
        if self._policed is None:
            self._policed = self._look.policed()
        return self._policed

    def policies(self, account_id: int, key_id: int) -> tuple[KeyPolicy, ...]:
        """Return what an account has laid down about a key, and about all keys."""
        return _kept(self._policies, (account_id, key_id), lambda name: self._look.policies(*name))


def _kept(kept: dict[Name, Found], name: Name, look_up: Callable[[Name], Found]) -> Found:
    if name in kept:
        return kept[name]
    if len(kept) >= MOST_REMEMBERED:
        kept.clear()
    found = kept[name] = look_up(name)
    return found
