"""How are people's passwords kept? As argon2id hashes; comparing costs the same for people who are not there."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1024

_hasher = PasswordHasher()
NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$VqaF6pRAL2APsC2PDQDalg$vDhZbk6FI1KsemYauUjEIq6f3YxFK6zkH6jtXd3Fclw"
"""What is compared for people who are not there: the hash of a random text that nobody kept. No start computes one."""


def hash_password(password: str) -> str:
    """Return what to store for a password."""
    return _hasher.hash(password)


def is_password(password: str, stored: str | None) -> bool:
    """Whether the password is the one stored. Takes as long when nothing is stored."""
    try:
        _hasher.verify(stored or NOBODY, password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return stored is not None
