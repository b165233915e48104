"""Short ways to fill a world with developer keys, over the application as it is put together in production."""

import json as json_text
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from databases import fresh_installation
from keystead.api.endpoints import OwnApi
from keystead.api.operations import OWN_ROUTES, read_catalogue, route_table
from keystead.api.requests import World
from keystead.config import Settings
from keystead.core.catalogue import Catalogue
from keystead.core.ids import KeyId, UserId
from keystead.core.routes import RouteTable
from keystead.gateway.counting import Calls
from keystead.gateway.endpoints import ORIGIN, Gateway
from keystead.gateway.facts import Cluster
from keystead.gateway.identity import Identities
from keystead.gateway.judge import Judge
from keystead.gateway.origin import origin_of
from keystead.gateway.routing import fixed
from keystead.gateway.upstreams import Upstreams
from keystead.storage.counts import WrittenCounts
from keystead.storage.facts import StoredFacts
from keystead.storage.read.keys import find_key
from keystead.storage.read.watches import watched_keys
from keystead.storage.schema import bindings, keys, tokens
from keystead.storage.signing import SigningKeys
from keystead.storage.transaction import Database, Origin, engine_for
from keystead.storage.upgrades import make_usage_tables
from keystead.storage.usage import Usage
from keystead.storage.usage_figures import UsageFigures
from keystead.storage.vault import new_session_id, new_token
from keystead.storage.watch_examples import WatchExamples
from keystead.storage.write.accounts import update_account
from keystead.storage.write.keys import update_key
from keystead.storage.write.sessions import insert_session
from keystead.storage.write.tokens import insert_token
from world import Bench, Clock, Response

GLOBAL = 10_000_000_000_000
COURSES = "url:GET|/api/v1/courses"
ACCOUNTS = "url:GET|/api/v1/accounts"
BINDINGS = "developer_key_account_bindings"
_TEST = Origin(surface="test")


