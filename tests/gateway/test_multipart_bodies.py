import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.gateway.bodies import (
    LIMIT,
    BodyTooLarge,
    Inspected,
    LateParameter,
    MalformedBody,
    UnsupportedBody,
    inspect,
)
from keystead.gateway.bodies.parts import PartReader

pytestmark = pytest.mark.pure
few = settings(max_examples=25, deadline=None)
TYPE = "multipart/form-data; boundary=B0und"
END = b"--B0und--\r\n"


def part(name: str, value: bytes = b"v", *, more: str = "") -> bytes:
    return f'--B0und\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"


def upload(name: str, value: bytes) -> bytes:
    return part(name, value, more='; filename="a\\b é.txt"\r\nContent-Type: text/plain; charset=latin1')


async def chunks_of(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def looked_at(*chunks: bytes, content_type: str = TYPE) -> Inspected:
    return asyncio.run(inspect(content_type, chunks_of(chunks), method="POST"))


def passed(*chunks: bytes, strip: bool = True) -> tuple[bytes, int | None]:
    async def run() -> tuple[bytes, int | None]:
        length = sum(map(len, chunks))
        inspected = await inspect(TYPE, chunks_of(chunks), method="POST", content_length=length)
        stream, left = inspected.forward(strip_includes=strip)
        return b"".join([chunk async for chunk in stream]), left

    return asyncio.run(run())


def test_fields_are_heard_read_and_filtered() -> None:
    first, last = part("a[b]", b"1"), part("c", "é\r\n--x".encode())
    ours = part("access_token", b"t") + part("as_user_id", b"5") + part("_method", b"put")
    raw = first + ours + part("include[]", b"email") + part("include[]", b"uuid") + last + END

    inspected = looked_at(raw)

    assert (inspected.access_tokens, inspected.as_user_ids) == (("t",), ("5",))
    assert inspected.method_overrides == ("put",)
    assert inspected.tree()["a"] == {"b": "1"}
    assert inspected.tree()["c"] == "é\r\n--x"
    left = first + part("include[]", b"uuid") + last + END
    assert passed(raw) == (left, len(left))


@pytest.mark.parametrize("raw", [b"", END, END[:-2], part("a", b"") + END, part("a", b"\r\n\r\n-") + END])
def test_a_body_without_our_words_goes_out_as_it_came(raw: bytes) -> None:
    assert passed(raw) == (raw, len(raw))


def test_a_body_of_our_words_alone_becomes_an_empty_one() -> None:
    assert passed(part("access_token") + part("include") + END) == (END, len(END))


def test_a_file_streams_and_includes_behind_it_are_cut() -> None:
    file = upload("attachment[x]", b"include[]\r\n--B" * 1_000)
    raw = part("access_token", b"t") + part("a") + file + part("include[]", b"email") + part("b")
    raw += part("includes[]", b"uuid") + part("include", b"x" * 5_000) + upload("c", b"") + END

    left = part("a") + file + part("b") + part("includes[]", b"uuid") + upload("c", b"") + END
    assert passed(raw) == (left, None)
    assert passed(*(raw[at : at + 7] for at in range(0, len(raw), 7))) == (left, None)


def test_the_length_is_known_when_nothing_can_be_cut_later() -> None:
    ours, rest = part("access_token"), upload("f", b"x") + part("include[]", b"email") + END

    assert passed(ours + rest, strip=False) == (rest, len(rest))


@pytest.mark.parametrize(
    "name", ["access_token", "as_user_id", "_method", "ACCESS_TOKEN", "_method[]", "%61ccess_token"]
)
def test_our_words_behind_a_file_abort_the_call(name: str) -> None:
    with pytest.raises(LateParameter):
        passed(upload("f", b"x") + part(name) + END)
    with pytest.raises(LateParameter):
        passed(upload("f", b"x") + upload(name, b"") + END)


def test_an_include_sent_as_a_file_aborts_the_call_when_includes_are_cut() -> None:
    raw = upload("f", b"x") + upload("include[]", b"email") + END

    assert passed(raw, strip=False)[0] == raw
    with pytest.raises(MalformedBody):
        passed(raw)
    with pytest.raises(MalformedBody):
        passed(upload("include[]", b"email") + END)


def test_files_are_not_read_by_keysteads_own_api() -> None:
    with pytest.raises(UnsupportedBody):
        looked_at(part("a") + upload("f", b"x") + END).tree()


def test_a_streamed_body_goes_out_once() -> None:
    inspected = looked_at(upload("f", b"x") + END)
    inspected.forward(strip_includes=True)

    with pytest.raises(RuntimeError):
        inspected.forward(strip_includes=True)


def test_a_file_is_never_held_in_memory() -> None:
    """The stream is pulled chunk by chunk: what went in has come out, but for the length of a delimiter."""
    given_bytes = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal given_bytes
        yield upload("f", b"")[:-2]
        for _ in range(64):
            given_bytes += LIMIT
            yield b"x" * LIMIT
        yield b"\r\n" + END

    async def run() -> None:
        inspected = await inspect(TYPE, chunks(), method="POST")
        stream, _ = inspected.forward(strip_includes=True)
        taken_bytes = 0
        async for chunk in stream:
            taken_bytes += len(chunk)
            assert given_bytes - taken_bytes < 20

    asyncio.run(run())


def test_fields_over_the_limit_are_too_large() -> None:
    with pytest.raises(BodyTooLarge):
        looked_at(part("a", b"x" * LIMIT) + END)
    with pytest.raises(BodyTooLarge):
        looked_at(*[part("a", b"x" * 100_000)] * 11, END)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        'multipart/form-data; boundary="a,b"',
        'multipart/form-data; boundary="a b"',
        "multipart/form-data; boundary=" + "a" * 71,
        "multipart/form-data; boundary=A; boundary=B0und",
        'multipart/form-data; x="boundary=A"; boundary=B0und',
        "multipart/form-data; boundary*=utf-8''B0und",
        "multipart/form-data, x; boundary=B0und",
    ],
)
def test_a_boundary_with_two_readings_is_refused(content_type: str) -> None:
    with pytest.raises(MalformedBody):
        looked_at(part("a") + END, content_type=content_type)


