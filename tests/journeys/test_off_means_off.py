"""Off means off: with four processes and sixteen callers, also while processes are stopped, killed and starved."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from databases import KINDS, fresh_url
from journeys.switching import Callers, Seen, kill_one, starve, stop_and_go_on, switch_while_calling
from journeys.workers import Server, Tool

Trouble = Callable[[int, Seen], None] | None


@pytest.fixture(scope="module", params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("off")
    server_url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else None
    with fresh_url(request.param, home, server_url) as url:
        made = Server(home=home, database_url=url, count=4).start()
        yield made
        made.stop()


@pytest.fixture(scope="module")
def tool(server: Server) -> Tool:
    return server.key(server.token())


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("undisturbed", None),
        ("stopped", stop_and_go_on),
        ("starved", lambda _, seen: starve(seen)),
        ("killed", kill_one),
    ],
)
def test_no_call_that_began_after_off_was_answered_passes(
    server: Server, tool: Tool, name: str, trouble: Trouble
) -> None:
    tool.switch("on")
    token = tool.exchange(tool.codes(1)[0]).json()["access_token"]
    request = (
        "GET /gateway/check HTTP/1.1\r\nHost: localhost\r\nX-Original-Method: GET\r\n"
        f"X-Original-URI: /api/v1/courses/101\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    callers = Callers(server.port, request.encode(), Seen(), most=20_000, seconds=4)
    assert server.process is not None
    supervisor = server.process.pid

    seen = asyncio.run(
        switch_while_calling(
            callers, tool.switch, trouble=None if trouble is None else lambda found: trouble(supervisor, found)
        )
    )

    assert seen.late == []
    assert seen.statuses[204] > 50
    assert seen.statuses[401] > 50
    assert seen.while_off > 20
    assert seen.switches >= 4
    assert trouble is None or seen.faults[name] > 0
    assert set(seen.statuses) <= {204, 401, 503}
