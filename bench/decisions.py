"""What does a decision cost inside one process, part by part? ``python -m bench decisions``"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from bench.timing import in_turn, in_turn_many, row
from keystead.actions.beginnings import begin
from keystead.api.operations import read_catalogue, route_table
from keystead.core.bindings import BindingState
from keystead.core.credentials import Secret
from keystead.core.decision import decide
from keystead.core.ids import UserId
from keystead.core.keys import KeyState
from keystead.core.paths import read_target
from keystead.core.routes import compile_scopes
from keystead.gateway.call import ApiCall
from keystead.gateway.facts import Cluster
from keystead.gateway.judge import Judge
from keystead.gateway.routing import fixed
from keystead.gateway.verdicts import Allowed
from keystead.middleware import Judge as EmbeddedJudge
from keystead.middleware import Passed
from keystead.storage.clock import system_clock
from keystead.storage.facts import StoredFacts
from keystead.storage.read import accounts as read_accounts
from keystead.storage.telemetry_schema import usage_metadata
from keystead.storage.transaction import Database, Origin, engine_for
from keystead.storage.upgrades import upgrade
from keystead.storage.usage import Usage
from keystead.storage.vault import Vault, new_token
from keystead.storage.write import bindings as write_bindings
from keystead.storage.write import keys as write_keys
from keystead.storage.write import tokens as write_tokens

TOKEN = Secret("b" * 64)
MASTER = "a master secret for benchmarks only"
PATH = "/api/v1/courses/101/assignments/7"


def main() -> None:
    """Print what a decision costs, part by part."""
    catalogue = read_catalogue()
    table = route_table(catalogue)
    scopes = tuple(scope for scope in (entry.scope for entry in catalogue.entries) if "/courses/" in scope)
    matcher = compile_scopes(scopes, table)
    found = table.match("GET", PATH)
    print(f"{len(table.routes)} templates, {len(scopes)} scopes on the token\n")
    show("read a request target", lambda: read_target(PATH.encode()), "PATH.split", lambda: PATH.split("/"), 20_000)
    show("match a path", lambda: table.match("GET", PATH), "PATH.split", lambda: PATH.split("/"), 50_000)
    show("is it covered", lambda: matcher.covers(found, "GET", PATH), "one AND", lambda: found.mask & 1, 50_000)
    with tempfile.TemporaryDirectory() as home:
        judge, source, database = installation(home, scopes)
        call = api_call(judge)
        runner = asyncio.Runner()
        verdict = runner.run(judge.judge(call))
        assert isinstance(verdict, Allowed), verdict
        facts = verdict.facts.for_call(covered=True, exposed=False)
        now = system_clock()
        show("decide", lambda: decide(facts, now), "an empty call", lambda: None, 50_000)
        many = 5_000
        show(
            "judge a call, warm, embedded database",
            repeated(runner, lambda: judge.judge(call), many),
            "an empty coroutine",
            repeated(runner, nothing, many),
            1,
            each=many,
        )
        cold = replace(call, credential=Secret("unknown" * 9))
        few = 300
        show(
            "judge a call with an unknown token",
            repeated(runner, lambda: judge.judge(cold), few),
            "an empty coroutine",
            repeated(runner, nothing, few),
            1,
            each=few,
        )
        runner.close()
        embedded(home)
        source.close()
        database.close()


def embedded(home: str) -> None:
    """Show how many decisions a second the ``Judge`` for other programs makes: over 1,000 calls, and over new ones."""
    judge = EmbeddedJudge.open(database_url=f"sqlite:///{home}/bench.db", secret_key=MASTER, _env_file=None)
    headers = [(b"host", b"localhost"), (b"authorization", b"Bearer " + TOKEN.reveal().encode()), (b"accept", b"*/*")]
    targets = [b"/api/v1/courses/%d/assignments/7?per_page=10" % number for number in range(1000)]
    assert isinstance(judge.judge("GET", targets[0], headers), Passed)
    rates, single = [], []
    for _ in range(7):
        began = time.perf_counter()
        for number in range(50_000):
            judge.judge("GET", targets[number % 1000], headers)
        rates.append(50_000 / (time.perf_counter() - began))
    for number in range(100_000):
        began = time.perf_counter()
        judge.judge("GET", targets[number % 1000], headers)
        single.append(time.perf_counter() - began)
    fresh = [b"/api/v1/courses/%d/assignments/%d?per_page=10" % (at % 997, at) for at in range(50_000)]
    began = time.perf_counter()
    for target in fresh:
        judge.judge("GET", target, headers)
    unseen = len(fresh) / (time.perf_counter() - began)
    judge.close()
    p99 = statistics.quantiles(single, n=100)[98]
    print(f"\nJudge inside another program: {statistics.median(rates):,.0f} decisions/s, p99 {p99 * 1e6:.1f} µs")
    print(f"the same over targets that were never asked for before: {unseen:,.0f} decisions/s")


def show(
    name: str,
    subject: Callable[[], object],
    against: str,
    baseline: Callable[[], object],
    calls: int,
    *,
    each: int = 1,
) -> None:
    """Measure and print one line; ``each`` is how many calls one run of the subject makes."""
    measured, base = in_turn(subject, baseline, calls=calls) if each == 1 else in_turn_many(subject, baseline, each)
    print(row(name, measured, against, base), flush=True)


def repeated(
    runner: asyncio.Runner, make: Callable[[], Coroutine[Any, Any, object]], times: int
) -> Callable[[], object]:
    """Return a call that awaits ``times`` coroutines one after the other."""

    async def run() -> None:
        for _ in range(times):
            await make()

    return lambda: runner.run(run())


async def nothing() -> None:
    """Do nothing, as cheaply as a coroutine can."""


def installation(home: str, scopes: tuple[str, ...]) -> tuple[Judge, StoredFacts, Database]:
    """Make a database with one scoped key that is on, and one token of it."""
    database = Database(f"sqlite:///{home}/bench.db", vault=Vault([MASTER]), clock=system_clock)
    upgrade(database.engine)
    uses = engine_for(f"sqlite:///{home}/bench-usage.db")
    usage_metadata.create_all(uses)
    with database.write(Origin(surface="bench")) as tx:
        begin(tx, token=None, password=None)
        site = read_accounts.site_admin(tx)
        key = write_keys.insert_key(
            tx,
            {
                "account_id": None,
                "state": KeyState.ACTIVE,
                "secret": new_token(),
                "redirect_uris": (),
                "scopes": scopes,
                "authorized_flows": (),
                "require_scopes": True,
            },
        )
        write_bindings.ensure_binding(tx, site.id, key, BindingState.ON)
        write_tokens.insert_token(
            tx, user_id=UserId(1), key_id=key, access=TOKEN, refresh=None, scopes=scopes
        )  # fmt: skip
    source = StoredFacts(database, cluster=Cluster())
    table = route_table(read_catalogue())
    return Judge(routing=fixed(table), source=source, usage=Usage(uses), clock=system_clock), source, database


def api_call(judge: Judge) -> ApiCall:
    """Return a call that the token covers."""
    match = judge.table.match("GET", PATH)
    return ApiCall(
        verb="GET",
        path=PATH,
        plain=PATH,
        host="localhost",
        credential=TOKEN,
        exposed=False,
        as_user=None,
        match=match,
        plain_match=match,
    )


if __name__ == "__main__":
    main()
