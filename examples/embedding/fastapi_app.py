"""A FastAPI program behind the ASGI middleware: it is asked only what the caller's token may ask.

Start it beside an installation whose database it may read::

    KEYSTEAD_DATABASE_URL=sqlite:///var/keystead.db uvicorn --factory embedding.fastapi_app:app
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request

from keystead.middleware import Judge, KeysteadMiddleware, Passed


def make_app(judge: Judge) -> FastAPI:
    """Return the program; the judge is closed with it."""

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        yield
        judge.close()

    app = FastAPI(lifespan=running)
    app.add_middleware(KeysteadMiddleware, judge=judge, paths=("/api/",))

    @app.get("/api/v1/courses/{course_id}")
    async def course(course_id: int, request: Request) -> dict[str, Any]:
        passed: Passed = request.scope["keystead"]
        return {"id": course_id, "asked_by": passed.identity["login"], "query": request.url.query}

    @app.post("/api/v1/courses/{course_id}/files")
    async def upload(course_id: int, request: Request) -> dict[str, Any]:
        return {"id": course_id, "got": (await request.body()).decode()}

    @app.get("/public")
    async def public() -> dict[str, str]:
        return {"open": "to everybody"}

    return app


def app() -> FastAPI:
    """Return the program for ``uvicorn --factory``, with the settings of the environment."""
    return make_app(Judge.open())
