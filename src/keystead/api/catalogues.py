"""The APIs that are loaded besides the main one: seen by whoever sees keys, loaded and unloaded by Site Admin."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from keystead.actions import catalogues as act
from keystead.actions import permits
from keystead.actions.documents import Unreadable, parsed
from keystead.api.keys import because
from keystead.api.requests import Answer, Ask, OwnRoute
from keystead.core.actors import Right
from keystead.core.apis import LoadedApi
from keystead.core.errors import Forbidden, Invalid, Malformed, NotFound
from keystead.core.instants import iso
from keystead.core.openapi import OpenApiError
from keystead.core.parameters import boolean, text
from keystead.gateway.outside import OutsideError
from keystead.storage.read import apis as read_apis

Described = tuple[LoadedApi, tuple[str, ...]]


def list_catalogues(ask: Ask) -> Answer:
    """List the loaded APIs, by name. Their upstreams are told to Site Admin only."""
    permits.require(ask.tx, ask.acting, Right.VIEW_DEVELOPER_KEYS, ask.domain_root)
    in_full = permits.is_site_administrator(ask.tx, ask.acting)
    return Answer(body=[_about(api, in_full=in_full) for api in read_apis.list_loaded(ask.tx)])


def show_catalogue(ask: Ask) -> Answer:
    """Show a loaded API with its scopes and what they hint at."""
    _require_operator(ask)
    api = read_apis.find_loaded(ask.tx, ask.values["name"])
    if api is None:
        raise NotFound
    operations = [
        {
            "scope": entry.scope,
            "resource_name": entry.resource_name,
            "summary": entry.summary,
            "deprecated": entry.deprecated,
            "sensitivity": entry.sensitivity,
        }
        for entry in api.entries
    ]
    return Answer(body=_about(api, in_full=True) | {"operations": operations})


def compare(ask: Ask) -> Answer:
    """Tell what loading a description would change, and for which keys."""
    api, skipped = ask.ahead
    return Answer(body=_planned(act.plan(ask.tx, api), skipped))


def load(ask: Ask) -> Answer:
    """Load a description in the place of what had its name."""
    api, skipped = ask.ahead
    planned = act.load(ask.tx, api, acting=ask.acting, because=because(ask))
    return Answer(body=_planned(planned, skipped))


def unload(ask: Ask) -> Answer:
    """Take an API away: its scopes cover no call any more."""
    concerned = act.unload(ask.tx, ask.values["name"], acting=ask.acting, because=because(ask))
    return Answer(body={"name": ask.values["name"], "keys": [asdict(key) for key in concerned]})


def described(ask: Ask) -> Callable[[], Described]:
    """Return how the API that is asked about gets its description, for Site Admin only: fetched, parsed and read."""
    _require_operator(ask)
    name, prefix, upstream, url = (
        text(ask.parameters.get(one), one) or "" for one in ("name", "prefix", "upstream", "url")
    )
    strips = bool(boolean(ask.parameters.get("strip_prefix"), "strip_prefix"))
    document = ask.parameters.get("document")
    if bool(url) == bool(document):
        raise Malformed("give either document or url")

    def made() -> Described:
        try:
            if url:
                raw = asyncio.run(ask.world.fetch(url)).octets
            else:
                raw = (document if isinstance(document, str) else json.dumps(document, sort_keys=True)).encode()
            source = url[:500] or "api"
            return act.described(name, prefix, upstream, parsed(raw), raw, source=source, strips_prefix=strips)
        except OutsideError as failed:
            raise Invalid({"url": [str(failed)]}) from None
        except (OpenApiError, Unreadable) as wrong:
            raise Invalid({"url" if url else "document": [str(wrong)]}) from None

    return made


def _require_operator(ask: Ask) -> None:
    if not permits.is_site_administrator(ask.tx, ask.acting):
        raise Forbidden


def _about(api: LoadedApi, *, in_full: bool) -> dict[str, Any]:
    about = {"name": api.name, "prefix": api.prefix, "scopes": len(api.entries), "loaded_at": iso(api.loaded_at)}
    inner = {
        "upstream": api.upstream,
        "strip_prefix": api.strips_prefix,
        "source": api.source,
        "digest": api.digest,
    }
    return about | inner if in_full else about


def _planned(planned: act.Plan, skipped: tuple[str, ...]) -> dict[str, Any]:
    api = planned.api
    about = {"name": api.name, "prefix": api.prefix, "upstream": api.upstream or None, "digest": api.digest}
    return about | {"scopes": len(api.entries), "skipped": list(skipped)} | planned.told()


_GROUP: Any = {"resource": "keystead", "resource_name": "Keystead"}
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_KEYS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "id": {"type": "integer"}, "name": {"type": ["string", "null"]}, "account": {"type": ["string", "null"]},
            "scopes": _TEXTS, "live_tokens": {"type": "integer"},
        },
    },
}  # fmt: skip
_API = {
    "type": "object",
    "required": ["name", "prefix", "scopes", "loaded_at"],
    "properties": {
        "name": _TEXT, "prefix": _TEXT, "scopes": {"type": "integer"}, "loaded_at": _TEXT, "upstream": _TEXT,
        "strip_prefix": {"type": "boolean"}, "source": _TEXT, "digest": _TEXT,
    },
}  # fmt: skip
_DESCRIPTION = {
    "type": "object",
    "required": ["name", "prefix"],
    "properties": {
        "name": _TEXT,
        "prefix": {"type": "string", "description": "Under which path it stands here, such as /library/v2."},
        "upstream": {"type": "string", "description": "The origin that serves it; asked for when it is loaded."},
        "strip_prefix": {"type": "boolean", "description": "Send paths upstream without the prefix."},
        "document": {"type": ["object", "string"], "description": "The OpenAPI 3 document, or its text."},
        "url": {"type": "string", "description": "Where the document is, instead of it: https, at a public address."},
        "because": {"type": "string", "description": "Why; kept in the audit."},
    },
}
_PLAN = {
    "type": "object",
    "required": ["added", "removed", "changed", "returning", "moved", "keys"],
    "properties": {
        "added": _TEXTS, "removed": _TEXTS,
        "changed": {"type": "array", "items": {**_TEXTS, "description": "A scope, and what is told anew of it."}},
        "returning": {**_TEXTS, "description": "Scopes that are new here and that keys still hold."},
        "moved": {**_TEXTS, "description": "What is new about where all calls go."},
        "keys": _KEYS, "skipped": _TEXTS,
    },
}  # fmt: skip

ROUTES = (
    OwnRoute(
        verb="GET", template="/api/keystead/v1/catalogues", handler=list_catalogues, summary="List loaded APIs",
        gives={"type": "array", "items": _API}, **_GROUP,
    ),
    OwnRoute(
        verb="POST", template="/api/keystead/v1/catalogues", handler=load, ahead=described,
        summary="Load the description of an API", takes=_DESCRIPTION, gives=_PLAN, **_GROUP,
    ),
    OwnRoute(
        verb="POST", template="/api/keystead/v1/catalogues/diff", handler=compare, ahead=described, only_reads=True,
        summary="Show what loading a description would change", takes=_DESCRIPTION, gives=_PLAN, **_GROUP,
    ),
    OwnRoute(
        verb="GET", template="/api/keystead/v1/catalogues/:name", handler=show_catalogue, summary="Show a loaded API",
        gives=_API, **_GROUP,
    ),
    OwnRoute(
        verb="DELETE", template="/api/keystead/v1/catalogues/:name", handler=unload, summary="Unload an API",
        gives={"type": "object", "properties": {"name": _TEXT, "keys": _KEYS}}, **_GROUP,
    ),
)  # fmt: skip
