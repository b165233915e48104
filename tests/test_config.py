import os
from pathlib import Path

import pytest

from keystead.config import SettingsError, read_settings

pytestmark = pytest.mark.pure


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("KEYSTEAD_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_without_any_setting_the_documented_defaults_hold() -> None:
    settings = read_settings()

    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8090, 1)
    assert settings.is_embedded
    assert settings.upstream_url is None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "abc", "KEYSTEAD_PORT: "),
        ("PORT", "70000", "KEYSTEAD_PORT: "),
        ("DATABASE_URL", "mysql://x", "KEYSTEAD_DATABASE_URL: give sqlite:///path or postgresql://"),
        ("DATABASE_URL", "postgresql://h/d", "KEYSTEAD_SECRET_KEY: required with PostgreSQL"),
        ("BOOTSTRAP_TOKEN", "short", "KEYSTEAD_BOOTSTRAP_TOKEN: give at least 32 characters"),
        ("SECRET_KEY", "short", "KEYSTEAD_SECRET_KEY: give at least 32 characters"),
        ("PUBLIC_URL", "keys.example.edu", "KEYSTEAD_PUBLIC_URL: give an origin"),
        ("UPSTREAM_URL", "https://lms.example.edu/path", "KEYSTEAD_UPSTREAM_URL: give an origin"),
        ("UPSTREAM_OWNS", "courses", "KEYSTEAD_UPSTREAM_OWNS: "),
        ("TRUSTED_PROXIES", "nonsense", "KEYSTEAD_TRUSTED_PROXIES: "),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(f"KEYSTEAD_{name}", value)

    with pytest.raises(SettingsError) as refused:
        read_settings()

    assert str(refused.value).startswith(words)
    assert "\n" not in str(refused.value)


def test_settings_are_read_from_a_file_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("KEYSTEAD_PORT=9000\nKEYSTEAD_TRUSTED_PROXIES=10.0.0.0/8, ::1\n")

    settings = read_settings()

    assert settings.port == 9000
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]


def test_no_secret_is_printed_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYSTEAD_SECRET_KEY", "a" * 40)
    monkeypatch.setenv("KEYSTEAD_BOOTSTRAP_TOKEN", "b" * 40)
    monkeypatch.setenv("KEYSTEAD_DATABASE_URL", "postgresql://user:hunter22@host/name")

    printed = repr(read_settings())

    assert not any(secret in printed for secret in ("a" * 40, "b" * 40, "hunter22"))
