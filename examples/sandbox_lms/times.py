"""Moments as the API writes and reads them: ISO 8601, UTC, whole seconds, `Z`."""

from datetime import UTC, datetime


def stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def read_moment(text: str) -> datetime:
    """ISO 8601, with UTC assumed when no offset is given; anything else is a ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        moment = moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError as error:
        raise ValueError(text) from error
    if moment.year < 1000:
        raise ValueError(text)
    return moment
