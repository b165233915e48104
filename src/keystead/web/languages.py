"""How does a page speak to its reader? Language, day and clock of whoever looks, by Babel's rules and our catalogues.

A catalogue is a gettext file ``web/locale/<language>/LC_MESSAGES/keystead.po``; English is what stands in templates
and code. Templates say ``_("…")`` and ``ngettext``, code says ``visitor.say("…")``.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from keystead.core.instants import SECOND, Instant

ENGLISH: Final = "en"
LANGUAGES: Final = {ENGLISH: "English", "de": "Deutsch"}
_LONGEST_ASKED: Final = 400
_REGIONS: Final = frozenset(
    {
        "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
        "UTC",
    }
)  # fmt: skip
_WORLD_ENGLISH: Final = Locale("en", "001")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who a page is for: the language of its words, the region whose dates and numbers it writes, the clock's zone."""

    language: str = ENGLISH
    locale: Locale = _WORLD_ENGLISH
    zone: tzinfo = UTC


ANYBODY: Final = Reader()
reading: ContextVar[Reader] = ContextVar("reading", default=ANYBODY)


def reader_of(accept_language: str | None, wished: str | None = None, *zones: str | None) -> Reader:
    """Return how to speak to somebody: as they wished, else as their browser asks, in the first zone there is.

    ``accept_language`` is the header's value (RFC 9110 section 12.5.4); ``zones`` are IANA names, best first.
    """
    for tag in (wished, *_asked(accept_language or "")):
        locale = _locale(tag or "")
        if locale is not None and locale.language in LANGUAGES:
            plain = locale.language == ENGLISH and locale.territory is None
            return Reader(locale.language, _WORLD_ENGLISH if plain else locale, _first_zone(zones))
    return Reader(zone=_first_zone(zones))


@cache
def words_in(language: str) -> NullTranslations:
    """Return the catalogue of one of LANGUAGES; words that it lacks stay English."""
    if language == ENGLISH:
        return NullTranslations()
    file = files("keystead.web").joinpath("locale", language, "LC_MESSAGES", "keystead.po")
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(file.read_bytes()), locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def day(instant: Instant | None, otherwise: str = "never") -> str:
    """Return the day of an instant in the reader's zone: ``3 Feb 2027``."""
    if instant is None:
        return otherwise
    reader = reading.get()
    return format_date(_clock(instant, reader), "medium", locale=reader.locale)


def moment(instant: Instant | None, otherwise: str = "--") -> str:
    """Return an instant with its zone, in the reader's: ``3 Feb 2027, 14:05 UTC``."""
    if instant is None:
        return otherwise
    reader = reading.get()
    when = _clock(instant, reader)
    pattern = "HH:mm" if reader.locale == _WORLD_ENGLISH else "short"
    clock = format_time(when, pattern, tzinfo=reader.zone, locale=reader.locale)
    return f"{format_date(when, 'medium', locale=reader.locale)}, {clock} {when.tzname()}"


def number(figure: float) -> str:
    """Return a number as the reader writes it: ``12,345``."""
    return format_decimal(figure, locale=reading.get().locale)


def counted(figure: int, one: str, many: str) -> str:
    """Return a number with its noun, both in the reader's language: ``1 token``, ``2 tokens``."""
    words = words_in(reading.get().language).ngettext(one, many, figure)
    return f"{number(figure)} {words}"


@cache
def zones() -> tuple[str, ...]:
    """Return the names of the zones that people live in, in alphabetical order."""
    return tuple(sorted(name for name in available_timezones() if name.partition("/")[0] in _REGIONS))


def is_zone(name: str) -> bool:
    """Whether this is the name of a time zone."""
    return _zone(name) is not None


def _clock(instant: Instant, reader: Reader) -> datetime:
    return datetime.fromtimestamp(instant // SECOND, reader.zone)


def _asked(header: str) -> list[str]:
    found: list[tuple[float, str]] = []
    for part in header[:_LONGEST_ASKED].split(","):
        tag, _, quality = part.partition(";")
        try:
            weight = float(quality.strip().removeprefix("q=")) if quality else 1.0
        except ValueError:
            continue
        if tag.strip() and weight > 0:
            found.append((-weight, tag.strip()))
    return [tag for _, tag in sorted(found, key=lambda one: one[0])]


@cache
def _locale(tag: str) -> Locale | None:
    if not 2 <= len(tag) <= 20:
        return None
    try:
        return Locale.parse(tag.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        return None


def _first_zone(names: tuple[str | None, ...]) -> tzinfo:
    found = (_zone(name) for name in names if name)
    return next((zone for zone in found if zone is not None), UTC)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
