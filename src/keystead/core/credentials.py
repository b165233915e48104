"""How are secrets held, compared and recognised? Never as text that could be printed by accident."""

import hashlib
import hmac
from collections.abc import Iterable

HINT_LENGTH = 5
TOKEN_LENGTH = 64
CODE_BYTES = 64


class Secret:
    """Text that must not leak: its repr and str are its hint, and reading it is a visible act."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the one who may have it."""
        return self._text

    @property
    def hint(self) -> str:
        """The first five characters, as Canvas shows them."""
        return self._text[:HINT_LENGTH]

    def __repr__(self) -> str:
        return f"Secret({self.hint}...)" if len(self._text) > 4 * HINT_LENGTH else "Secret(...)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and same(self._text, other._text)

    def __hash__(self) -> int:
        return hash(self._text)


def same(left: str, right: str) -> bool:
    """Compare two secrets in time that does not depend on where they differ."""
    return hmac.compare_digest(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))


class Digester:
    """Turns credentials into the keyed digests under which they are stored.

    Several keys may be readable while one is being replaced: the first writes, all are tried when reading.
    The keyed states are prepared once and copied, which costs a fraction of a fresh HMAC per call.
    """

    __slots__ = ("_states",)

    def __init__(self, keys: Iterable[bytes]) -> None:
        self._states = tuple(hmac.new(key, digestmod=hashlib.sha256) for key in keys)
        if not self._states:
            raise ValueError("a digester needs at least one key")

    def __repr__(self) -> str:
        return f"Digester({len(self._states)} keys)"

    def digest(self, credential: str) -> bytes:
        """Return the digest to store."""
        state = self._states[0].copy()
        state.update(credential.encode("utf-8", "surrogatepass"))
        return state.digest()

    def digests(self, credential: str) -> tuple[bytes, ...]:
        """Return every digest under which the credential may be stored, the newest key's first."""
        octets = credential.encode("utf-8", "surrogatepass")
        found = []
        for keyed in self._states:
            state = keyed.copy()
            state.update(octets)
            found.append(state.digest())
        return tuple(found)
