"""The scope catalogue on Canvas's wire."""

from keystead.actions import permits
from keystead.api.requests import Answer, ApiRoute, Ask
from keystead.core.actors import Right


def list_scopes(ask: Ask) -> Answer:
    """List every scope a key may hold, by resource name when ``group_by=resource_name``; never in pages."""
    permits.require(ask.tx, ask.acting, Right.MANAGE_DEVELOPER_KEYS, ask.account())
    grouped = ask.query.get("group_by") == "resource_name"
    return Answer(body=ask.world.catalogue.grouped() if grouped else ask.world.catalogue.listing())


ROUTES = (
    ApiRoute(
        verb="GET",
        template="/api/v1/accounts/:account_id/scopes",
        handler=list_scopes,
        summary="List scopes",
        resource="scopes",
        resource_name="Api Token Scopes",
    ),
)
