"""How do accounts, people, administrators and roles look on Canvas's wire?

Canvas's published objects, with the members that make sense without courses; ids are local.
"""

from collections.abc import Sequence
from typing import Any

from keystead.core.accounts import Account, Policy
from keystead.core.actors import SITE_ADMIN_ONLY_RIGHTS, AdminSeat, Login, Right, Role, User, UserState
from keystead.core.instants import iso
from keystead.core.throttle import told

DEFAULT_LOCALE = "en"
ACCOUNT_ROLE = "AccountMembership"


def account_object(account: Account, *, full: bool, sub_account_count: int | None = None) -> dict[str, Any]:
    """Return the Account object; ``full`` is for its administrators, the rest is for its people."""
    shown: dict[str, Any] = {
        "id": account.id,
        "name": account.name,
        "workflow_state": "deleted" if account.is_deleted else "active",
        "parent_account_id": account.parent_id,
        "root_account_id": None if account.is_root else account.root_id,
        "uuid": account.uuid,
        "default_time_zone": account.default_time_zone,
    }
    if full:
        shown |= {"sis_account_id": None, "integration_id": None, "created_at": iso(account.created_at)}
        if account.is_root:
            shown["domain"] = account.domain
    if sub_account_count is not None:
        shown["sub_account_count"] = sub_account_count
    return shown


def operator_account_object(account: Account) -> dict[str, Any]:
    """Return what operators see of an account: its place in a consortium and its optional policies."""
    return {
        "id": account.id,
        "name": account.name,
        "domain": account.domain,
        "consortium_parent_id": account.consortium_parent_id,
        "policies": {str(policy): policy in account.policies for policy in Policy},
        "throttle": told(account.throttle),
    }


def user_object(user: User, login: Login | None) -> dict[str, Any]:
    """Return the User object with what its owner and the people's administrators see."""
    return brief_user_object(user, login) | {
        "created_at": iso(user.created_at),
        "email": user.email,
        "locale": user.locale,
        "effective_locale": user.locale or DEFAULT_LOCALE,
        "time_zone": user.time_zone,
        "suspended": user.state is UserState.SUSPENDED,
    }


def brief_user_object(user: User, login: Login | None) -> dict[str, Any]:
    """Return the User object as it stands inside others."""
    return {
        "id": user.id,
        "name": user.name,
        "sortable_name": user.sortable_name,
        "short_name": user.short_name,
        "sis_user_id": None,
        "integration_id": None,
        "login_id": None if login is None else login.unique_id,
    }


def profile_object(user: User, login: Login | None, *, time_zone: str) -> dict[str, Any]:
    """Return the Profile object; ``time_zone`` is for people who have chosen none."""
    return brief_user_object(user, login) | {
        "title": None,
        "bio": None,
        "primary_email": user.email,
        "time_zone": user.time_zone or time_zone,
        "locale": user.locale,
        "effective_locale": user.locale or DEFAULT_LOCALE,
        "calendar": None,
    }


def admin_object(seat: AdminSeat, user: User, login: Login | None, *, state: str = "active") -> dict[str, Any]:
    """Return the Admin object: one role of one person in one account."""
    return {
        "id": seat.id,
        "role": seat.role.label,
        "role_id": seat.role.id,
        "user": brief_user_object(user, login),
        "workflow_state": state,
    }


def role_object(role: Role, account: Account) -> dict[str, Any]:
    """Return the Role object; ``account`` is the one that made it, or where the built-in one is looked at."""
    return {
        "id": role.id,
        "label": role.label,
        "role": role.label,
        "base_role_type": role.label if role.is_built_in else ACCOUNT_ROLE,
        "is_account_role": True,
        "account": account_object(account, full=False),
        "workflow_state": _role_state(role),
        "created_at": iso(role.created_at),
        "permissions": {
            str(right): _permission(role, right)
            for right in Right
            if account.is_site_admin or right not in SITE_ADMIN_ONLY_RIGHTS
        },
    }


def login_shown(logins: Sequence[Login], *account_ids: int) -> Login | None:
    """Return which way in names a person: the first account's that has one."""
    ranked = [login for at in account_ids for login in logins if login.account_id == at]
    return ranked[0] if ranked else None


def _permission(role: Role, right: Right) -> dict[str, bool]:
    return {
        "enabled": right in role.rights,
        "locked": role.is_built_in,
        "readonly": role.is_built_in,
        "explicit": not role.is_built_in and right in role.rights,
        "applies_to_self": True,
        "applies_to_descendants": True,
    }


def _role_state(role: Role) -> str:
    if role.is_built_in:
        return "built_in"
    return "active" if role.is_active else "inactive"
