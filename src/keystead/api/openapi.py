"""What can programs ask Keystead for beyond Canvas's API? One OpenAPI document, made from the routes themselves."""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from keystead import __version__
from keystead.api.requests import Answer, ApiRoute, Ask, OwnRoute

PREFIX = "/api/keystead/v1/"
_PARAMETER = re.compile(r"[:*](\w+)")
_ERRORS = {
    "type": "object",
    "required": ["errors"],
    "properties": {
        "errors": {
            "description": "A list of messages, or messages by attribute where values break rules.",
            "type": ["array", "object", "string"],
        },
        "status": {"type": "string"},
    },
}
_REFUSALS = {
    "400": "The request cannot be read, lacks a parameter, or a value breaks a rule.",
    "401": "There is no token or session, or the judge refuses the token; X-Keystead-Decision then names the refusal.",
    "403": "Whoever asks lacks the right.",
    "404": "There is no such thing, or none that whoever asks may know of.",
}


def described(routes: Iterable[ApiRoute]) -> tuple[ApiRoute, ...]:
    """Return the routes, and behind them the one that gives out the description of all that are Keystead's own."""
    all_routes: tuple[ApiRoute, ...] = ()

    @cache
    def made() -> dict[str, Any]:
        return document(all_routes)

    all_routes = (*routes, _publishing(made))
    return all_routes


def document(routes: Iterable[ApiRoute]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of those of the routes that stand below Keystead's own prefix."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if route.template.startswith(PREFIX):
            path = _PARAMETER.sub(r"{\1}", route.template)
            paths.setdefault(path, {})[route.verb.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Keystead",
            "version": __version__,
            "description": "What Canvas has no endpoint for. Canvas's own resources are under /api/v1.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": {"Errors": _ERRORS},
            "responses": {status: _refusal(words) for status, words in _REFUSALS.items()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "Each operation is a scope."},
                "session": {"type": "apiKey", "in": "cookie", "name": "keystead_session"},
            },
        },
        "security": [{"token": []}, {"session": []}],
    }  # fmt: skip


def _operation(route: ApiRoute) -> dict[str, Any]:
    own = route if isinstance(route, OwnRoute) else None
    names = _PARAMETER.findall(route.template)
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
    ]
    if own is not None:
        parameters += [
            {"name": name, "in": "query", "description": words, "schema": {"type": "string"}}
            for name, words in own.query.items()
        ]
    answer: dict[str, Any] = {"description": "Done."}
    answer["content"] = {"application/json": {"schema": {} if own is None or own.gives is None else own.gives}}
    refusals = ("400",) if own is not None and own.is_public else tuple(_REFUSALS)
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [route.resource_name or "Keystead"],
        "parameters": parameters,
        "responses": {"200": answer} | {status: {"$ref": f"#/components/responses/{status}"} for status in refusals},
    }
    if route.verb != "GET":
        takes = {"type": "object"} if own is None or own.takes is None else own.takes
        operation["requestBody"] = {"content": {"application/json": {"schema": takes}}}
    if own is not None and own.is_public:
        operation["security"] = []
    return operation


def _operation_id(route: ApiRoute) -> str:
    words = route.template.removeprefix(PREFIX).replace(".", "_").split("/")
    return "_".join([route.verb.lower(), *(word.lstrip(":*") for word in words)])


def _refusal(words: str) -> dict[str, Any]:
    return {
        "description": words,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Errors"}}},
    }


def _publishing(made: Callable[[], dict[str, Any]]) -> OwnRoute:
    def show_openapi(_: Ask) -> Answer:
        """Give out the description."""
        return Answer(body=made())

    return OwnRoute(
        verb="GET", template=f"{PREFIX}openapi.json", handler=show_openapi, is_public=True,
        summary="Describe Keystead's own operations (OpenAPI)", resource="keystead", resource_name="Keystead",
        gives={"type": "object"},
    )  # fmt: skip
