"""What does a form with a file say, as browsers write it?"""

import asyncio
from typing import Any

import pytest
from starlette.requests import Request

from keystead.core.parameters import MalformedParameters, Tree
from keystead.web.uploads import FIELDS, UploadedFile, read_upload

pytestmark = pytest.mark.pure


def read(body: bytes, *, kind: str = "multipart/form-data; boundary=b", most: int = 100, chunk: int = 7) -> Any:
    """Read a body that comes in small chunks."""
    chunks = [body[at : at + chunk] for at in range(0, len(body), chunk)] or [b""]

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())]}
    return asyncio.run(read_upload(Request(scope, receive), most=most))


def part(disposition: str, content: bytes, kind: str | None = None) -> bytes:
    head = f"--b\r\nContent-Disposition: form-data; {disposition}\r\n" + (f"Content-Type: {kind}\r\n" if kind else "")
    return head.encode() + b"\r\n" + content + b"\r\n"


def test_fields_and_a_file_are_told_apart() -> None:
    body = part('name="item"', b"contract") + part('name="file"; filename="a b.pdf"', b"\x00\r\n-", "Application/PDF")
    fields: Tree
    fields, files = read(body + b"--b--\r\n")

    assert fields == {"item": "contract"}
    assert files == {"file": UploadedFile(name="a b.pdf", content_type="application/pdf", octets=b"\x00\r\n-")}


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("C:\\papers\\a.pdf", "a.pdf"),
        ("/home/ada/a.pdf", "a.pdf"),
        ("../../etc/passwd", "passwd"),
        ("a %22b%22.pdf", 'a "b".pdf'),
        ("ü.pdf", "ü.pdf"),
    ],
)
def test_a_file_is_named_by_the_last_part_of_its_path(filename: str, name: str) -> None:
    _, files = read(part(f'name="file"; filename="{filename}"', b"x", "text/plain; charset=utf-8") + b"--b--\r\n")

    assert files["file"] == UploadedFile(name=name, content_type="text/plain", octets=b"x")


def test_a_field_for_a_file_that_nobody_filled_is_left_out() -> None:
    _, files = read(part('name="file"; filename=""', b"", "application/octet-stream") + b"--b--\r\n")

    assert files == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b--\r\nmore",
        part('name="file"; filename="a"', b"x"),
        part('name="file"; filename="a"', b"x") * 2 + b"--b--\r\n",
        part('name="item"', b"\xff") + b"--b--\r\n",
        part('name="a[b"', b"x") * 2 + part('name="a"', b"y") + part('name="a[c]"', b"z") + b"--b--\r\n",
        part('filename="a"', b"x") + b"--b--\r\n",
    ],
)
def test_a_body_that_can_be_read_in_two_ways_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedParameters):
        read(body)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/mixed; boundary=b", "", "nonsense"])
def test_another_kind_of_body_is_refused(kind: str) -> None:
    with pytest.raises(MalformedParameters):
        read(b"item=contract", kind=kind)


def test_more_than_the_bound_is_refused_in_words() -> None:
    body = part('name="file"; filename="a"', b"x" * (FIELDS + 101)) + b"--b--\r\n"

    with pytest.raises(MalformedParameters, match="too large"):
        read(body, chunk=4096)
