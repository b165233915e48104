"""At which hours may a key be used? Local times of a zone on some days of the week, across midnight where they say so.

A time of day stands for the first moment at which a clock there shows it or a later time: one that daylight saving
leaves out is the moment of the change, one that comes twice the first of the two.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from keystead.core.instants import SECOND, Instant

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_OF_DAY: Final = 24 * 60
_WEEK: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Open from minute ``opens`` of each of ``days`` (0 is Monday) until minute ``closes``, in the clock of ``zone``.

    When ``closes`` is not after ``opens``, it is the next day's: from 22:00 until 06:00, from 00:00 until 00:00.
    """

    zone: str
    days: frozenset[int]
    opens: int
    closes: int

    def open_until(self, now: Instant) -> Instant | None:
        """Return when the opening ends in which a moment falls, None while it is closed."""
        return max((closes for opens, closes in self._around(now) if opens <= now < closes), default=None)

    def opens_next(self, now: Instant) -> Instant | None:
        """Return when it opens next after a moment, None when it never does."""
        return min((opens for opens, closes in self._around(now) if now < opens < closes), default=None)

    def _around(self, now: Instant) -> list[tuple[Instant, Instant]]:
        """Return the openings of yesterday and of the week from today; none in a zone that nobody knows any more."""
        try:
            zone = ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            return []
        today = datetime.fromtimestamp(now // SECOND, zone).date()
        days = [today + timedelta(days=ahead) for ahead in range(-1, _WEEK)]
        later = 0 if self.opens < self.closes else 1
        return [
            (_moment(self.zone, day, self.opens), _moment(self.zone, day + timedelta(days=later), self.closes))
            for day in days
            if day.weekday() in self.days
        ]


@lru_cache(maxsize=4096)
def _moment(zone: str, day: date, minute: int) -> Instant:
    """Return the first moment at which a clock in the zone shows the minute of the day, or a later time."""
    clock = ZoneInfo(zone)
    wanted = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)  # noqa: DTZ001  (a clock's face)
    early, late = (_seconds(wanted.replace(tzinfo=clock, fold=fold)) for fold in (1, 0))
    if early >= late or _face(late, clock) == wanted:
        return Instant(min(early, late) * SECOND)
    while late - early > 1:
        middle = (early + late) // 2
        early, late = (early, middle) if _face(middle, clock) >= wanted else (middle, late)
    return Instant(late * SECOND)


def _face(seconds: int, clock: ZoneInfo) -> datetime:
    """Return what a clock shows."""
    return datetime.fromtimestamp(seconds, clock).replace(tzinfo=None)


def _seconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp())


def told_minute(minute: int) -> str:
    """Return a minute of the day as ``08:30``."""
    return f"{minute // 60:02}:{minute % 60:02}"
