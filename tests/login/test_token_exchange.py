"""``POST /login/oauth2/token``: what may be sent, each refusal in its order, the reply."""

import base64

import pytest

from keystead.core.keys import KeyState
from keystead.storage.read.keys import get_key
from keystead.storage.transaction import Origin
from oauth_bench import (
    INVALID,
    NO_CODE,
    NO_REFRESH,
    NOT_FOUND,
    UNKNOWN,
    UNSUPPORTED,
    URL,
    VERIFIER,
    OAuthBench,
    refused,
)


def test_a_code_gives_a_token_with_canvas_s_members(bench: OAuthBench) -> None:
    client = bench.key(auto_expire_tokens=True)

    answer = bench.exchange(client, bench.code(client))

    reply = answer.json()
    pat = bench.people["pat"]
    user = {
        "id": pat,
        "name": "Pat Person",
        "global_id": f"1{pat:013}",
        "effective_locale": "en",
        "fake_student": False,
    }
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert reply | {"access_token": "", "refresh_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "user": user,
        "canvas_region": "unknown",
        "refresh_token": "",
        "expires_in": 3600,
    }
    assert {len(reply[name]) for name in ("access_token", "refresh_token")} == {64}
    assert reply["access_token"].isalnum()
    assert reply["refresh_token"].isalnum()
    assert bench.call(reply["access_token"]).status_code == 200
    assert bench.call(reply["refresh_token"]).status_code == 401


def test_without_auto_expiry_no_end_is_named(bench: OAuthBench) -> None:
    assert "expires_in" not in bench.issued(bench.key())


def test_a_code_is_128_hexadecimal_characters_and_not_in_the_database(bench: OAuthBench) -> None:
    code = bench.code(bench.key())

    assert len(code) == 128
    assert set(code) <= set("0123456789abcdef")
    assert code.encode() not in b"".join(row.digest for row in bench.codes())


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"grant_type": "password", "client_id": "999"}, 400, UNSUPPORTED),
        ({"grant_type": "client_credentials"}, 400, UNSUPPORTED),
        ({"grant_type": "implicit"}, 400, UNSUPPORTED),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, 400, UNSUPPORTED),
        ({"grant_type": None, "code": None}, 400, UNSUPPORTED),
        ({"grant_type": "Authorization_Code"}, 400, UNSUPPORTED),
        ({"client_id": "999", "client_secret": None, "code": None}, 401, UNKNOWN),
        ({"client_id": None}, 401, UNKNOWN),
        ({"client_id": "1" + "0" * 40}, 401, UNKNOWN),
        ({"client_id": "１２"}, 401, UNKNOWN),
        ({"client_secret": None, "code": None}, 401, INVALID),
        ({"client_secret": ""}, 401, INVALID),
        ({"client_secret": "wrong", "code": None}, 401, INVALID),
        ({"client_secret": None, "code_verifier": VERIFIER}, 401, INVALID),
        ({"code": None}, 400, NO_CODE),
        ({"code": ""}, 400, NO_CODE),
        ({"code": "f" * 128}, 400, NOT_FOUND),
        ({"code": "x" * 100_000}, 400, NOT_FOUND),
        ({"code": "é🎓"}, 400, NOT_FOUND),
        ({"grant_type": "refresh_token"}, 400, NO_REFRESH),
        ({"grant_type": "refresh_token", "refresh_token": "r" * 64}, 400, ("invalid_grant", "refresh_token not found")),
    ],
)  # fmt: skip
def test_every_refusal_in_its_order(
    bench: OAuthBench, changed: dict[str, str | None], status: int, error: tuple[str, str]
) -> None:
    form = {"grant_type": "authorization_code", "code": "f" * 128, **bench.key().credentials}

    refused(bench.token(form | changed), status, error)


@pytest.mark.parametrize("state", [KeyState.INACTIVE, KeyState.DELETED])
def test_a_key_that_is_not_active_is_unknown(bench: OAuthBench, state: KeyState) -> None:
    client = bench.key()
    code = bench.code(client)
    bench.change_key(client, state=state)

    refused(bench.exchange(client, code), 401, UNKNOWN)


