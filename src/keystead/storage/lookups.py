"""Which rows does a decision rest on? Found by key, one at a time, for the two ways to ask the database.

A decision about a credential that was not seen before may not wait for a thread and an ORM: on the embedded database
the same selects are compiled once and run directly on a held connection. Both ways give the same values.
"""

import json
import sqlite3
import threading
from collections import namedtuple
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sqlalchemy import JSON, Boolean, Select, literal_column, select
from sqlalchemy.dialects import sqlite

from keystead.core.accounts import Account, AccountKind, normal_host
from keystead.core.actors import Login, User, UserState
from keystead.core.bindings import Binding
from keystead.core.credentials import Secret
from keystead.core.ids import AccountId
from keystead.core.key_policies import KeyPolicy
from keystead.core.keys import Key
from keystead.core.tokens import Token
from keystead.storage.change_counter import ChangeCounter
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import apis as read_apis
from keystead.storage.read import bindings as read_bindings
from keystead.storage.read import key_policies as read_policies
from keystead.storage.read import keys as read_keys
from keystead.storage.read import users as read_users
from keystead.storage.read.tokens import token_from
from keystead.storage.schema import accounts, bindings, keys, logins, tokens, users
from keystead.storage.transaction import Transaction
from keystead.storage.vault import Vault

MOST_OPENED = 10_000


class Lookups(Protocol):
    """Finds what a decision rests on. Each returns what is committed now."""

    def token(self, digests: tuple[bytes, ...]) -> Token | None:
        """Return the token stored under one of these digests, None when there is none."""

    def key(self, key_id: int) -> Key | None:
        """Return the key, deleted ones too."""

    def user(self, user_id: int) -> User | None:
        """Return the person who is not deleted."""

    def logins(self, user_id: int) -> tuple[Login, ...]:
        """Return a person's ways in, oldest first."""

    def account(self, account_id: int) -> Account | None:
        """Return the account that is not deleted."""

    def root_for_host(self, host: str) -> Account:
        """Return the root account that a host belongs to."""

    def site_admin(self) -> Account:
        """Return the one account above all tenants."""

    def bindings(self, key_id: int) -> Mapping[AccountId, Binding]:
        """Return every account's decision about a key."""

    def policed(self) -> frozenset[AccountId]:
        """Return the accounts that have laid down anything about the use of keys."""

    def policies(self, account_id: int, key_id: int) -> tuple[KeyPolicy, ...]:
        """Return what an account has laid down about a key, and about all keys."""

    def catalogue(self) -> int:
        """Return the revision of the catalogue."""


class TransactionLookups:
    """Looks things up inside a transaction, on any database."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def token(self, digests: tuple[bytes, ...]) -> Token | None:
        """Return the token stored under one of these digests, None when there is none."""
        row = self._tx.connection.execute(tokens.select().where(tokens.c.digest.in_(digests))).first()
        return None if row is None else token_from(row)

    def key(self, key_id: int) -> Key | None:
        """Return the key, deleted ones too."""
        return read_keys.find_key(self._tx, key_id)

    def user(self, user_id: int) -> User | None:
        """Return the person who is not deleted."""
        return read_users.find_user(self._tx, user_id)

    def logins(self, user_id: int) -> tuple[Login, ...]:
        """Return a person's ways in, oldest first."""
        return read_users.logins_of(self._tx, user_id)

    def account(self, account_id: int) -> Account | None:
        """Return the account that is not deleted."""
        return read_accounts.find_account(self._tx, account_id)

    def root_for_host(self, host: str) -> Account:
        """Return the root account that a host belongs to."""
        return read_accounts.root_for_host(self._tx, host)

    def site_admin(self) -> Account:
        """Return the one account above all tenants."""
        return read_accounts.site_admin(self._tx)

    def bindings(self, key_id: int) -> Mapping[AccountId, Binding]:
        """Return every account's decision about a key."""
        return read_bindings.bindings_of(self._tx, key_id)

    def policed(self) -> frozenset[AccountId]:
        """Return the accounts that have laid down anything about the use of keys."""
        return read_policies.policed(self._tx)

    def policies(self, account_id: int, key_id: int) -> tuple[KeyPolicy, ...]:
        """Return what an account has laid down about a key, and about all keys."""
        return read_policies.policies_for(self._tx, account_id, key_id)

    def catalogue(self) -> int:
        """Return the revision of the catalogue."""
        return read_apis.revision(self._tx)


