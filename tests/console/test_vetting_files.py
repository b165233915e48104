"""Do files of evidence go in on the vetting page, bounded and checked, and come out only to be saved?"""

from hashlib import sha256
from typing import Any

import httpx
import pytest

from console.test_key_pages import admin, keys, value, words
from keystead.governance.vetting import LARGEST_FILE
from oauth_bench import COURSES, NORTH, SOUTH, Browser, Client, OAuthBench

__all__ = ["admin", "keys"]

PDF = b"%PDF-1.7\n\x00\xff\r\n--not a boundary\r\n%%EOF\n"
File = tuple[str, bytes, str]


def hand_in(
    browser: Browser, address: str, file: File | None, *, proof: str | None = None, **fields: str
) -> httpx.Response:
    """Send the form of a file as a browser does."""
    sent: dict[str, Any] = {"authenticity_token": value(browser, address) if proof is None else proof}
    sent |= {"item": "contract"} | fields
    files = {"file": file or ("", b"", "application/octet-stream")}
    return browser.request("POST", f"{address}/evidence", data=sent, files=files)


@pytest.fixture
def key(bench: OAuthBench) -> Client:
    return bench.key(scopes=(COURSES,), require_scopes=True, name="Reader")


@pytest.fixture
def address(keys: str, key: Client) -> str:
    return f"{keys}/{key.id}/vetting"


def test_a_file_goes_in_with_its_digest_and_comes_out_to_be_saved(
    bench: OAuthBench, admin: Browser, address: str
) -> None:
    done = hand_in(admin, address, ("Vertrag „Ü“.pdf", PDF, "application/pdf"), because="signed today")
    page = admin.get(address)
    (entry,) = bench.audited("vetting.evidence_added")
    href = page.text.split('href="' + address + "/evidence/")[1].split('"')[0]
    opened = admin.get(f"{address}/evidence/{href}")

    assert (done.status_code, done.headers["location"]) == (302, address)
    assert "The file is kept." in page.text
    assert "Vertrag „Ü“.pdf" in page.text
    assert sha256(PDF).hexdigest() in page.text
    assert entry.because == "signed today"
    assert (entry.after["file"], entry.after["digest"]) == ("Vertrag „Ü“.pdf", sha256(PDF).hexdigest())
    assert opened.content == PDF
    assert opened.headers["content-disposition"].startswith("attachment")
    assert opened.headers["x-content-type-options"] == "nosniff"
    assert opened.headers["content-type"] == "application/octet-stream"


def test_a_page_of_markup_is_never_shown_as_one(admin: Browser, address: str) -> None:
    hand_in(admin, address, ("<b>x</b>.html", b"<script>alert(1)</script>", "text/html"))
    page = admin.get(address).text
    href = page.split('href="' + address + "/evidence/")[1].split('"')[0]
    opened = admin.get(f"{address}/evidence/{href}")

    assert "<b>" not in page
    assert opened.headers["content-type"] == "application/octet-stream"
    assert opened.headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize(
    ("file", "complaint"),
    [
        (None, "file must be chosen"),
        (("empty.pdf", b"", "application/pdf"), "content must be of 1 to 700000 octets"),
        (("big.pdf", b"x" * (LARGEST_FILE + 1), "application/pdf"), "content must be of 1 to 700000 octets"),
        (("huge.pdf", b"x" * (2 * LARGEST_FILE), "application/pdf"), "The file is too large"),
        (("n" * 256 + ".pdf", b"x", "application/pdf"), "name is too long"),
        (("a\x7fb.pdf", b"x", "application/pdf"), "multipart"),
        (("a.pdf", b"x", "pdf"), "content type is not a media type"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_and_nothing_is_kept(
    bench: OAuthBench, admin: Browser, address: str, file: File | None, complaint: str
) -> None:
    answer = hand_in(admin, address, file)

    assert answer.status_code == 400
    assert complaint in words(answer)
    assert bench.audited("vetting.evidence_added") == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"item=contract", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"--b\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nx", "multipart/form-data; boundary=b"),
        (b"", "multipart/form-data"),
        (b"\xff\xfe", "multipart/form-data; boundary=b"),
    ],
)
def test_a_body_of_another_shape_is_refused(
    bench: OAuthBench, admin: Browser, address: str, body: bytes, kind: str
) -> None:
    answer = admin.request("POST", f"{address}/evidence", content=body, headers={"content-type": kind})

    assert answer.status_code in (400, 422)
    assert bench.audited("vetting.evidence_added") == []


def test_only_a_form_of_ones_own_hands_in_a_file_and_only_where_one_may(
    bench: OAuthBench, admin: Browser, keys: str, address: str
) -> None:
    file = ("a.pdf", PDF, "application/pdf")
    theirs = f"/accounts/{bench.accounts[SOUTH]}/developer_keys/{bench.key(owner=SOUTH).id}/vetting"
    foreign = f"{keys}/{bench.key(owner=SOUTH).id}/vetting"
    pat = bench.browser(NORTH).signed_in("pat")

    unproven = hand_in(admin, address, file, proof="0" * 48)
    no_item = hand_in(admin, address, file, item="luck")
    elsewhere = [hand_in(admin, one, file, proof=value(admin, address)) for one in (theirs, foreign)]
    by_pat = hand_in(pat, address, file, proof=value(pat, "/profile/settings"))
    by_nobody = hand_in(bench.browser(NORTH), address, file, proof="x")

    assert unproven.status_code == 422
    assert no_item.status_code == 404
    assert [one.status_code for one in elsewhere] == [302, 404]
    assert elsewhere[0].headers["location"] == "/"
    assert by_pat.headers["location"] == "/"
    assert by_nobody.headers["location"] == "/login"
    assert bench.audited("vetting.evidence_added") == []
