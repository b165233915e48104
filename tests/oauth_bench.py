"""The whole application without sockets, two tenants with a person each, and browsers with real cookies."""

import asyncio
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr
from sqlalchemy import event, func, select

from databases import MASTER, fresh_installation
from keystead.app import Application, create_app
from keystead.config import Settings
from keystead.core.accounts import AccountKind, Policy
from keystead.core.actors import ADMIN_ROLE, Right, UserState
from keystead.core.bindings import BindingState
from keystead.core.credentials import Secret
from keystead.core.ids import AccountId, KeyId, UserId
from keystead.core.instants import SECOND, Instant
from keystead.core.keys import KeyState
from keystead.core.tokens import Token
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import tokens as read_tokens
from keystead.storage.read import users as read_users
from keystead.storage.schema import audit, codes
from keystead.storage.transaction import Origin
from keystead.storage.write.accounts import insert_account, update_account
from keystead.storage.write.bindings import ensure_binding, update_binding
from keystead.storage.write.keys import insert_key, update_key
from keystead.storage.write.users import ensure_seat, insert_login, insert_role, insert_user, update_user

NORTH, SOUTH = "north.test", "south.test"
CALLBACK = "https://tool.test/cb"
COURSES = "url:GET|/api/v1/courses"
USERS = "url:GET|/api/v1/users/:id"
OOB = "urn:ietf:wg:oauth:2.0:oob"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
PASSWORD = "correct horse"
URL = "/login/oauth2/token"
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
UNKNOWN = ("invalid_client", "unknown client")
INVALID = ("invalid_client", "invalid client")
UNSUPPORTED = ("unsupported_grant_type", "The grant_type you requested is not currently supported")
NO_CODE = (
    "invalid_request", "You must provide the code parameter when using the authorization_code grant type",
)  # fmt: skip
NO_REFRESH = (
    "invalid_request", "You must provide the refresh_token parameter when using the refresh_token grant type",
)  # fmt: skip
NOT_FOUND = ("invalid_grant", "authorization_code not found")
OTHER_CLIENT = ("invalid_grant", "incorrect client")
NOT_PROVEN = (
    "invalid_grant",
    "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in "
    "the authorization request, or was issued to another client.",
)
START = Instant(1_800_000_000 * SECOND)
_QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_TEST = Origin(surface="test")
_HIDDEN = re.compile(r'<input[^>]*name="custom_csrf_token"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*custom_csrf_token')


@dataclass(kw_only=True)
class Clock:
    """A clock that stands still until it is moved."""

    now: Instant = START

    def __call__(self) -> Instant:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        """Move on."""
        self.now = Instant(self.now + int(seconds * SECOND))


@dataclass(frozen=True, kw_only=True)
class Client:
    """A key as its vendor knows it."""

    id: KeyId
    secret: str

    @property
    def credentials(self) -> dict[str, str]:
        """What the client sends to say who it is."""
        return {"client_id": str(self.id), "client_secret": self.secret}


class Browser:
    """Keeps cookies, follows no redirect by itself."""

    def __init__(self, bench: "OAuthBench", host: str, address: str) -> None:
        self.bench = bench
        transport = httpx.ASGITransport(bench.app, client=(address, 50_000))
        self.http = httpx.AsyncClient(transport=transport, base_url=f"http://{host}", follow_redirects=False)

    def request(self, method: str, url: str, **sent: Any) -> httpx.Response:
        """Send one request."""
        return self.bench.loop.run(self.http.request(method, url, **sent))

    def get(self, url: str, **sent: Any) -> httpx.Response:
        """Open a page."""
        return self.request("GET", url, **sent)

    def post(self, url: str, data: Mapping[str, str] | None = None, **sent: Any) -> httpx.Response:
        """Send a form."""
        return self.request("POST", url, data=data, **sent)

    def sign_in(self, login: str = "pat", password: str = PASSWORD, **sent: Any) -> httpx.Response:
        """Fill the sign-in form in."""
        form = {"pseudonym_session[unique_id]": login, "pseudonym_session[password]": password}
        return self.post("/login", form, **sent)

    def signed_in(self, login: str = "pat") -> Self:
        """Sign in for good."""
        answer = self.sign_in(login)
        assert answer.status_code == 302, answer.text
        return self

    def authorize(
        self, client: Client, headers: Mapping[str, str] | None = None, /, **more: str | None
    ) -> httpx.Response:
        """Go where the client sends its users; a parameter of None is left out."""
        return self.get("/login/oauth2/auth?" + urlencode(asking(client, **more)), headers=headers or {})

    def form_value(self) -> str:
        """Read the consent page's anti-forgery value."""
        page = self.get("/login/oauth2/confirm")
        assert page.status_code == 200, page.text
        found = _HIDDEN.search(page.text)
        assert found is not None
        return html.unescape(found.group(1) or found.group(2))

    def accept(self, **form: str) -> httpx.Response:
        """Read the consent page and agree."""
        return self.post("/login/oauth2/accept", {"custom_csrf_token": self.form_value(), **form})


