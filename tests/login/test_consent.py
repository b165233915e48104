"""``confirm``, ``accept``, ``deny``, out-of-band, and when nobody is asked."""

import asyncio

import httpx
import pytest

from keystead.core.accounts import Policy
from keystead.core.bindings import BindingState
from keystead.core.keys import KeyState
from oauth_bench import CALLBACK, COURSES, NORTH, OOB, SOUTH, Browser, Client, OAuthBench, told

NO_PENDING = "Invalid or missing session for oauth"
USERINFO = "/auth/userinfo"


def plainly(answer: httpx.Response) -> tuple[int, str]:
    """Return status and words of a plain text answer."""
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.status_code, answer.text


def asked(bench: OAuthBench, client: Client | None = None, /, **more: str) -> Browser:
    """Return a browser that shows the consent page."""
    browser = bench.browser().signed_in()
    sent = browser.authorize(client or bench.key(), **more)
    assert sent.headers["location"] == "/login/oauth2/confirm"
    return browser


def is_asked(bench: OAuthBench, client: Client, **more: str) -> bool:
    """Whether somebody who is signed in is asked."""
    return bench.browser().signed_in().authorize(client, **more).headers["location"] == "/login/oauth2/confirm"


@pytest.mark.parametrize("signed_in", [True, False])
def test_confirm_without_a_request_says_so_on_the_next_page(bench: OAuthBench, signed_in: bool) -> None:
    browser = bench.browser().signed_in() if signed_in else bench.browser()

    answer = browser.get("/login/oauth2/confirm")
    page = browser.get("/login")
    while page.status_code == 302:
        page = browser.get(page.headers["location"])

    assert (answer.status_code, answer.headers["location"]) == (302, "/login")
    assert "Must submit new OAuth2 request" in page.text
    assert "Must submit new OAuth2 request" not in browser.get("/login").text


def test_confirm_without_a_sign_in_leads_to_it(bench: OAuthBench) -> None:
    browser = bench.browser()
    browser.authorize(bench.key())

    answer = browser.get("/login/oauth2/confirm")

    assert (answer.status_code, answer.headers["location"]) == (302, "/login")


def test_the_consent_page_says_who_asks_as_whom_and_is_framed_by_nobody(bench: OAuthBench) -> None:
    page = asked(bench, bench.key(name="<b>Tool</b>")).get("/login/oauth2/confirm")

    assert page.status_code == 200
    assert "&lt;b&gt;Tool&lt;/b&gt;" in page.text
    assert "<b>Tool" not in page.text
    assert "You are authorizing this app as" in page.text
    assert ">Authorize</button>" in page.text
    assert ">Cancel</button>" in page.text
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("uri", "targets"),
    [
        (CALLBACK, "form-action 'self' https://tool.test https:;"),
        ("http://tool.test:81/cb", "form-action 'self' http://tool.test:81 https: http:;"),
        ("myapp://cb", "form-action 'self' myapp: https:;"),
        (OOB, "form-action 'self';"),
    ],
)
def test_forms_may_lead_to_the_client_and_on_from_there(bench: OAuthBench, uri: str, targets: str) -> None:
    """docs/decisions/0007-consent-form-targets.md"""
    browser = bench.browser()
    browser.authorize(bench.key(redirect_uris=(uri,)), redirect_uri=uri)

    before = browser.get("/login").headers["content-security-policy"]
    browser.sign_in()
    page = browser.get("/login/oauth2/confirm").headers["content-security-policy"]

    assert targets in before
    assert targets in page
    assert "form-action 'self';" in bench.browser().get("/login").headers["content-security-policy"]


def test_the_anti_forgery_value_is_48_hexadecimal_characters_and_lasts_for_one_request(bench: OAuthBench) -> None:
    browser = asked(bench)
    first, reloaded = browser.form_value(), browser.form_value()
    browser.authorize(bench.key())
    second = browser.form_value()

    assert len(first) == 48
    assert set(first) <= set("0123456789abcdef")
    assert first == reloaded != second
    stale = browser.post("/login/oauth2/accept", {"custom_csrf_token": first})
    assert plainly(stale) == (400, "Invalid custom CSRF token")
    assert bench.codes() == []


