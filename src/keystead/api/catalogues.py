"""The APIs that are loaded besides the main one, for whoever manages keys."""

from keystead.actions import permits
from keystead.api.requests import Answer, ApiRoute, Ask
from keystead.core.actors import Right
from keystead.core.instants import iso


def list_catalogues(ask: Ask) -> Answer:
    """List the loaded APIs, by name. Their upstreams are told to Site Admin only."""
    permits.require(ask.tx, ask.acting, Right.MANAGE_DEVELOPER_KEYS, ask.domain_root)
    in_full = permits.is_site_administrator(ask.tx, ask.acting)
    shown = []
    for api in ask.world.routing.now.apis:
        about = {"name": api.name, "prefix": api.prefix, "scopes": len(api.entries), "loaded_at": iso(api.loaded_at)}
        inner = {"upstream": api.upstream, "source": api.source, "digest": api.digest}
        shown.append(about | inner if in_full else about)
    return Answer(body=shown)


ROUTES = (
    ApiRoute(
        verb="GET", template="/api/keystead/v1/catalogues", handler=list_catalogues,
        summary="List loaded APIs", resource="keystead", resource_name="Keystead",
    ),
)  # fmt: skip
