"""Who is doing this, by which means, and which rights can they have?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from keystead.core.ids import AccountId, KeyId, RoleId, TokenId, UserId
from keystead.core.instants import EPOCH, Instant

ADMIN_ROLE = "AccountAdmin"


class Right(StrEnum):
    """What an administrator's role may allow. The names are also the permission names in roles.

    Canvas has one right about keys; the seven below it are ours, for people who do only a part of that (docs/roles.md).
    """

    MANAGE_DEVELOPER_KEYS = "manage_developer_keys"
    VIEW_DEVELOPER_KEYS = "view_developer_keys"
    REQUEST_DEVELOPER_KEYS = "request_developer_keys"
    REVIEW_DEVELOPER_KEYS = "review_developer_keys"
    APPROVE_DEVELOPER_KEYS = "approve_developer_keys"
    SWITCH_DEVELOPER_KEYS = "switch_developer_keys"
    EXPORT_DEVELOPER_KEY_RECORDS = "export_developer_key_records"
    VIEW_DEVELOPER_KEY_AUDIT = "view_developer_key_audit"
    MODIFY_SITE_ADMIN_DEVELOPER_KEYS = "modify_site_admin_developer_keys"
    MANAGE_ACCOUNT_SETTINGS = "manage_account_settings"
    READ_ROSTER = "read_roster"
    MANAGE_USER_LOGINS = "manage_user_logins"
    MANAGE_ACCOUNT_MEMBERSHIPS = "manage_account_memberships"
    MANAGE_ROLE_OVERRIDES = "manage_role_overrides"
    BECOME_USER = "become_user"
    CREATE_ACCESS_TOKENS = "create_access_tokens"
    DELETE_ACCESS_TOKENS = "delete_access_tokens"
    VIEW_USER_GENERATED_ACCESS_TOKENS = "view_user_generated_access_tokens"


SITE_ADMIN_ONLY_RIGHTS = frozenset({Right.MODIFY_SITE_ADMIN_DEVELOPER_KEYS})
ROLE_READERS: Final = frozenset({Right.MANAGE_ROLE_OVERRIDES, Right.MANAGE_ACCOUNT_MEMBERSHIPS})
"""Whoever has one of these sees the roles of an account."""
_SIGHT: Final = frozenset({Right.VIEW_DEVELOPER_KEYS})
IMPLIED: Final[Mapping[Right, frozenset[Right]]] = MappingProxyType({
    Right.MANAGE_DEVELOPER_KEYS: frozenset({
        Right.VIEW_DEVELOPER_KEYS, Right.REQUEST_DEVELOPER_KEYS, Right.REVIEW_DEVELOPER_KEYS,
        Right.APPROVE_DEVELOPER_KEYS, Right.SWITCH_DEVELOPER_KEYS, Right.EXPORT_DEVELOPER_KEY_RECORDS,
        Right.VIEW_DEVELOPER_KEY_AUDIT,
    }),
    Right.REVIEW_DEVELOPER_KEYS: _SIGHT,
    Right.APPROVE_DEVELOPER_KEYS: _SIGHT,
    Right.SWITCH_DEVELOPER_KEYS: _SIGHT,
    Right.EXPORT_DEVELOPER_KEY_RECORDS: _SIGHT,
})  # fmt: skip
"""What else whoever has a right may do. Nobody can act on keys that they cannot see."""


class UserState(StrEnum):
    """A suspended person keeps everything and can do nothing."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person."""

    id: UserId
    name: str
    short_name: str
    sortable_name: str
    state: UserState
    email: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    created_at: Instant = EPOCH

    @property
    def is_active(self) -> bool:
        """Neither suspended nor deleted."""
        return self.state is UserState.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A person's way in to one root account. The password's hash stays in storage."""

    id: int
    user_id: UserId
    account_id: AccountId
    unique_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A named set of rights. ``account_id`` is the account that made it, None for the built-in one."""

    id: RoleId
    account_id: AccountId | None
    label: str
    rights: frozenset[Right]
    is_built_in: bool = False
    is_active: bool = True
    created_at: Instant = EPOCH


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSeat:
    """A person's role in an account; its rights hold there and below."""

    id: int
    account_id: AccountId
    user_id: UserId
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Whoever asks for a change: a person, perhaps really another one masquerading, perhaps through a token.

    ``key_id`` and ``token_id`` are None in a browser session.
    """

    user_id: UserId
    real_user_id: UserId | None = None
    token_id: TokenId | None = None
    key_id: KeyId | None = None
    is_operator: bool = False

    @property
    def answerable_id(self) -> UserId:
        """The person who really did it."""
        return self.real_user_id or self.user_id

    @property
    def is_masquerading(self) -> bool:
        """Whether somebody acts as somebody else."""
        return self.real_user_id is not None


def with_implied(rights: Iterable[Right]) -> frozenset[Right]:
    """Return the rights with all that they imply: never fewer, and more only as ``IMPLIED`` says."""
    given = frozenset(rights)
    return given.union(*(IMPLIED.get(right, frozenset()) for right in given))


def held(seats: Iterable[AdminSeat], account_ids: Iterable[AccountId], site: AccountId) -> frozenset[Right]:
    """Return what a person's seats give in the account whose lineage is ``account_ids``, implied rights among it.

    Seats in Site Admin (``site``) hold everywhere; some rights are only ever held there.
    """
    lineage = set(account_ids)
    found: frozenset[Right] = frozenset()
    for seat in seats:
        if seat.account_id == site:
            found |= with_implied(seat.role.rights)
        elif seat.account_id in lineage:
            found |= with_implied(seat.role.rights) - SITE_ADMIN_ONLY_RIGHTS
    return found