@pytest.mark.parametrize("page", ["accept", "deny"])
def test_without_a_pending_request_nothing_else_is_looked_at(bench: OAuthBench, page: str) -> None:
    for browser in (bench.browser(), bench.browser().signed_in()):
        assert plainly(browser.post(f"/login/oauth2/{page}")) == (400, NO_PENDING)
        assert plainly(browser.post(f"/login/oauth2/{page}", {"custom_csrf_token": "x"})) == (400, NO_PENDING)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Missing custom CSRF token"),
        ({"custom_csrf_token": ""}, "Missing custom CSRF token"),
        ({"custom_csrf_token": "x"}, "Invalid custom CSRF token"),
        ({"custom_csrf_token[]": "x"}, "Invalid custom CSRF token"),
    ],
)
def test_consent_needs_the_page_s_own_value(bench: OAuthBench, form: dict[str, str], words: str) -> None:
    browser = asked(bench)

    assert plainly(browser.post("/login/oauth2/accept", form)) == (400, words)
    assert bench.codes() == []
    assert "code" in told(browser.accept())


def test_another_session_s_value_is_refused(bench: OAuthBench) -> None:
    client = bench.key()
    mine, theirs = asked(bench, client), asked(bench, client)

    answer = mine.post("/login/oauth2/accept", {"custom_csrf_token": theirs.form_value()})

    assert plainly(answer) == (400, "Invalid custom CSRF token")


def test_a_page_from_before_somebody_else_signed_in_grants_nothing(bench: OAuthBench) -> None:
    browser = asked(bench)
    value = browser.form_value()
    browser.signed_in("lee")

    answer = browser.post("/login/oauth2/accept", {"custom_csrf_token": value})

    assert plainly(answer) == (400, "Invalid custom CSRF token")
    assert "Lee" in browser.get("/login/oauth2/confirm").text


@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_consent_by_script_is_refused(bench: OAuthBench, mode: str) -> None:
    browser = asked(bench)
    form = {"custom_csrf_token": browser.form_value()}

    assert browser.post("/login/oauth2/accept", form, headers={"sec-fetch-mode": mode}).status_code == 403
    assert browser.post("/login/oauth2/accept", form, headers={"sec-fetch-mode": "navigate"}).status_code == 302


def test_consent_gives_one_code_and_the_request_is_gone(bench: OAuthBench) -> None:
    browser = asked(bench, state="s", scope=COURSES)
    form = {"custom_csrf_token": browser.form_value(), "scope": "more", "redirect_uri": "https://evil.test/"}

    answer = browser.post("/login/oauth2/accept", form)
    again = browser.post("/login/oauth2/accept", form)

    (code,) = bench.codes()
    assert answer.headers["location"].startswith(f"{CALLBACK}?code=")
    assert list(told(answer)) == ["code", "state"]
    assert code.scopes == COURSES
    assert plainly(again) == (400, NO_PENDING)
    assert len(bench.audited("consent.granted")) == 1


@pytest.mark.parametrize(("method", "form"), [("GET", False), ("POST", False), ("POST", True)])
def test_a_refusal_is_told_without_description(bench: OAuthBench, method: str, form: bool) -> None:
    browser = asked(bench, state="s")
    sent = {"custom_csrf_token": browser.form_value()} if form else None

    answer = browser.request(method, "/login/oauth2/deny", data=sent)

    assert answer.headers["location"] == f"{CALLBACK}?error=access_denied&state=s"
    assert plainly(browser.post("/login/oauth2/deny")) == (400, NO_PENDING)


def test_a_stale_page_s_refusal_does_not_refuse_another_request(bench: OAuthBench) -> None:
    browser = asked(bench)

    answer = browser.post("/login/oauth2/deny", {"custom_csrf_token": "stale"})

    assert plainly(answer) == (400, "Invalid custom CSRF token")
    assert "code" in told(browser.accept())


def test_refusing_can_be_limited_to_post(bench: OAuthBench) -> None:
    browser = asked(bench)
    bench.set_policies(NORTH, Policy.POST_ONLY_DENY)

    answer = browser.get("/login/oauth2/deny")

    assert plainly(answer) == (405, "This endpoint requires a POST request")
    assert answer.headers["allow"] == "POST"
    assert told(browser.post("/login/oauth2/deny")) == {"error": "access_denied"}


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"state": KeyState.INACTIVE}, "unauthorized_client"),
        ({"require_scopes": True}, "invalid_scope"),
        ({"redirect_uris": ("https://new.test/",)}, None),
    ],
)
def test_a_key_that_changed_while_the_person_read_gets_no_code(
    bench: OAuthBench, change: dict[str, object], outcome: str | None
) -> None:
    client = bench.key()
    shown, reading = asked(bench, client), asked(bench, client)
    value = shown.form_value()
    bench.change_key(client, **change)

    answers = [shown.post("/login/oauth2/accept", {"custom_csrf_token": value}), reading.get("/login/oauth2/confirm")]

    for answer in answers:
        if outcome is None:
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        else:
            assert told(answer)["error"] == outcome
    assert bench.codes() == []


