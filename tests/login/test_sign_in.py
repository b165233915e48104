"""``/login`` and ``/logout``: who gets in, who must wait, and when a session is over."""

import pytest
from sqlalchemy import delete

from keystead.storage.schema import sessions
from keystead.storage.transaction import Origin
from oauth_bench import NORTH, Browser, OAuthBench

HOUR = 3600


def is_in(browser: Browser) -> bool:
    """Whether the browser's person is signed in."""
    return browser.get("/profile/settings").status_code == 200


@pytest.mark.parametrize(
    ("login", "password", "status"),
    [
        ("pat", "correct horse", 302),
        (" PAT ", "correct horse", 302),
        ("pat", "correct horse ", 401),
        ("pat", "", 401),
        ("sue", "correct horse", 401),
        ("nobody", "correct horse", 401),
        ("", "", 401),
    ],
)
def test_who_gets_in(bench: OAuthBench, login: str, password: str, status: int) -> None:
    browser = bench.browser()

    assert browser.sign_in(login, password).status_code == status
    assert is_in(browser) is (status == 302)


def test_a_suspended_person_does_not_get_in(bench: OAuthBench) -> None:
    bench.change_person("pat", state="suspended")

    assert bench.browser().sign_in().status_code == 401


def test_the_session_s_identifier_and_form_value_change_at_the_sign_in(bench: OAuthBench) -> None:
    browser = bench.browser()
    browser.authorize(bench.key())
    before = dict(browser.http.cookies)

    answer = browser.sign_in()

    planted = bench.browser()
    planted.http.cookies.update(before)
    assert before["keystead_session"] != browser.http.cookies["keystead_session"]
    assert before["_csrf_token"] != browser.http.cookies["_csrf_token"]
    assert not is_in(planted)
    lines = [line for line in answer.headers.get_list("set-cookie") if line.startswith("keystead_session")]
    assert ["HttpOnly" in line and "SameSite=Lax" in line and "Secure" not in line for line in lines] == [True]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, 302),
        ({"sec-fetch-site": "none"}, 302),
        ({"origin": "https://evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": f"http://{NORTH}"}, 302),
        ({}, 302),
    ],
)
def test_another_site_cannot_sign_somebody_in(bench: OAuthBench, headers: dict[str, str], status: int) -> None:
    assert bench.browser().sign_in(headers=headers).status_code == status


def test_the_sign_in_page_lets_browsers_tell_where_its_form_comes_from(bench: OAuthBench) -> None:
    """Under "no-referrer" they send ``Origin: null``, and over plain HTTP no ``Sec-Fetch-Site``: nobody got in."""
    assert bench.browser().get("/login").headers["referrer-policy"] == "same-origin"


def test_ten_wrong_tries_stop_this_login_from_this_address_only(bench: OAuthBench) -> None:
    here, elsewhere = bench.browser(), bench.browser(address="192.0.2.7")

    wrong = [here.sign_in(password="wrong").status_code for _ in range(10)]

    assert wrong == [401] * 10
    assert here.sign_in().status_code == 429
    assert here.sign_in("lee").status_code == 302
    assert elsewhere.sign_in().status_code == 302


def test_getting_in_makes_the_failures_forgotten(bench: OAuthBench) -> None:
    browser = bench.browser()

    for _ in range(3):
        for _ in range(9):
            browser.sign_in(password="wrong")
        assert browser.sign_in().status_code == 302


def test_a_hundred_wrong_tries_stop_an_address(bench: OAuthBench) -> None:
    browser = bench.browser()
    crowd = [f"person{number}" for number in range(10)]
    for name in crowd:
        bench.person(name, NORTH)

    wrong = {browser.sign_in(name, "wrong").status_code for name in crowd * 10}

    assert wrong == {401}
    assert browser.sign_in().status_code == 429


def test_signing_out_needs_our_own_form(bench: OAuthBench) -> None:
    browser = bench.browser().signed_in()
    cookies = dict(browser.http.cookies)

    assert browser.get("/logout").status_code == 200
    assert browser.post("/logout").status_code == 422
    assert browser.post("/logout", {"authenticity_token": "wrong"}).status_code == 422
    assert is_in(browser)
    answer = browser.post("/logout", {"authenticity_token": cookies["_csrf_token"]})
    assert (answer.status_code, answer.headers["location"]) == (302, "/login")
    assert "keystead_session" not in browser.http.cookies
    browser.http.cookies.update(cookies)
    assert not is_in(browser)


def test_a_session_ends_after_two_idle_hours(bench: OAuthBench) -> None:
    idle, used = bench.browser().signed_in(), bench.browser().signed_in()

    for _ in range(3):
        bench.clock.pass_seconds(HOUR)
        assert used.get("/logout").status_code == 200

    assert is_in(used)
    assert not is_in(idle)


def test_a_session_ends_after_twelve_hours_however_much_it_is_used(bench: OAuthBench) -> None:
    browser = bench.browser().signed_in()

    for _ in range(11):
        bench.clock.pass_seconds(HOUR)
        assert is_in(browser)
    bench.clock.pass_seconds(HOUR)

    assert not is_in(browser)


def test_an_ended_session_is_nobody_s(bench: OAuthBench) -> None:
    browser = bench.browser().signed_in()
    with bench.database.write(Origin(surface="test")) as tx:
        tx.connection.execute(delete(sessions).where(sessions.c.user_id == bench.people["pat"]))

    assert browser.authorize(bench.key()).headers["location"] == "/login"


@pytest.mark.parametrize("cookie", ["", "x", "a" * 200, '"', "é", "x; keystead_session=y", "\x7f"])
def test_a_cookie_that_is_none_of_ours_is_nobody_s(bench: OAuthBench, cookie: str) -> None:
    answer = bench.browser().get("/login", headers={"cookie": f"keystead_session={cookie}".encode()})

    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_pages_answer_head_with_an_empty_body(bench: OAuthBench, path: str) -> None:
    answer = bench.browser().signed_in().request("HEAD", path)

    assert answer.status_code in (200, 302)
    assert answer.content == b""


@pytest.mark.parametrize("body", [b"%zz", b"%ff", b"a[b=c&" * 10, b"x" * 300_000])
def test_a_form_that_cannot_be_read_is_refused(bench: OAuthBench, body: bytes) -> None:
    for path in ("/login", "/logout", "/login/oauth2/accept"):
        answer = bench.browser().post(path, content=body)

        assert answer.status_code < 500


def test_pages_that_only_read_do_not_wait_for_a_writer(bench: OAuthBench) -> None:
    browser = bench.browser().signed_in()
    browser.authorize(bench.key())

    with bench.database.write(Origin(surface="test")):
        pages = [browser.get(path).status_code for path in ("/login", "/logout", "/login/oauth2/confirm")]

    assert pages == [200, 200, 200]
