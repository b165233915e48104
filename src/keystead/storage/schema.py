"""Which tables are there? Moments are microseconds since 1970 (core.instants), lists of scopes are space separated."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
    true,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite gives only INTEGER PRIMARY KEY columns numbers by itself.
Number = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[int]:
    return Column("id", Number, primary_key=True, autoincrement=True)


def _moment(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _flag(name: str, *, default: bool = False) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=true() if default else false())


def _ref(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, Number, ForeignKey(target), nullable=nullable)


accounts = Table(
    "accounts",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    _ref("parent_id", "accounts.id", nullable=True),
    _ref("root_id", "accounts.id", nullable=True),
    Column("uuid", Text, nullable=False, unique=True),
    Column("domain", Text, unique=True),
    _ref("consortium_parent_id", "accounts.id", nullable=True),
    Column("policies", JSON, nullable=False),
    Column("default_time_zone", Text, nullable=False),
    Column("throttle", JSON(none_as_null=True)),
    _flag("is_deleted"),
    _moment("created_at"),
    CheckConstraint("kind IN ('site_admin', 'root', 'sub')", name="kind"),
    Index(None, "parent_id"),
    sqlite_autoincrement=True,
)

users = Table(
    "users",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("short_name", Text, nullable=False),
    Column("sortable_name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("email", Text),
    Column("locale", Text),
    Column("time_zone", Text),
    _moment("created_at"),
    CheckConstraint("state IN ('active', 'suspended', 'deleted')", name="state"),
    sqlite_autoincrement=True,
)

logins = Table(
    "logins",
    metadata,
    _id(),
    _ref("user_id", "users.id"),
    _ref("account_id", "accounts.id"),
    Column("unique_id", Text, nullable=False),
    Column("folded_id", Text, nullable=False),
    Column("password_hash", Text),
    _flag("is_active", default=True),
    _moment("created_at"),
    Index(None, "user_id"),
    Index(None, "account_id", "user_id", "is_active"),
    Index(
        "uq_logins_account_id_folded_id",
        "account_id",
        "folded_id",
        unique=True,
        sqlite_where=text("is_active"),
        postgresql_where=text("is_active"),
    ),
    sqlite_autoincrement=True,
)

roles = Table(
    "roles",
    metadata,
    _id(),
    _ref("account_id", "accounts.id", nullable=True),
    Column("label", Text, nullable=False),
    Column("rights", JSON, nullable=False),
    _flag("is_built_in"),
    _flag("is_active", default=True),
    _moment("created_at"),
    sqlite_autoincrement=True,
)

admins = Table(
    "admins",
    metadata,
    _id(),
    _ref("account_id", "accounts.id"),
    _ref("user_id", "users.id"),
    _ref("role_id", "roles.id"),
    _moment("created_at"),
    UniqueConstraint("account_id", "user_id", "role_id"),
    Index(None, "user_id"),
    sqlite_autoincrement=True,
)

keys = Table(
    "keys",
    metadata,
    _id(),
    _ref("account_id", "accounts.id", nullable=True),
    Column("state", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    _moment("secret_made_at", nullable=True),
    Column("former_secret", LargeBinary),
    _moment("former_secret_until", nullable=True),
    Column("name", Text),
    Column("email", Text),
    Column("icon_url", Text),
    Column("notes", Text),
    Column("vendor_code", Text),
    Column("unified_tool_id", Text),
    Column("redirect_uri", Text),
    Column("redirect_uris", JSON, nullable=False),
    Column("scopes", Text, nullable=False),
    _flag("require_scopes"),
    _flag("allow_includes"),
    _flag("auto_expire_tokens"),
    _flag("visible", default=True),
    _flag("test_cluster_only"),
    Column("client_credentials_audience", Text),
    _flag("trusted"),
    _flag("force_token_reuse"),
    _flag("replace_tokens"),
    _flag("internal_service"),
    _flag("may_introspect"),
    Column("client_type", Text, nullable=False, server_default="confidential"),
    Column("profile", Text, nullable=False, server_default="compatible"),
    Column("public_jwk", JSON),
    Column("public_jwk_url", Text),
    Column("authorized_flows", JSON, nullable=False),
    _ref("service_user_id", "users.id", nullable=True),
    Column("throttle", JSON(none_as_null=True)),
    _flag("is_built_in"),
    _moment("created_at"),
    _moment("updated_at"),
    CheckConstraint("state IN ('active', 'inactive', 'deleted')", name="state"),
    CheckConstraint("client_type IN ('confidential', 'public')", name="client_type"),
    CheckConstraint("profile IN ('compatible', 'strict')", name="profile"),
    Index(None, "account_id"),
    sqlite_autoincrement=True,
)

bindings = Table(
    "bindings",
    metadata,
    _id(),
    _ref("account_id", "accounts.id"),
    _ref("key_id", "keys.id"),
    Column("state", Text, nullable=False),
    _moment("created_at"),
    _moment("updated_at"),
    CheckConstraint("state IN ('on', 'off', 'allow')", name="state"),
    UniqueConstraint("key_id", "account_id"),
    sqlite_autoincrement=True,
)

tokens = Table(
    "tokens",
    metadata,
    _id(),
    _ref("user_id", "users.id"),
    _ref("key_id", "keys.id"),
    _ref("real_user_id", "users.id", nullable=True),
    Column("state", Text, nullable=False),
    Column("digest", LargeBinary, unique=True),
    Column("refresh_digest", LargeBinary, unique=True),
    Column("hint", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("purpose", Text),
    _flag("remember_access"),
    _moment("lapses_at", nullable=True),
    _moment("expires_at", nullable=True),
    _moment("created_at"),
    _moment("updated_at"),
    CheckConstraint("state IN ('active', 'pending', 'deleted')", name="state"),
    Index(None, "user_id", "key_id"),
    Index(None, "key_id", "state", "user_id", "expires_at"),
    sqlite_autoincrement=True,
)

codes = Table(
    "codes",
    metadata,
    _id(),
    Column("digest", LargeBinary, nullable=False, unique=True),
    _ref("key_id", "keys.id"),
    _ref("user_id", "users.id"),
    _ref("real_user_id", "users.id", nullable=True),
    _ref("account_id", "accounts.id"),
    Column("redirect_uri", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("purpose", Text),
    _flag("remember_access"),
    Column("challenge", Text),
    _moment("expires_at"),
    _moment("used_at", nullable=True),
    _ref("token_id", "tokens.id", nullable=True),
    _moment("created_at"),
    sqlite_autoincrement=True,
)

sessions = Table(
    "sessions",
    metadata,
    _id(),
    Column("digest", LargeBinary, nullable=False, unique=True),
    _ref("user_id", "users.id", nullable=True),
    _ref("real_user_id", "users.id", nullable=True),
    _ref("account_id", "accounts.id"),
    Column("csrf", Text, nullable=False),
    Column("pending", JSON),
    Column("flash", Text),
    _moment("signed_in_at", nullable=True),
    _moment("seen_at", nullable=True),
    Column("address", Text),
    Column("browser", Text),
    _moment("created_at"),
    _moment("expires_at"),
    Index(None, "user_id"),
    Index(None, "expires_at"),
    sqlite_autoincrement=True,
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("algorithm", Text, nullable=False),
    Column("private", LargeBinary, nullable=False),
    Column("public", JSON, nullable=False),
    _moment("created_at"),
    _moment("retired_at", nullable=True),
)

audit = Table(
    "audit",
    metadata,
    _id(),
    _moment("at"),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("subject_id", BigInteger, nullable=False),
    Column("account_id", BigInteger),
    Column("user_id", BigInteger),
    Column("real_user_id", BigInteger),
    Column("key_id", BigInteger),
    Column("before", JSON),
    Column("after", JSON),
    Column("because", Text),
    Column("surface", Text, nullable=False),
    Column("address", Text),
    Column("request_id", Text),
    Column("nonce", Text),
    Column("mac", LargeBinary),
    Index(None, "subject", "subject_id"),
    Index(None, "account_id", "at"),
    sqlite_autoincrement=True,
)

audit_seals = Table(
    "audit_seals",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("audit_id", BigInteger, nullable=False, unique=True),
    Column("digest", LargeBinary, nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)

suspension_rules = Table(
    "suspension_rules",
    metadata,
    Column("account_id", Number, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("refused", BigInteger, nullable=False),
    Column("minutes", BigInteger, nullable=False),
)

key_notes = Table(
    "key_notes",
    metadata,
    Column("account_id", Number, ForeignKey("accounts.id"), primary_key=True, autoincrement=False),
    Column("key_id", Number, ForeignKey("keys.id"), primary_key=True, autoincrement=False),
    Column("words", Text, nullable=False),
    _ref("user_id", "users.id", nullable=True),
    _moment("at"),
)

watches = Table(
    "watches",
    metadata,
    Column("key_id", Number, ForeignKey("keys.id"), primary_key=True, autoincrement=False),
    Column("scopes", Text, nullable=False),
    _moment("since"),
    _moment("enforced_at", nullable=True),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    _id(),
    _ref("account_id", "accounts.id"),
    _ref("user_id", "users.id"),
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("secret", LargeBinary),
    Column("kinds", JSON, nullable=False),
    _flag("is_digest"),
    _moment("created_at"),
    CheckConstraint("channel IN ('email', 'webhook')", name="channel"),
    Index(None, "account_id"),
    sqlite_autoincrement=True,
)

apis = Table(
    "apis",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("prefix", Text, nullable=False),
    Column("upstream", Text, nullable=False),
    _flag("strips_prefix"),
    Column("digest", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("entries", JSON, nullable=False),
    Column("revision", BigInteger, nullable=False),
    _flag("is_loaded", default=True),
    _moment("loaded_at"),
    Index(None, "revision"),
    sqlite_autoincrement=True,
)