class DirectLookups:
    """Looks things up on held connections of the embedded database; each look-up is a transaction of its own.

    Each thread has a connection: on a shared one a question would see what the other thread's began with. Whoever
    joins several answers must see to it that nobody has committed in between. Raises sqlite3.Error and SealBroken.
    """

    def __init__(self, counter: ChangeCounter, vault: Vault) -> None:
        self._counter = counter
        self._vault = vault
        self._mine = threading.local()
        self._opened: dict[bytes, Secret] = {}

    def token(self, digests: tuple[bytes, ...]) -> Token | None:
        """Return the token stored under one of these digests, None when there is none."""
        for digest in digests:
            row = self._first(_TOKEN, digest)
            if row is not None:
                return token_from(row)
        return None

    def key(self, key_id: int) -> Key | None:
        """Return the key, deleted ones too."""
        row = self._first(_KEY, key_id)
        return None if row is None else read_keys.key_of(row._asdict(), self._secret)

    def user(self, user_id: int) -> User | None:
        """Return the person who is not deleted."""
        row = self._first(_USER, user_id)
        return None if row is None else read_users.user_from(row)

    def logins(self, user_id: int) -> tuple[Login, ...]:
        """Return a person's ways in, oldest first."""
        return tuple(read_users.login_from(row) for row in self._all(_LOGINS, user_id))

    def account(self, account_id: int) -> Account | None:
        """Return the account that is not deleted."""
        row = self._first(_ACCOUNT, account_id)
        return None if row is None else read_accounts.account_from(row)

    def root_for_host(self, host: str) -> Account:
        """Return the root account that a host belongs to."""
        row = self._first(_BY_DOMAIN, normal_host(host)) or self._first(_DEFAULT_ROOT)
        return self.site_admin() if row is None else read_accounts.account_from(row)

    def site_admin(self) -> Account:
        """Return the one account above all tenants."""
        return read_accounts.account_from(self._first(_SITE_ADMIN))

    def bindings(self, key_id: int) -> Mapping[AccountId, Binding]:
        """Return every account's decision about a key."""
        found = (read_bindings.binding_from(row) for row in self._all(_BINDINGS, key_id))
        return {binding.account_id: binding for binding in found}

    def policed(self) -> frozenset[AccountId]:
        """Return the accounts that have laid down anything about the use of keys."""
        return frozenset(AccountId(row.account_id) for row in self._all(_POLICED))

    def policies(self, account_id: int, key_id: int) -> tuple[KeyPolicy, ...]:
        """Return what an account has laid down about a key, and about all keys."""
        return tuple(read_policies.policy_from(row) for row in self._all(_POLICIES, account_id, key_id))

    def catalogue(self) -> int:
        """Return the revision of the catalogue."""
        return int(self._first(_CATALOGUE).revision)

    def _secret(self, sealed: bytes) -> Secret:
        """Open a sealed secret, once: the same bytes hold the same secret."""
        secret = self._opened.get(sealed)
        if secret is None:
            if len(self._opened) >= MOST_OPENED:
                self._opened.clear()
            secret = self._opened[sealed] = self._vault.open(sealed)
        return secret

    def close(self) -> None:
        """Close this thread's connection."""
        held = getattr(self._mine, "held", None)
        if held is not None:
            held[1].close()
            self._mine.held = None

    def _first(self, prepared: "_Prepared", *values: Any) -> Any:
        found = self._all(prepared, *values)
        return found[0] if found else None

    def _all(self, prepared: "_Prepared", *values: Any) -> list[Any]:
        return [prepared.made(row) for row in self._connection().execute(prepared.sql, values).fetchall()]

    def _connection(self) -> sqlite3.Connection:
        held: tuple[object, sqlite3.Connection] | None = getattr(self._mine, "held", None)
        opened = self._counter.opened
        if held is None or held[0] != opened:
            self.close()
            held = self._mine.held = (opened, self._counter.connect())
        return held[1]


class _Prepared:
    """A select compiled once for the embedded database; ``made`` gives its rows as SQLAlchemy would."""

    def __init__(self, chosen: Select[Any]) -> None:
        compiled = chosen.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
        columns = list(chosen.selected_columns)
        self.sql = str(compiled)
        row: Any = namedtuple("row", [column.name for column in columns])  # type: ignore[misc]  # named at run time
        self._make = row._make
        self._readers = [(at, _READERS[type(one.type)]) for at, one in enumerate(columns) if type(one.type) in _READERS]

    def made(self, row: tuple[Any, ...]) -> Any:
        """Return the row with its columns as attributes."""
        values = list(row)
        for at, read in self._readers:
            if values[at] is not None:
                values[at] = read(values[at])
        return self._make(values)


_READERS: dict[type, Callable[[Any], Any]] = {Boolean: bool, JSON: json.loads}
_GIVEN: Any = literal_column("?")
_TOKEN = _Prepared(select(tokens).where(tokens.c.digest == _GIVEN))
_KEY = _Prepared(select(keys).where(keys.c.id == _GIVEN))
_USER = _Prepared(select(users).where(users.c.id == _GIVEN, users.c.state != UserState.DELETED))
_LOGINS = _Prepared(select(logins).where(logins.c.user_id == _GIVEN, logins.c.is_active).order_by(logins.c.id))
_ACCOUNT = _Prepared(select(accounts).where(accounts.c.id == _GIVEN, accounts.c.is_deleted.is_(False)))
_BY_DOMAIN = _Prepared(select(accounts).where(accounts.c.domain == _GIVEN, accounts.c.is_deleted.is_(False)))
_SITE_ADMIN = _Prepared(select(accounts).where(accounts.c.kind == AccountKind.SITE_ADMIN))
_DEFAULT_ROOT = _Prepared(
    select(accounts)
    .where(accounts.c.kind == AccountKind.ROOT, accounts.c.is_deleted.is_(False))
    .order_by(accounts.c.id)
    .limit(literal_column("1"))
)
_CATALOGUE = _Prepared(read_apis.NEWEST)
_BINDINGS = _Prepared(select(bindings).where(bindings.c.key_id == _GIVEN))
_POLICED = _Prepared(read_policies.POLICED)
_POLICIES = _Prepared(read_policies.for_key(_GIVEN, _GIVEN))
