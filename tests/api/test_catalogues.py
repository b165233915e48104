"""Loading descriptions over the API: by Site Admin alone, from a document or a URL."""

from typing import Any

import pytest

from world import Bench

PATH = "/api/keystead/v1/catalogues"
BOOKS, LOANS = "url:GET|/library/books", "url:POST|/library/loans"
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Library"},
    "paths": {"/books": {"get": {"summary": "List books"}}, "/loans": {"post": {}, "head": {}}},
}
LOAD: dict[str, Any] = {"name": "library", "prefix": "/library", "upstream": "https://library.test"}


def test_a_description_is_compared_loaded_shown_and_unloaded(world: Bench) -> None:
    asked = LOAD | {"document": DOCUMENT}
    planned = world.site("POST", f"{PATH}/diff", json=asked)
    assert planned.status == 200, planned.text
    assert (planned.json["added"], planned.json["skipped"]) == ([BOOKS, LOANS], ["HEAD /loans"])
    assert world.site("GET", PATH).json == []
    assert world.audited("catalogue.loaded") == []

    loaded = world.site("POST", PATH, json=asked | {"because": "a contract"})

    assert (loaded.status, loaded.json) == (200, planned.json)
    assert len(world.audited("catalogue.loaded")) == 1
    (listed,) = world.site("GET", PATH).json
    assert (listed["prefix"], listed["scopes"], listed["upstream"]) == ("/library", 2, "https://library.test")
    shown = world.site("GET", f"{PATH}/library").json
    assert [(one["scope"], one["sensitivity"]) for one in shown["operations"]] == [
        (BOOKS, "internal"), (LOANS, "internal"),
    ]  # fmt: skip
    unloaded = world.site("DELETE", f"{PATH}/library")
    assert (unloaded.status, unloaded.json) == (200, {"name": "library", "keys": []})
    assert [world.site(verb, f"{PATH}/library").status for verb in ("GET", "DELETE")] == [404, 404]


def test_the_document_may_be_text_or_stand_elsewhere(world: Bench) -> None:
    text = "openapi: 3.0.0\npaths: {/books: {get: {}}}"
    world.outside["https://docs.test/openapi.yaml"] = text.encode()

    by_text = world.site("POST", f"{PATH}/diff", json=LOAD | {"document": text}).json
    by_url = world.site("POST", PATH, json=LOAD | {"url": "https://docs.test/openapi.yaml"}).json

    assert by_text == by_url
    assert by_url["added"] == [BOOKS]
    assert world.site("GET", PATH).json[0]["source"] == "https://docs.test/openapi.yaml"


@pytest.mark.parametrize(
    ("sent", "attribute", "words"),
    [
        ({"document": {"openapi": "2.0"}}, "document", "openapi: must be 3.0 or 3.1"),
        ({"document": "a: ["}, "document", "neither JSON nor YAML"),
        ({"url": "https://docs.test/none"}, "url", "it answers 404"),
        ({"document": DOCUMENT, "prefix": "/api/v1"}, "prefix", "Keystead's own"),
        ({"document": DOCUMENT, "name": ""}, "name", "must be letters"),
        ({"document": DOCUMENT, "upstream": ""}, "upstream", "is missing"),
        ({"document": DOCUMENT, "upstream": "file:///etc"}, "upstream", "must be an origin"),
    ],
)
def test_what_cannot_be_loaded_says_what_is_wrong(world: Bench, sent: Any, attribute: str, words: str) -> None:
    refused = world.site("POST", PATH, json=LOAD | sent)

    assert refused.status == 400, refused.text
    ((name, (problem,)),) = refused.json["errors"].items()
    assert name == attribute
    assert words in problem["message"]
    assert world.site("GET", PATH).json == []


def test_one_source_is_named(world: Bench) -> None:
    for sent in ({}, {"document": DOCUMENT, "url": "https://docs.test/x"}):
        refused = world.site("POST", PATH, json=LOAD | sent)
        assert (refused.status, refused.message) == (400, "give either document or url")


def test_prefixes_of_two_apis_do_not_overlap(world: Bench) -> None:
    world.site("POST", PATH, json=LOAD | {"document": DOCUMENT})

    refused = world.site("POST", PATH, json=LOAD | {"document": DOCUMENT, "name": "other", "prefix": "/library/v2"})

    assert refused.status == 400
    assert refused.json["errors"]["prefix"][0]["message"] == "overlaps /library of library"


def test_administrators_of_a_tenant_see_names_and_change_nothing(world: Bench) -> None:
    world.site("POST", PATH, json=LOAD | {"document": DOCUMENT})
    root = world.root_account()
    admin, person = world.admin(root), world.person(root)
    host = "root.test"
    asked = LOAD | {"document": DOCUMENT, "url": ""}

    (listed,) = world.call("GET", PATH, token=admin.token, host=host).json

    assert listed.keys() == {"name", "prefix", "scopes", "loaded_at"}
    assert world.call("GET", PATH, token=person.token, host=host).status == 403
    assert world.call("GET", PATH).status == 401
    for verb, path, sent in (
        ("POST", PATH, asked),
        ("POST", f"{PATH}/diff", asked),
        ("POST", PATH, LOAD | {"url": "https://inside.test/"}),
        ("GET", f"{PATH}/library", None),
        ("DELETE", f"{PATH}/library", None),
    ):
        assert world.call(verb, path, token=admin.token, host=host, json=sent).status == 403, (verb, path)
        assert world.call(verb, path, json=sent).status == 401, (verb, path)
