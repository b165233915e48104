"""How are OAuth refusals and redirects written as responses?"""

from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from keystead.core.keys import OOB_URN
from keystead.oauth.authorize import AuthorizationRequest
from keystead.oauth.errors import OAuthError, RedirectError
from keystead.oauth.redirect import with_parameters
from keystead.oauth.replies import CHALLENGE, error_reply

NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
_PAGELESS = {"cache-control": "no-store", "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}


def refused(error: OAuthError) -> Response:
    """Return an error that stays here; a client that is not accepted is challenged."""
    headers = dict(NO_STORE)
    if error.status == 401:
        headers["www-authenticate"] = CHALLENGE
    return JSONResponse(error_reply(error), status_code=error.status, headers=headers)


def slow_down(seconds: int) -> Response:
    """Return the refusal of a client that has been wrong too often."""
    told = {"error": "slow_down", "error_description": "Too many failed attempts. Wait a minute and try again."}
    return JSONResponse(told, status_code=429, headers=NO_STORE | {"retry-after": str(seconds)})


def sent_back(
    request: AuthorizationRequest, error: RedirectError, public_origin: str, *, issuer: str | None = None
) -> Response:
    """Return the redirect that tells the client no; ``issuer`` is told to strict keys (RFC 9207)."""
    told = _told_by(issuer) | {"error": error.error}
    if error.description is not None:
        told["error_description"] = error.description
    return _to_client(request, told, public_origin)


def granted(
    request: AuthorizationRequest, code: str, public_origin: str, *, issuer: str | None = None
) -> Response:  # fmt: skip
    """Return the redirect that brings the client its code; ``issuer`` is told to strict keys (RFC 9207)."""
    return _to_client(request, _told_by(issuer) | {"code": code}, public_origin)


def to(path: str) -> Response:
    """Return a redirect within our own pages."""
    return RedirectResponse(path, status_code=302, headers=_PAGELESS)


def plain(words: str, status: int = 400, *, allow: str | None = None) -> Response:
    """Return a plain text answer; ``allow`` are the methods to use instead."""
    headers = _PAGELESS if allow is None else _PAGELESS | {"allow": allow}
    return PlainTextResponse(words, status_code=status, headers=headers)


def never_asked_for(allow: str) -> Response:
    """Return the refusal of HEAD where the answer would be an act: a link that is only looked at must do nothing."""
    return plain("Method Not Allowed", 405, allow=allow)


def _told_by(issuer: str | None) -> dict[str, str]:
    return {} if issuer is None else {"iss": issuer}


def _to_client(request: AuthorizationRequest, told: dict[str, str], public_origin: str) -> Response:
    if request.state is not None:
        told["state"] = request.state
    base = request.redirect_uri
    if base == OOB_URN:
        base = f"{public_origin}/login/oauth2/auth"
    response = Response(status_code=302, headers=_PAGELESS)
    response.headers["location"] = with_parameters(base, told)
    return response
