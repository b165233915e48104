"""A small installation for tests of our own API: fresh database, real gateway, no HTTP server."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from databases import SITE_TOKEN, fresh_installation
from keystead.api import accounts, admins, catalogues, role_templates, roles, users
from keystead.api.endpoints import OwnApi
from keystead.api.requests import ApiRoute
from keystead.api.requests import World as ApiWorld
from keystead.config import Settings
from keystead.core.catalogue import Catalogue, from_entries, route_entry
from keystead.core.ids import UserId
from keystead.core.instants import SECOND, Instant
from keystead.core.routes import RouteTable, compile_routes
from keystead.gateway.endpoints import ORIGIN, Gateway
from keystead.gateway.facts import Cluster
from keystead.gateway.identity import Identities
from keystead.gateway.judge import Judge
from keystead.gateway.origin import origin_of
from keystead.gateway.outside import Fetched, OutsideError
from keystead.gateway.routing import fixed
from keystead.gateway.upstreams import Upstreams
from keystead.storage.facts import StoredFacts
from keystead.storage.read.keys import built_in_key
from keystead.storage.schema import audit
from keystead.storage.transaction import Database, Origin, Transaction, engine_for
from keystead.storage.upgrades import make_usage_tables
from keystead.storage.usage import Usage
from keystead.storage.vault import new_token
from keystead.storage.write.tokens import insert_token
from keystead.storage.write.users import insert_login

SITE_PERSON = 1
ROUTES: tuple[ApiRoute, ...] = (
    *accounts.ROUTES, *users.ROUTES, *admins.ROUTES, *roles.ROUTES, *role_templates.ROUTES, *catalogues.ROUTES,
)  # fmt: skip
_NOON = 1_760_000_000 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.text)

    @property
    def message(self) -> str:
        """The one message of a refusal."""
        (error,) = self.json["errors"]
        return str(error["message"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a token that may do whatever they may."""

    id: int
    token: str


@dataclass(slots=True, kw_only=True)
class Clock:
    """A clock that stands still until it is moved."""

    now: Instant = field(default=Instant(_NOON))

    def __call__(self) -> Instant:
        return self.now


