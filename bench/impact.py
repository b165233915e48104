"""How long does it take to tell what a change of a much used key would break? ``python -m bench impact``

``BENCH_TOKENS`` says for how many tokens, each of another person: a million if nothing is said. Filling takes a minute.
"""

import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.decisions import MASTER
from bench.growth import secret_of
from keystead.actions.beginnings import begin
from keystead.api.operations import read_catalogue, route_table
from keystead.core.accounts import Account
from keystead.core.credentials import Secret
from keystead.core.keys import Key
from keystead.core.usage import Period, day_of
from keystead.governance.impact import KeyChange, Switch, impact_of
from keystead.governance.privileges import least_privilege
from keystead.governance.usage import Grouping, usage_of
from keystead.storage.clock import system_clock
from keystead.storage.read import accounts as read_accounts
from keystead.storage.read import keys as read_keys
from keystead.storage.transaction import Database, Origin, engine_for
from keystead.storage.upgrades import make_usage_tables, upgrade
from keystead.storage.usage_figures import UsageFigures
from keystead.storage.vault import Vault

DAYS, SCOPES, COURSES, CALLERS_A_DAY = 90, 30, 20_000, 20_000
ROOT, OTHER, OWN_KEY, GLOBAL_KEY = 1_000, 1_001, 100, 101


def main() -> None:
    """Print how long each question takes, for a key of the account's own and for an inherited one."""
    many = int(os.environ.get("BENCH_TOKENS", "1000000"))
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        database, figures = filled(Path(home), many)
        print(f"{many:,} tokens, {DAYS} days of usage; filled in {time.perf_counter() - began:.0f} s\n")
        table = route_table(read_catalogue())
        scopes = read_scopes()
        with database.read() as tx:
            account = read_accounts.get_account(tx, ROOT)
            for number, kind in ((OWN_KEY, "own key"), (GLOBAL_KEY, "inherited key")):
                key = read_keys.get_key(tx, number)
                ask_of(tx, figures, key, account, kind, scopes, table)
        database.close()