class OAuthBench:
    """pat has a login at north, sue at south, and lee at both.

    Putting an application together takes a while, so all tests of a run share one: ``clear_the_table`` comes between.
    """

    def __init__(self, home: Path, **settings: Any) -> None:
        self.clock = Clock()
        self.loop = asyncio.Runner()
        self.database = fresh_installation(home, self.clock)
        url = self.database.engine.url.set(drivername=self.database.engine.dialect.name)
        chosen = Settings(
            _env_file=None,  # type: ignore[call-arg]  # pydantic's own parameter
            database_url=SecretStr(url.render_as_string(hide_password=False)),
            secret_key=(SecretStr(MASTER),),
            **settings,
        )
        self.app: Application = create_app(chosen, self.database.vault, clock=self.clock)
        if self.app._parts.database.engine.dialect.name == "sqlite":
            event.listen(self.app._parts.database.engine, "connect", _quick)
        self._numbers = count(1)
        self.accounts: dict[str, AccountId] = {}
        self.people: dict[str, UserId] = {}
        for host in (NORTH, SOUTH):
            self.accounts[host] = self._root(host)
        self.person("pat", NORTH)
        self.person("sue", SOUTH)
        self.person("lee", NORTH, SOUTH)
        self.address = ""
        self._codes_before = self._audited_before = 0

    def clear_the_table(self) -> None:
        """Undo what concerns the next test too; keys, tokens and sessions may stay. It asks from another address."""
        self.clock.pass_seconds(86_400)
        test = next(self._numbers)
        self.address = f"10.{test >> 16 & 255}.{test >> 8 & 255}.{test & 255}"
        with self.database.write(_TEST) as tx:
            for account_id in self.accounts.values():
                update_account(tx, account_id, policies=[])
            for user_id in self.people.values():
                update_user(tx, user_id, state=UserState.ACTIVE)
            self._codes_before = tx.connection.execute(select(func.max(codes.c.id))).scalar() or 0
            self._audited_before = tx.connection.execute(select(func.max(audit.c.id))).scalar() or 0

    def close(self) -> None:
        """Give everything back."""
        self.app._parts.source.close()
        self.app._parts.usage.close()
        self.app._parts.database.close()
        self.database.close()
        self.loop.close()

    def browser(self, host: str = NORTH, address: str | None = None) -> Browser:
        """Return somebody's fresh browser."""
        return Browser(self, host, address or self.address)

    def key(self, *, owner: str | None = NORTH, on: str | None = NORTH, **values: Any) -> Client:
        """Make a key; ``on`` is the host whose root account has it on."""
        secret = f"secret{next(self._numbers)}"
        row: dict[str, Any] = {
            "account_id": None if owner is None else self.accounts[owner],
            "state": KeyState.ACTIVE,
            "secret": Secret(secret),
            "name": "Tool",
            "redirect_uris": (CALLBACK,),
            "scopes": (),
            "authorized_flows": (),
        }
        with self.database.write(_TEST) as tx:
            key_id = insert_key(tx, row | values)
            if on is not None:
                ensure_binding(tx, self.accounts[on], key_id, BindingState.ON)
        return Client(id=key_id, secret=secret)

    def change_key(self, client: Client, **values: Any) -> None:
        """Set columns of a key."""
        with self.database.write(_TEST) as tx:
            update_key(tx, client.id, values)

    def bind(self, client: Client, account_id: AccountId, state: BindingState) -> None:
        """Set an account's decision about a key."""
        with self.database.write(_TEST) as tx:
            binding, _ = ensure_binding(tx, account_id, client.id, state)
            update_binding(tx, binding.id, state)

    def sub_account(self, host: str) -> AccountId:
        """Make an account below a root account."""
        with self.database.write(_TEST) as tx:
            parent = read_accounts.get_account(tx, self.accounts[host])
            return insert_account(
                tx, name="College", kind=AccountKind.SUB, uuid=f"sub{next(self._numbers)}", parent=parent
            )

    def set_policies(self, host: str, *policies: Policy) -> None:
        """Switch optional rules of a root account on."""
        with self.database.write(_TEST) as tx:
            update_account(tx, self.accounts[host], policies=list(policies))

    def person(self, name: str, *hosts: str) -> UserId:
        """Make a person who can sign in on these hosts."""
        with self.database.write(_TEST) as tx:
            user_id = insert_user(tx, name=f"{name.title()} Person", short_name=name.title(), sortable_name=name)
            for host in hosts:
                insert_login(
                    tx,
                    user_id=user_id,
                    account_id=self.accounts[host],
                    unique_id=name,
                    password_hash=_QUICK.hash(PASSWORD),
                )
        self.people[name] = user_id
        return user_id

    def administrator(self, name: str, host: str | None, *hosts: str) -> UserId:
        """Make a person who administers a host's root account, or Site Admin; they can sign in on ``hosts`` too."""
        user_id = self.people.get(name) or self.person(name, *(hosts if host is None else (host, *hosts)))
        with self.database.write(_TEST) as tx:
            site = read_accounts.site_admin(tx)
            role = read_users.find_role_by_label(tx, ADMIN_ROLE, site)
            assert role is not None
            account_id = site.id if host is None else self.accounts[host]
            ensure_seat(tx, account_id=account_id, user_id=user_id, role_id=role.id)
        return user_id

    def holder(self, name: str, host: str, *rights: Right) -> UserId:
        """Make a person with a role of exactly these rights in a host's root account."""
        user_id = self.people.get(name) or self.person(name, host)
        with self.database.write(_TEST) as tx:
            label = f"{name} {next(self._numbers)}"
            role_id = insert_role(tx, account_id=self.accounts[host], label=label, rights=rights)
            ensure_seat(tx, account_id=self.accounts[host], user_id=user_id, role_id=role_id)
        return user_id

    def change_person(self, name: str, **values: Any) -> None:
        """Set columns of a person."""
        with self.database.write(_TEST) as tx:
            update_user(tx, self.people[name], **values)

    def code(self, client: Client, *, login: str = "pat", host: str = NORTH, **more: str) -> str:
        """Let a person agree in a fresh browser; return the code."""
        browser = self.browser(host).signed_in(login)
        sent = browser.authorize(client, **more)
        if sent.headers["location"] == "/login/oauth2/confirm":
            sent = browser.accept()
        return told(sent)["code"]

    def exchange(self, client: Client, code: str, **more: str | None) -> httpx.Response:
        """Exchange a code with the client's secret; a parameter of None is left out."""
        form = {"grant_type": "authorization_code", "code": code, **client.credentials, **more}
        return self.token(form)

    def refresh(self, client: Client, refresh_token: str, **more: str | None) -> httpx.Response:
        """Refresh with the client's secret."""
        return self.token(
            {"grant_type": "refresh_token", "refresh_token": refresh_token, **client.credentials, **more}
        )  # fmt: skip

    def token(self, form: Mapping[str, str | None], *, address: str | None = None, **sent: Any) -> httpx.Response:
        """Send a form to the token endpoint."""
        given = {name: value for name, value in form.items() if value is not None}
        return self.browser(address=address).post("/login/oauth2/token", given, **sent)

    def issued(self, client: Client, **more: str) -> dict[str, Any]:
        """Go the whole way; return the token reply."""
        answer = self.exchange(client, self.code(client, **more))
        assert answer.status_code == 200, answer.text
        reply: dict[str, Any] = answer.json()
        return reply

    def call(self, token: str, path: str = "/api/v1/users/self", host: str = NORTH) -> httpx.Response:
        """Make an API call."""
        return self.browser(host).get(path, headers={"authorization": f"Bearer {token}"})

    def tokens(self, name: str, client: Client) -> tuple[Token, ...]:
        """Return a person's tokens of a key that are not deleted, newest first."""
        with self.database.read() as tx:
            return read_tokens.live_of_user(tx, self.people[name], client.id)

    def codes(self) -> list[Any]:
        """Return the codes stored in this test."""
        with self.database.read() as tx:
            mine = select(codes).where(codes.c.id > self._codes_before).order_by(codes.c.id)
            return list(tx.connection.execute(mine))

    def audited(self, action: str) -> list[Any]:
        """Return the audit entries of an action in this test."""
        with self.database.read() as tx:
            mine = audit.c.id > self._audited_before
            return list(tx.connection.execute(select(audit).where(mine, audit.c.action == action).order_by(audit.c.id)))

    def audited_by(self, name: str) -> list[Any]:
        """Return what a person has changed."""
        with self.database.read() as tx:
            return list(tx.connection.execute(select(audit).where(audit.c.user_id == self.people[name])))

    def _root(self, host: str) -> AccountId:
        with self.database.write(_TEST) as tx:
            return insert_account(tx, name=host, kind=AccountKind.ROOT, uuid=host, domain=host)


