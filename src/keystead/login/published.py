"""What anybody may know of this authorization server: its public keys and its description."""

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from keystead.oauth.replies import metadata
from keystead.web.surface import Surface


class Published:
    """``/login/oauth2/jwks`` and ``/.well-known/oauth-authorization-server``."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def routes(self) -> list[Route]:
        """Return the routes of these endpoints."""
        return [
            Route("/login/oauth2/jwks", self.keys, methods=["GET"]),
            Route("/.well-known/oauth-authorization-server", self.metadata, methods=["GET"]),
        ]

    async def keys(self, request: Request) -> Response:  # noqa: ARG002
        """Return the public keys that verify what this installation signs."""
        found = await to_thread.run_sync(self._surface.signing.published)
        return JSONResponse(found, headers={"cache-control": "public, max-age=300"})

    async def metadata(self, request: Request) -> Response:
        """Return the server's description (RFC 8414)."""
        return JSONResponse(metadata(self._surface.public_origin(request)))
