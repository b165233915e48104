"""OpenAPI documents read into scopes: what becomes what, and what is refused by which words."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.core import openapi
from keystead.core.apis import Difference, LoadedApi, difference
from keystead.core.instants import EPOCH
from keystead.core.openapi import OpenApiError, prefix_problem, read_document

pytestmark = pytest.mark.pure


def document(paths: Any, **more: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": "Library", "version": "2"}, "paths": paths} | more


def test_an_operation_becomes_a_scope_with_its_group_and_its_words() -> None:
    read = read_document(
        document(
            {
                "/books/{book-id}/loans": {
                    "get": {"tags": ["Loans"], "summary": "List\n loans", "deprecated": True},
                    "post": {"operationId": "lend"},
                    "head": {},
                }
            }
        ),
        "/library/v2",
    )

    (listing, lending) = read.entries
    assert listing.scope == "url:GET|/library/v2/books/:book_id/loans"
    assert (listing.resource, listing.resource_name, listing.summary, listing.deprecated) == (
        "loans", "Loans", "List loans", True,
    )  # fmt: skip
    assert (lending.resource_name, lending.summary) == ("Library", "lend")
    assert read.skipped == ("HEAD /books/{book-id}/loans",)


@pytest.mark.parametrize(
    ("operation", "level"),
    [
        ({}, "internal"),
        ({"parameters": [{"name": "email", "in": "query"}]}, "personal"),
        ({"requestBody": {"content": {"x": {"schema": {"$ref": "#/components/schemas/Mark"}}}}}, "sensitive"),
        ({"x-keystead-sensitivity": "public", "parameters": [{"name": "ssn"}]}, "public"),
        ({"responses": {"200": {"content": {"x": {"schema": {"$ref": "#/components/schemas/Loop"}}}}}}, "internal"),
    ],
)  # fmt: skip
def test_what_an_operation_speaks_of_hints_at_how_sensitive_it_is(operation: Any, level: str) -> None:
    schemas = {
        "Mark": {"type": "object", "properties": {"grade": {"type": "string"}}},
        "Loop": {"properties": {"next": {"$ref": "#/components/schemas/Loop"}}},
    }

    (entry,) = read_document(document({"/x": {"get": operation}}, components={"schemas": schemas}), "/a").entries

    assert entry.sensitivity == level


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ([], "the document: must be an object"),
        ({"openapi": "2.0"}, "openapi: must be 3.0 or 3.1"),
        (document({}), "paths: has no operation"),
        (document({"x": {"get": {}}}), "paths.x: must start with /"),
        (document({"/a b": {"get": {}}}), "paths./a b: the segment"),
        (document({"/a{b}": {"get": {}}}), "paths./a{b}: the segment"),
        (document({"/{a}/{a}": {"get": {}}}), "stands there twice"),
        (document({"/a//b": {"get": {}}}), "has an empty segment"),
        (document({"/../b": {"get": {}}}), "paths./../b: the segment"),
        (document({"/{a}": {"get": {}}, "/{b}": {"get": {}}}), "is the same route as"),
        (document({"/a": {"get": []}}), "paths./a.get: must be an object"),
        (document({"/a": {"$ref": "#/nowhere"}}), "points nowhere"),
        (document({"/a": {"$ref": "#/paths/~1a"}}), "in a circle"),
        (document({"/a": {"get": {"x-keystead-sensitivity": "odd"}}}), "must be one of"),
        (document({f"/a{n}": {"get": {}} for n in range(5001)}), "more than 5000 operations"),
    ],
)
def test_what_cannot_be_read_is_refused_by_place_and_reason(wrong: Any, words: str) -> None:
    with pytest.raises(OpenApiError) as refused:
        read_document(wrong, "/a")

    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_stands_at_a_path_holds_for_its_operations_even_from_elsewhere() -> None:
    item = {"parameters": [{"name": "email", "in": "query"}], "get": {}}
    level = {"x-keystead-sensitivity": "public", "get": {}, "post": {"x-keystead-sensitivity": "internal"}}
    paths = {"/a": item, "/b": {"$ref": "#/components/pathItems/b"}}

    read = read_document(document(paths, components={"pathItems": {"b": level}}), "/p")

    assert [entry.sensitivity for entry in read.entries] == ["personal", "public", "internal"]


def test_a_document_whose_parts_repeat_each_other_is_read_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi, "MOST_STEPS_IN_ALL", 100_000)
    inner: Any = {"properties": {"email": {}}}
    for _ in range(12):
        inner = {"allOf": [inner] * 9}
    wide = {"properties": {f"p{n}": {"x": {}} for n in range(1900)} | {"q": {f"r{n}": {} for n in range(18_000)}}}
    many = {f"/a{n}": {"get": {"responses": wide}} for n in range(8)}

    (entry,) = read_document(document({"/x": {"get": {"responses": inner}}}), "/a").entries
    with pytest.raises(OpenApiError, match="too often"):
        read_document(document(many), "/a")

    assert entry.sensitivity == "internal"


names = st.sampled_from(("openapi", "paths", "get", "/a", "$ref", "tags", "parameters"))
anythings = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)


@given(anythings)
def test_no_document_does_worse_than_being_refused(anything: Any) -> None:
    given_document = {"openapi": "3.0.0", "paths": {"/a": anything}} | (anything if isinstance(anything, dict) else {})

    with suppress(OpenApiError):
        read_document(given_document, "/a")


@pytest.mark.parametrize(
    ("prefix", "fits"),
    [
        ("/library", True), ("/library/v2", True), ("/apis", True), ("library", False), ("/Library", False),
        ("/library/", False), ("/", False), ("/api", False), ("/api/v9", False), ("/login/x", False),
        ("/.well-known", False), ("/a//b", False), ("/a/:b", False), ("/a/b/c/d/e", False), ("/taken", False),
        ("/taken/more", False), ("/ta", True), ("/static", False),
    ],
)  # fmt: skip
def test_where_an_api_may_stand(prefix: str, fits: bool) -> None:
    assert (prefix_problem(prefix, {"/taken": "Other"}) is None) is fits


def test_a_path_stands_under_a_prefix_by_whole_segments() -> None:
    api = LoadedApi(
        name="a", prefix="/library", upstream="https://x", strips_prefix=False, digest="", source="", entries=(),
        loaded_at=EPOCH,
    )  # fmt: skip

    assert [api.holds(path) for path in ("/library", "/library/x", "/libraryx", "/x/library")] == [
        True,
        True,
        False,
        False,
    ]


def test_a_difference_names_what_is_new_gone_and_told_anew() -> None:
    before = read_document(document({"/a": {"get": {}}, "/b": {"get": {"summary": "x"}}}), "/p").entries
    after = read_document(document({"/b": {"get": {"summary": "y"}}, "/c": {"get": {}}}), "/p").entries

    assert difference(before, after) == Difference(
        added=("url:GET|/p/c",), removed=("url:GET|/p/a",), changed=(("url:GET|/p/b", "summary 'x' → 'y'"),)
    )
    assert difference(before, before).is_empty
