"""Do pages speak as a person chose, and is that written down?"""

import pytest

from console.test_key_pages import send, words
from oauth_bench import NORTH, OAuthBench

PROFILE = "/profile/settings"
PREFERENCES = f"{PROFILE}/preferences"


def test_a_language_and_a_zone_are_kept_and_used(bench: OAuthBench) -> None:
    bench.person("yan", NORTH)
    browser = bench.browser(NORTH).signed_in("yan")

    saved = send(browser, PROFILE, PREFERENCES, ("locale", "de"), ("time_zone", "Asia/Tokyo"))
    page = browser.get(PROFILE)
    send(browser, PROFILE, PREFERENCES, ("locale", "de"), ("time_zone", "Asia/Tokyo"))
    send(browser, PROFILE, PREFERENCES, ("locale", ""), ("time_zone", ""))
    usual = browser.get(PROFILE)

    assert saved.headers["location"] == "/profile/settings#preferences"
    assert '<html lang="de">' in page.text
    assert '<option value="de" selected>Deutsch</option>' in page.text
    assert '<option value="Asia/Tokyo" selected>Tokyo</option>' in page.text
    assert " JST" in words(page)
    assert '<html lang="en">' in usual.text
    assert " JST" not in words(usual)
    first, second = bench.audited("user.updated")
    assert (first.before, first.after) == (
        {"locale": None, "time_zone": None},
        {"locale": "de", "time_zone": "Asia/Tokyo"},
    )
    assert second.after == {"locale": None, "time_zone": None}


@pytest.mark.parametrize(
    ("locale", "zone"), [("xx", ""), ("", "Mars/Olympus"), ("", "../../etc/passwd"), ("", "right/Europe/Berlin")]
)
def test_what_is_not_among_the_choices_changes_nothing(bench: OAuthBench, locale: str, zone: str) -> None:
    browser = bench.browser(NORTH).signed_in()

    answer = send(browser, PROFILE, PREFERENCES, ("locale", locale), ("time_zone", zone))

    assert answer.status_code == 400
    assert "is not one of the choices" in words(answer)
    assert bench.audited("user.updated") == []


def test_what_a_person_has_stays_though_it_cannot_be_chosen(bench: OAuthBench) -> None:
    bench.person("zoe", NORTH)
    bench.change_person("zoe", locale="en-GB", time_zone="Mountain Time (US & Canada)")
    browser = bench.browser(NORTH).signed_in("zoe")

    page = browser.get(PROFILE)
    saved = send(
        browser, PROFILE, PREFERENCES, ("locale", "en-GB"), ("time_zone", "Mountain Time (US & Canada)")
    )  # fmt: skip

    assert '<option value="en-GB" selected>' in page.text
    assert '<option value="Mountain Time (US &amp; Canada)" selected>' in page.text
    assert saved.status_code == 302
    assert bench.audited("user.updated") == []
