"""What reaches the upstream of a call that passed, and what of its answer reaches the caller."""

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from databases import SITE_TOKEN, database_at
from gateway_bench import GONE, GatewayBench, Received, gateways
from keys_bench import COURSES
from keystead.gateway.upstreams import Upstreams
from world import SITE_PERSON, Clock

FORM, JSON, PARTS = "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=B"
MIB = 1024 * 1024


def part(name: str, value: str, more: str = "") -> bytes:
    return f'--B\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'.encode()


@pytest.fixture
def silent(tmp_path: Path) -> Iterator[GatewayBench]:
    """As ``gate``, but nobody listens at the upstream's address."""
    yield from gateways(tmp_path, is_up=False)


@pytest.mark.parametrize(
    "target",
    ["/api/v1/courses/a%20b%2Bc", "/api/v1/courses/%C3%A9", "/api/v1/courses/%c3%a9?x=%2f&y=a+b&&=&z",
     "/api/v1/courses/~x",
     "/api/v1/courses/sis_course_id:A%3B1", "/api/v1/courses?search=100%25&a[]=1&a%5B%5D=2",
     "/api/v1/courses/a@b,c=d!$'()*"],
)  # fmt: skip
def test_path_and_query_go_on_byte_for_byte(gate: GatewayBench, target: str) -> None:
    gate.ask("GET", target, token=SITE_TOKEN)

    assert gate.last.target == target


def test_headers_of_this_hop_credentials_and_ours_stay_behind(gate: GatewayBench) -> None:
    kept = [("accept", "a/b"), ("x-custom", "1"), ("x-custom", "2"), ("user-agent", "UA"), ("if-none-match", '"e"'),
            ("range", "bytes=0-1"), ("accept-encoding", "br")]  # fmt: skip
    dropped = [
        ("connection", "keep-alive, X-Mine"), ("x-mine", "1"), ("keep-alive", "5"), ("te", "trailers"),
        ("trailer", "x"),
        ("upgrade", "websocket"), ("proxy-authorization", "x"), ("cookie", "a=b"), ("expect", "100-continue"),
        ("x-keystead-identity", "forged"), ("x_keystead_identity", "forged"), ("X_KeyStead-Identity", "forged"),
        ("x-keystead-query", "x"), ("x-forwarded-for", "6.6.6.6"), ("x-forwarded-host", "evil"),
        ("x_forwarded_for", "6"),
        ("forwarded", "for=6"), ("x-real-ip", "6"), ("x-original-url", "/evil"), ("x-rewrite-url", "/evil"),
        ("x-request-id", "mine"), ("x_http_method_override", "DELETE"), ("content_type", "text/plain"),
    ]  # fmt: skip

    gate.ask("GET", "/api/v1/courses", token=SITE_TOKEN, headers=[*kept, *dropped], host="keystead.test:8090")

    call = gate.last
    added = {
        "host": [gate.upstream_url.removeprefix("http://")], "x-request-id": ["request-1"],
        "x-forwarded-host": ["keystead.test:8090"], "x-forwarded-proto": ["http"], "x-forwarded-for": ["127.0.0.1"],
    }  # fmt: skip
    got = {name.lower() for name, _ in call.headers}
    assert {name: call.named(name) for name in added} == added
    assert [(name, value) for name, value in call.headers if name in dict(kept)] == kept
    assert got == {name for name, _ in kept} | set(added) | {"x-keystead-identity"}


def test_answers_come_back_without_cookies_ours_and_hop_headers_and_with_public_links(gate: GatewayBench) -> None:
    origin = gate.upstream_url
    gate.up.reply = (
        f"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\nX-Keystead-Identity: x\r\nKeep-Alive: 5\r\n"
        f"Connection: X-Hop\r\nX-Hop: 1\r\nETag: \"e\"\r\nX-Many: 1\r\nX-Many: 2\r\nLocation: {origin}/api/v1/x?y=1\r\n"
        f"Link: <{origin}/api/v1/courses?page=2>; rel=\"next\",<https://other.example/x>; rel=\"first\"\r\n\r\n{{}}"
    ).encode()  # fmt: skip

    answer = gate.ask("GET", "/api/v1/courses", token=SITE_TOKEN, host="keystead.test:8090")

    assert answer.status == 201
    assert answer.headers == [
        ("content-length", "2"), ("etag", '"e"'), ("x-many", "1"), ("x-many", "2"),
        ("location", "http://keystead.test:8090/api/v1/x?y=1"),
        (
            "link",
            '<http://keystead.test:8090/api/v1/courses?page=2>; rel="next",<https://other.example/x>; rel="first"',
        ),
    ]  # fmt: skip


