"""Which days does somebody ask about? Read as the API, the pages and the commands do."""

from typing import Final

from keystead.core.errors import Malformed
from keystead.core.instants import Instant
from keystead.core.usage import Period, day_of, read_day

USUAL_DAYS: Final = 30
PRIVILEGE_DAYS: Final = 90
LONGEST_DAYS: Final = 3_660


def read_period(first: str, last: str, now: Instant, *, days: int) -> Period:
    """Return the days asked for; without an end up to today, without a beginning so many. Raises Malformed."""
    end = day_of(now) if not last else read_day(last)
    if end is None:
        raise Malformed("to must be a day such as 2026-05-30")
    start = end - days + 1 if not first else read_day(first)
    if start is None:
        raise Malformed("from must be a day such as 2026-05-01")
    if start < 0 or end > day_of(now) + 366:
        raise Malformed("from must not be before 1970, nor to more than a year ahead")
    if not 0 <= end - start < LONGEST_DAYS:
        raise Malformed("from must not be after to, nor more than ten years before it")
    return Period(first=start, last=end)