class KeyBench(Bench):
    """Everything under ``/api/`` on a fresh database, put together as the application does it, with these settings."""

    def __init__(
        self, database: Database, clock: Clock, home: Path, *, upstream: str | None = None, **settings: Any
    ) -> None:
        uses = engine_for(f"sqlite:///{home / 'usage.db'}")
        make_usage_tables(uses)
        super().__init__(database, Usage(uses), clock, OWN_ROUTES)
        read = Settings(_env_file=None, **settings)  # type: ignore[call-arg]  # pydantic's own parameter
        catalogue, table = _routing()
        cluster = Cluster(checks=read.test_cluster_checks, is_test=read.test_cluster)
        self._more_facts = StoredFacts(self.database, cluster=cluster)
        self.signing = SigningKeys(self.database)
        self.routing = routing = fixed(table, catalogue)
        self.calls = Calls(self.usage)
        self.counts = WrittenCounts(uses, self.calls, clock, days=read.usage_days, months=read.usage_months)
        self.figures = UsageFigures(uses, self.counts.flush)
        self.examples = WatchExamples(uses)
        self.app = Gateway(
            judge=Judge(routing=routing, source=self._more_facts, usage=self.usage, clock=clock, calls=self.calls),
            identities=Identities(self.signing),
            own=OwnApi(
                routes=OWN_ROUTES,
                database=self.database,
                world=World(
                    settings=read, routing=routing, usage=self.usage, figures=self.figures, examples=self.examples
                ),
            ),
            own_routes=frozenset((route.verb, route.template) for route in OWN_ROUTES),
            upstreams=Upstreams(upstream, routing),
            public_url=read.public_url,
            clock=clock,
        )

    def close(self) -> None:
        """Give everything back."""
        self._more_facts.close()
        super().close()

    def keep_watching(self) -> None:
        """Do what a process does once a second for keys that are watched."""
        self.calls.add_up()
        self.examples.write(self.calls.take_examples(), self.clock.now)
        with self.database.read() as tx:
            self.calls.watched = watched_keys(tx)

    def own_key(self, account: int, *, by: str | None = None, **attributes: Any) -> dict[str, Any]:
        """Make a key; return its object."""
        wanted = {"developer_key": {"name": "An app", **attributes}}
        sent = {"json": wanted}
        path = f"/api/v1/accounts/{account}/developer_keys"
        made = self.site("POST", path, **sent) if by is None else self.call("POST", path, token=by, **sent)
        assert made.status == 200, made.text
        found: dict[str, Any] = made.json
        return found

    def bind(self, account: int | str, key: int, state: str, *, by: str | None = None, **sent: Any) -> Response:
        """Set what an account says about a key."""
        body = {"json": {"developer_key_account_binding": {"workflow_state": state}}} | sent
        path = f"/api/v1/accounts/{account}/developer_keys/{key}/{BINDINGS}"
        return self.site("POST", path, **body) if by is None else self.call("POST", path, token=by, **body)

    def token_for(self, key: int, user_id: int, *scopes: str, **values: Any) -> tuple[int, str]:
        """Give a person a token of a key, as OAuth would; return its id and text."""
        access = new_token()
        with self.database.write(_TEST) as tx:
            whose = {"user_id": UserId(user_id), "key_id": KeyId(local(key))}
            token_id = insert_token(tx, access=access, refresh=None, scopes=scopes, **whose, **values)
        return token_id, access.reveal()

    def live_token(self, user_id: int, *scopes: str, account: int = 2, **attributes: Any) -> tuple[dict[str, Any], str]:
        """Make a key that is on, and a token of it; scoped when scopes are given. Return the key and the token."""
        if scopes:
            attributes = {"require_scopes": True, "scopes": list(scopes)} | attributes
        key = self.own_key(account, **attributes)
        assert self.bind(account, key["id"], "on").status in (200, 201)
        return key, self.token_for(key["id"], user_id, *scopes)[1]

    def token_state(self, token_id: int) -> str:
        """Return a token's state as stored."""
        with self.database.read() as tx:
            return str(tx.connection.execute(select(tokens.c.state).where(tokens.c.id == token_id)).scalar_one())

    def binding_rows(self, key: int) -> list[tuple[int, str]]:
        """Return account and state of every binding of a key, as stored."""
        chosen = select(bindings.c.account_id, bindings.c.state).where(bindings.c.key_id == local(key))
        with self.database.read() as tx:
            return [(row.account_id, row.state) for row in tx.connection.execute(chosen.order_by(bindings.c.id))]

    def key_row(self, key: int) -> Any:
        """Return a key as stored."""
        with self.database.read() as tx:
            return find_key(tx, local(key))

    def many_keys(self) -> int:
        """Return how many keys are stored, deleted ones too."""
        with self.database.read() as tx:
            return len(tx.connection.execute(select(keys.c.id)).all())

    def set_key(self, key: int, **values: Any) -> None:
        """Set columns of a key behind everybody's back."""
        with self.database.write(_TEST) as tx:
            update_key(tx, local(key), values)

    def policies(self, account: int, *policies: str) -> None:
        """Switch optional rules of a root account on, all others off."""
        self.set_account(account, policies=list(policies))

    def session_of(self, user_id: int) -> tuple[str, str]:
        """Sign a person in; return the session cookie and the anti-forgery value."""
        session, csrf = new_session_id(), "c" * 48
        with self.database.write(_TEST) as tx:
            insert_session(
                tx, session, account_id=2, csrf=csrf, user_id=user_id, signed_in_at=tx.now
            )  # fmt: skip
        return f"keystead_session={session.reveal()}", csrf

    def set_account(self, account: int, **values: Any) -> None:
        """Set columns of an account behind everybody's back."""
        with self.database.write(_TEST) as tx:
            update_account(tx, account, **values)

    def call(
        self,
        verb: str,
        path: str,
        *,
        token: str | None = None,
        form: Mapping[str, Any] | None = None,
        json: Any = None,
        host: str = "keystead.test",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Response:
        """Make one call; ``body`` is sent as it is."""
        if body is None:
            return super().call(verb, path, token=token, form=form, json=json, host=host, headers=headers)
        sent = {"host": host, "content-length": str(len(body))} | dict(headers or {})
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        target, _, query = path.partition("?")
        scope: dict[str, Any] = {
            "type": "http",
            "method": verb,
            "scheme": "http",
            "path": target,
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
            "client": ("127.0.0.1", 50_000),
        }
        scope[ORIGIN] = origin_of(scope, trusted=(), request_id="test")
        return self._loop.run(self._exchange(scope, body))


def local(any_id: int) -> int:
    """Return the local id of a global one, or of a local one."""
    return any_id % GLOBAL


def shown(response: Response) -> Any:
    """Return the body read, having seen that the call was answered with 200."""
    assert response.status == 200, response.text
    return json_text.loads(response.text)


def benches(home: Path, **settings: Any) -> Iterator[KeyBench]:
    """Give one fresh installation with these settings and root account 2, and close it."""
    clock = Clock()
    bench = KeyBench(fresh_installation(home, clock), clock, home, **settings)
    assert bench.root_account("Root") == 2
    yield bench
    bench.close()


@cache
def _routing() -> tuple[Catalogue, RouteTable]:
    catalogue = read_catalogue()
    return catalogue, route_table(catalogue)
