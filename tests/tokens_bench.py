"""A small world with two tenants, for tests of people's tokens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote

from sqlalchemy import select

from databases import SITE_TOKEN
from keystead.core.accounts import Policy
from keystead.core.actors import Right
from keystead.core.ids import KeyId, UserId
from keystead.core.instants import SECOND, Instant
from keystead.core.keys import KeyState
from keystead.storage.read.accounts import root_for_host, site_admin
from keystead.storage.read.keys import built_in_key
from keystead.storage.schema import audit
from keystead.storage.transaction import Origin, Transaction
from keystead.storage.vault import new_token
from keystead.storage.write.accounts import update_account
from keystead.storage.write.keys import insert_key
from keystead.storage.write.tokens import insert_token
from keystead.storage.write.users import insert_login, insert_role, insert_seat, insert_user
from world import SITE_PERSON, Bench

NORTH, SOUTH, SITE = "north.example.edu", "south.example.edu", "site admin"
START = Instant(1_800_000_000 * SECOND)
ADMIN_ROLE_ID = 1
_TEST = Origin(surface="test")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back, its body read."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass(kw_only=True)
class TokenBench:
    """North has pat, an ordinary person, and ada, its administrator; South has sue, its administrator.

    ``people`` are ids and ``credentials`` tokens by name; ``site`` is the Site Admin person.
    """

    world: Bench
    people: dict[str, UserId] = field(default_factory=lambda: {"site": UserId(SITE_PERSON)})
    credentials: dict[str, str] = field(default_factory=lambda: {"site": SITE_TOKEN})

    def __post_init__(self) -> None:
        self.move_to(START)
        for host in (NORTH, SOUTH):
            self.world.root_account(host, host)
        self.person("pat", NORTH)
        self.person("ada", NORTH, seats={NORTH: ADMIN_ROLE_ID})
        self.person("sue", SOUTH, seats={SOUTH: ADMIN_ROLE_ID})

    def move_to(self, now: Instant) -> None:
        """Set the clock."""
        self.world.clock.now = now

    def call(
        self, verb: str, url: str, body: object = None, *, by: str | None, host: str = NORTH, as_user: int | None = None
    ) -> Reply:
        """Ask as the person of this name, or with this very credential; ``body`` is a form's text or JSON's value."""
        if as_user is not None:
            url += f"{'&' if '?' in url else '?'}as_user_id={as_user}"
        form = parse_qs(body, keep_blank_values=True) if isinstance(body, str) else None
        token = None if by is None else self.credentials.get(by, by)
        path, mark, query = url.partition("?")
        response = self.world.call(
            verb,
            quote(path, safe="/~:") + mark + query,
            token=token,
            form=form,
            json=None if isinstance(body, str) else body,
            host=host,
        )
        return Reply(status=response.status, body=response.json, headers=response.headers)

    def person(self, name: str, host: str, *, seats: Mapping[str, int] | None = None) -> UserId:
        """Add a person with a login on this host, roles by host, and a credential."""
        secret = new_token()
        with self.world.database.write(_TEST) as tx:
            user = insert_user(tx, name=name, short_name=name, sortable_name=name)
            insert_login(tx, user_id=user, account_id=_account(tx, host), unique_id=name, password_hash=None)
            for place, role in (seats or {}).items():
                insert_seat(tx, account_id=_account(tx, place), user_id=user, role_id=role)
            insert_token(
                tx, user_id=user, key_id=built_in_key(tx).id, access=secret, refresh=None, scopes=(), purpose="bench"
            )  # fmt: skip
        self.people[name] = user
        self.credentials[name] = secret.reveal()
        return user

    def role(self, host: str, *rights: Right) -> int:
        """Add a role with these rights."""
        with self.world.database.write(_TEST) as tx:
            return insert_role(tx, account_id=_account(tx, host), label="Some", rights=rights)

    def oauth_token(self, name: str) -> tuple[int, str]:
        """Give a person a token of a new app, issued through OAuth; return its id and text."""
        secret = new_token()
        with self.world.database.write(_TEST) as tx:
            token = insert_token(
                tx,
                user_id=self.people[name],
                key_id=_app(tx),
                access=secret,
                refresh=None,
                scopes=("url:GET|/api/v1/courses",),
            )
        return token, secret.reveal()

    def set_policies(self, host: str, *policies: Policy) -> None:
        """Switch optional rules of a root account on, all others off."""
        with self.world.database.write(_TEST) as tx:
            update_account(tx, _account(tx, host), policies=list(policies))

    def audit(self) -> list[Any]:
        """Return the audit entries about tokens, oldest first."""
        with self.world.database.read() as tx:
            chosen = select(audit).where(audit.c.subject == "token").order_by(audit.c.id)
            return list(tx.connection.execute(chosen))


def _account(tx: Transaction, host: str) -> int:
    return site_admin(tx).id if host == SITE else root_for_host(tx, host).id


def _app(tx: Transaction) -> KeyId:
    return insert_key(
        tx,
        {
            "account_id": None,
            "state": KeyState.ACTIVE,
            "secret": new_token(),
            "name": "An app",
            "redirect_uris": (),
            "scopes": (),
            "authorized_flows": (),
        },
    )
