"""Does a person see where they are signed in, and can they end that, theirs and nobody else's?"""

import re

import httpx

from console.test_key_pages import send, words
from keystead.core.ids import UserId
from keystead.core.instants import DAY, HOUR, MINUTE, SECOND
from keystead.storage.schema import sessions
from keystead.storage.transaction import Origin
from oauth_bench import NORTH, SOUTH, Browser, OAuthBench

PROFILE = "/profile/settings"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)


def browser_of(bench: OAuthBench, login: str, agent: str, address: str, host: str = NORTH) -> Browser:
    """Return a browser of this kind, at this address, in which somebody is signed in."""
    browser = bench.browser(host, address)
    browser.http.headers["user-agent"] = agent
    return browser.signed_in(login)


def rows(answer: httpx.Response) -> list[str]:
    """Return the lines of the list of sessions."""
    table = answer.text.partition('id="sessions"')[2].partition("<tbody")[2].partition("</tbody>")[0]
    return [words(httpx.Response(200, text=row)) for row in table.split('<tr role="row">')[1:]]


def ends(answer: httpx.Response) -> list[str]:
    """Return the addresses that end other sessions."""
    return re.findall(r'action="(/profile/settings/sessions/\d+/end)"', answer.text)


def is_in(browser: Browser) -> bool:
    return browser.get("/").status_code == 200


def test_the_list_says_which_browser_where_and_when(bench: OAuthBench) -> None:
    bench.person("sara", NORTH)
    bench.change_person("sara", time_zone="UTC", locale="en")
    bench.clock.pass_seconds((8 * HOUR - bench.clock.now % DAY) % DAY / SECOND)
    browser_of(bench, "sara", PHONE, "192.0.2.7")
    bench.clock.pass_seconds(HOUR / SECOND)
    desk = browser_of(bench, "sara", FIREFOX, "198.51.100.4")

    here, there = rows(desk.get(PROFILE))

    assert re.fullmatch(r"Firefox, Windows 198.51.100.4( \d+ \w+ \d+, 09:00 UTC){2} This browser", here)
    assert re.match(r"Safari, iPhone 192.0.2.7( \d+ \w+ \d+, 08:00 UTC){2} Sign out there", there)


def test_one_other_browser_is_signed_out_and_no_other(bench: OAuthBench) -> None:
    bench.person("tom", NORTH)
    desk, phone, tablet = (browser_of(bench, "tom", FIREFOX, f"192.0.2.{number}") for number in range(3))
    first = ends(desk.get(PROFILE))[0]

    done = send(desk, PROFILE, first)
    again = send(desk, PROFILE, first)

    assert done.headers["location"] == "/profile/settings#sessions"
    assert [is_in(one) for one in (desk, phone, tablet)] == [True, True, False]
    assert again.status_code == 404
    (entry,) = bench.audited("session.ended")
    assert entry.before == {"browser": "Firefox, Windows", "address": "192.0.2.2"}
    assert entry.subject_id == entry.user_id == bench.people["tom"]


def test_signing_out_everywhere_ends_every_session_of_this_person(bench: OAuthBench) -> None:
    bench.person("una2", NORTH, SOUTH)
    here, there = browser_of(bench, "una2", FIREFOX, "192.0.2.1"), browser_of(bench, "una2", PHONE, "192.0.2.2", SOUTH)
    other = bench.browser(NORTH).signed_in("pat")

    done = send(here, PROFILE, f"{PROFILE}/sessions/end")

    assert done.headers["location"] == "/login"
    assert [is_in(one) for one in (here, there, other)] == [False, False, True]
    (entry,) = bench.audited("session.all_ended")
    assert entry.after == {"sessions_ended": 2}


def test_nobody_ends_the_session_of_another_person(bench: OAuthBench) -> None:
    bench.person("vera", NORTH)
    theirs = bench.browser(NORTH).signed_in("vera")
    mine = bench.browser(NORTH).signed_in("pat")
    own = bench.browser(NORTH).signed_in("vera")

    refused = send(mine, PROFILE, ends(own.get(PROFILE))[0])
    forged = mine.post(f"{PROFILE}/sessions/end", {"authenticity_token": "wrong"})

    assert (refused.status_code, forged.status_code) == (404, 422)
    assert is_in(theirs)
    assert is_in(mine)


def test_who_acts_behind_a_mask_neither_sees_nor_ends_sessions(bench: OAuthBench) -> None:
    bench.person("wilma", NORTH)
    masked = bench.browser(NORTH).signed_in("wilma")
    with bench.database.write(Origin(surface="test")) as tx:
        mine = sessions.c.user_id == UserId(bench.people["wilma"])
        tx.connection.execute(sessions.update().where(mine).values(real_user_id=bench.people["lee"]))
    own = bench.browser(NORTH).signed_in("wilma")

    assert "an administrator acting as you" in words(own.get(PROFILE))
    assert "Where you are signed in" not in words(masked.get(PROFILE))
    assert send(masked, PROFILE, f"{PROFILE}/sessions/end").headers["location"] == "/"
    assert is_in(own)


def test_the_last_use_is_noted_once_in_ten_minutes(bench: OAuthBench) -> None:
    bench.person("xena", NORTH)
    browser = bench.browser(NORTH).signed_in("xena")

    def seen_after(minutes: int) -> int:
        bench.clock.pass_seconds(minutes * MINUTE / SECOND)
        browser.get("/")
        with bench.database.read() as tx:
            row = tx.connection.execute(sessions.select().where(sessions.c.user_id == bench.people["xena"])).one()
        return int((bench.clock.now - row.seen_at) / MINUTE)

    assert [seen_after(minutes) for minutes in (9, 1, 5, 6)] == [9, 0, 5, 0]
