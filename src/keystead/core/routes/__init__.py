"""Which routes does a path belong to? Templates as Canvas matches them, compiled so that hostile paths cost no more."""

from keystead.core.routes.granted import ALWAYS_COVERED, ScopeMatcher, compile_scopes
from keystead.core.routes.pattern import RouteTemplateError
from keystead.core.routes.table import NO_MATCH, Route, RouteMatch, RouteTable, RouteTableError, compile_routes

__all__ = [
    "ALWAYS_COVERED",
    "NO_MATCH",
    "Route",
    "RouteMatch",
    "RouteTable",
    "RouteTableError",
    "RouteTemplateError",
    "ScopeMatcher",
    "compile_routes",
    "compile_scopes",
]
