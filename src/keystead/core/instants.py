"""What is a moment in time? Microseconds since 1970 in UTC, as an integer."""

from datetime import UTC, datetime
from typing import NewType

Instant = NewType("Instant", int)

EPOCH = Instant(0)
NEVER = Instant(2**63 - 1)
"""Later than every moment that can be stored."""
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def iso(instant: Instant | None) -> str | None:
    """Return the moment as Canvas writes it: ``2025-05-30T17:09:18Z``; None stays None."""
    if instant is None:
        return None
    return datetime.fromtimestamp(instant // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_iso(text: str) -> Instant | None:
    """Return the moment an ISO 8601 date or time names (UTC when it names no zone), None when it is neither."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return Instant(int(moment.timestamp()) * SECOND)
    except (OverflowError, ValueError, OSError):
        return None


def later(instant: Instant, by: int) -> Instant:
    """Return the moment ``by`` microseconds after this one."""
    return Instant(instant + by)