def head(lines: str) -> bytes:
    return b"--B0und\r\n" + lines.encode() + b"\r\n\r\nv\r\n" + END


@pytest.mark.parametrize(
    "raw",
    [
        b"x",
        b"preamble\r\n" + part("a") + END,
        b"\r\n" + part("a") + END,
        part("a"),
        part("a") + END[:-3],
        part("a") + b"--B0und\r\n",
        part("a") + END + b"x",
        part("a") + END + part("include[]"),
        part("a", b"x--B0und\r\n") + END,
        part("a", b"x\n--B0und\r\nContent-Disposition: form-data; name=include\r\n\r\nemail") + END,
        part("a", b"\r\n--B0undX\r\n") + END,
        part("a").replace(b"--B0und\r\n", b"--B0und \r\n") + END,
        part("a").replace(b"\r\n", b"\n") + END,
        b'--B0und\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + END,
        b"--B0und\r\n\r\nv\r\n" + END,
        head("Content-Type: text/plain"),
        head("Content-Disposition: form-data"),
        head('Content-Disposition: attachment; name="a"'),
        head('Content-Disposition: form-data; name="a"; name="include[]"'),
        head('Content-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="include"'),
        head("Content-Disposition: form-data;\r\n name=include"),
        head("Content-Disposition : form-data; name=include"),
        head("Content-Disposition: form-data; name*=utf-8''include"),
        head("Content-Disposition: form-data; name*0=inc; name*1=lude"),
        head('Content-Disposition: form-data; name="a"; filename="x\\"; name=\\"include"'),
        head('Content-Disposition: form-data; name="a"; filename="; name=include; "'),
        head('Content-Disposition: form-data; name="in\\clude"'),
        head('Content-Disposition: form-data; name="%69nclude[]"'),
        head('Content-Disposition: form-data; name="include'),
        head('Content-Disposition: form-data; name="a" x'),
        head('Content-Disposition: form-data; name="a"\r\nContent-Type: multipart/mixed; boundary=C'),
        head('Content-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=utf-16'),
        head('Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64'),
        head('Content-Disposition: form-data; name="a"\r\nX: \0'),
        head('Content-Disposition: form-data; name="a"\nX: y'),
        head('Content-Disposition: form-data; name="a"\r\nX: ' + "y" * 9_000),
        b"--B0und\r\n" + b"X: y" * 9_000,
        head('Content-Disposition: form-data; name="é"').replace("é".encode(), b"\xe9"),
        part("access_token", b"\xff") + END,
        part("a") * 4_097 + END,
    ],
)
def test_a_structure_with_two_readings_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedBody):
        looked_at(raw)


@pytest.mark.parametrize("raw", [part("a", b"\xff") + END, part("a") + part("a[b]") + END, part("a", b"\0") + END])
def test_fields_without_a_tree_pass_but_are_not_read(raw: bytes) -> None:
    inspected = looked_at(raw)

    assert passed(raw)[0] == raw
    with pytest.raises(MalformedBody):
        inspected.tree()


pieces = st.sampled_from(
    [
        part("a"),
        part("include[]", b"uuid"),
        part("include[]", b"email"),
        part("include", b"x" * 100),
        part("b", b"\r\n--B0un\r"),
        upload("f", b"\r\n-"),
        part("access_token", b"t"),
        b"\r\n",
        b"--B0und",
    ]
)


@few
@given(st.lists(pieces, max_size=5), st.lists(st.integers(0, 600), max_size=6), st.booleans())
def test_where_chunks_end_changes_nothing(parts: list[bytes], cuts: list[int], strip: bool) -> None:
    raw = b"".join(parts) + END
    places = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    chunks = [raw[begin:end] for begin, end in pairwise(places)]

    assert outcome(chunks, strip) == outcome([raw], strip)


def outcome(chunks: list[bytes], strip: bool) -> tuple[bytes, int | None] | None:
    try:
        return passed(*chunks, strip=strip)
    except MalformedBody:
        return None


@few
@given(st.lists(pieces, max_size=5))
def test_the_reader_gives_back_every_byte(parts: list[bytes]) -> None:
    raw = b"".join(parts) + END
    reader = PartReader(b"B0und")

    try:
        events = [*reader.feed(raw), reader.finish()]
    except MalformedBody:
        return

    assert b"".join(event.raw for event in events) == raw
