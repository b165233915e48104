"""Which operations does Keystead answer itself, and which scopes are there, with those of the APIs that are loaded?"""

import json
from collections.abc import Iterable
from importlib import resources

from keystead.api import (
    accounts,
    admins,
    audit,
    bindings,
    catalogues,
    dossier,
    explain,
    grants,
    impact,
    key_policies,
    key_requests,
    keys,
    notices,
    openapi,
    role_templates,
    roles,
    scopes,
    secrets,
    suspension,
    tokens,
    unused,
    usage,
    users,
    vetting,
    vetting_rules,
    watch,
)
from keystead.api.requests import ApiRoute
from keystead.core.catalogue import Catalogue, Entry, from_entries, route_entry
from keystead.core.routes import RouteTable, compile_routes
from keystead.gateway.facts import FactsUnavailable
from keystead.gateway.routing import Routes, Routing
from keystead.storage.read import apis as read_apis
from keystead.storage.transaction import Database, StorageUnavailable

OWN_ROUTES: tuple[ApiRoute, ...] = openapi.described(
    (
        *accounts.ROUTES,
        *users.ROUTES,
        *admins.ROUTES,
        *roles.ROUTES,
        *keys.ROUTES,
        *bindings.ROUTES,
        *scopes.ROUTES,
        *tokens.ROUTES,
        *explain.ROUTES,
        *catalogues.ROUTES,
        *secrets.ROUTES,
        *grants.ROUTES,
        *audit.ROUTES,
        *vetting.ROUTES,
        *vetting_rules.ROUTES,
        *key_requests.ROUTES,
        *notices.ROUTES,
        *usage.ROUTES,
        *unused.ROUTES,
        *impact.ROUTES,
        *watch.ROUTES,
        *dossier.ROUTES,
        *role_templates.ROUTES,
        *suspension.ROUTES,
        *key_policies.ROUTES,
    )
)
RESERVED = frozenset({("GET", "/api/v1/login/session_token")})
"""Operations that are Keystead's own by contract and not built yet: they never go upstream, and answer 404."""


def read_catalogue() -> Catalogue:
    """Return Canvas's scopes with those of Keystead's own operations."""
    described = json.loads(resources.files("keystead.core").joinpath("canvas_scopes.json").read_text())
    reserved = (route_entry(resource="login", resource_name=None, verb=verb, path=path) for verb, path in RESERVED)
    return from_entries(described, own=(*_own_entries(OWN_ROUTES), *reserved))


def route_table(catalogue: Catalogue) -> RouteTable:
    """Return the catalogue's routes, compiled."""
    return compile_routes(catalogue.routes())


def _own_entries(routes: Iterable[ApiRoute]) -> Iterable[Entry]:
    return (
        route_entry(
            resource=route.resource,
            resource_name=route.resource_name,
            verb=route.verb,
            path=route.template,
            summary=route.summary,
        )
        for route in routes
    )


def routing_of(database: Database) -> Routing:
    """Return the routing over what is loaded in a database: the described routes first, those of loaded APIs behind.

    So the numbers of the described routes stay what they are, whatever is loaded.
    """
    base = read_catalogue()
    first = Routes(catalogue=base, table=route_table(base))

    def read() -> Routes:
        try:
            with database.read() as tx:
                apis, revision = read_apis.list_loaded(tx), read_apis.revision(tx)
        except StorageUnavailable as failed:
            raise FactsUnavailable("the catalogue cannot be read") from failed
        if not apis:
            return Routes(catalogue=base, table=first.table, revision=revision)
        loaded = [entry for api in apis for entry in api.entries]
        routes = [*base.routes(), *((entry.verb, entry.path) for entry in loaded if entry.path is not None)]
        return Routes(
            catalogue=Catalogue([*base.entries, *loaded]), table=compile_routes(routes), apis=apis, revision=revision
        )

    try:
        return Routing(read(), read)
    except FactsUnavailable:
        return Routing(first, read)