@pytest.mark.parametrize("location", ["https://other.example/x", "/relative", "http://[broken", "http://x:port/"])
def test_locations_elsewhere_stay_as_they_are(gate: GatewayBench, location: str) -> None:
    gate.up.reply = f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {location}\r\n\r\n".encode()

    answer = gate.ask("GET", "/api/v1/courses", token=SITE_TOKEN)

    assert (answer.status, answer.named("location")) == (302, [location])


@pytest.mark.parametrize("status", ["304 Not Modified", "204 No Content"])
def test_answers_without_a_body_promise_none(gate: GatewayBench, status: str) -> None:
    length = "Content-Length: 5\r\n" if status.startswith("304") else ""
    gate.up.reply = f'HTTP/1.1 {status}\r\n{length}ETag: "e"\r\n\r\n'.encode()

    answer = gate.ask("GET", "/api/v1/courses", token=SITE_TOKEN)

    assert (answer.status, answer.headers, answer.body) == (int(status[:3]), [("etag", '"e"')], b"")


def test_a_head_keeps_the_length_that_a_get_would_have(gate: GatewayBench) -> None:
    gate.up.reply = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"

    answer = gate.ask("HEAD", "/api/v1/courses", token=SITE_TOKEN)
    asked_by_post = gate.ask("POST", "/api/v1/courses?_method=HEAD", token=SITE_TOKEN)

    assert (answer.named("content-length"), answer.body) == (["500"], b"")
    assert asked_by_post.named("content-length") == []


