"""How much may a client ask for? A leaky bucket, as in Canvas (docs/canvas-compat.md, Throttling).

A call costs the time it takes. What the calls of a client cost fills its bucket, which drains all the time; while it is
full, calls are refused. A call under way counts for much more than it will cost, so that many at once fill the bucket.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

LARGEST: Final = 1_000_000_000.0
_NAMES: Final = {"refuses_at": "refuses_at", "cap": "cap", "drains": "drains_per_second", "upfront": "upfront"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The size of a bucket, in units of cost (seconds of work).

    Calls are refused from the level ``refuses_at`` on; nothing lifts it above ``cap``; it drains by ``drains`` each
    second; a call under way counts ``upfront``.
    """

    refuses_at: float = 600.0
    cap: float = 800.0
    drains: float = 10.0
    upfront: float = 50.0

    def share_of(self, nodes: int) -> "Limits":
        """Return one node's share, when a client's calls are spread over so many."""
        if nodes == 1:
            return self
        return Limits(
            refuses_at=self.refuses_at / nodes, cap=self.cap / nodes, drains=self.drains / nodes, upfront=self.upfront
        )


USUAL: Final = Limits()


def drained(level: float, seconds: float, limits: Limits) -> float:
    """Return a level after some time; a clock that went back drains nothing."""
    return max(0.0, level - max(0.0, seconds) * limits.drains)


def raised(level: float, cost: float, limits: Limits) -> float:
    """Return a level after a cost was added, or given back when it is negative.

    Near the cap less may be added than was asked: only what was added may be given back.
    """
    return max(0.0, min(level + cost, max(level, limits.cap)))


def remaining(level: float, limits: Limits) -> float:
    """Return what is left before calls are refused."""
    return max(0.0, limits.refuses_at - level)


def told(limits: Limits | None) -> dict[str, float] | None:
    """Return limits as they are stored and shown, None for the usual ones."""
    return None if limits is None else {public: getattr(limits, name) for name, public in _NAMES.items()}


def read_limits(given: Mapping[str, object]) -> Limits:
    """Return the limits that somebody asks for; what is not named is as usual. Raises ValueError with the words."""
    unknown = set(given) - set(_NAMES.values())
    if unknown:
        raise ValueError(f"throttle has no {sorted(unknown)[0]}")
    numbers = {}
    for name, public in _NAMES.items():
        value = given.get(public, getattr(USUAL, name))
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{public} must be a number")
        if not 0 < value <= LARGEST:
            raise ValueError(f"{public} must be more than 0 and at most {LARGEST:.0f}")
        numbers[name] = float(value)
    limits = Limits(**numbers)
    if limits.cap < limits.refuses_at:
        raise ValueError("cap must not be less than refuses_at")
    return limits


def stored_limits(given: Mapping[str, object] | None) -> Limits | None:
    """Return the limits that are stored, the same object for the same numbers."""
    return None if given is None else _interned(tuple(sorted(given.items())))


@lru_cache(maxsize=1024)
def _interned(given: tuple[tuple[str, float], ...]) -> Limits:
    return read_limits(dict(given))
