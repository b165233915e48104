"""Do pages speak the reader's language, in the reader's zone?"""

import re
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from io import BytesIO
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.pofile import read_po

from keystead.core.instants import SECOND, Instant
from keystead.web.languages import LANGUAGES, Reader, counted, day, moment, number, reader_of, reading, words_in

ROOT = Path(__file__).resolve().parents[2]
SOMEDAY = Instant(1_801_663_500 * SECOND)  # 3 Feb 2027, 14:05 UTC


@pytest.fixture
def nobody() -> Iterator[None]:
    """The context is left as it was found."""
    token = reading.set(reader_of(None))
    yield
    reading.reset(token)


@pytest.mark.parametrize(
    ("header", "wished", "language"),
    [
        (None, None, "en"),
        ("de-AT,de;q=0.8,en;q=0.5", None, "de"),
        ("en;q=0.4, de;q=0.9", None, "de"),
        ("fr-FR, sv;q=0.8", None, "en"),
        ("de", "en-GB", "en"),
        ("en", "de", "de"),
        ("de;q=0, en", None, "en"),
        ("de;q=x, \x00, ;;;,,", None, "en"),
        ("x" * 100_000, "../../etc", "en"),
    ],
)
def test_the_language_is_the_persons_wish_or_the_browsers(
    header: str | None, wished: str | None, language: str
) -> None:
    assert reader_of(header, wished).language == language


@pytest.mark.parametrize(
    ("reader", "date", "clock", "figure"),
    [
        (reader_of(None), "3 Feb 2027", "3 Feb 2027, 14:05 UTC", "1,234,567"),
        (reader_of("en-US", None, "America/Denver"), "Feb 3, 2027", "Feb 3, 2027, 7:05 AM MST", "1,234,567"),
        (reader_of("de-DE", None, None, "Europe/Berlin"), "03.02.2027", "03.02.2027, 15:05 CET", "1.234.567"),
        (reader_of("en", None, "Mars/Olympus", "Asia/Tokyo"), "3 Feb 2027", "3 Feb 2027, 23:05 JST", "1,234,567"),
        (reader_of("en", None, "../../etc/passwd"), "3 Feb 2027", "3 Feb 2027, 14:05 UTC", "1,234,567"),
    ],
)
@pytest.mark.usefixtures("nobody")
def test_dates_and_numbers_are_the_readers(reader: Reader, date: str, clock: str, figure: str) -> None:
    reading.set(reader)

    assert (day(SOMEDAY), moment(SOMEDAY).replace("\u202f", " "), number(1_234_567)) == (date, clock, figure)
    assert (day(None), moment(None)) == ("never", "--")


@pytest.mark.usefixtures("nobody")
def test_a_number_comes_with_the_right_noun() -> None:
    assert [counted(n, "token", "tokens") for n in (0, 1, 2, 1000)] == [
        "0 tokens",
        "1 token",
        "2 tokens",
        "1,000 tokens",
    ]


def _script() -> ModuleType:
    loader = SourceFileLoader("catalogues", str(ROOT / "scripts" / "catalogues"))
    spec = spec_from_loader("catalogues", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def _said() -> dict[object, set[str]]:
    """Return every message of the pages with the names it is to be filled with, but not those of the patterns."""
    patterns = (ROOT / "src" / "keystead" / "console" / "templates" / "patterns.html").read_text()
    found = {}
    for message in _script().said():
        words = message.id if isinstance(message.id, str) else message.id[1] if message.id else ""
        if words and f'_("{words}")' not in patterns:
            found[message.id] = set(re.findall(r"%\((\w+)\)s", words))
    return found


@pytest.mark.parametrize("language", [name for name in LANGUAGES if name != "en"])
def test_every_word_is_translated_and_keeps_its_places(language: str) -> None:
    file = ROOT / "src" / "keystead" / "web" / "locale" / language / "LC_MESSAGES" / "keystead.po"
    held = {message.id: message.string for message in read_po(BytesIO(file.read_bytes()), locale=language)}
    missing, unlike = [], []
    for message, names in _said().items():
        strings = held.get(message) or ""
        strings = strings if isinstance(strings, tuple) else (strings,)
        if not all(strings):
            missing.append(message)
        elif set(re.findall(r"%\((\w+)\)s", strings[-1])) != names:
            unlike.append(message)

    assert missing == []
    assert unlike == []


def test_a_page_speaks_german_to_whoever_asks_for_it() -> None:
    assert words_in("de").gettext("Developer Keys") == "Entwicklerschlüssel"
    assert words_in("de").ngettext("%(number)s entry", "%(number)s entries", 2) == "%(number)s Einträge"
    assert words_in("en").gettext("Developer Keys") == "Developer Keys"
