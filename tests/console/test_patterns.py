"""Does the page of patterns show what there is, in every colour, to those who may see it?"""

import re
from importlib.resources import files
from itertools import product

import pytest

from console.test_key_pages import admin, words
from keystead.console.patterns import COLOURS, SIGNS, SPACES
from oauth_bench import NORTH, Browser, OAuthBench

__all__ = ["admin"]

_HEX = re.compile(r"--([a-z-]+): #([0-9a-f]{6});")
_TEXT_ON = (
    *product(("ink", "ink-soft", "accent", "good", "danger"), ("page", "surface", "surface-sunken")),
    ("on-accent", "accent"), ("on-accent", "accent-strong"), ("on-danger", "danger"), ("on-danger", "danger-strong"),
    ("accent-strong", "accent-wash"), ("good", "good-wash"), ("warn", "warn-wash"), ("danger", "danger-wash"),
)  # fmt: skip
_DRAWN_ON = (*product(("control-line", "focus"), ("page", "surface")),)


def static(name: str) -> str:
    return files("keystead.web").joinpath("static", name).read_text()


def schemes() -> dict[str, dict[str, str]]:
    """Return the colours by name, for light and dark."""
    light, _, dark = static("tokens.css").partition("@media (prefers-color-scheme: dark)")
    return {"light": dict(_HEX.findall(light)), "dark": dict(_HEX.findall(light)) | dict(_HEX.findall(dark))}


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        parts = (int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4))
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_every_colour_sign_and_distance_there_is_stands_on_the_page(admin: Browser) -> None:
    page = admin.get("/console/patterns").text
    sheet = static("patterns.css")
    parts = files("keystead.web").joinpath("templates", "parts.html").read_text()
    drawn = {name for line in re.findall(r"name (?:==|in) (.*?) %}", parts) for name in re.findall(r'"(\w+)"', line)}

    assert {name for name, _ in COLOURS} == set(schemes()["light"]) == set(schemes()["dark"])
    assert {name for name, _ in COLOURS} == set(
        re.findall(r"^\.swatch-([a-z-]+) \{\n  background", sheet, re.MULTILINE)
    )
    assert all(f"swatch-{name}" in page for name, _ in COLOURS)
    assert set(SPACES) == set(map(int, re.findall(r"--space-(\d):", static("tokens.css"))))
    assert set(SIGNS) <= drawn
    assert drawn - set(SIGNS) == {"active"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_controls_stand_out_from_what_is_behind_them(scheme: str) -> None:
    colours = schemes()[scheme]

    faint = {pair for pair in _TEXT_ON if contrast(colours[pair[0]], colours[pair[1]]) < 4.5}
    unseen = {pair for pair in _DRAWN_ON if contrast(colours[pair[0]], colours[pair[1]]) < 3}

    assert (faint, unseen) == (set(), set())


def test_the_patterns_are_for_whoever_manages_keys(bench: OAuthBench, admin: Browser) -> None:
    assert "Every building block of these pages." in words(admin.get("/console/patterns"))
    assert bench.browser(NORTH).signed_in().get("/console/patterns").headers["location"] == "/"
    assert bench.browser(NORTH).get("/console/patterns").headers["location"] == "/login"
