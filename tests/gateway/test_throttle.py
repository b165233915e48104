"""Who is slowed down, in which words, and what is told meanwhile (docs/canvas-compat.md, Throttling)."""

import asyncio
import multiprocessing
import os
import signal
import struct
import time
from collections.abc import AsyncIterator, Iterator
from hashlib import blake2b
from pathlib import Path

import pytest

from gateway_bench import Answered, GatewayBench, Received, gateways
from keys_bench import COURSES
from keystead.core.throttle import USUAL, Limits, read_limits, told
from keystead.gateway.at_once import AtOnce
from keystead.gateway.endpoints import ORIGIN
from keystead.gateway.level_places import _place_of
from keystead.gateway.levels import SLOTS, Levels
from keystead.gateway.origin import origin_of
from keystead.gateway.throttle import REFUSED, Client, Throttle, Toll
from world import SITE_PERSON

SMALL = Limits(refuses_at=100, cap=150, drains=0.001, upfront=50)


def name_of(who: bytes | str) -> bytes:
    return blake2b(who.encode() if isinstance(who, str) else who, digest_size=16).digest()


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GatewayBench]:
    for made in gateways(tmp_path):
        throttle = Throttle(Levels(), is_on=True, flat_cost=1.0, status=403)
        made.gateway._throttle = made.check._throttle = throttle
        yield made


def fill(gate: GatewayBench, token: str, level: float) -> None:
    gate.gateway._throttle._levels.settle(gate.gateway._judge.name_of(token), level, USUAL)


def test_an_answer_tells_its_cost_and_what_is_left(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, COURSES)

    for target in ("/api/v1/courses", "/api/v1/users/self"):
        answer = gate.ask("GET", target, token=token)

        (cost,), (left,) = answer.named("x-request-cost"), answer.named("x-rate-limit-remaining")
        assert 0 < float(cost) < 5
        assert 590 < float(left) <= 600


def test_a_full_bucket_is_refused_in_canvas_s_words_and_others_are_not(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, COURSES)
    _, other = gate.live_token(SITE_PERSON, COURSES)
    fill(gate, token, 600.5)

    refused = gate.ask("GET", "/api/v1/courses", token=token)

    assert (refused.status, refused.body) == (403, b"403 Forbidden (Rate Limit Exceeded)\n")
    assert refused.named("content-type") == ["text/plain"]
    assert refused.named("x-rate-limit-remaining") == ["0.0"]
    assert refused.named("x-request-cost") == []
    assert gate.ask("GET", "/api/v1/courses", token=other).status == 200
    assert gate.ask("GET", f"/api/v1/courses?access_token={token}").status == 403


def test_calls_under_way_count_until_they_end_and_then_only_what_they_cost(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, COURSES)
    _, other = gate.live_token(SITE_PERSON, COURSES)
    go_on = asyncio.Event()

    async def slowly(_: Received) -> AsyncIterator[bytes]:
        await go_on.wait()
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

    gate.up.reply = slowly

    async def all_at_once() -> tuple[list[Answered], float]:
        asking = [asyncio.ensure_future(call(gate, token)) for _ in range(16)]
        asking.append(asyncio.ensure_future(call(gate, other)))
        await asyncio.sleep(0.3)
        under_way = gate.gateway._throttle._levels.level(gate.gateway._judge.name_of(token), USUAL)
        go_on.set()
        return await asyncio.gather(*asking), under_way

    answers, under_way = gate._loop.run(all_at_once())

    statuses = [answer.status for answer in answers]
    assert statuses[-1] == 200
    assert (statuses.count(200), statuses.count(403)) == (14, 3)
    assert under_way > 590
    assert gate.gateway._throttle._levels.level(gate.gateway._judge.name_of(token), USUAL) < 20


async def call(gate: GatewayBench, token: str) -> Answered:
    scope = {
        "type": "http", "method": "GET", "scheme": "http", "path": "/api/v1/courses", "client": ("127.0.0.1", 1),
        "raw_path": b"/api/v1/courses", "query_string": b"",
        "headers": [(b"host", b"keystead.test"), (b"authorization", f"Bearer {token}".encode())],
    }  # fmt: skip
    scope[ORIGIN] = origin_of(scope, trusted=(), request_id="r")
    return await gate._asked(scope, [], None)


