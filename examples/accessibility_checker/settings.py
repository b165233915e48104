"""Where the checker is, where Keystead is, and where the key is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Addresses are origins without a slash at the end; `file` holds the secrets."""

    keystead_url: str
    public_url: str
    port: int
    file: Path

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        port = int(environment.get("CHECKER_PORT", "8095"))
        return cls(
            keystead_url=_origin(environment.get("CHECKER_KEYSTEAD_URL", "http://127.0.0.1:8090")),
            public_url=_origin(environment.get("CHECKER_PUBLIC_URL", f"http://127.0.0.1:{port}")),
            port=port,
            file=Path(environment.get("CHECKER_FILE", "var/accessibility-checker.json")),
        )

    @property
    def redirect_uri(self) -> str:
        return f"{self.public_url}/oauth/callback"

    @property
    def host(self) -> str:
        return urlsplit(self.public_url).hostname or ""

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https:")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise SystemExit(f"{url} is not an origin such as https://keys.example.edu")
    return f"{parts.scheme}://{parts.netloc}"
