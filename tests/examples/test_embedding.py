"""The two programs that judge their own calls: what passes, what is refused in which words, and what is cut."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from databases import MASTER, fresh_installation
from keys_bench import KeyBench
from keystead.middleware import Judge, KeysteadMiddleware, Passed, Refused
from keystead.storage.clock import system_clock
from world import SITE_PERSON

COURSE, UPLOAD = "url:GET|/api/v1/courses/:id", "url:POST|/api/v1/courses/:course_id/files"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyBench]:
    home = Path(tmp_path_factory.mktemp("embedding"))
    made = KeyBench(fresh_installation(home, system_clock), system_clock, home)  # type: ignore[arg-type]  # a real clock
    assert made.root_account("Root") == 2
    yield made
    made.close()


@pytest.fixture(scope="module")
def judge(bench: KeyBench) -> Iterator[Judge]:
    opened = Judge.open(database_url=str(bench.database.engine.url), secret_key=MASTER, _env_file=None)
    yield opened
    opened.close()


def headers(token: str | None, **more: str) -> list[tuple[bytes, bytes]]:
    pairs = {"host": "keystead.test", **more} | ({} if token is None else {"authorization": f"Bearer {token}"})
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in pairs.items()]


def test_a_scoped_token_passes_where_it_may_and_nowhere_else(bench: KeyBench, judge: Judge) -> None:
    _, token = bench.live_token(SITE_PERSON, COURSE)

    for _ in range(2):
        passed = judge.judge("GET", b"/api/v1/courses/7?a=1", headers(token))
        assert isinstance(passed, Passed)
        assert (passed.user_id, passed.query, passed.identity["login"]) == (SITE_PERSON, b"a=1", "siteadmin")
    refused = judge.judge("GET", b"/api/v1/courses/7/users", headers(token))
    nobody = judge.judge("GET", b"/api/v1/courses/7", headers(None))

    assert isinstance(refused, Refused)
    assert (refused.status, b"Insufficient scopes" in refused.body) == (401, True)
    assert isinstance(nobody, Refused)
    assert dict(nobody.headers)["www-authenticate"] == 'Bearer realm="canvas-lms"'


def test_off_counts_for_the_next_call_in_every_thread(bench: KeyBench, judge: Judge) -> None:
    key, token = bench.live_token(SITE_PERSON, COURSE)
    stale: list[str] = []

    def ask(expected: type) -> None:
        for number in range(50):
            said = judge.judge("GET", b"/api/v1/courses/%d" % number, headers(token))
            if not isinstance(said, expected):
                stale.append(f"{expected} {said}")

    for state, expected in (("on", Passed), ("off", Refused)) * 3:
        bench.bind(2, key["id"], state)
        threads = [threading.Thread(target=ask, args=(expected,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert stale == []


def test_a_call_that_is_read_in_full_is_cut_as_at_the_gateway(bench: KeyBench, judge: Judge) -> None:
    _, token = bench.live_token(SITE_PERSON, COURSE)

    cut = judge.judge("GET", b"/api/v1/courses/7?include[]=term&a=%20", headers(token))
    twice = judge.judge("GET", b"/api/v1/x/../courses/7", headers(token))
    deleted = judge.judge(
        "POST", b"/api/v1/courses/7", headers(token, content_type="application/x-www-form-urlencoded"),
        body=b"_method=DELETE",
    )  # fmt: skip

    assert isinstance(cut, Passed)
    assert (cut.query, cut.strips_includes) == (b"a=%20", True)
    assert isinstance(twice, Refused)
    assert twice.status == 400
    assert isinstance(deleted, Refused)
    assert dict(deleted.headers)["x-keystead-missing-scope"] == "url:DELETE|/api/v1/courses/:id"


def test_the_fastapi_program(bench: KeyBench, judge: Judge) -> None:
    from embedding.fastapi_app import make_app

    _, token = bench.live_token(SITE_PERSON, COURSE, UPLOAD)
    bearer = {"authorization": f"Bearer {token}"}

    async def use() -> dict[str, httpx.Response]:
        transport = httpx.ASGITransport(make_app(judge))
        async with httpx.AsyncClient(transport=transport, base_url="http://keystead.test") as client:
            return {
                "passed": await client.get("/api/v1/courses/7?a=1", headers=bearer),
                "again": await client.get("/api/v1/courses/8?a=1", headers=bearer),
                "cut": await client.get("/api/v1/courses/7?include=term&b=2", headers=bearer),
                "nobody": await client.get("/api/v1/courses/7"),
                "hidden": await client.get("/api%2Fv1/courses/7"),
                "form": await client.post(
                    "/api/v1/courses/7/files", headers=bearer, data={"include": "x", "name": "y"}
                ),
                "file": await client.post("/api/v1/courses/7/files", headers=bearer, content=b"z" * 100_000),
                "public": await client.get("/public?a=%20b"),
            }

    answers = asyncio.run(use())

    assert answers["passed"].json() == {"id": 7, "asked_by": "siteadmin", "query": "a=1"}
    assert answers["again"].json()["id"] == 8
    assert answers["cut"].json()["query"] == "b=2"
    assert answers["nobody"].status_code == 401
    assert answers["hidden"].status_code == 400
    assert answers["form"].json()["got"] == "name=y"
    assert answers["file"].json()["got"] == "z" * 100_000
    assert answers["public"].json() == {"open": "to everybody"}


def test_a_websocket_below_the_paths_is_closed(judge: Judge) -> None:
    sent: list[Any] = []

    async def app(*_: Any) -> None:
        raise AssertionError("the application must not see it")

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/api/v1/live", "raw_path": b"/api/v1/live", "headers": []}
    asyncio.run(KeysteadMiddleware(app, judge=judge)(scope, receive, send))

    assert sent == [{"type": "websocket.close", "code": 1008}]


def test_the_django_program(bench: KeyBench, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "embedding.django_app")
    import django
    from django.test import Client

    from embedding import django_app

    django.setup()
    monkeypatch.setattr(django_app, "the_judge", lambda: judge)
    _, token = bench.live_token(SITE_PERSON, COURSE)
    client = Client(HTTP_HOST="keystead.test")
    bearer = {"authorization": f"Bearer {token}"}

    passed = client.get("/api/v1/courses/7?a=1&include[]=term", headers=bearer)
    refused = client.post("/api/v1/courses/7", data=b"{}", content_type="application/json", headers=bearer)

    assert passed.json() == {"id": 7, "asked_by": "siteadmin", "query": {"a": ["1"]}}
    assert (refused.status_code, refused.json()) == (
        401, {"errors": [{"message": "Insufficient scopes on access token."}]},
    )  # fmt: skip
