import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.core.parameters import Tree
from keystead.gateway.bodies import (
    LIMIT,
    BodyRefused,
    BodyTooLarge,
    Inspected,
    LateParameter,
    MalformedBody,
    UnsupportedBody,
    inspect,
)

pytestmark = pytest.mark.pure
few = settings(max_examples=25, deadline=None)
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


async def chunks_of(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def looked_at(content_type: str | None, *chunks: bytes, method: str = "POST") -> Inspected:
    return asyncio.run(inspect(content_type, chunks_of(chunks), method=method))


def passed(content_type: str | None, *chunks: bytes, strip: bool = True) -> tuple[bytes, int | None]:
    async def run() -> tuple[bytes, int | None]:
        length = sum(map(len, chunks))
        inspected = await inspect(content_type, chunks_of(chunks), method="POST", content_length=length)
        stream, left = inspected.forward(strip_includes=strip)
        return b"".join([chunk async for chunk in stream]), left

    return asyncio.run(run())


@pytest.mark.parametrize("content_type", [FORM, FORM + "; charset=UTF-8", FORM.upper() + ";", None, "", " "])
def test_a_form_is_heard_and_filtered(content_type: str | None) -> None:
    raw = (b"a=%7e&access_token=t&as_user_id=5&_met", b"hod=put&include[]=email&include[]=uuid")

    inspected = looked_at(content_type, *raw)

    assert (inspected.access_tokens, inspected.as_user_ids) == (("t",), ("5",))
    assert inspected.method_overrides == ("put",)
    assert passed(content_type, *raw) == (b"a=%7e&include[]=uuid", 20)
    assert passed(content_type, *raw, strip=False) == (b"a=%7e&include[]=email&include[]=uuid", 36)


def test_a_method_override_is_heard_on_post_only() -> None:
    assert looked_at(FORM, b"_method=put", method="PUT").method_overrides == ()
    assert looked_at(JSON, b'{"_method":"put"}').method_overrides == ()


@pytest.mark.parametrize(
    "content_type", [JSON, "application/json; charset=utf-8", "application/vnd.api+json", "text/x-json"]
)
def test_json_is_heard_and_filtered(content_type: str) -> None:
    raw = b'{"access_token":"t","as_user_id":5,"as_user_id":null,"_method":"PUT","include":["email"],"a": 1}'

    inspected = looked_at(content_type, raw)

    assert (inspected.access_tokens, inspected.as_user_ids) == (("t",), ("5",))
    assert passed(content_type, raw) == (b'{"include":[],"a": 1}', 21)


@pytest.mark.parametrize(
    ("content_type", "raw", "tree"),
    [
        (FORM, b"a[b]=1", {"a": {"b": "1"}}),
        (None, b"", {}),
        (JSON, b'{"a":{"b":1}}', {"a": {"b": 1}}),
        (JSON, b"", {}),
        ("text/plain", b"a=1", {}),
    ],
)
def test_keysteads_own_api_reads_a_tree(content_type: str | None, raw: bytes, tree: Tree) -> None:
    assert looked_at(content_type, raw).tree() == tree


@pytest.mark.parametrize(("content_type", "raw"), [(FORM, b"a=1&a[b]=2"), (JSON, b"[]"), (JSON, b'{"a":"\\u0000"}')])
def test_a_body_without_a_tree_is_refused_by_keystead_alone(content_type: str, raw: bytes) -> None:
    inspected = looked_at(content_type, raw)

    assert passed(content_type, raw) == (raw, len(raw))
    with pytest.raises(MalformedBody):
        inspected.tree()


@pytest.mark.parametrize(
    ("content_type", "raw"),
    [
        (FORM, b"%zz=1"),
        (FORM, b"a=1;access_token=t"),
        (JSON, b"{"),
        (JSON, b'{"access_token":["t"]}'),
        (JSON, b'{"as_user_id":{"id":5}}'),
        (JSON, b'{"access_token":true}'),
        (JSON, b'{"access_token":"\\ud800"}'),
        (JSON, b" "),
        (JSON, "{}".encode("utf-16")),
        ("application/json, text/plain", b"{}"),
        ("application/json; charset=utf-8; charset=utf-7", b"{}"),
        ("json", b"{}"),
        ("application /json", b"{}"),
        ('application/json; charset="utf', b"{}"),
        ("application/jsön", b"{}"),
    ],
)
def test_a_body_that_cannot_be_read_is_malformed(content_type: str, raw: bytes) -> None:
    with pytest.raises(MalformedBody) as refused:
        looked_at(content_type, raw)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        (FORM, "gzip"),
        (JSON, "br"),
        ("multipart/form-data; boundary=B", "deflate"),
        (None, "gzip"),
        (FORM + "; charset=utf-16", None),
        (JSON + "; charset=utf-7", None),
        ("multipart/mixed; boundary=B", None),
        ("multipart/related; boundary=B", None),
    ],
)
def test_a_body_in_a_form_the_gateway_does_not_read_is_unsupported(
    content_type: str | None, encoding: str | None
) -> None:
    with pytest.raises(UnsupportedBody) as refused:
        asyncio.run(inspect(content_type, chunks_of([]), method="POST", content_encoding=encoding))
    assert refused.value.status == 415


@pytest.mark.parametrize("content_type", [FORM, JSON, None])
def test_a_form_over_the_limit_is_too_large(content_type: str | None) -> None:
    async def announced() -> None:
        await inspect(content_type, chunks_of([]), method="POST", content_length=LIMIT + 1)

    with pytest.raises(BodyTooLarge) as refused:
        looked_at(content_type, b"a" * LIMIT, b"a")
    assert refused.value.status == 413
    with pytest.raises(BodyTooLarge):
        asyncio.run(announced())


def test_other_bodies_stream_without_being_read() -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"include[]=x"

    async def run() -> bytes:
        inspected = await inspect("application/octet-stream", endless(), method="PUT", content_length=7)
        assert taken == 0
        stream, length = inspected.forward(strip_includes=True)
        assert length == 7
        return await anext(stream)

    assert asyncio.run(run()) == b"include[]=x"


@few
@given(st.sampled_from([FORM, JSON, None, "multipart/form-data; boundary=B"]), st.binary(max_size=60))
def test_any_bytes_pass_or_are_refused(content_type: str | None, raw: bytes) -> None:
    with suppress(BodyRefused):
        looked_at(content_type, raw).tree()
    with suppress(BodyRefused):
        passed(content_type, raw)


def test_every_refusal_has_a_status_and_public_words() -> None:
    assert [kind.status for kind in (MalformedBody, LateParameter, BodyTooLarge, UnsupportedBody)] == [
        400,
        400,
        413,
        415,
    ]
    assert MalformedBody("The body is cut off.").words == "The body is cut off."
