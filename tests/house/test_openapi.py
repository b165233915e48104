"""Keystead's own operations are described for programs: every one, in a document that validates."""

import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from keystead.api.openapi import PREFIX, document
from keystead.api.operations import OWN_ROUTES

pytestmark = pytest.mark.pure

OWN = [route for route in OWN_ROUTES if route.template.startswith(PREFIX)]


def test_the_description_of_the_operations_is_valid() -> None:
    OpenAPIV31SpecValidator(document(OWN_ROUTES)).validate()


def test_every_operation_of_keysteads_own_is_described_and_no_other() -> None:
    described = {(verb, path) for path, verbs in document(OWN_ROUTES)["paths"].items() for verb in verbs}

    assert OWN
    assert described == {(route.verb.lower(), re.sub(r":(\w+)", r"{\1}", route.template)) for route in OWN}


@pytest.mark.parametrize("route", OWN, ids=lambda route: f"{route.verb} {route.template}")
def test_each_operation_says_what_it_does_and_which_refusals_there_are(route: object) -> None:
    described = document([route])["paths"]  # type: ignore[list-item]
    ((operation,),) = [list(verbs.values()) for verbs in described.values()]

    assert operation["summary"]
    assert operation["responses"].keys() >= {"200", "400"}
    named = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"}
    assert named == set(re.findall(r"\{(\w+)\}", next(iter(described))))
