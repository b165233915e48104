"""``keystead explain``: what it prints, and what its exit status says."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from databases import MASTER, SITE_TOKEN, fresh_installation
from keystead.app import system_clock
from keystead.cli.main import app


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    database = fresh_installation(tmp_path, system_clock)
    monkeypatch.setenv("KEYSTEAD_DATABASE_URL", str(database.engine.url))
    monkeypatch.setenv("KEYSTEAD_SECRET_KEY", MASTER)
    monkeypatch.chdir(tmp_path)
    database.close()
    return tmp_path


def run(*arguments: str, given: str | None = None) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["explain", "--method", "get", *arguments], input=given)
    return done.exit_code, done.output


def test_a_call_that_would_pass_exits_with_0(home: Path) -> None:
    status, printed = run("--path", "/api/v1/courses?include[]=x", "--token-id", "1", "--json")

    told = json.loads(printed)
    assert (status, told["decision"], told["method"]) == (0, "allow", "GET")


def test_one_that_is_refused_exits_with_1_and_says_what_would_help(home: Path) -> None:
    status, printed = run("--path", "/api/v1/courses", "--token-stdin", given="not a token\n")

    assert status == 1
    assert "token_unknown" in printed
    assert "truncated" in printed


def test_the_token_from_a_pipe_is_never_printed(home: Path) -> None:
    status, printed = run("--path", "/api/v1/courses", "--token-stdin", given=f"{SITE_TOKEN}\n")

    assert status == 0
    assert "key_on_here" in printed
    assert SITE_TOKEN not in printed


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--path", "/api/v1/courses"), 2),
        (("--path", "/api/v1/courses", "--token-id", "1", "--key", "1"), 2),
        (("--path", "/api//v1", "--token-id", "1"), 1),
    ],
)
def test_what_cannot_be_asked(home: Path, arguments: tuple[str, ...], status: int) -> None:
    assert run(*arguments)[0] == status
