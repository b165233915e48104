"""Does whoever brings the code also hold what the code was asked for with? (RFC 7636, S256 only)"""

import base64
import hashlib
import re

from keystead.core.credentials import same

METHOD = "S256"
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}", re.ASCII)


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def stored_challenge(challenge: str | None, method: str | None) -> str | None:
    """Return the challenge to keep with the code; any method but S256 is passed over, as in Canvas."""
    return challenge if challenge and method == METHOD else None


def is_proven(challenge: str, verifier: str) -> bool:
    """Whether the verifier is well formed (RFC 7636 section 4.1) and gives the challenge."""
    return _VERIFIER.fullmatch(verifier) is not None and same(challenge_of(verifier), challenge.rstrip("="))
