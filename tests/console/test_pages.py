"""Who sees which page, and what a form needs to be heard."""

import pytest

from keystead.console.manners import NO_PERMISSION
from oauth_bench import NORTH, OAuthBench


@pytest.mark.parametrize("account", ["self", "site_admin"])
def test_who_may_not_manage_keys_is_sent_home_and_told_so(bench: OAuthBench, account: str) -> None:
    browser = bench.browser().signed_in()

    sent = browser.get(f"/accounts/{account}/developer_keys")
    home = browser.get(sent.headers["location"])

    assert (sent.status_code, sent.headers["location"]) == (302, "/")
    assert NO_PERMISSION in home.text.replace("&#39;", "'")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/profile/settings",
        "/profile/settings/tokens/new",
        "/accounts",
        "/accounts/self/developer_keys",
        "/console/explain",
        "/console/audit",
        "/console/audit.csv",
        "/console/patterns",
    ],
)
def test_who_is_not_signed_in_signs_in_first(bench: OAuthBench, path: str) -> None:
    answer = bench.browser().get(path)

    assert (answer.status_code, answer.headers["location"]) == (302, "/login")


def test_a_form_from_elsewhere_changes_nothing(bench: OAuthBench) -> None:
    browser = bench.browser().signed_in()

    answer = browser.post("/profile/settings/tokens", {"token[purpose]": "x", "authenticity_token": "wrong"})

    assert answer.status_code == 422
    assert bench.audited("token.created") == []


def test_a_person_makes_sees_and_revokes_a_token(bench: OAuthBench) -> None:
    bench.person("una", NORTH)
    browser = bench.browser(NORTH).signed_in("una")
    value = browser.get("/profile/settings/tokens/new").text.split('name="authenticity_token" value="')[1].split('"')[0]
    form = {"authenticity_token": value}

    empty = browser.post("/profile/settings/tokens", form | {"token[purpose]": " "})
    made = browser.post("/profile/settings/tokens", form | {"token[purpose]": "grading script"})
    listed = browser.get("/profile/settings").text
    token_id = listed.split("/profile/settings/tokens/")[2].split('"')[0].split("/")[0]
    revoked = browser.post(f"/profile/settings/tokens/{token_id}/revoke", form)

    assert empty.status_code == 400
    assert "Purpose is required." in empty.text
    assert made.status_code == 200
    assert made.headers["cache-control"] == "no-store"
    assert "grading script" in listed
    assert revoked.status_code == 302
    assert "grading script" not in browser.get("/profile/settings").text


def test_an_address_that_is_no_page_is_answered_with_one_for_people(bench: OAuthBench) -> None:
    browser = bench.browser(NORTH)

    page = browser.get("/no/such/page", headers={"accept": "text/html,application/xhtml+xml"})
    line = browser.get("/no/such/page", headers={"accept": "*/*"})

    assert (page.status_code, line.status_code) == (404, 404)
    assert "There is no such page" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert line.text == "Not Found"
