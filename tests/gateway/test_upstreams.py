"""Which upstream serves a path, and what the path is there."""

import asyncio

import pytest

from keystead.core.apis import LoadedApi
from keystead.core.catalogue import Catalogue
from keystead.core.instants import EPOCH
from keystead.core.routes import compile_routes
from keystead.gateway.routing import Routes, Routing
from keystead.gateway.upstreams import Upstreams


def routed(path: str, forwarded: str, *, strips: bool, main: str | None = "http://main.test") -> tuple[str, str] | None:
    """Return the origin and the path there, None when nothing serves the call."""
    api = LoadedApi(
        name="library", prefix="/library", upstream="http://library.test", strips_prefix=strips, digest="", source="",
        entries=(), loaded_at=EPOCH,
    )  # fmt: skip
    state = Routes(catalogue=Catalogue([]), table=compile_routes([]), apis=(api,), revision=1)

    async def run() -> tuple[str, str] | None:
        async with Upstreams(main, Routing(state, lambda: state)) as upstreams:
            found = await upstreams.of(path, forwarded)
            return None if found is None else (found[0].origin, found[1])

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("path", "strips", "goes"),
    [
        ("/library/books", False, ("http://library.test", "/library/books")),
        ("/library/books", True, ("http://library.test", "/books")),
        ("/library", True, ("http://library.test", "/")),
        ("/libraryx", True, ("http://main.test", "/libraryx")),
    ],
)
def test_a_path_goes_to_the_api_under_whose_prefix_it_stands(path: str, strips: bool, goes: tuple[str, str]) -> None:
    assert routed(path, path, strips=strips) == goes


def test_a_prefix_in_escapes_is_never_sent_on_where_it_should_have_come_off() -> None:
    assert routed("/library/books", "/%6cibrary/books", strips=True) is None
    assert routed("/library/books", "/%6cibrary/books", strips=False) == ("http://library.test", "/%6cibrary/books")
    assert routed("/x", "/x", strips=False, main=None) is None
