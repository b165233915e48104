"""Does a page tell what a key was used for, in exact figures, and only what is this institution's business?"""

import re

import pytest

from console.test_key_pages import admin, keys, words
from keystead.console.charts import HEIGHT, Column, bar_chart
from keystead.core.bindings import BindingState
from keystead.core.instants import DAY
from keystead.core.usage import date_of
from oauth_bench import NORTH, SOUTH, USERS, Browser, Client, OAuthBench

__all__ = ["admin", "keys"]

PAGES = "url:GET|/api/v1/courses/:course_id/pages"


def used_key(bench: OAuthBench, **values: object) -> Client:
    """Return a key with two scopes of which one was used: three calls by two people, and two that were refused."""
    key = bench.key(name="Busy", scopes=(PAGES, USERS), require_scopes=True, **values)
    for login, paths in (
        ("pat", ("/api/v1/courses/7/pages", "/api/v1/courses/8/pages", "/api/v1/courses")),
        ("lee", ("/api/v1/courses/7/pages", "/api/v1/courses")),
    ):
        token = bench.issued(key, login=login, scope=f"{PAGES} {USERS}")["access_token"]
        for path in paths:
            bench.call(token, path)
    return key


def table(page: str, name: str) -> list[list[str]]:
    """Return the cells of the table with this name."""
    found = re.search(rf'<table[^>]*aria-labelledby="{name}".*?</table>', page, re.DOTALL)
    assert found is not None, name
    rows = found.group(0).split("<tr")[2:]
    cells = [re.findall(r"<(?:td|th)[^>]*>(.*?)</(?:td|th)>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in row] for row in cells]


def test_calls_are_told_by_day_endpoint_outcome_person_and_course(
    bench: OAuthBench, admin: Browser, keys: str
) -> None:  # fmt: skip
    key = used_key(bench)

    page = admin.get(f"{keys}/{key.id}/usage")
    today = date_of(bench.clock.now // DAY)

    assert page.status_code == 200
    assert "5 calls, 2 of them refused; 2 people." in words(page)
    assert table(page.text, "calls") == [[today, "5", "2", "2"]]
    assert table(page.text, "by-scope") == [
        ["GET /api/v1/courses/:course_id/pages", "Yes", "3", "0", "2"],
        ["GET /api/v1/courses", "No", "2", "2", "2"],
        ["GET /api/v1/users/:id", "Yes, never used", "0", "0", "0"],
    ]
    assert table(page.text, "by-outcome") == [["Passed", "3", "0", "2"], ["scope_missing", "2", "2", "2"]]
    assert table(page.text, "by-person") == [["Pat Person", "3", "1"], ["Lee Person", "2", "1"]]
    assert table(page.text, "by-course") == [["7", "2", "0"], ["8", "1", "0"]]
    assert page.text.count('class="chart-slot"') == 30
    assert page.text.count('class="chart-passed"') == page.text.count('class="chart-refused"') == 1
    assert " style=" not in page.text


def test_the_files_hold_what_the_page_tells(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = used_key(bench)

    page = admin.get(f"{keys}/{key.id}/usage").text
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="(/api/[^"]*)"', page)]
    by_course = next(link for link in links if "group_by=course" in link)
    file = admin.get(by_course)

    assert {re.search(r"group_by=(\w+)", link).group(1) for link in links} == {  # type: ignore[union-attr]
        "day", "scope", "outcome", "person", "network", "course",
    }  # fmt: skip
    assert file.text.splitlines() == ["course,calls,allowed,refused", "7,2,2,0", "8,1,1,0"]


def test_a_period_is_chosen_by_its_days(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = used_key(bench)
    bench.clock.pass_seconds(10 * 86_400)
    bench.administrator("ada", NORTH)
    admin = bench.browser(NORTH).signed_in("ada")
    address, then = f"{keys}/{key.id}/usage", date_of(bench.clock.now // DAY - 10)

    week = admin.get(f"{address}?from={date_of(bench.clock.now // DAY - 6)}")
    that_day = admin.get(f"{address}?from={then}&to={then}")
    year = admin.get(f"{address}?from={date_of(bench.clock.now // DAY - 364)}")
    wrong = admin.get(f"{address}?from=tomorrow")

    assert "0 calls" in words(week)
    assert "No call was counted in these days." in words(week)
    assert week.text.count('aria-current="page"') == 1
    assert "5 calls" in words(that_day)
    assert "Calls by month" in words(year)
    assert table(year.text, "calls") == [[then[:7], "5", "2", "2"]]
    assert wrong.status_code == 400
    assert "These days could not be read" in words(wrong)
    assert "5 calls" in words(wrong)


@pytest.mark.parametrize(
    "asked", ["from=0001-01-01", "to=0001-01-01", "to=9999-12-31", "from=2000-01-01&to=1999-01-01"]
)
def test_days_far_away_are_refused_in_words(bench: OAuthBench, admin: Browser, keys: str, asked: str) -> None:
    """Days before the calendar of the machine once ended in a failure."""
    key = bench.key()

    assert admin.get(f"{keys}/{key.id}/usage?{asked}").status_code == 400


def test_of_an_inherited_key_only_own_calls_are_told(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = used_key(bench, owner=None, visible=True)
    bench.bind(key, bench.accounts[SOUTH], BindingState.ON)
    code = bench.code(key, login="sue", host=SOUTH, scope=f"{PAGES} {USERS}")
    token = bench.token(
        {"grant_type": "authorization_code", "code": code, **key.credentials, "redirect_uri": "https://tool.test/cb"},
        headers={"host": SOUTH},
    ).json()["access_token"]
    for _ in range(4):
        bench.call(token, "/api/v1/courses/9/pages", host=SOUTH)
    bench.administrator("root", None, NORTH)
    site = bench.browser(NORTH).signed_in("root")

    here = admin.get(f"{keys}/{key.id}/usage")
    everywhere = site.get(f"/accounts/site_admin/developer_keys/{key.id}/usage")
    theirs = bench.key(owner=SOUTH, on=SOUTH)

    assert "5 calls" in words(here)
    assert "Only calls to this institution’s own hosts are counted here." in words(here)
    assert "9 calls" in words(everywhere)
    assert f'href="{keys}/{key.id}/usage"' in admin.get(f"{keys}?tab=inherited&q={key.id}").text
    assert admin.get(f"{keys}/{theirs.id}/usage").status_code == 404
    assert bench.browser(NORTH).signed_in("pat").get(f"{keys}/{key.id}/usage").headers["location"] == "/"


def test_the_words_of_callers_never_become_markup(bench: OAuthBench, admin: Browser, keys: str) -> None:
    key = bench.key(name="<b>Bold</b>", scopes=(PAGES,), require_scopes=True)
    token = bench.issued(key, scope=PAGES)["access_token"]
    bench.call(token, "/api/v1/courses/sis_course_id:%3Cscript%3E/pages")

    page = admin.get(f"{keys}/{key.id}/usage").text

    assert "<script>" not in page.replace('<script src="', "")
    assert "<b>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("calls", "top", "heights"),
    [
        ([(0, 0)], 2, [(0, 0)]),
        ([(1, 0), (2, 0)], 2, [(HEIGHT // 2, 0), (HEIGHT, 0)]),
        ([(1, 0), (1_000, 0)], 1_000, [(2, 0), (HEIGHT, 0)]),
        ([(40, 60)], 100, [(64, 96)]),
        ([(1_000, 1)], 2_000, [(80, 2)]),
        ([(999, 1)], 1_000, [(HEIGHT - 2, 2)]),
    ],
)
def test_bars_are_as_tall_as_their_calls(
    calls: list[tuple[int, int]], top: int, heights: list[tuple[int, int]]
) -> None:
    chart = bar_chart([Column(label="", allowed=allowed, refused=refused) for allowed, refused in calls])

    assert chart.top == top
    assert [(bar.allowed_height, bar.refused_height) for bar in chart.bars] == heights
    assert all(bar.refused_y >= 0 for bar in chart.bars)
    assert all(bar.refused_y + bar.refused_height + bar.allowed_height == HEIGHT for bar in chart.bars)
    assert chart.bars[-1].x + chart.bars[-1].width <= 100
