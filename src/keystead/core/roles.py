"""What does each right let somebody do, in plain words, and which roles are made in one step?"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from keystead.core.actors import Right

RIGHT_WORDS: Final[Mapping[Right, str]] = MappingProxyType({
    Right.MANAGE_DEVELOPER_KEYS: "Make, change and delete keys, see and replace secrets, and all that follows here",
    Right.VIEW_DEVELOPER_KEYS: "See keys, who decided, vetting, usage, impact, people, requests and notices",
    Right.REQUEST_DEVELOPER_KEYS: "Ask for keys, also where not everybody may",
    Right.REVIEW_DEVELOPER_KEYS: "Write vetting records and notes, comment on requests and narrow them",
    Right.APPROVE_DEVELOPER_KEYS: "Agree to requests or refuse them",
    Right.SWITCH_DEVELOPER_KEYS: "Turn keys on and off, end the access of people",
    Right.EXPORT_DEVELOPER_KEY_RECORDS: "Take usage and audit away as files",
    Right.VIEW_DEVELOPER_KEY_AUDIT: "Read the audit and the calls that were refused",
    Right.MODIFY_SITE_ADMIN_DEVELOPER_KEYS: "Change the keys of Site Admin",
    Right.MANAGE_ACCOUNT_SETTINGS: "Change accounts and the rules of vetting, with the right to agree make exceptions",
    Right.READ_ROSTER: "See people and what was changed about them",
    Right.MANAGE_USER_LOGINS: "Make, change and suspend people",
    Right.MANAGE_ACCOUNT_MEMBERSHIPS: "Give roles to people and take them away",
    Right.MANAGE_ROLE_OVERRIDES: "Make and change roles",
    Right.BECOME_USER: "Act as somebody else",
    Right.CREATE_ACCESS_TOKENS: "Make access tokens for other people",
    Right.DELETE_ACCESS_TOKENS: "End access tokens that other people made",
    Right.VIEW_USER_GENERATED_ACCESS_TOKENS: "See which access tokens other people made",
})  # fmt: skip
"""The rights that seem to say less than they do stand with what they imply (core/actors.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleTemplate:
    """A role that can be made in one step: how it is called, unless somebody wishes otherwise, and its rights."""

    label: str
    rights: frozenset[Right]


AUDITOR: Final = "auditor"
TEMPLATES: Final[Mapping[str, RoleTemplate]] = MappingProxyType({
    AUDITOR: RoleTemplate(
        label="Auditor",
        rights=frozenset({
            Right.VIEW_DEVELOPER_KEYS, Right.VIEW_DEVELOPER_KEY_AUDIT, Right.EXPORT_DEVELOPER_KEY_RECORDS,
        }),
    ),
})  # fmt: skip