def test_a_caller_who_hangs_up_gets_the_charge_back_too(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, COURSES)

    gate.ask("GET", "/api/v1/courses", token=token, hang_up_after=0)

    assert gate.gateway._throttle._levels.level(gate.gateway._judge.name_of(token), USUAL) < 5


def test_a_token_in_a_body_is_counted_by_its_address_and_a_session_is_told_nothing(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, "url:POST|/api/v1/courses/:course_id/files")
    fill(gate, token, 700)
    form = f"access_token={token}".encode()

    by_body = gate.ask(
        "POST", "/api/v1/courses/7/files", body=form, content_type="application/x-www-form-urlencoded"
    )  # fmt: skip
    by_session = gate.ask("GET", "/api/v1/users/self", headers=[("cookie", "keystead_session=x")])
    nobody = gate.ask("GET", "/api/v1/users/self")

    assert by_body.status == 200
    assert by_session.named("x-rate-limit-remaining") == []
    assert nobody.named("x-rate-limit-remaining") != []


def test_a_key_s_limits_win_and_count_at_the_next_call(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON, COURSES)
    fill(gate, token, 100)
    assert gate.ask("GET", "/api/v1/courses", token=token).status == 200

    gate.set_account(2, throttle=told(read_limits({"refuses_at": 90, "cap": 800})))
    by_account = gate.ask("GET", "/api/v1/courses", token=token).status
    gate.set_key(key["id"], throttle=read_limits({"refuses_at": 5000, "cap": 6000}))
    by_key = gate.ask("GET", "/api/v1/courses", token=token)

    assert (by_account, by_key.status) == (403, 200)
    assert float(by_key.named("x-rate-limit-remaining")[0]) > 4000


def test_strict_keys_and_installations_that_wish_so_answer_429(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, COURSES)
    gate.gateway._throttle._status = 429
    fill(gate, token, 700)

    answer = gate.ask("GET", "/api/v1/courses", token=token)

    assert (answer.status, answer.body) == (429, REFUSED)
    assert answer.named("retry-after") == ["5"]


def test_forward_auth_charges_a_flat_cost_and_refuses_alike(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, COURSES)
    sent = [("x-original-method", "GET"), ("x-original-uri", "/api/v1/courses")]
    name = gate.gateway._judge.name_of(token)

    first = gate.ask("GET", "/gateway/check", token=token, headers=sent)
    level = gate.gateway._throttle._levels.level(name, Limits(drains=1e-9))
    fill(gate, token, 700)
    full = gate.ask("GET", "/gateway/check", token=token, headers=sent)
    quick = AtOnce(
        judge=gate.check._judge, identities=gate.check._identities, own_paths=gate.check._own_paths, audience=None,
        public_url=None, check_from=(), clock=gate.clock, trusted=(), throttle=gate.check._throttle,
    )  # fmt: skip
    asked = [(b"host", b"keystead.test"), (b"authorization", b"Bearer " + token.encode())]

    assert first.status == 204
    assert level == pytest.approx(1.0, abs=0.01)
    assert (full.status, full.body) == (403, REFUSED)
    assert quick.answer([*asked, *[(name.encode(), value.encode()) for name, value in sent]], "http") is None


def test_site_admin_sets_limits_and_nobody_else_does(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON, COURSES)
    wanted = {"throttle": {"refuses_at": 50, "cap": 60}}
    target = f"/api/keystead/v1/developer_keys/{key['id']}"

    done = gate.site("PATCH", target, json=wanted)
    wrong = gate.site("PATCH", target, json={"throttle": {"refuses_at": -1}})
    of_account = gate.site("PATCH", "/api/keystead/v1/accounts/2", json=wanted)
    back = gate.site("PATCH", target, json={"throttle": None})
    by_another = gate.call("PATCH", target, token=token, json=wanted)

    shown = {"refuses_at": 50.0, "cap": 60.0, "drains_per_second": 10.0, "upfront": 50.0}
    assert (done.status, done.json["throttle"]) == (200, shown)
    assert (wrong.status, "refuses_at" in wrong.json["errors"][0]["message"]) == (400, True)
    assert of_account.json["throttle"] == shown
    assert back.json["throttle"] is None
    assert by_another.status == 401


