"""What may an operator set? Read once from the environment (or ``.env``), typed, and passed in."""

import ipaddress
import json
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


class SettingsError(Exception):
    """A setting is wrong or missing; the message is one line that names it and says what to do."""


class Settings(BaseSettings):
    """The settings of docs/settings.md, under the same names in lower case and without ``KEYSTEAD_``."""

    model_config = SettingsConfigDict(env_prefix="KEYSTEAD_", env_file=".env", extra="ignore", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8090, ge=0, le=65535)
    workers: int = Field(default=1, ge=1, le=64)
    database_url: SecretStr = SecretStr("sqlite:///var/keystead.db")
    secret_key: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    public_url: str | None = None
    upstream_url: str | None = None
    upstream_owns: Annotated[frozenset[Literal["accounts", "users"]], NoDecode] = frozenset()
    bootstrap_token: SecretStr | None = None
    bootstrap_password: SecretStr | None = None
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = ()
    check_from: Annotated[tuple[Network, ...], NoDecode] = LOOPBACK
    test_cluster_checks: bool = False
    test_cluster: bool = False
    throttle: bool = True
    throttle_status: Literal[403, 429] = 403
    throttle_check_cost: float = Field(default=0.005, ge=0, le=1000)
    metrics_token: SecretStr | None = None
    tracing: bool = False
    nodes: int = Field(default=1, ge=1, le=10_000)
    usage: bool = True
    usage_days: int = Field(default=120, ge=91, le=1000)
    usage_months: int = Field(default=24, ge=1, le=240)
    sample_data: bool = False
    sample_integrations: bool = False
    smtp_url: SecretStr | None = None
    mail_from: str = "keystead@localhost"
    notify_private: bool = False

    @field_validator(
        "public_url",
        "upstream_url",
        "bootstrap_token",
        "bootstrap_password",
        "metrics_token",
        "smtp_url",
        mode="before",
        check_fields=False,
    )
    @classmethod
    def _blank_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("secret_key", mode="before")
    @classmethod
    def _several_secrets(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("secret_key")
    @classmethod
    def _long_secrets(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(secret.get_secret_value()) < 32 for secret in value):
            raise ValueError("give at least 32 characters each, for example from: openssl rand -base64 48")
        return value

    @field_validator("upstream_owns", mode="before")
    @classmethod
    def _several_nouns(cls, value: object) -> object:
        return frozenset(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("trusted_proxies", "check_from", mode="before")
    @classmethod
    def _several_networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(ipaddress.ip_network(part.strip(), strict=False) for part in value.split(",") if part.strip())

    @field_validator("public_url", "upstream_url")
    @classmethod
    def _an_origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        scheme, separator, rest = value.rstrip("/").partition("://")
        if scheme not in ("http", "https") or not separator or not rest or any(c in rest for c in "/?#@ "):
            raise ValueError("give an origin such as https://keys.example.edu, without a path")
        return value.rstrip("/")

    @field_validator("bootstrap_token", "metrics_token")
    @classmethod
    def _long_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 32:
            raise ValueError("give at least 32 characters, for example from: openssl rand -hex 32")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _a_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("smtp://", "smtps://")):
            raise ValueError("give smtp://user:password@host:587 or smtps://host:465")
        return value

    @field_validator("database_url")
    @classmethod
    def _a_known_database(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise ValueError("give sqlite:///path or postgresql://user:password@host/name")
        return value

    @model_validator(mode="after")
    def _secret_with_postgresql(self) -> "Settings":
        if not self.is_embedded and not self.secret_key:
            raise ValueError("KEYSTEAD_SECRET_KEY: required with PostgreSQL; give at least 32 characters")
        return self

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a file of ours."""
        return self.database_url.get_secret_value().startswith("sqlite:")


def read_settings(**overrides: object) -> Settings:
    """Return the settings of the environment.

    Raises SettingsError with one line that names the setting and says what to do.
    """
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # keyword values are validated by pydantic
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        name = "KEYSTEAD_" + str(first["loc"][0]).upper() if first["loc"] else ""
        message = str(first["msg"]).removeprefix("Value error, ")
        raise SettingsError(f"{name}: {message}" if name else message) from None
    except json.JSONDecodeError as wrong:
        raise SettingsError(f"the environment cannot be read: {wrong}") from None


def usage_url(settings: Settings) -> str:
    """Return where telemetry is kept: beside an embedded database in a file of its own."""
    url = settings.database_url.get_secret_value()
    return f"{url.removesuffix('.db')}-usage.db" if settings.is_embedded else url
