"""How are secrets kept at rest? Credentials as keyed digests, client secrets and signing keys encrypted.

Each purpose has its own key, derived from the master secret by HKDF (RFC 5869). Several master secrets may be
readable at once: the first writes, all read, so that a master secret can be replaced without an outage.
"""

import base64
import secrets as randomness
import string
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keystead.core.credentials import CODE_BYTES, TOKEN_LENGTH, Digester, Secret

_ALPHABET = string.ascii_letters + string.digits


class SealBroken(Exception):  # noqa: N818  (says what is the case)
    """Stored text cannot be opened with any of the configured master secrets."""


class Vault:
    """Seals, opens and digests with keys derived from the master secrets (the first writes)."""

    def __init__(self, master_secrets: Sequence[str]) -> None:
        if not master_secrets:
            raise ValueError("a vault needs at least one master secret")
        self._cipher = MultiFernet([Fernet(_fernet_key(master)) for master in master_secrets])
        self.tokens = Digester([_derive(master, b"keystead token digests") for master in master_secrets])
        self.codes = Digester([_derive(master, b"keystead code digests") for master in master_secrets])
        self.audit = Digester([_derive(master, b"keystead audit chain") for master in master_secrets])
        self.sessions = Digester([_derive(master, b"keystead session digests") for master in master_secrets])

    def __repr__(self) -> str:
        return "Vault(...)"

    def seal(self, secret: Secret) -> bytes:
        """Return the secret encrypted and authenticated, for storage."""
        return self._cipher.encrypt(secret.reveal().encode())

    def open(self, sealed: bytes) -> Secret:
        """Return what was sealed. Raises SealBroken when no configured master secret opens it."""
        try:
            return Secret(self._cipher.decrypt(sealed).decode())
        except InvalidToken:
            raise SealBroken("a stored secret cannot be opened: is a former KEYSTEAD_SECRET_KEY missing?") from None


def new_token() -> Secret:
    """Return a fresh credential: 64 random letters and digits."""
    return Secret("".join(randomness.choice(_ALPHABET) for _ in range(TOKEN_LENGTH)))


def new_code() -> Secret:
    """Return a fresh authorization code: 128 lower-case hexadecimal characters."""
    return Secret(randomness.token_hex(CODE_BYTES))


def new_session_id() -> Secret:
    """Return a fresh session identifier."""
    return Secret(randomness.token_urlsafe(32))


def new_form_value() -> str:
    """Return a fresh anti-forgery value: 48 hexadecimal characters."""
    return randomness.token_hex(24)


def _derive(master: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(master.encode())


def _fernet_key(master: str) -> bytes:
    return base64.urlsafe_b64encode(_derive(master, b"keystead secrets at rest"))