def test_a_flood_of_names_gives_nobody_a_fresh_start() -> None:
    """Whoever takes a slot over begins at the level that stood there."""
    levels = Levels()
    victim = name_of(b"victim")
    levels.settle(victim, 100, SMALL)
    for number in range(SLOTS * 2):
        levels.settle(struct.pack("<IIQ", number, 0, 7), 50, SMALL)

    assert levels.level(victim, SMALL) >= 50
    assert levels.charge(name_of(b"new"), 60, SMALL) is not None
    assert levels.charge(name_of(b"new"), 1, SMALL) is None
    levels.close()


def test_torn_and_old_slots_are_bounded(tmp_path: Path) -> None:
    levels = Levels(tmp_path / "levels")
    name = name_of(b"somebody")
    at = int.from_bytes(name[:4], "little") % SLOTS * 32
    for level, since, expected in (
        (float("nan"), 0.0, 0.0), (-5.0, 0.0, 0.0), (1e300, time.monotonic(), SMALL.cap), (90.0, 1e15, 0.0),
    ):  # fmt: skip
        struct.pack_into("<16sdd", levels._memory, at, name, level, since)
        assert levels.level(name, SMALL) == expected
    assert (tmp_path / "levels").stat().st_mode & 0o777 == 0o600
    levels.close()


def _hammer(path: Path, name: bytes, times: int) -> None:
    levels = Levels(path)
    for _ in range(times):
        levels.settle(name, 0.01, Limits(refuses_at=1e6, cap=1e6, drains=1e-9))
    levels.close()


def test_processes_of_a_node_share_what_they_count(tmp_path: Path) -> None:
    """One after the other every cost counts; at the same time a few may be lost (docs/decisions/0015)."""
    path, name, limits = tmp_path / "levels", name_of(b"shared"), Limits(refuses_at=1e6, cap=1e6, drains=1e-9)
    context = multiprocessing.get_context("spawn")
    for together in (1, 2):
        levels = Levels(path)
        levels.settle(name, -1e9, limits)
        workers = [context.Process(target=_hammer, args=(path, name, 5000)) for _ in range(2)]
        for worker in workers:
            worker.start()
            if together == 1:
                worker.join()
        for worker in workers:
            worker.join()
        counted = levels.level(name, limits)
        assert counted <= 100.001
        assert counted > (99.99 if together == 1 else 10)
        levels.close()


def _dies_in_a_call(path: Path, name: bytes) -> None:
    toll = Throttle(Levels(path), is_on=True, flat_cost=0, status=403).begin(Client(name=name))
    assert isinstance(toll, Toll)
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_was_killed_leaves_a_charge_that_drains_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """50 units at 10 a second: gone after five seconds."""
    path, name = tmp_path / "levels", name_of(b"killed")
    worker = multiprocessing.get_context("spawn").Process(target=_dies_in_a_call, args=(path, name))
    began = time.monotonic()
    worker.start()
    worker.join()
    levels = Levels(path)
    left, ended = levels.level(name, USUAL), time.monotonic()

    assert worker.exitcode == -signal.SIGKILL
    assert 50 - 10 * (ended - began) <= left <= 50
    monkeypatch.setattr("keystead.gateway.levels.time.monotonic", lambda: ended + 5)
    assert levels.level(name, USUAL) == 0
    levels.close()


