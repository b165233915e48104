"""What the checker finds in the HTML of a page, and what it leaves alone."""

import pytest

from accessibility_checker.markup import check
from accessibility_checker.scopes import SCOPES, named_in

PROBLEMS = (
    ("<img src='/a/b.png?x=1'>", [("Image without alternative text", "/a/b.png")]),
    ("<img>", [("Image without alternative text", "an image without an address")]),
    ("<img alt>", []),
    ("<img alt=''><img alt='A map'><img aria-label='A map'><img role=presentation>", []),
    ("<h2>One</h2><h4>Two</h4>", [("Heading jumps from level 2 to 4", "Two")]),
    ("<h3>First</h3>", [("Heading jumps from level 1 to 3", "First")]),
    ("<h2>One</h2><h3>Two</h3><h2>Three</h2>", []),
    ("<h2> </h2>", [("Empty heading", "a heading of level 2")]),
    ("<h2><img alt='Logo'></h2>", []),
    ("<a href='/x'></a>", [("Link without text", "a link that shows nothing")]),
    ("<a href='/x'><img alt=''></a>", [("Link without text", "a link that shows nothing")]),
    ("<a href='/x'><img alt='Help'></a><a name=y></a><a href='/x' aria-label='Help'></a>", []),
    ("<a href='/x'>Click <b>here</b>!</a>", [("Link text does not say where it leads", "Click here!")]),
    ("<a href='/x'>Read the <i>syllabus</i>", []),
    ("<a href='/x'><style>p { color: red }</style></a>", [("Link without text", "a link that shows nothing")]),
    ("no markup & <nothing", []),
)


@pytest.mark.parametrize(("html", "expected"), PROBLEMS, ids=[html for html, _ in PROBLEMS])
def test_a_page_is_told_its_problems(html: str, expected: list[tuple[str, str]]) -> None:
    found = [(finding.problem, finding.where) for finding in check(html).findings]

    assert found == expected


def test_every_image_heading_and_link_counts_once() -> None:
    assert check("<h2>One</h2><p><a href='/x'>Two <img alt=''></a></p><h3>").items == 4


def test_the_scopes_that_a_refusal_names_are_found_by_whole_words() -> None:
    words = f"These were requested, but not granted: {SCOPES[1].text}, {SCOPES[2].text}, and {SCOPES[3].text}"

    assert named_in(words) == SCOPES[1:]
    assert named_in("A requested scope is invalid.") == SCOPES
