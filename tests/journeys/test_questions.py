"""Is every question of docs/questions.md answered where the table says: on a page, over the API, by a command?"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from journeys.browsing import sign_in
from journeys.conftest import ROOT, Installation, running

_ROW = re.compile(r"^\| (\d+)\. [^|]*\| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)
ROWS = {
    int(number): [part.strip().strip("`") for part in parts]
    for number, *parts in _ROW.findall((ROOT / "docs" / "questions.md").read_text())
}
NONE = "–"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("questions")


@pytest.fixture(scope="module")
def installation(home: Path) -> Iterator[Installation]:
    with (home / "keystead.log").open("wb") as log, running(home, f"sqlite:///{home}/keystead.db", log) as started:
        yield started


@pytest.fixture(scope="module")
def admin(installation: Installation) -> Iterator[httpx.Client]:
    with installation.client() as browser:
        sign_in(browser, "admin", "keystead-admin")
        yield browser


@pytest.fixture(scope="module")
def key(admin: httpx.Client) -> str:
    """A key that enforces nothing."""
    csrf = {"X-CSRF-Token": str(admin.cookies["_csrf_token"])}
    made = admin.post("/api/v1/accounts/2/developer_keys", data={"developer_key[name]": "Asked about"}, headers=csrf)
    assert made.status_code == 200, made.text
    return str(made.json()["id"])


def cells(column: int) -> list[tuple[int, str]]:
    """Return what a column of the table holds, by question."""
    return [(number, parts[column]) for number, parts in ROWS.items() if parts[column] != NONE]


def test_all_twenty_questions_are_there() -> None:
    assert sorted(ROWS) == list(range(1, 21))


@pytest.mark.parametrize(("number", "page"), cells(0))
def test_a_question_is_answered_on_its_page(admin: httpx.Client, key: str, number: int, page: str) -> None:
    answer = admin.get(page.format(account=2, key=key))

    assert answer.status_code == 200, (number, answer.text)


@pytest.mark.parametrize(("number", "path"), cells(1))
def test_a_question_is_answered_over_the_api(admin: httpx.Client, key: str, number: int, path: str) -> None:
    answer = admin.get("/api/keystead/v1" + path.format(account=2, key=key))

    assert answer.status_code == 200, (number, answer.text)


@pytest.mark.parametrize(("number", "command"), cells(2))
def test_a_question_is_answered_by_a_command(
    installation: Installation, home: Path, key: str, number: int, command: str
) -> None:
    program, *arguments = shlex.split(command.format(account=2, key=key))
    environment = os.environ | {
        "KEYSTEAD_DATABASE_URL": f"sqlite:///{home}/keystead.db",
        "KEYSTEAD_SECRET_KEY": "a master secret of the journeys that is long enough",
    }
    done = subprocess.run(
        [sys.executable, "-m", "keystead.cli", *arguments], env=environment, cwd=home, capture_output=True, check=False
    )  # fmt: skip

    assert program == "keystead"
    assert installation.url
    assert done.returncode in ((0, 1) if arguments[0] == "explain" else (0,)), (number, done.stderr)
    assert done.stdout or number in (6, 16)  # nobody has switched or asked yet
