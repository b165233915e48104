"""What is true of a credential right now? Answers the gateway's questions; nothing stale ever leaves here.

On the embedded database SQLite's own change counter (``PRAGMA data_version``, read on a held connection that never
writes) tells at each question whether anybody, in this process or another, has committed since; an answer is used again
only while it has not moved. On PostgreSQL every question asks the database.
"""

import sqlite3
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import SQLAlchemyError

from keystead.core.accounts import Account, AccountPath
from keystead.core.actors import Right, User, UserState
from keystead.core.bindings import resolve, serves
from keystead.core.decision import Masquerade
from keystead.core.ids import parse_id
from keystead.core.keys import Key
from keystead.core.tokens import Token
from keystead.gateway.facts import Cluster, Facts, FactsUnavailable, Question
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import bindings as read_bindings
from keystead.storage.read import keys as read_keys
from keystead.storage.read import users as read_users
from keystead.storage.read.tokens import token_from
from keystead.storage.schema import tokens
from keystead.storage.transaction import Database, StorageUnavailable, Transaction, connect_file, file_identity
from keystead.storage.vault import SealBroken

MOST_REMEMBERED = 50_000
MOST_AT_ONCE = 8
"""How many questions are asked of the database at once, in threads that no one who waits to write can hold."""


class StoredFacts:
    """The gateway's source of facts over the database (see gateway.facts.FactSource)."""

    def __init__(self, database: Database, *, cluster: Cluster) -> None:
        self._database = database
        self._cluster = cluster
        self._counter = _ChangeCounter.of(database)
        self._remembered: OrderedDict[Question, Facts] = OrderedDict()
        self._seen: object = None
        self._limiter: CapacityLimiter | None = None

    def digests(self, credential: str) -> tuple[bytes, ...]:
        """Return the digests under which a credential may be stored."""
        return self._database.vault.tokens.digests(credential)

    async def facts(self, question: Question) -> Facts:
        """Return what is true now. Raises FactsUnavailable when the database cannot be asked."""
        if self._counter is None:
            return await self._asked(question)
        version = self._version()
        if version != self._seen:
            self._remembered.clear()
            self._seen = version
        known = self._remembered.get(question)
        if known is not None:
            return known
        known = await self._asked(question)
        if known.token is not None and self._seen == version:
            self._remembered[question] = known
            if len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return known

    def close(self) -> None:
        """Give the held connection back."""
        if self._counter is not None:
            self._counter.close()

    async def _asked(self, question: Question) -> Facts:
        if self._limiter is None:
            self._limiter = CapacityLimiter(MOST_AT_ONCE)
        return await to_thread.run_sync(self._load, question, limiter=self._limiter)

    def _version(self) -> object:
        assert self._counter is not None  # noqa: S101  (asked only on the embedded database)
        try:
            return self._counter.read()
        except (sqlite3.Error, FileNotFoundError) as failed:
            raise FactsUnavailable("the change counter cannot be read") from failed

    def _load(self, question: Question) -> Facts:
        try:
            with self._database.read() as tx:
                return load(tx, question, self._cluster)
        except (StorageUnavailable, SQLAlchemyError, SealBroken) as failed:
            raise FactsUnavailable("the database cannot be asked") from failed


