"""What is a developer key, and which values may it hold?"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from keystead.core.credentials import Secret
from keystead.core.ids import AccountId, KeyId, UserId
from keystead.core.instants import EPOCH, Instant
from keystead.core.throttle import Limits

BUILT_IN_NAME = "User-Generated"
OOB_URN = "urn:ietf:wg:oauth:2.0:oob"
MOST_REDIRECT_URIS = 64
LONGEST_REDIRECT_URI = 4096
FORBIDDEN_SCHEMES = frozenset({"javascript", "data", "vbscript", "file"})
_HOST = re.compile(r"(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(?::[0-9]{0,5})?", re.ASCII | re.IGNORECASE)


class KeyState(StrEnum):
    """A key's own life; whether it may be used somewhere is a binding's business."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DELETED = "deleted"


class ClientType(StrEnum):
    """Whether the client can keep a secret (RFC 6749 section 2.1)."""

    CONFIDENTIAL = "confidential"
    PUBLIC = "public"


class SecurityProfile(StrEnum):
    """How conflicts between Canvas's behaviour and current security practice are settled for a key."""

    COMPATIBLE = "compatible"
    STRICT = "strict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An OAuth2 client. ``account_id`` is None for a global key of Site Admin."""

    id: KeyId
    account_id: AccountId | None
    state: KeyState
    secret: Secret
    secret_made_at: Instant | None = None
    former_secret: Secret | None = None
    former_secret_until: Instant | None = None
    name: str | None = None
    email: str | None = None
    icon_url: str | None = None
    notes: str | None = None
    vendor_code: str | None = None
    unified_tool_id: str | None = None
    redirect_uri: str | None = None
    redirect_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    require_scopes: bool = False
    allow_includes: bool = False
    auto_expire_tokens: bool = False
    visible: bool = True
    test_cluster_only: bool = False
    client_credentials_audience: str | None = None
    trusted: bool = False
    force_token_reuse: bool = False
    replace_tokens: bool = False
    internal_service: bool = False
    may_introspect: bool = False
    client_type: ClientType = ClientType.CONFIDENTIAL
    profile: SecurityProfile = SecurityProfile.COMPATIBLE
    public_jwk: dict[str, object] | None = None
    public_jwk_url: str | None = None
    authorized_flows: tuple[str, ...] = ()
    service_user_id: UserId | None = None
    throttle: Limits | None = None
    is_built_in: bool = False
    created_at: Instant = EPOCH
    updated_at: Instant = EPOCH

    @property
    def is_active(self) -> bool:
        """Neither inactive nor deleted."""
        return self.state is KeyState.ACTIVE

    @property
    def is_global(self) -> bool:
        """Whether Site Admin owns it."""
        return self.account_id is None

    def former_secret_at(self, now: Instant) -> Secret | None:
        """Return the secret that was replaced, as long as it still works."""
        until = self.former_secret_until
        return self.former_secret if until is not None and now < until else None

    @property
    def is_public(self) -> bool:
        """Whether the client cannot keep a secret."""
        return self.client_type is ClientType.PUBLIC

    @property
    def is_strict(self) -> bool:
        """Whether current security practice wins over compatibility for this key."""
        return self.profile is SecurityProfile.STRICT


@dataclass(frozen=True, slots=True, kw_only=True)
class Problems:
    """What is wrong with a key's values: attribute to messages, in the order of the attributes."""

    found: dict[str, list[str]] = field(default_factory=dict)

    def add(self, attribute: str, message: str) -> None:
        """Note one message, once."""
        messages = self.found.setdefault(attribute, [])
        if message not in messages:
            messages.append(message)


def problems_of(key: Key, *, unknown_scopes: Callable[[Sequence[str]], Sequence[str]]) -> dict[str, list[str]]:
    """Return every rule the key breaks, attribute to messages; empty when it may be stored.

    ``unknown_scopes`` answers which of the given scopes are not in the catalogue.
    """
    problems = Problems()
    if unknown := unknown_scopes(key.scopes):
        problems.add("scopes", f"cannot contain {', '.join(unknown)}")
    if key.redirect_uri is not None and not is_redirect_uri(key.redirect_uri):
        problems.add("redirect_uri", "is not a valid URI")
    for uri in key.redirect_uris:
        if len(uri) > LONGEST_REDIRECT_URI:
            problems.add("redirect_uris", "a redirect_uri is too long")
        elif not is_redirect_uri(uri):
            problems.add("redirect_uris", "is not a valid URI")
    if len(key.redirect_uris) > MOST_REDIRECT_URIS:
        problems.add("redirect_uris", f"Developer keys cannot have more than {MOST_REDIRECT_URIS} active redirect URIs")
    for attribute in ("name", "email", "icon_url", "vendor_code", "unified_tool_id", "client_credentials_audience"):
        if len(getattr(key, attribute) or "") > 255:
            problems.add(attribute, "is too long (maximum is 255 characters)")
    if len(key.notes or "") > 65_535:
        problems.add("notes", "is too long (maximum is 65535 characters)")
    if key.auto_expire_tokens and key.force_token_reuse:
        problems.add("auto_expire_tokens", "auto_expire_tokens cannot be set if force_token_reuse is set")
    return problems.found


def is_redirect_uri(uri: str) -> bool:
    """Whether a redirect URI may be registered: absolute, any harmless scheme, no fragment, no user part.

    The fragment is RFC 6749 section 3.1.2; the schemes that run or read something in a browser are refused everywhere.
    """
    if uri == OOB_URN:
        return True
    if any(character <= " " or character in '\\"<>^`{|}\x7f' or character > "~" for character in uri):
        return False
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return False
    if not parts.scheme or parts.scheme in FORBIDDEN_SCHEMES or "#" in uri:
        return False
    if parts.scheme in ("http", "https") and not _HOST.fullmatch(parts.netloc):
        return False
    if "@" in parts.netloc or _has_dot_segment(parts.path):
        return False
    return bool(parts.netloc or parts.path)


def normal_redirect_uri(uri: str) -> str:
    """Return the URI as it is stored: a bare host gets ``http://`` in front, everything else stays."""
    text = uri.strip()
    head = text.partition("/")[0].partition("?")[0]
    name, colon, port = head.partition(":")
    looks_like_host = "." in name or name == "localhost"
    if text and "://" not in text and looks_like_host and (not colon or port.isdigit()) and "@" not in head:
        return f"http://{text}"
    return text


def _has_dot_segment(path: str) -> bool:
    return any(segment.lower().replace("%2e", ".") in (".", "..") for segment in path.split("/"))