def test_compressed_answers_are_left_alone(gate: GatewayBench) -> None:
    packed = gzip.compress(b"{}" * 1000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode()
    gate.up.reply = head + packed

    answer = gate.ask("GET", "/api/v1/courses", token=SITE_TOKEN)

    assert (answer.body, answer.named("content-encoding")) == (packed, ["gzip"])


@pytest.mark.parametrize(
    ("target", "body", "kind", "sent_target", "sent_body"),
    [
        ("?include[]=a&include[]=uuid&x=1&includes=a", b"", None, "?include[]=uuid&x=1", b""),
        ("?include%5B%5D=a&y", b"", None, "?y", b""),
        ("?include=a&INCLUDE[]=b&include[0]=c&x=%2F", b"", None, "?x=%2F", b""),
        ("", b"a=%2f&include[]=x&include=y&b", FORM, "", b"a=%2f&b"),
        ("", b'{"a": 1.0, "include": ["x", "uuid"], "includes": "y", "b": {"include": ["k"]}}', JSON, "",
         b'{"a": 1.0, "include": ["uuid"], "b": {"include": ["k"]}}'),
        ("", part("a", "1") + part("include[]", "x") + part("b", "2") + b"--B--\r\n", PARTS, "",
         part("a", "1") + part("b", "2") + b"--B--\r\n"),
    ],
)  # fmt: skip
def test_includes_are_cut_out_for_scoped_keys_that_do_not_allow_them(
    gate: GatewayBench, target: str, body: bytes, kind: str | None, sent_target: str, sent_body: bytes
) -> None:
    key, token = gate.live_token(SITE_PERSON, "url:POST|/api/v1/courses/:course_id/assignments")
    path = "/api/v1/courses/1/assignments"

    def sent() -> tuple[str, bytes]:
        answer = gate.ask("POST", path + target, token=token, body=body or None, content_type=kind)
        assert answer.status == 200
        call = gate.last
        return call.target.removeprefix(path), call.body

    assert sent() == (sent_target, sent_body)
    gate.set_key(key["id"], allow_includes=True)
    assert sent() == (target, body)
    gate.set_key(key["id"], allow_includes=False, require_scopes=False)
    assert sent() == (target, body)


def test_a_body_keeps_its_length_and_a_chunked_one_stays_chunked(gate: GatewayBench) -> None:
    for kind, body in (
        (FORM, b"a=1"),
        (JSON, b'{"a":1}'),
        ("text/plain", b"abc"),
        (PARTS, part("a", "1") + b"--B--\r\n"),
    ):
        gate.ask("POST", "/api/v1/courses", token=SITE_TOKEN, body=body, content_type=kind)
        call = gate.last
        assert (call.named("content-length"), call.body) == ([str(len(body))], body)
    gate.ask("POST", "/api/v1/courses", token=SITE_TOKEN, body=[b"ab", b"c"], content_type="text/plain", chunked=True)
    call = gate.last
    assert (call.named("content-length"), call.named("transfer-encoding"), call.body) == ([], ["chunked"], b"abc")
    for verb, expected in (("POST", ["0"]), ("PUT", ["0"]), ("GET", [])):
        gate.ask(verb, "/api/v1/courses", token=SITE_TOKEN)
        assert gate.last.named("content-length") == expected


def test_an_upload_of_some_mib_streams(gate: GatewayBench) -> None:
    head = part("name", "x") + b'--B\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    content = [bytes([number]) * 65_536 for number in range(64)]
    body = [head, *content, b"\r\n--B--\r\n"]

    answer = gate.ask("POST", "/api/v1/courses", token=SITE_TOKEN, body=body, content_type=PARTS)

    assert answer.status == 200
    assert gate.last.body == b"".join(body)


def test_a_download_of_some_mib_streams(gate: GatewayBench) -> None:
    async def reply(_: Received) -> AsyncIterator[bytes]:
        yield f"HTTP/1.1 200 OK\r\nContent-Length: {4 * MIB}\r\n\r\n".encode()
        for _ in range(64):
            yield b"x" * 65_536

    gate.up.reply = reply

    answer = gate.ask("GET", "/api/v1/courses", token=SITE_TOKEN)

    assert len(answer.body) == 4 * MIB
    assert len(answer.parts) > 16
    assert max(len(one) for one in answer.parts) <= 64 * 1024


def test_the_first_bytes_arrive_while_the_upstream_still_writes(gate: GatewayBench) -> None:
    async def reply(_: Received) -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"
        await asyncio.sleep(0.05)
        yield b"2\r\ncd\r\n0\r\n\r\n"

    gate.up.reply = reply

    assert gate.ask("GET", "/api/v1/courses", token=SITE_TOKEN).parts == [b"ab", b"cd", b""]


def test_a_caller_who_hangs_up_ends_the_upload_and_the_download(gate: GatewayBench) -> None:
    sent: list[int] = []

    async def endless(_: Received) -> AsyncIterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        while True:
            sent.append(1)
            yield b"10000\r\n" + b"x" * 65_536 + b"\r\n"

    upload = gate.ask("POST", "/api/v1/courses", token=SITE_TOKEN, body=[b"ab", GONE], content_type="text/plain")
    assert upload.status == 0
    gate.up.received.clear()
    gate.up.reply = endless
    download = gate.ask("GET", "/api/v1/courses", token=SITE_TOKEN, hang_up_after=3)

    assert 1 <= len(download.parts) < 10
    assert download.parts[-1] != b""


def test_a_parameter_behind_a_file_stops_the_call_to_the_upstream(gate: GatewayBench) -> None:
    body = part("file", "content", '; filename="f"') + part("as_user_id", "5") + b"--B--\r\n"

    answer = gate.ask("POST", "/api/v1/courses", token=SITE_TOKEN, body=[body[:80], body[80:]], content_type=PARTS)

    assert answer.status == 400
    assert not any(call.is_whole for call in gate.up.received)


@pytest.mark.parametrize("kind", [JSON, FORM])
def test_what_must_be_read_whole_may_take_one_mib(gate: GatewayBench, kind: str) -> None:
    body = b'{"a":"' + b"x" * MIB + b'"}' if kind == JSON else b"a=" + b"x" * MIB

    for chunked in (False, True):
        answer = gate.ask("POST", "/api/v1/courses", token=SITE_TOKEN, body=body, content_type=kind, chunked=chunked)
        assert (answer.status, [*answer.json]) == (413, ["errors"])
    assert gate.up.received == []


@pytest.mark.parametrize("name", ["content-type", "content-length", "content-encoding"])
def test_a_body_described_twice_is_refused(gate: GatewayBench, name: str) -> None:
    twice = [(name, "text/plain"), (name, "application/json")]

    assert gate.ask("POST", "/api/v1/courses", token=SITE_TOKEN, headers=twice).status == 400
    assert gate.up.received == []


def test_an_upstream_that_is_down_is_a_bad_gateway_in_json(silent: GatewayBench) -> None:
    answer = silent.ask("GET", "/api/v1/courses", token=SITE_TOKEN)

    assert answer.status == 502
    assert answer.json == {"errors": [{"message": "The service behind this gateway did not answer."}]}
    assert answer.named("content-type") == ["application/json; charset=utf-8"]


def test_an_upstream_that_answers_nonsense_is_a_bad_gateway(gate: GatewayBench) -> None:
    gate.up.reply = b"nonsense\r\n\r\n"

    assert gate.ask("GET", "/api/v1/courses", token=SITE_TOKEN).status == 502


def test_without_an_upstream_other_paths_are_not_found_for_those_who_may_ask(tmp_path: Path) -> None:
    for bench in gateways(tmp_path):
        bench.gateway._upstreams = Upstreams(None, bench.routing)
        _, scoped = bench.live_token(SITE_PERSON, COURSES)
        answers = [bench.ask("GET", "/api/v1/nowhere", token=token) for token in (SITE_TOKEN, scoped, None)]

        assert [answer.status for answer in answers] == [404, 401, 401]
        assert answers[0].json == {"errors": [{"message": "The specified resource does not exist."}]}


def test_when_the_database_fails_nothing_passes_not_even_what_passed_before(gate: GatewayBench) -> None:
    assert gate.ask("GET", "/api/v1/courses", token=SITE_TOKEN).status == 200
    gate.up.received.clear()
    with gate.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE tokens RENAME TO lost")

    answers = [gate.ask("GET", target, token=SITE_TOKEN) for target in ("/api/v1/courses", "/api/v1/accounts")]

    assert [answer.status for answer in answers] == [503, 503]
    assert all([*answer.json] == ["errors"] for answer in answers)
    assert gate.up.received == []


def test_a_change_made_in_another_process_counts_for_the_very_next_call(gate: GatewayBench, tmp_path: Path) -> None:
    from keystead.storage.schema import bindings
    from keystead.storage.transaction import Origin

    _, token = gate.live_token(SITE_PERSON)
    other = database_at(gate.database.engine.url.render_as_string(hide_password=False), Clock())
    for state, expected in (("off", 401), ("on", 200), ("allow", 401), ("on", 200)):
        assert gate.ask("GET", "/api/v1/courses", token=SITE_TOKEN).status == 200
        with other.write(Origin(surface="test")) as tx:
            tx.connection.execute(bindings.update().where(bindings.c.account_id == 2).values(state=state))
        assert gate.ask("GET", "/api/v1/courses", token=token).status == expected
    other.close()


def test_many_calls_with_one_token_are_quick(gate: GatewayBench) -> None:
    """A guard against work per call that grows; the bound is generous on purpose."""
    gate.ask("GET", "/api/v1/courses", token=SITE_TOKEN)
    started = time.monotonic()
    answers: list[Any] = [gate.ask("GET", "/api/v1/courses", token=SITE_TOKEN) for _ in range(50)]

    assert {answer.status for answer in answers} == {200}
    assert time.monotonic() - started < 5