class _ChangeCounter:
    """SQLite's counter of commits made by other connections, on a connection that is used for nothing else."""

    def __init__(self, database: Database, path: Path) -> None:
        self._database = database
        self._path = path
        self._opened = (database.renewals, file_identity(path))
        self._connection = connect_file(path)

    @classmethod
    def of(cls, database: Database) -> "_ChangeCounter | None":
        """Return the counter of an embedded database, None for others."""
        url = database.engine.url
        return cls(database, Path(str(url.database)).absolute()) if url.get_backend_name() == "sqlite" else None

    def read(self) -> object:
        """Return the file and its counter; two equal readings mean that nobody has committed in between.

        A file that was deleted counts no more: what comes in its place is counted anew. When the database opens its
        connections anew so does this, since SQLite's state of a file lasts until all of them are closed. Raises
        FileNotFoundError.
        """
        file = file_identity(self._path)
        if file is None:
            raise FileNotFoundError(self._path)
        wanted = (self._database.renewals, file)
        if wanted != self._opened:
            self._connection.close()
            self._connection = connect_file(self._path)
            self._opened = wanted
        return wanted, self._connection.execute("PRAGMA data_version").fetchone()[0]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def load(tx: Transaction, question: Question, cluster: Cluster) -> Facts:
    """Read what is true of the credential on the host."""
    domain_root = read_accounts.root_for_host(tx, question.host)
    row = tx.connection.execute(tokens.select().where(tokens.c.digest.in_(question.digests))).first()
    if row is None:
        return Facts(domain_root=domain_root, account=domain_root)
    token = token_from(row)
    key = read_keys.find_key(tx, token.key_id)
    owner = read_users.find_user(tx, token.user_id)
    site = read_accounts.site_admin(tx)
    here = (domain_root.id, site.id)
    logins = read_users.logins_of(tx, token.user_id)
    known = Facts(
        domain_root=domain_root,
        account=domain_root,
        token=token,
        key=key,
        user=owner,
        owner_state=UserState.DELETED if owner is None else owner.state,
        login=next((login.unique_id for login in logins if login.account_id in here), None),
        has_login=any(login.account_id in here for login in logins),
        minted_by=_minted_by(tx, token, domain_root),
        real_user=read_users.find_user(tx, token.real_user_id),
    )
    if key is not None:
        path = _context(tx, question.account_reference, key, domain_root)
        known = replace(
            known,
            account=path.account,
            binding=resolve(key, path, read_bindings.bindings_of(tx, key.id), site.id),
            key_serves=serves(key, path),
            test_cluster_mismatch=cluster.refuses(key),
        )
    if question.as_user:
        return _masked(tx, known, question.as_user)
    return known


def _context(tx: Transaction, reference: str | None, key: Key, domain_root: Account) -> AccountPath:
    """Return for which account the key is judged (docs/canvas-compat.md, Account of a call).

    The account the path names, when it stands in the domain's tree or the key is a stranger to the domain; else the
    domain's root account.
    """
    home = read_accounts.path_to(tx, domain_root)
    named = None if reference is None else read_accounts.find_by_reference(tx, reference, domain_root)
    if named is None or named.id == domain_root.id:
        return home
    belongs_here = key.is_global or key.account_id == domain_root.id
    if named.root_id == domain_root.id or not belongs_here:
        return read_accounts.path_to(tx, named)
    return home


def _minted_by(tx: Transaction, token: Token, domain_root: Account) -> Masquerade | None:
    if token.real_user_id is None:
        return None
    real = read_users.find_user(tx, token.real_user_id)
    target = read_users.find_user(tx, token.user_id)
    permitted = real is not None and target is not None and may_become(tx, real, target, domain_root)
    return Masquerade(permitted=permitted)


def _masked(tx: Transaction, known: Facts, reference: str) -> Facts:
    """Return the facts of a call that asks to act as somebody else."""
    assert known.token is not None  # noqa: S101  (asked only for a token that is known)
    target = known.user if reference == "self" else read_users.find_user(tx, parse_id(reference))
    if known.token.real_user_id is not None:
        same = target is not None and target.id == known.token.user_id
        return known if same else replace(known, acting_as=Masquerade(permitted=False, unchanged=False))
    if target is not None and known.user is not None and target.id == known.user.id:
        return known
    if known.user is None or target is None or not may_become(tx, known.user, target, known.domain_root):
        return replace(known, acting_as=Masquerade(permitted=False))
    site = read_accounts.site_admin(tx)
    logins = read_users.logins_of(tx, target.id)
    return replace(
        known,
        acting_as=Masquerade(permitted=True),
        user=target,
        real_user=known.user,
        login=next((login.unique_id for login in logins if login.account_id in (known.domain_root.id, site.id)), None),
    )


def may_become(tx: Transaction, person: User, target: User, domain_root: Account) -> bool:
    """Whether a person may act as another on this host: the right here, and no right of the other that they lack."""
    if not person.is_active or not target.is_active:
        return False
    if not read_users.has_right(tx, person.id, Right.BECOME_USER, domain_root):
        return False
    site = read_accounts.site_admin(tx)
    if not any(login.account_id in (domain_root.id, site.id) for login in read_users.logins_of(tx, target.id)):
        return False
    return read_users.covers(tx, person.id, target.id)
