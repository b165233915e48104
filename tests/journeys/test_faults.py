"""A server that is killed, stopped, starved or told another time keeps what it said."""

import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from journeys.workers import MASTER, Server, Tool
from keystead.core.instants import SECOND
from keystead.storage.vault import Vault
from oauth_bench import OAuthBench

SELF = "/api/v1/users/self"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server over a file."""
    home = tmp_path_factory.mktemp("faults")
    made = Server(home=home, database_url=f"sqlite:///{home}/keystead.db", count=1).start()
    yield made
    made.stop()
    assert "Traceback" not in made.log


@pytest.fixture(scope="module")
def tool(server: Server) -> Tool:
    return server.key(server.token())


def file_of(server: Server) -> Path:
    return server.home / "keystead.db"


def test_a_head_that_grows_on_and_on_is_refused_and_the_server_goes_on(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nX-Long: ")
        with pytest.raises((ConnectionError, TimeoutError)):
            for _ in range(2000):
                line.sendall(b"a" * 65536)

    assert server.call("GET", "/readyz", None).status_code == 200


def test_a_writer_who_keeps_the_file_holds_no_decision_up(server: Server, tool: Tool) -> None:
    fresh = server.token()
    holder = sqlite3.connect(file_of(server), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    answers: list[httpx.Response] = []
    writer = threading.Thread(target=lambda: answers.append(tool.switch("off")))
    writer.start()

    began = time.monotonic()
    judged = [server.call("GET", SELF, token).status_code for token in (fresh, "x" * 64, fresh)]
    ready = server.call("GET", "/readyz", None).status_code
    took = time.monotonic() - began
    holder.execute("ROLLBACK")
    writer.join()
    holder.close()

    assert (judged, ready) == ([200, 401, 200], 200)
    assert took < 5
    assert [answer.status_code for answer in answers] == [200]
    assert tool.switch("on").status_code == 200


def test_what_was_answered_before_a_kill_is_there_with_its_audit_entry_and_nothing_is_half_done(
    server: Server, tool: Tool
) -> None:
    codes = tool.codes(12)
    issued: list[str] = []

    def exchange() -> None:
        while codes:
            try:
                issued.append(tool.exchange(codes.pop()).json()["access_token"])
            except httpx.TransportError:
                return

    writers = [threading.Thread(target=exchange) for _ in range(2)]
    for writer in writers:
        writer.start()
    while not issued:
        time.sleep(0.01)
    server.kill()
    for writer in writers:
        writer.join()

    stored = sqlite3.connect(file_of(server))
    digest = Vault([MASTER]).tokens.digest
    assert stored.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    kept = {row[0] for row in stored.execute("SELECT digest FROM tokens WHERE state = 'active'")}
    assert {digest(access) for access in issued} <= kept
    used = set(stored.execute("SELECT token_id FROM codes WHERE used_at IS NOT NULL"))
    audited = set(stored.execute("SELECT subject_id FROM audit WHERE action = 'token.issued'"))
    assert used == audited
    stored.close()
    server.start()
    assert server.call("GET", SELF, issued[0]).status_code == 200


def test_a_server_told_to_stop_finishes_what_runs_and_loses_no_use(server: Server, tool: Tool) -> None:
    used = server.token()
    holder = sqlite3.connect(file_of(server), isolation_level=None)
    token_id = holder.execute("SELECT max(id) FROM tokens").fetchone()[0]
    holder.execute("BEGIN IMMEDIATE")
    answers: list[httpx.Response] = []
    writer = threading.Thread(target=lambda: answers.append(tool.switch("off")))
    writer.start()
    time.sleep(0.3)
    assert server.call("GET", SELF, used).status_code == 200
    assert server.process is not None
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    holder.execute("ROLLBACK")
    holder.close()
    writer.join()
    server.process.wait(15)

    assert [answer.json()["workflow_state"] for answer in answers] == ["off"]
    uses = sqlite3.connect(server.home / "keystead-usage.db")
    assert (token_id,) in set(uses.execute("SELECT token_id FROM token_uses"))
    uses.close()
    server.start()


@pytest.mark.parametrize(("seconds", "works"), [(-3600, True), (3601, False)])
def test_a_clock_that_is_moved_ends_what_has_ended_by_it_and_revives_nothing(
    tmp_path: Path, seconds: int, works: bool
) -> None:
    """Codes and access tokens follow the clock; a code that was used stays used."""
    bench = OAuthBench(tmp_path)
    bench.clear_the_table()
    key = bench.key(auto_expire_tokens=True)
    token, waiting, used = bench.issued(key)["access_token"], bench.code(key), bench.code(key)
    bench.exchange(key, used)
    bench.clock.now = type(bench.clock.now)(bench.clock.now + seconds * SECOND)

    assert bench.call(token).status_code == (200 if works else 401)
    assert bench.exchange(key, waiting).status_code == (200 if works else 400)
    assert bench.exchange(key, used).status_code == 400
    bench.close()
