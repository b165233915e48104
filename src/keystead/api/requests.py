"""What does one call of our own API bring, and what does it give back?"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from keystead.config import Settings
from keystead.core.accounts import Account
from keystead.core.actors import Actor, User
from keystead.core.catalogue import Catalogue
from keystead.core.errors import NotFound
from keystead.core.ids import parse_id
from keystead.core.parameters import Tree
from keystead.gateway.facts import Cluster
from keystead.gateway.judge import Judge
from keystead.gateway.outside import Fetched, fetch
from keystead.gateway.routing import Routing
from keystead.storage.notices import Notices
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import users as read_users
from keystead.storage.refusals import Refusals
from keystead.storage.transaction import Transaction
from keystead.storage.usage import Usage
from keystead.storage.usage_figures import UsageFigures
from keystead.storage.watch_examples import WatchExamples


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What endpoints need besides the request: made once, at start."""

    settings: Settings
    routing: Routing
    usage: Usage
    judge: Judge | None = None
    refusals: Refusals | None = None
    notices: Notices | None = None
    examples: WatchExamples | None = None
    figures: UsageFigures | None = None
    cluster: Cluster = field(default_factory=Cluster)
    fetch: Callable[[str], Coroutine[Any, Any, Fetched]] = fetch

    @property
    def catalogue(self) -> Catalogue:
        """The scopes that keys choose from now."""
        return self.routing.now.catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One call: who asks (``acting``, ``user``), on which host's account, with which values and parameters.

    ``values`` are the path's, ``parameters`` those of query and body together, ``query`` those of the query alone.
    ``url`` is the public URL of the path asked for, without its query. ``ahead`` is what the route's ``ahead`` made.
    """

    tx: Transaction
    world: World
    acting: Actor
    user: User
    domain_root: Account
    values: Mapping[str, str]
    parameters: Tree
    query: Tree
    raw_query: bytes
    url: str
    public_origin: str
    ahead: Any = None

    def account(self, name: str = "account_id") -> Account:
        """Return the account that the path names. Raises NotFound."""
        return read_accounts.get_by_reference(self.tx, self.values[name], self.domain_root)

    def person(self, name: str = "user_id") -> User:
        """Return the person that the path names, ``self`` being whoever asks. Raises NotFound."""
        reference = self.values[name]
        if reference == "self":
            return self.user
        user = read_users.find_user(self.tx, number(reference))
        if user is None:
            raise NotFound
        return user


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What goes back: any JSON value, with ids as numbers; or ``text``, whose type the headers say."""

    body: Any
    status: int = 200
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Ask], Answer]
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRoute:
    """One operation: verb, template in Canvas's spelling, who answers it, and what the scope catalogue says of it.

    ``resource_name`` None keeps an operation out of the list of scopes; it can be assigned all the same.
    """

    verb: str
    template: str
    handler: Handler
    summary: str
    resource: str = ""
    resource_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRoute(ApiRoute):
    """An operation that Canvas does not have, with what programs are told of it (api/openapi.py).

    ``takes`` and ``gives`` are JSON schemas of body and answer, ``query`` says what each parameter of the query means:
    they describe and do not check. ``only_reads`` says of a verb other than GET that it changes nothing. ``is_public``
    lets callers in who do not say who they are. ``ahead`` is for what takes long: it says, or refuses, in a transaction
    of its own what is to be made, and that is made between the transactions, so that nobody waits for it.
    """

    ahead: Callable[[Ask], Callable[[], Any]] | None = field(default=None, compare=False)
    only_reads: bool = False
    is_public: bool = False
    takes: Schema | None = field(default=None, compare=False)
    gives: Schema | None = field(default=None, compare=False)
    query: Mapping[str, str] = field(default_factory=dict, compare=False)


def number(reference: str) -> int:
    """Return the local id that a path's value names. Raises NotFound."""
    found = parse_id(reference)
    if found is None:
        raise NotFound
    return found