def test_a_key_without_a_secret_is_not_authenticated_by_an_empty_one(bench: OAuthBench) -> None:
    client = bench.key()
    with bench.database.write(Origin(surface="test")) as tx:
        sealed = tx.vault.seal(type(get_key(tx, client.id).secret)(""))
    bench.change_key(client, secret=sealed)

    refused(bench.exchange(client, "c", client_secret=""), 401, INVALID)


def test_a_code_without_grant_type_means_the_code_grant_and_redirect_uri_is_not_looked_at(bench: OAuthBench) -> None:
    client = bench.key()

    without = bench.exchange(client, bench.code(client), grant_type=None)
    other = bench.exchange(client, bench.code(client), redirect_uri="https://other.test/")

    assert without.status_code == other.status_code == 200


def _basic(text: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def test_the_ways_to_send_parameters_and_credentials(bench: OAuthBench) -> None:
    """Form, JSON, all in the query with an empty body (as hypothesis/lms does), HTTP Basic."""
    client = bench.key()
    browser = bench.browser()

    def form() -> dict[str, str]:
        return {"grant_type": "authorization_code", "code": bench.code(client)}

    answers = [
        browser.post(URL, form() | client.credentials),
        browser.post(URL, json=form() | {"client_id": int(client.id), "client_secret": client.secret}),
        browser.post(URL, params=form() | client.credentials),
        browser.post(URL, form(), headers=_basic(f"{client.id}:{client.secret}")),
        browser.post(URL, form(), headers=_basic(f"{client.id}:" + "".join(f"%{ord(c):02x}" for c in client.secret))),
        browser.post(URL, form() | client.credentials, headers=_basic("999:wrong")),
        browser.post(URL, form() | {"client_secret": client.secret}, headers=_basic(f"{client.id}:wrong")),
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [200] * 7


@pytest.mark.parametrize("header", ["Basic", "Basic %%%", "Basic bm9jb2xvbg==", "Basic /w==", "Basic OnM=", "Digest x"])
def test_basic_credentials_that_cannot_be_read_are_none(bench: OAuthBench, header: str) -> None:
    answer = bench.browser().post(
        URL, {"grant_type": "authorization_code", "code": "c"}, headers={"authorization": header}
    )

    assert (answer.status_code, answer.json()["error_description"]) == (401, "unknown client")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"code": []}', "application/json"),
        (b'{"code": "a", "code": "b"}', "application/json"),
        (b'{"code": "\\u0000"}', "application/json"),
        (b"\xef\xbb\xbf{}", "application/json"),
        (b"{}", "application/json; charset=utf-16"),
        (b"code=%00", "application/x-www-form-urlencoded"),
        (b"code=%ff", "application/x-www-form-urlencoded"),
        (b"code[]=x", "application/x-www-form-urlencoded"),
        (b"scope[a]=b", "application/x-www-form-urlencoded"),
        (b"code=a&code=b", "application/x-www-form-urlencoded"),
        (b"\xef\xbb\xbfcode=a", "application/x-www-form-urlencoded"),
        (b"a" * 300_000, "application/x-www-form-urlencoded"),
        (b"--b\r\n", "multipart/form-data; boundary=b"),
        (b"code=a", "text/plain"),
        (b"", "application/json"),
    ],
)
def test_a_body_that_cannot_be_read_is_400_in_json(bench: OAuthBench, body: bytes, kind: str) -> None:
    answer = bench.browser().post(URL, content=body, headers={"content-type": kind})

    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.headers["cache-control"] == "no-store"


def test_an_encoded_body_is_not_unpacked(bench: OAuthBench) -> None:
    answer = bench.browser().post(URL, content=b"\x1f\x8b", headers={"content-encoding": "gzip"})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_parameter_in_query_and_body_is_refused(bench: OAuthBench) -> None:
    client = bench.key()

    answer = bench.browser().post(f"{URL}?client_id=999", {"code": "c", **client.credentials})

    refused(answer, 400, ("invalid_request", "client_id must not be given more than once"))


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
def test_tokens_are_given_out_to_post_only(bench: OAuthBench, method: str) -> None:
    client = bench.key()
    query = {"grant_type": "authorization_code", "code": bench.code(client), **client.credentials}

    answer = bench.browser().request(method, URL, params=query)

    assert answer.status_code == 405
    assert bench.tokens("pat", client) == ()
