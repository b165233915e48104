"""Is a browser told by the name that people know?"""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from keystead.core.browsers import LONGEST, browser_name

pytestmark = pytest.mark.pure

_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (f"{_WINDOWS}; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Windows"),
        (f"{_WINDOWS}) {_WEBKIT} Chrome/140.0.0.0 Safari/537.36", "Chrome, Windows"),
        (f"{_WINDOWS}) {_WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge, Windows"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_WEBKIT} Chrome/140.0.0.0 Safari/537.36", "Chrome, ChromeOS"),
        (f"Mozilla/5.0 (Linux; Android 15; SM-S9) {_WEBKIT} SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36",
         "Samsung Internet, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/18.5 Mobile/15E148 Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
         "Safari/605.1.15", "Safari, macOS"),
        ("curl/8.5.0", "curl"),
        ("python-httpx/0.28", "python-httpx"),
        ("<script>alert(1)</script>", None),
        ("\u202etxet", None),
        ("", None),
        (None, None),
    ],
)  # fmt: skip
def test_a_browser_has_the_name_that_people_know(told: str | None, name: str | None) -> None:
    assert browser_name(told) == name


@given(some.text(max_size=2_000))
def test_a_name_is_short_and_plain_whatever_is_sent(told: str) -> None:
    name = browser_name(told)

    assert name is None or (len(name) <= LONGEST and name.isascii() and name.isprintable() and "<" not in name)