def ask_of(tx, figures: UsageFigures, key: Key, account: Account, kind: str, scopes: list[str], table) -> None:  # type: ignore[no-untyped-def]
    """Print how long the questions about one key take."""
    today = day_of(tx.now)
    month = Period(first=today - 29, last=today)
    changes = {
        "off": KeyChange(state=Switch.OFF),
        "one scope less": KeyChange(scopes=tuple(scopes[1:])),
        "half the scopes less": KeyChange(scopes=tuple(scopes[SCOPES // 2 :])),
    }
    for name, change in changes.items():
        found = impact_of(tx, figures, key, account, change, table=table)
        print(
            f"  {found.people:,} people, {found.live_tokens:,} tokens, {found.callers:,} callers, {found.calls:,} calls"
        )
        show(f"impact of {name}, {kind}", lambda c=change: impact_of(tx, figures, key, account, c, table=table))
    show(
        f"least privilege, {kind}",
        lambda: least_privilege(figures, key, account, month, table=table, now=tx.now),
    )
    for grouping in (Grouping.DAY, Grouping.SCOPE, Grouping.COURSE):
        show(f"30 days by {grouping.value}, {kind}", lambda g=grouping: usage_of(figures, key, account, month, g))


def show(name: str, ask: Callable[[], object], rounds: int = 7) -> None:
    """Print the median and the slowest of some rounds."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        ask()
        taken.append(time.perf_counter() - began)
    print(f"{name:<42} {statistics.median(taken) * 1e3:8.1f} ms   slowest {max(taken) * 1e3:8.1f} ms", flush=True)


def read_scopes() -> list[str]:
    """Return some scopes of the catalogue."""
    return [entry.scope for entry in read_catalogue().entries if entry.path is not None][:SCOPES]


def filled(home: Path, many: int) -> tuple[Database, UsageFigures]:
    """Make an institution whose people each hold a token of two keys, and 90 days of their calls."""
    database = Database(f"sqlite:///{home}/bench.db", vault=Vault([MASTER]), clock=system_clock)
    upgrade(database.engine)
    with database.write(Origin(surface="bench")) as tx:
        begin(tx, token=None, password=None)
        sealed = tx.vault.seal(Secret("bench"))
    uses = engine_for(f"sqlite:///{home}/bench-usage.db")
    make_usage_tables(uses)
    scopes = " ".join(read_scopes())
    fill(home / "bench.db", rows_of_people(many, scopes, sealed))
    fill(home / "bench-usage.db", rows_of_usage(many))
    return database, UsageFigures(uses)


def fill(path: Path, statements: Iterator[tuple[str, Iterator[tuple[object, ...]]]]) -> None:
    """Fill rows in, behind everybody's back."""
    with sqlite3.connect(path) as filling:
        filling.execute("PRAGMA synchronous=OFF")
        filling.execute("PRAGMA cache_size=-400000")
        for statement, rows in statements:
            filling.executemany(statement, rows)
    filling.close()


def rows_of_people(many: int, scopes: str, sealed: object) -> Iterator[tuple[str, Iterator[tuple[object, ...]]]]:
    """Return accounts, keys, people with their logins, and their tokens."""
    yield (
        "INSERT INTO accounts (id, name, kind, parent_id, root_id, uuid, policies, default_time_zone, is_deleted,"
        " created_at) VALUES (?, 'x', ?, ?, ?, ?, '[]', 'UTC', 0, 0)",
        iter(
            [(ROOT, "root", None, ROOT, "a"), (OTHER, "root", None, OTHER, "b")]
            + [(2_000 + at, "sub", ROOT if at < 50 else 2_000 + at % 50, ROOT, f"s{at}") for at in range(500)]
        ),
    )
    yield (
        "INSERT INTO keys (id, account_id, state, secret, email, redirect_uris, scopes, require_scopes,"
        " authorized_flows, created_at, updated_at)"
        " VALUES (?, ?, 'active', ?, 'dev@vendor.test', '[]', ?, 1, '[]', 0, 0)",
        iter([(OWN_KEY, ROOT, sealed, scopes), (GLOBAL_KEY, None, sealed, scopes)]),
    )
    yield (
        "INSERT INTO bindings (account_id, key_id, state, created_at, updated_at) VALUES (?, ?, 'on', 0, 0)",
        iter([(ROOT, OWN_KEY), (ROOT, GLOBAL_KEY)]),
    )
    people = range(10, 10 + many)
    yield (
        "INSERT INTO users (id, name, short_name, sortable_name, state, created_at)"
        " VALUES (?, 'x', 'x', 'x', 'active', 0)",
        ((one,) for one in people),
    )
    yield (
        "INSERT INTO logins (user_id, account_id, unique_id, folded_id, is_active, created_at)"
        " VALUES (?, ?, ?, ?, 1, 0)",
        ((one, ROOT if one % 4 else OTHER, f"p{one}", f"p{one}") for one in people),
    )
    for key in (OWN_KEY, GLOBAL_KEY):
        yield (
            "INSERT INTO tokens (user_id, key_id, state, digest, hint, scopes, remember_access, expires_at,"
            " created_at, updated_at) VALUES (?, ?, 'active', ?, 'fille', '', 0, ?, 0, 0)",
            ((one, key, f"{key}{secret_of(one)}".encode(), None if one % 3 else 2**62) for one in people),
        )


def rows_of_usage(many: int) -> Iterator[tuple[str, Iterator[tuple[object, ...]]]]:
    """Return what was counted in 90 days: calls by scope, by person and by course."""
    today = day_of(system_clock())
    callers = min(many, CALLERS_A_DAY)
    days = range(today - DAYS + 1, today + 1)
    yield "INSERT INTO usage_scopes (id, scope) VALUES (?, ?)", iter(enumerate(read_scopes(), 1))
    count = (
        "INSERT OR IGNORE INTO usage_counts (key_id, root_id, dimension, span, day, scope_id, value, outcome, calls)"
        " VALUES (?, ?, ?, 'day', ?, ?, ?, ?, ?)"
    )
    seen = (
        "INSERT OR IGNORE INTO usage_seen (key_id, root_id, dimension, scope_id, value, last_day)"
        " VALUES (?, ?, ?, ?, ?, ?)"
    )
    for key in (OWN_KEY, GLOBAL_KEY):
        yield (
            count,
            (
                (key, ROOT, "call", day, scope, "", outcome, 1_000)
                for day in days for scope in range(1, SCOPES + 1) for outcome in ("allowed", "scope_missing")
            ),
        )  # fmt: skip
        yield (
            count,
            (
                (key, ROOT, "person", day, 1 + at % SCOPES, str(person), "allowed", 5)
                for day in days for at, person in enumerate(random.sample(range(10, 10 + many), callers))
            ),
        )  # fmt: skip
        yield (
            count,
            (
                (key, ROOT, "course", day, 1 + course % SCOPES, str(course), "allowed", 5)
                for day in days for course in random.sample(range(COURSES), 2_000)
            ),
        )  # fmt: skip
        yield seen, ((key, ROOT, "call", scope, "", today) for scope in range(SCOPES + 1))
        for scope in (0, None):
            yield (
                seen,
                (
                    (key, ROOT, "person", 1 + one % SCOPES if scope is None else 0, str(one), days[one % DAYS])
                    for one in range(10, 10 + many)
                ),
            )
            yield (
                seen,
                (
                    (key, ROOT, "course", 1 + one % SCOPES if scope is None else 0, str(one), days[one % DAYS])
                    for one in range(COURSES)
                ),
            )


if __name__ == "__main__":
    main()
