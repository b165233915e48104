"""How does a decision grow with what is stored? ``python -m bench growth``

``BENCH_TOKENS=10000000`` goes up to ten million tokens: that takes minutes, and gigabytes of the temporary folder.
"""

import os
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace

from bench.decisions import api_call, installation
from keystead.api.operations import read_catalogue
from keystead.core.credentials import Secret
from keystead.core.routes import compile_routes, compile_scopes
from keystead.gateway.judge import Judge
from keystead.storage.transaction import Database

SOME = 2_000


def main() -> None:
    """Print how decisions grow with tokens, scopes, keys, templates and the depth of the tree."""
    tokens()
    scopes()
    tree()
    templates()


def tokens() -> None:
    """Measure warm and first decisions over more and more tokens."""
    print(f"\n{'tokens stored':>16} {'warm':>12} {'first sight':>14}   (medians)")
    most = int(os.environ.get("BENCH_TOKENS", "1000000"))
    with tempfile.TemporaryDirectory() as home:
        judge, source, database = installation(home, ("url:GET|/api/v1/courses/:course_id/assignments/:id",))
        stored, size = 1, 10_000
        while size <= most:
            insert_tokens(home, database, stored, size)
            stored = size
            chosen = [secret_of(number) for number in random.sample(range(1, size), SOME)]
            print(f"{size:>16,} {warm(judge):>9.2f} µs {first_sight(judge, chosen):>11.2f} µs", flush=True)
            size *= 10
        source.close()
        database.close()


def scopes() -> None:
    """Measure with more and more scopes on the token."""
    print(f"\n{'scopes on token':>16} {'warm':>12} {'first sight':>14}")
    every = [entry.scope for entry in read_catalogue().entries if entry.path is not None]
    must = "url:GET|/api/v1/courses/:course_id/assignments/:id"
    for many in (1, 31, 300, len(every)):
        with tempfile.TemporaryDirectory() as home:
            chosen = tuple(dict.fromkeys([must, *every[: many - 1]]))
            judge, source, database = installation(home, chosen)
            insert_tokens(home, database, 1, SOME + 1, " ".join(chosen))
            secrets = [secret_of(number) for number in range(1, SOME + 1)]
            print(f"{many:>16,} {warm(judge):>9.2f} µs {first_sight(judge, secrets):>11.2f} µs", flush=True)
            source.close()
            database.close()


def tree() -> None:
    """Measure calls that name an account far down in the tree."""
    print(f"\n{'depth of account':>16} {'warm':>12} {'after a commit':>14}")
    with tempfile.TemporaryDirectory() as home:
        judge, source, database = installation(home, ("url:GET|/api/v1/accounts/:id",))
        with sqlite3.connect(f"{home}/bench.db") as filling:
            insert = (
                "INSERT INTO accounts (id, name, kind, parent_id, root_id, uuid, policies, default_time_zone,"
                " is_deleted, created_at) VALUES (?, 'x', ?, ?, 1000, ?, '[]', 'UTC', 0, 0)"
            )
            filling.execute(insert, (1000, "root", None, "u1000"))
            for number in range(1001, 1101):
                filling.execute(insert, (number, "sub", number - 1, f"u{number}"))
        for depth in (1, 10, 100):
            call = account_call(judge, 1000 + depth)
            judge.judge_now(call)
            print(f"{depth:>16,} {median(lambda c=call: judge.judge_now(c)):>9.2f} µs", end="")
            print(f" {after_commits(judge, call, home):>11.2f} µs", flush=True)
        source.close()
        database.close()


def templates() -> None:
    """Measure the match over more and more templates."""
    print(f"\n{'templates':>16} {'match':>12} {'hostile 8 KiB path':>20}")
    routes = list(read_catalogue().routes())
    more = [("GET", f"/api/v1/things{number}/:id/parts/:part") for number in range(4_000)]
    hostile = "/api/v1/" + "a/" * 4_000
    for many in (100, len(routes), len(routes) + len(more)):
        table = compile_routes([*routes, *more][:many])
        took = median(lambda t=table: t.match("GET", "/api/v1/courses/101/assignments/7"))
        worst = median(lambda t=table: t.match("GET", hostile), 200)
        print(f"{many:>16,} {took:>9.2f} µs {worst:>17.2f} µs", flush=True)
        compile_scopes((), table)


def secret_of(number: int) -> str:
    """Return the credential of a token that was filled in."""
    return f"filled-in-{number:054d}"


def insert_tokens(home: str, database: Database, start: int, end: int, scopes_of: str | None = None) -> None:
    """Fill tokens in, behind everybody's back."""
    digest = database.vault.tokens.digest
    granted = scopes_of or "url:GET|/api/v1/courses/:course_id/assignments/:id"
    rows = (
        (1, 2, "active", digest(secret_of(number)), "fille", granted, 0, 0, 0) for number in range(start, end)
    )  # fmt: skip
    with sqlite3.connect(f"{home}/bench.db") as filling:
        filling.execute("PRAGMA synchronous=OFF")
        filling.executemany(
            "INSERT INTO tokens (user_id, key_id, state, digest, hint, scopes, remember_access, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
    filling.close()


def warm(judge: Judge) -> float:
    """Return the microseconds of a decision about a remembered token."""
    call = api_call(judge)
    judge.judge_now(call)
    match, now = call.match, judge.now()
    assert judge.standing(b"b" * 64, "localhost", match, now) is not None
    return median(lambda: judge.standing(b"b" * 64, "localhost", match, now))


def first_sight(judge: Judge, secrets: list[str]) -> float:
    """Return the microseconds of a decision about a token that was not seen before."""
    call = api_call(judge)
    judge.judge_now(replace(call, credential=Secret(secrets[0])))
    taken = []
    for text in secrets[1:]:
        asked = replace(call, credential=Secret(text))
        began = time.perf_counter()
        verdict = judge.judge_now(asked)
        taken.append(time.perf_counter() - began)
        assert verdict is not None
    return statistics.median(taken) * 1e6


def after_commits(judge: Judge, call: object, home: str) -> float:
    """Return the microseconds of the first decision after somebody else has committed."""
    taken = []
    with sqlite3.connect(f"{home}/bench.db", isolation_level=None) as other:
        for number in range(100):
            other.execute("UPDATE users SET created_at = ? WHERE id = 1", (number,))
            began = time.perf_counter()
            judge.judge_now(call)  # type: ignore[arg-type]
            taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1e6


def account_call(judge: Judge, account_id: int):  # type: ignore[no-untyped-def]
    """Return a call that names an account."""
    path = f"/api/v1/accounts/{account_id}"
    match = judge.table.match("GET", path)
    return replace(api_call(judge), path=path, plain=path, match=match, plain_match=match, table=judge.table)


def median(call: Callable[[], object], times: int = 20_000) -> float:
    """Return the microseconds of one call, the median of seven rounds."""
    rounds = []
    for _ in range(7):
        began = time.perf_counter()
        for _ in range(times):
            call()
        rounds.append((time.perf_counter() - began) / times)
    return statistics.median(rounds) * 1e6


if __name__ == "__main__":
    main()
