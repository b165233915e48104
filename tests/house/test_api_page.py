"""docs/api.md lists what the application answers, no more and no less."""

import re
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from keystead.api.operations import OWN_ROUTES
from keystead.app import create_app
from keystead.config import Settings
from keystead.gateway.told import PREFIX
from keystead.login.introspection import PATH as INTROSPECT
from keystead.storage.vault import Vault

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
_ROW = re.compile(r"^\| ([A-Z]+(?:, [A-Z]+)*) \| `([^`]+)` \|", re.MULTILINE)


def page_routes(home: Path) -> set[tuple[str, str]]:
    """Return the verbs and paths of the pages and OAuth endpoints."""
    settings = Settings(_env_file=None, database_url=f"sqlite:///{home}/keystead.db")  # type: ignore[call-arg, arg-type]
    parts = create_app(settings, Vault(["a master secret for nothing but this test"]))._parts
    assert isinstance(parts.pages, Starlette)
    routes = [route for route in parts.pages.routes if isinstance(route, Route)]
    assert len(routes) == len(parts.pages.routes)
    parts.source.close()
    parts.usage.close()
    parts.database.close()
    return {(verb, route.path) for route in routes for verb in (route.methods or ()) if verb != "HEAD"}


def test_every_operation_and_page_is_listed(tmp_path: Path) -> None:
    listed = {(verb, path) for verbs, path in _ROW.findall(PAGE.read_text()) for verb in verbs.split(", ")}
    before_the_pages = {
        ("ANY", PREFIX.decode()),
        ("ANY", f"{PREFIX.decode()}/{{path}}"),
        ("POST", INTROSPECT.decode()),
    }
    operations = {(route.verb, route.template) for route in OWN_ROUTES}

    assert listed == operations | page_routes(tmp_path) | before_the_pages