def asking(client: Client, **more: str | None) -> dict[str, str]:
    """Return an authorization request's parameters; one of None is left out."""
    asked: dict[str, str | None] = {
        "client_id": str(client.id), "response_type": "code", "redirect_uri": CALLBACK, **more,
    }  # fmt: skip
    return {name: value for name, value in asked.items() if value is not None}


def told(answer: httpx.Response) -> dict[str, str]:
    """Return what a redirect tells."""
    assert answer.status_code == 302, (answer.status_code, answer.text)
    return dict(parse_qsl(answer.headers["location"].partition("?")[2], keep_blank_values=True))


def refused(answer: httpx.Response, status: int, error: tuple[str, str]) -> None:
    """Hold a refusal against what the reference says of it, headers included."""
    assert (answer.status_code, answer.json()) == (status, {"error": error[0], "error_description": error[1]})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert answer.headers.get("www-authenticate") == ("Canvas OAuth 2.0" if status == 401 else None)


@pytest.fixture(scope="session")
def shared_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OAuthBench]:
    """The application of all tests."""
    made = OAuthBench(tmp_path_factory.mktemp("oauth"))
    yield made
    made.close()


@pytest.fixture
def bench(shared_bench: OAuthBench) -> OAuthBench:
    """The application, as good as new."""
    shared_bench.clear_the_table()
    return shared_bench


def _quick(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")
