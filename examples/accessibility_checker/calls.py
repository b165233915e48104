"""One call of the API at a time, with good manners: pages to the end, waits when told to, refreshes once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from accessibility_checker.connection import Connection, ConnectionFile
from accessibility_checker.granting import AsyncOAuth2Client, OAuthError, client_for
from accessibility_checker.scopes import SCOPES, Scope
from accessibility_checker.settings import Settings
from accessibility_checker.trouble import TroubleError, busy, ended, scope_missing, unreachable

TRIES = 6
LONGEST_PAUSE = 20.0
MOST_PAGES = 200


@asynccontextmanager
async def calling(settings: Settings, connection: Connection, file: ConnectionFile) -> AsyncIterator["Calls"]:
    """Calls with the connection's token; a token that is refreshed on the way is kept."""

    async def keep(token: dict[str, Any], **_: object) -> None:
        file.save(replace(connection, token=dict(token)))

    async with client_for(settings, connection, keep) as client:
        yield Calls(client, settings.keystead_url)


class Calls:
    """The API as the person who granted access sees it."""

    def __init__(self, client: AsyncOAuth2Client, origin: str) -> None:
        self._client = client
        self._origin = origin
        self._is_refreshed = False

    async def one(self, path: str) -> httpx.Response:
        """The answer to one call; a missing scope, an access that has ended and a throttle raise what to say."""
        reply = await self._asked(f"{self._origin}{path}")
        if reply.status_code == 401:
            raise scope_missing(_lacking(reply, path)) if _lacks_scope(reply) else ended(_said(reply))
        return reply

    async def all(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """Everything in a list, page by page along `Link: rel="next"`; nothing when the person may not see it."""
        rest: str | None = f"{path}?per_page=50"
        for _ in range(MOST_PAGES):
            if rest is None:
                return
            reply = await self.one(rest)
            if reply.status_code != 200:
                return
            for each in reply.json():
                yield each
            rest = self._next(reply)

    async def missing(self) -> tuple[Scope, ...]:
        """The scopes that the token lacks, found by one small call for each."""
        return tuple([scope for scope in SCOPES if not await self._covers(scope)])

    async def end(self) -> bool:
        """Ends the token at the service; False when it had ended already."""
        try:
            reply = await self._asked(f"{self._origin}/login/oauth2/token", "DELETE")
        except TroubleError as trouble:
            if trouble.is_end:
                return False
            raise
        return bool(reply.status_code == 200)

    async def _covers(self, scope: Scope) -> bool:
        reply = await self._asked(f"{self._origin}{scope.probe}")
        if reply.status_code == 401 and not _lacks_scope(reply):
            raise ended(_said(reply))
        return reply.status_code != 401

    async def _asked(self, url: str, verb: str = "GET") -> httpx.Response:
        for attempt in range(TRIES):
            reply = await self._sent(verb, url)
            if _is_throttled(reply):
                await asyncio.sleep(_pause(reply, attempt))
            elif reply.status_code == 401 and not _lacks_scope(reply) and not self._is_refreshed:
                await self._refresh(reply)
            elif reply.status_code >= 500:
                raise unreachable()
            else:
                return reply
        raise busy()

    async def _sent(self, verb: str, url: str) -> httpx.Response:
        try:
            reply: httpx.Response = await self._client.request(verb, url)
        except OAuthError as error:
            raise ended(error.description or error.error) from None
        except httpx.HTTPError:
            raise unreachable() from None
        return reply

    async def _refresh(self, refused: httpx.Response) -> None:
        self._is_refreshed = True
        try:
            await self._client.refresh_token()
        except OAuthError:
            raise ended(_said(refused)) from None
        except (httpx.HTTPError, ValueError):
            raise unreachable() from None

    def _next(self, reply: httpx.Response) -> str | None:
        """The path of the next page. The token goes to its own service only, wherever a link points."""
        link = reply.links.get("next", {}).get("url")
        if link is None:
            return None
        parts = urlsplit(urljoin(str(reply.url), link))
        if f"{parts.scheme}://{parts.netloc}" != self._origin or not parts.path.startswith("/api/"):
            raise TroubleError("Keystead sent a strange link", "The next page of a list is on another server.")
        return f"{parts.path}?{parts.query}"


def _is_throttled(reply: httpx.Response) -> bool:
    return reply.status_code == 429 or (reply.status_code == 403 and "Rate Limit Exceeded" in reply.text)


def _pause(reply: httpx.Response, attempt: int) -> float:
    """As long as the service says, else twice as long each time."""
    told = reply.headers.get("retry-after", "")
    return min(LONGEST_PAUSE, float(told) if told.isdigit() else float(2**attempt))


def _lacks_scope(reply: httpx.Response) -> bool:
    return reply.status_code == 401 and "Insufficient scopes" in reply.text


def _lacking(reply: httpx.Response, path: str) -> tuple[str, ...]:
    """The scope that the service names; Canvas names none, then the call itself is named."""
    return (reply.headers.get("x-keystead-missing-scope") or f"url:GET|{path.partition('?')[0]}",)


def _said(reply: httpx.Response) -> str:
    """The service's own words for a refusal."""
    try:
        return str(reply.json()["errors"][0]["message"])[:200]
    except (ValueError, LookupError, TypeError):
        return f"status {reply.status_code}"
