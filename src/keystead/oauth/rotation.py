"""Which refresh credential follows which, for keys whose refresh credentials are used once?

A successor is derived from its predecessor with a key that only the server has. So nothing that was given out need be
kept: a retry is answered with the very same successor, and a replay of any ancestor is recognised by walking forward
from it to the one that is stored (RFC 9700 section 4.14.2).
"""

from collections.abc import Iterator
from string import ascii_letters, digits

from keystead.core.credentials import Digester, Secret
from keystead.core.instants import SECOND, Instant
from keystead.core.keys import Key
from keystead.core.tokens import Token

GRACE = 10 * SECOND
LONGEST_WALK = 256
_ALPHABET = ascii_letters + digits


def rotates(key: Key) -> bool:
    """Whether each refresh gives the key's client a new refresh credential."""
    return key.is_public or key.is_strict


def successor(digester: Digester, credential: str) -> Secret:
    """Return the refresh credential that follows this one."""
    return _derived(digester, "refresh", credential)


def access_after(digester: Digester, credential: str) -> Secret:
    """Return the access credential that refreshing with this one gives."""
    return _derived(digester, "access", credential)


def successors(digester: Digester, credential: str) -> Iterator[Secret]:
    """Return what follows a refresh credential, nearest first, as far as is looked."""
    for _ in range(LONGEST_WALK):
        following = successor(digester, credential)
        yield following
        credential = following.reveal()


def is_retry(token: Token, generation: int, now: Instant) -> bool:
    """Whether the one before the stored one was used a moment ago: an answer got lost, or two asked at once."""
    return generation == 0 and abs(now - token.updated_at) <= GRACE


def _derived(digester: Digester, purpose: str, credential: str) -> Secret:
    halves = (digester.digest(f"{purpose} after, part {part}: {credential}") for part in (1, 2))
    return Secret("".join(_ALPHABET[octet % len(_ALPHABET)] for half in halves for octet in half))