class Bench:
    """The installation, and short ways to fill it. Calls without ``token`` come from nobody."""

    def __init__(self, database: Database, usage: Usage, clock: Clock, routes: tuple[ApiRoute, ...]) -> None:
        catalogue, table = _routing(routes)
        self.database = database
        self.clock = clock
        self.usage = usage
        self._numbers = count(1)
        self._loop = asyncio.Runner()
        self._facts = StoredFacts(database, cluster=Cluster())
        settings = Settings(_env_file=None)  # type: ignore[call-arg]  # pydantic's own parameter
        routing = fixed(table, catalogue)
        self.outside: dict[str, bytes] = {}
        world = ApiWorld(settings=settings, routing=routing, usage=usage, fetch=self._fetch)
        self.app = Gateway(
            judge=Judge(routing=routing, source=self._facts, usage=usage, clock=clock),
            identities=Identities(_NoSigner()),
            own=OwnApi(routes=routes, database=database, world=world),
            own_routes=frozenset((route.verb, route.template) for route in routes),
            upstreams=Upstreams(None, routing),
            public_url=None,
            clock=clock,
        )

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
    ) -> Response:
        """Make one call; ``form`` values that are lists are sent once each."""
        body, sent = _body(form, json)
        sent |= {"host": host, "content-length": str(len(body))} | dict(headers or {})
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

    def site(self, verb: str, path: str, **sent: Any) -> Response:
        """Make one call as the Site Admin person."""
        return self.call(verb, path, token=SITE_TOKEN, **sent)

    async def _fetch(self, url: str) -> Fetched:
        """Stand for the rest of the world: ``outside`` says what is there."""
        if url not in self.outside:
            raise OutsideError("it answers 404")
        return Fetched(octets=self.outside[url], content_type="application/yaml", url=url)

    def root_account(self, name: str = "Root", domain: str | None = None) -> int:
        """Make a root account; return its id."""
        form = {"account[name]": name, "account[domain]": domain or f"{name.lower().replace(' ', '-')}.test"}
        return self._made("/api/v1/accounts/site_admin/root_accounts", form)

    def sub_account(self, parent: int, name: str = "College") -> int:
        """Make a sub-account; return its id."""
        return self._made(f"/api/v1/accounts/{parent}/sub_accounts", {"account[name]": name})

    def person(self, account: int, name: str = "Ada Lovelace", login: str | None = None) -> Person:
        """Make a person with a login in the account's tenant and a token of the built-in key."""
        form = {"user[name]": name, "pseudonym[unique_id]": login or f"person{next(self._numbers)}"}
        user_id = self._made(f"/api/v1/accounts/{account}/users", form)
        return Person(id=user_id, token=self.token_of(user_id))

    def admin(self, account: int, role_id: int | None = None, *, tenant: int | None = None) -> Person:
        """Make a person and give them a role (AccountAdmin when none is said) in the account."""
        person = self.person(account if tenant is None else tenant)
        form = {"user_id": person.id} | ({} if role_id is None else {"role_id": role_id})
        assert self.site("POST", f"/api/v1/accounts/{account}/admins", form=form).status == 200
        return person

    def share(self, user_id: int, account: int) -> None:
        """Give a person a login to another tenant too."""
        with self.database.write(Origin(surface="test")) as tx:
            login = f"shared{next(self._numbers)}"
            insert_login(tx, user_id=user_id, account_id=account, unique_id=login, password_hash=None)

    def role(self, account: int, label: str, *rights: str) -> int:
        """Make a role with these rights; return its id."""
        enabled = {f"permissions[{right}][enabled]": "1" for right in rights}
        return self._made(f"/api/v1/accounts/{account}/roles", {"label": label} | enabled)

    def token_of(self, user_id: int) -> str:
        """Give a person a token of the built-in key; return it."""
        token = new_token()
        with self.database.write(Origin(surface="test")) as tx:
            insert_token(
                tx, user_id=UserId(user_id), key_id=built_in_key(tx).id, access=token, refresh=None, scopes=()
            )  # fmt: skip
        return token.reveal()

    def audited(self, action: str) -> list[Any]:
        """Return the audit entries of an action, oldest first."""
        with self.database.read() as tx:
            return list(tx.connection.execute(select(audit).where(audit.c.action == action).order_by(audit.c.id)))

    def close(self) -> None:
        """Give everything back."""
        self._facts.close()
        self._loop.close()
        self.usage.close()
        self.database.close()

    def _made(self, path: str, form: Mapping[str, Any]) -> int:
        response = self.site("POST", path, form=form)
        assert response.status == 200, response.text
        return int(response.json["id"])

    async def _exchange(self, scope: dict[str, Any], body: bytes) -> Response:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        headers = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
        text = b"".join(message.get("body", b"") for message in sent[1:]).decode()
        return Response(status=sent[0]["status"], headers=headers, text=text)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Bench]:
    """A fresh installation."""
    bench = bench_in(tmp_path, Clock(), ROUTES)
    yield bench
    bench.close()


@pytest.fixture
def tx(tmp_path: Path) -> Iterator[Transaction]:
    """An open transaction on a fresh installation."""
    database = fresh_installation(tmp_path, Clock())
    with database.write(Origin(surface="test")) as opened:
        yield opened
    database.close()


def bench_in(home: Path, clock: Clock, routes: tuple[ApiRoute, ...]) -> Bench:
    """Return a bench over a fresh installation; the caller closes it."""
    uses = engine_for(f"sqlite:///{home / 'usage.db'}")
    make_usage_tables(uses)
    return Bench(fresh_installation(home, clock), Usage(uses), clock, routes)


class _NoSigner:
    """Signs for no upstream, since there is none."""

    def sign(self, claims: dict[str, object]) -> str:
        raise AssertionError("nothing is forwarded here")


@cache
def _routing(routes: tuple[ApiRoute, ...]) -> tuple[Catalogue, RouteTable]:
    described = json.loads(files("keystead.core").joinpath("canvas_scopes.json").read_text("utf-8"))
    own = [
        route_entry(
            resource=route.resource,
            resource_name=route.resource_name,
            verb=route.verb,
            path=route.template,
            summary=route.summary,
        )
        for route in routes
    ]
    catalogue = from_entries(described, own=own)
    return catalogue, compile_routes(catalogue.routes())


def _body(form: Mapping[str, Any] | None, value: Any) -> tuple[bytes, dict[str, str]]:
    if form is not None:
        return urlencode(form, doseq=True).encode(), {"content-type": "application/x-www-form-urlencoded"}
    if value is not None:
        return json.dumps(value).encode(), {"content-type": "application/json"}
    return b"", {}
