"""Does a pasted list mean what its author meant? In the formats that vendors use, with typing errors, and hostile."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.core.catalogue import Catalogue, from_entries
from keystead.core.scope_lists import PastedList, Unmatched, read_scope_list
from strategies_routes import canvas_entries

pytestmark = pytest.mark.pure

CATALOGUE: Catalogue = from_entries(canvas_entries())
LEGAL = [entry for entry in CATALOGUE.entries if entry.path is not None]
ALLY = (Path(__file__).parents[1] / "journeys" / "ally_scopes.txt").read_text()
ONE = "url:GET|/api/v1/courses/:id"


def read(text: str) -> PastedList:
    """Read a list against Canvas's catalogue."""
    return read_scope_list(text, CATALOGUE)


def test_allys_published_list_matches_whole() -> None:
    with_sections = "\n".join(f"    {line} Some Section" for line in ALLY.splitlines())

    found = read("Enable these scopes\nScope name Section\n" + with_sections)

    assert found == PastedList(scopes=tuple(ALLY.split()))
    assert len(found.scopes) == 31


@pytest.mark.parametrize(
    "line",
    [
        "url:GET|/api/v1/courses/:id",
        "  * `url:GET|/api/v1/courses/:id` - to read the course",
        "GET /api/v1/courses/:id",
        "get /api/v1/courses/{course_id}",
        "GET /api/v1/courses/<id>",
        "| GET | /api/v1/courses/:course_id | Courses | why |",
        '"GET","/api/v1/courses/:id","Courses"',
        "GET;/api/v1/courses/:id;Courses",
        "1. GET: https://canvas.example.edu/api/v1/courses/:id?include[]=term",
        '{"verb": "GET", "path": "/api/v1/courses/:id"}',
        '["url:GET|/api/v1/courses/:id"]',
        "GET | Courses (the course itself) | /api/v1/courses/:id",
        "GET /api/v1/courses/:id.",
        "the course (GET /api/v1/courses/:id).",
    ],
)
def test_a_line_is_understood_however_it_is_written(line: str) -> None:
    assert read(line) == PastedList(scopes=(ONE,))


def test_a_whole_json_list_in_one_line_is_read() -> None:
    wanted = [entry.scope for entry in LEGAL[:40]]

    assert read(json.dumps([*wanted, "/auth/userinfo"])).scopes == (*wanted, "/auth/userinfo")


def test_what_is_wrong_is_told_with_its_line_and_the_nearest_scope() -> None:
    found = read(f"{ONE}\n\nGET /api/v1/cuorses/:id\nGET {ONE[8:]}\nPATCH /api/v1/zzzzzz\n/api/v1/courses\n")

    assert found.scopes == (ONE,)
    assert found.repeated == 1
    assert found.unmatched == (
        Unmatched(number=3, line="GET /api/v1/cuorses/:id", nearest=ONE),
        Unmatched(number=5, line="PATCH /api/v1/zzzzzz", nearest=found.unmatched[1].nearest),
        Unmatched(number=6, line="/api/v1/courses", nearest="url:GET|/api/v1/courses"),
    )


def test_a_verb_is_never_guessed() -> None:
    assert read("/api/v1/courses/:id").scopes == ()
    assert read("FETCH /api/v1/courses/:id").scopes == ()
    assert read("BUDGET /api/v1/courses/:id").scopes == ()


@settings(deadline=None)
@given(st.lists(st.sampled_from(LEGAL), unique=True, max_size=30), st.sampled_from(["scope", "call", "braces"]))
def test_every_scope_is_found_again(entries: list[object], style: str) -> None:
    lines, wanted = [], []
    for entry in entries:
        assert hasattr(entry, "scope")
        wanted.append(entry.scope)
        path = entry.path  # type: ignore[attr-defined]
        braced = "/".join(f"{{{part[1:]}}}" if part.startswith(":") else part for part in path.split("/"))
        verb = entry.verb  # type: ignore[attr-defined]
        lines.append({"scope": entry.scope, "call": f"{verb} {path}", "braces": f"{verb} {braced}"}[style])

    found = read("\n".join(lines))

    if style == "braces":  # two routes of one shape: the list must say which
        assert set(found.scopes) <= set(wanted)
        assert len(found.scopes) + len(found.unmatched) == len(wanted)
    else:
        assert list(found.scopes) == wanted


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400))
def test_any_text_can_be_pasted(text: str) -> None:
    assert all(CATALOGUE.find(scope) is not None for scope in read(text).scopes)


@pytest.mark.parametrize(
    "text",
    [
        "GET " * 60_000,
        "GET x" * 60_000,
        "/api/" * 50_000,
        "GET /" + "{a}" * 60_000,
        "url:" * 60_000,
        ("GET /api/v1/" + "a/" * 100 + "\n") * 1000,
    ],
)
def test_hostile_lists_are_read_to_their_end(text: str) -> None:
    assert read(text).scopes == ()