def test_a_binding_switched_off_while_the_person_signs_in_is_heard(bench: OAuthBench) -> None:
    client = bench.key(trusted=True)
    browser = bench.browser()
    browser.authorize(client)
    bench.bind(client, bench.accounts[NORTH], BindingState.OFF)

    assert told(browser.sign_in())["error"] == "unauthorized_client"


@pytest.mark.parametrize(("answer", "shown"), [("accept", "code"), ("deny", "error")])
def test_out_of_band_ends_on_our_own_page(bench: OAuthBench, answer: str, shown: str) -> None:
    browser = asked(bench, bench.key(redirect_uris=(OOB,), trusted=True), redirect_uri=OOB, state="s")

    sent = browser.accept() if answer == "accept" else browser.post("/login/oauth2/deny")

    assert sent.headers["location"].startswith(f"http://{NORTH}/login/oauth2/auth?{shown}=")
    assert list(told(sent)) == [shown, "state"]
    page = browser.get(sent.headers["location"])
    assert page.status_code == 200
    assert told(sent)[shown] in page.text


def test_out_of_band_is_never_granted_without_asking(bench: OAuthBench) -> None:
    client = bench.key(redirect_uris=(OOB,), trusted=True)

    answer = bench.browser().signed_in().authorize(client, redirect_uri=OOB, prompt="none")

    assert told(answer)["error"] == "interaction_required"


def test_a_valid_token_alone_spares_no_question(bench: OAuthBench) -> None:
    client = bench.key()
    bench.issued(client, scope=COURSES, purpose="p")

    assert is_asked(bench, client, scope=COURSES, purpose="p")


def test_a_trusted_key_s_users_are_not_asked(bench: OAuthBench) -> None:
    assert not is_asked(bench, bench.key(trusted=True))


def test_identity_is_remembered_for_the_same_explicit_purpose(bench: OAuthBench) -> None:
    client = bench.key(require_scopes=True, scopes=(USERINFO,))

    def consent(remember: str, purpose: str) -> None:
        browser = asked(bench, client, scope=USERINFO, purpose=purpose)
        assert 'name="remember_access"' in browser.get("/login/oauth2/confirm").text
        bench.exchange(client, told(browser.accept(remember_access=remember))["code"])

    consent("0", "p")
    forgotten = is_asked(bench, client, scope=USERINFO, purpose="p")
    consent("1", "p")
    remembered = not is_asked(bench, client, scope=USERINFO, purpose="p")

    assert forgotten
    assert remembered
    assert is_asked(bench, client, scope=USERINFO, purpose="q")
    assert is_asked(bench, client, scope=USERINFO)
    before = len(bench.tokens("pat", client))
    assert bench.issued(client, scope=USERINFO, purpose="p")["access_token"] is None
    assert len(bench.tokens("pat", client)) == before


def test_a_purpose_that_was_not_given_is_not_found_again(bench: OAuthBench) -> None:
    """The token bears the key's name, the look-up asks for none; so it is in Canvas."""
    client = bench.key(force_token_reuse=True)
    bench.issued(client)

    assert is_asked(bench, client)


def test_people_are_signed_in_per_host(bench: OAuthBench) -> None:
    client = bench.key(owner=None, on=NORTH)
    bench.bind(client, bench.accounts[SOUTH], BindingState.ON)
    north = bench.browser().signed_in("lee")
    south = bench.browser(SOUTH)
    south.http.cookies.update(dict(north.http.cookies))

    assert north.authorize(client).headers["location"] == "/login/oauth2/confirm"
    assert south.authorize(client).headers["location"] == "/login"
    assert bench.browser(SOUTH).sign_in("pat").status_code == 401
    assert bench.browser(SOUTH).signed_in("lee").authorize(client).headers["location"] == "/login/oauth2/confirm"


def test_somebody_suspended_on_the_way_is_not_signed_in_any_more(bench: OAuthBench) -> None:
    browser = asked(bench)
    value = browser.form_value()
    bench.change_person("pat", state="suspended")

    assert browser.post("/login/oauth2/accept", {"custom_csrf_token": value}).headers["location"] == "/login"
    assert bench.codes() == []


def test_of_answers_given_at_once_one_counts(bench: OAuthBench) -> None:
    """Five clicks on Authorize used to give five codes on PostgreSQL."""
    browser = asked(bench)
    form = {"custom_csrf_token": browser.form_value()}

    async def rush() -> list[httpx.Response]:
        return await asyncio.gather(*(browser.http.post("/login/oauth2/accept", data=form) for _ in range(5)))

    answers = bench.loop.run(rush())

    assert sorted(answer.status_code for answer in answers) == [302, 400, 400, 400, 400]
    assert len(bench.codes()) == 1