@pytest.mark.parametrize(
    ("limits", "nodes"), [(USUAL, 1), (USUAL, 8), (USUAL, 1000), (Limits(refuses_at=600, cap=600), 1)]
)
def test_calls_one_after_the_other_fill_a_bucket_however_little_room_is_below_its_cap(
    limits: Limits, nodes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keystead.gateway.levels.time.monotonic", lambda: 1000.0)
    levels, share, name, taken = Levels(), limits.share_of(nodes), name_of(b"busy"), 0.0
    while (upfront := levels.charge(name, share.upfront, share)) is not None:
        levels.settle(name, 0.4 - upfront, share)
        taken += 0.4
        assert taken < share.refuses_at + 1

    assert taken == pytest.approx(share.refuses_at, abs=0.41)
    levels.close()


def test_guessed_tokens_fill_the_bucket_of_their_address(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, COURSES)
    sent = [("x-original-method", "GET"), ("x-original-uri", "/api/v1/courses")]
    fill(gate, "address 127.0.0.1", 700)

    assert gate.ask("GET", "/api/v1/courses", token="guess-1").status == 403
    assert gate.ask("GET", "/api/v1/courses?access_token=guess-2").status == 403
    assert gate.ask("GET", "/gateway/check", token="guess-3", headers=sent).status == 403
    assert gate.ask("GET", "/api/v1/courses", token="guess-4", peer="192.0.2.7").status == 401
    assert gate.ask("GET", "/api/v1/courses", token=token).status == 200


def test_a_strict_key_s_calls_are_refused_with_429(gate: GatewayBench) -> None:
    key, token = gate.live_token(SITE_PERSON, COURSES)
    assert gate.site(
        "PATCH", f"/api/keystead/v1/developer_keys/{key['id']}", json={"security_profile": "strict"}
    ).status == 200  # fmt: skip
    fill(gate, token, 700)

    answer = gate.ask("GET", "/api/v1/courses", token=token)

    assert (answer.status, answer.body, answer.named("retry-after")) == (429, REFUSED, ["5"])


def test_a_throttle_that_is_off_refuses_and_tells_nothing(gate: GatewayBench) -> None:
    _, token = gate.live_token(SITE_PERSON, COURSES)
    fill(gate, token, 700)
    gate.gateway._throttle._is_on = False

    answer = gate.ask("GET", "/api/v1/courses", token=token)

    assert answer.status == 200
    assert answer.named("x-request-cost") == answer.named("x-rate-limit-remaining") == []


def test_a_newcomer_s_own_limits_do_not_decide_whose_place_is_taken() -> None:
    levels, slow = Levels(), Limits(drains=1e-9)
    names = [struct.pack("<IIQ", 5000, 0, number) for number in range(1, 9)]
    for number, name in enumerate(names):
        levels.settle(name, 700 if number == 0 else 300, slow)

    levels.settle(struct.pack("<IIQ", 5000, 0, 99), 0, Limits(drains=1e9))

    assert levels.level(names[0], slow) == pytest.approx(700, abs=1)
    levels.close()


@pytest.mark.parametrize("wrong", ["link", "open", "file link", "hard link", "pipe"])
def test_files_and_folders_that_are_not_ours_alone_are_not_used(tmp_path: Path, wrong: str) -> None:
    other, folder = tmp_path / "other", tmp_path / "folder"
    other.write_bytes(b"kept" * 1_000_000)
    (folder if wrong != "link" else tmp_path / "elsewhere").mkdir(mode=0o700)
    match wrong:
        case "link":
            folder.symlink_to(tmp_path / "elsewhere")
        case "open":
            folder.chmod(0o770)
        case "file link":
            (folder / "levels").symlink_to(other)
        case "hard link":
            os.link(other, folder / "levels")
        case "pipe":
            os.mkfifo(folder / "levels")

    with pytest.raises(OSError):
        Levels(folder / "levels", is_private=True)
    assert other.read_bytes() == b"kept" * 1_000_000


def test_the_name_of_the_levels_tells_nothing_of_who_may_open_the_database() -> None:
    same = {_place_of(f"postgresql+psycopg://{who}@db:5432/keystead") for who in ("a:one", "b:two")}

    assert len(same) == 1
    assert same.isdisjoint({_place_of("postgresql+psycopg://a:one@db:5432/other")})
