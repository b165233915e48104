"""How often may somebody be wrong before they must wait?

Failures are counted in fixed windows, in this process. Whoever reaches a limit waits, even with the right answer; what
is counted always names the address too, so that nobody can lock somebody else out from elsewhere.
"""

from dataclasses import dataclass

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many failures of one kind; ``what`` names the kind."""

    what: str
    most: RateLimitItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one attempt counts against: a limit, and whose failures they are."""

    limit: Limit
    whose: tuple[str, ...]


class Failures:
    """The failures that are remembered."""

    def __init__(self) -> None:
        self._counted = FixedWindowRateLimiter(MemoryStorage())

    def are_too_many(self, *tallies: Tally) -> bool:
        """Whether one of the limits is reached."""
        return not all(self._counted.test(tally.limit.most, tally.limit.what, *tally.whose) for tally in tallies)

    def note(self, *tallies: Tally) -> None:
        """Count one failure."""
        for tally in tallies:
            self._counted.hit(tally.limit.most, tally.limit.what, *tally.whose)

    def forget(self, tally: Tally) -> None:
        """Count from nothing again."""
        self._counted.clear(tally.limit.most, tally.limit.what, *tally.whose)
