"""What is an account, and which accounts stand above it?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from keystead.core.ids import AccountId
from keystead.core.instants import EPOCH, Instant
from keystead.core.throttle import Limits


class AccountKind(StrEnum):
    """Site Admin stands above all tenants; a root account is a tenant; the others are below one."""

    SITE_ADMIN = "site_admin"
    ROOT = "root"
    SUB = "sub"


class Policy(StrEnum):
    """Optional Canvas behaviours that an operator switches on per root account; all are off by default."""

    REGENERATE_SECRETS = "regenerate_secrets"
    OWN_DOMAIN_ONLY = "domain_root_account_restriction"
    EXACT_REDIRECTS = "exact_redirect_uris"
    POST_ONLY_DENY = "post_only_deny"
    LIMIT_PERSONAL_TOKENS = "limit_personal_access_tokens"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account of the tree. ``root_id`` is its own id for Site Admin and root accounts."""

    id: AccountId
    name: str
    kind: AccountKind
    parent_id: AccountId | None
    root_id: AccountId
    uuid: str
    domain: str | None = None
    consortium_parent_id: AccountId | None = None
    policies: frozenset[Policy] = field(default_factory=frozenset)
    default_time_zone: str = "America/Denver"
    throttle: Limits | None = None
    is_deleted: bool = False
    created_at: Instant = EPOCH

    @property
    def is_root(self) -> bool:
        """Site Admin counts as a root account (docs/canvas-compat.md, Account tree)."""
        return self.kind is not AccountKind.SUB

    @property
    def is_site_admin(self) -> bool:
        """Whether this is the one account above all tenants."""
        return self.kind is AccountKind.SITE_ADMIN


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPath:
    """An account with everything above it that has a say about developer keys.

    ``chain`` runs from the account up to its root account; the parent of a consortium is appended when the
    *root* account is its child. Site Admin is never in it.
    """

    account: Account
    chain: tuple[Account, ...]

    @property
    def ids(self) -> tuple[AccountId, ...]:
        """The ids of the chain, nearest first."""
        return tuple(account.id for account in self.chain)

    @property
    def root(self) -> Account:
        """The tenant this account belongs to."""
        return next(account for account in self.chain if account.id == self.account.root_id)

    @property
    def is_consortium_child(self) -> bool:
        """Whether a consortium parent stands above the root account."""
        return self.root.consortium_parent_id is not None


def path_of(lineage: Sequence[Account], consortium_parent: Account | None) -> AccountPath:
    """Return the path of ``lineage[0]``, given its lineage up to the root account and the consortium parent."""
    above = () if consortium_parent is None else (consortium_parent,)
    return AccountPath(account=lineage[0], chain=(*lineage, *above))


@lru_cache(maxsize=1024)
def normal_host(host: str) -> str:
    """Return a host as domains are compared: lower case, without port and without a final dot."""
    name = host.strip().lower()
    if name.startswith("["):
        return name.partition("]")[0] + "]"
    return name.partition(":")[0].rstrip(".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """An account in its place: ``above`` are those between the top of the tree and it, the top first."""

    account: Account
    above: tuple[Account, ...] = ()


def in_tree_order(tops: Iterable[Account], below: Iterable[Account]) -> tuple[Branch, ...]:
    """Return the accounts as a tree is read: each before those below it, neighbours by name.

    What hangs below none of ``tops`` is left out.
    """
    children: dict[AccountId, list[Account]] = {}
    for account in below:
        if account.parent_id is not None:
            children.setdefault(account.parent_id, []).append(account)
    waiting = [Branch(account=top) for top in sorted(tops, key=_by_name, reverse=True)]
    found: dict[AccountId, Branch] = {}
    while waiting:
        branch = waiting.pop()
        if branch.account.id in found:
            continue
        found[branch.account.id] = branch
        above = (*branch.above, branch.account)
        next_ones = sorted(children.get(branch.account.id, ()), key=_by_name, reverse=True)
        waiting.extend(Branch(account=one, above=above) for one in next_ones)
    return tuple(found.values())


def _by_name(account: Account) -> tuple[str, int]:
    return account.name.casefold(), account.id
