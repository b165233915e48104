"""Many at once, over two servers on one database: what is single stays single, and off means off."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise

import pytest
from sqlalchemy import select, update

from databases import KINDS, fresh_url
from journeys.workers import BOOTSTRAP_TOKEN, MASTER, Server, Tool, at_once, statuses
from keystead.storage.clock import system_clock
from keystead.storage.schema import accounts, audit, bindings, keys
from keystead.storage.transaction import Database, Origin
from keystead.storage.vault import Vault

MANY = 12
SELF = "/api/v1/users/self"


@pytest.fixture(scope="module", params=KINDS)
def rivals(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Two servers that were first started on one empty database at the same moment."""
    home = tmp_path_factory.mktemp("rivals")
    server_url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else None
    with fresh_url(request.param, home, server_url) as url, ExitStack() as stack:
        made = tuple(Server(home=home, database_url=url, count=1) for _ in range(2))
        for server in made:
            server.start(wait=False)
            stack.callback(server.stop)
        for server in made:
            server.wait()
        yield made[0], made[1]
        assert "Traceback" not in "".join(server.log for server in made)


@pytest.fixture(scope="module")
def database(rivals: tuple[Server, Server]) -> Iterator[Database]:
    """What the servers have stored."""
    opened = Database(rivals[0].database_url, vault=Vault([MASTER]), clock=system_clock)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def tool(rivals: tuple[Server, Server]) -> Tool:
    return rivals[0].key(rivals[0].token())


@pytest.fixture(scope="module")
def twins(rivals: tuple[Server, Server], tool: Tool) -> tuple[Tool, Tool]:
    """The same key, asked for at either server."""
    return tool, replace(tool, server=rivals[1])


def test_two_first_starts_at_once_make_one_installation(rivals: tuple[Server, Server], database: Database) -> None:
    with database.read() as tx:
        sites = tx.connection.execute(select(accounts).where(accounts.c.kind == "site_admin")).all()
        begun = tx.connection.execute(select(audit).where(audit.c.action == "installation.begun")).all()

    assert (len(sites), len(begun)) == (1, 1)
    assert [server.call("GET", SELF).status_code for server in rivals] == [200, 200]


def test_a_code_exchanged_many_times_at_once_gives_one_token_which_the_replays_end(twins: tuple[Tool, Tool]) -> None:
    tool = twins[0]
    code = tool.codes(1)[0]

    answers = at_once(MANY, lambda at: twins[at % 2].exchange(code))

    assert statuses(answers) == [200] + [400] * (MANY - 1)
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}
    won = next(answer.json()["access_token"] for answer in answers if answer.status_code == 200)
    assert tool.server.call("GET", SELF, won).status_code == 401


def test_of_many_refreshes_at_once_one_access_token_works_afterwards(twins: tuple[Tool, Tool]) -> None:
    tool = twins[0]
    first = tool.exchange(tool.codes(1)[0]).json()

    answers = at_once(MANY, lambda at: twins[at % 2].refresh(first["refresh_token"]))

    assert statuses(answers) == [200] * MANY
    given = {answer.json()["access_token"] for answer in answers} | {first["access_token"]}
    assert sorted(tool.server.call("GET", SELF, access).status_code for access in given) == [200] + [401] * MANY


def test_a_public_client_that_refreshes_many_times_at_once_keeps_one_family(
    rivals: tuple[Server, Server], database: Database, tool: Tool
) -> None:
    public = tool.server.key(tool.admin, "Public")
    both = public, replace(public, server=rivals[1])
    with database.write(Origin(surface="test")) as tx:
        tx.connection.execute(update(keys).where(keys.c.id == public.local_id).values(client_type="public"))
    first = public.exchange(public.codes(1)[0]).json()

    answers = at_once(MANY, lambda at: both[at % 2].refresh(first["refresh_token"]))

    assert statuses(answers) == [200] * MANY
    pairs = {(answer.json()["access_token"], answer.json()["refresh_token"]) for answer in answers}
    assert len(pairs) == 1
    access, refresh = pairs.pop()
    assert public.server.call("GET", SELF, access).status_code == 200
    assert public.refresh(refresh).status_code == 200


def test_every_toggle_of_rivals_is_audited_in_the_order_in_which_it_happened(
    rivals: tuple[Server, Server], database: Database, tool: Tool
) -> None:
    toggled = tool.server.key(tool.admin, "Toggled")
    both = toggled, replace(toggled, server=rivals[1])

    answers = at_once(MANY, lambda at: both[at % 2].switch("on" if at % 3 else "off"))

    assert statuses(answers) == [200] * MANY
    with database.read() as tx:
        mine = (audit.c.action == "binding.set", audit.c.subject_id == toggled.local_id)
        entries = tx.connection.execute(select(audit).where(*mine).order_by(audit.c.id)).all()
        stored = tx.connection.execute(select(bindings).where(bindings.c.key_id == toggled.local_id)).one()
    assert entries[-1].after["workflow_state"] == stored.state
    assert all(entry.before == before.after for before, entry in pairwise(entries))


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/api/v1/accounts/2/users", {"user[name]": "Twin", "pseudonym[unique_id]": "twin"}),
        ("/api/v1/accounts/site_admin/root_accounts", {"account[name]": "Twin", "account[domain]": "twin.example.org"}),
    ],
)
def test_a_name_that_many_want_at_once_is_given_to_one(
    rivals: tuple[Server, Server], path: str, form: dict[str, str]
) -> None:
    answers = at_once(8, lambda at: rivals[at % 2].call("POST", path, BOOTSTRAP_TOKEN, data=form))

    assert statuses(answers) == [200] + [400] * 7


def test_no_call_that_began_after_off_was_answered_passes_whichever_process_answers(
    rivals: tuple[Server, Server], tool: Tool
) -> None:
    token = tool.exchange(tool.codes(1)[0]).json()["access_token"]
    settled, toggle, done = "on", 0, threading.Event()
    wrong: list[tuple[str, int]] = []
    judged = {200: 0, 401: 0}

    def calling(at: int) -> None:
        with rivals[at % 2].client(headers={"authorization": f"Bearer {token}"}) as client:
            while not done.is_set():
                before = (toggle, settled)
                status = client.get(SELF).status_code
                judged[status] += 1
                if before == (toggle, settled) and status != {"on": 200, "off": 401}.get(settled, status):
                    wrong.append((settled, status))

    callers = [threading.Thread(target=calling, args=(at,)) for at in range(8)]
    for caller in callers:
        caller.start()
    for _ in range(5):
        for state in ("off", "on"):
            settled = "changing"
            assert tool.switch(state).status_code == 200
            toggle += 1
            settled = state
            threading.Event().wait(0.05)
    done.set()
    for caller in callers:
        caller.join()

    assert wrong == []
    assert min(judged.values()) > 0
