"""``keystead explain``: what it prints, and what its exit status says."""

import json

import pytest
from typer.testing import CliRunner

from databases import SITE_TOKEN
from keystead.cli.main import app


def run(*arguments: str, given: str | None = None) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["explain", "--method", "get", *arguments], input=given)
    return done.exit_code, done.output


def test_a_call_that_would_pass_exits_with_0(url: str) -> None:
    status, printed = run("--path", "/api/v1/courses?include[]=x", "--token-id", "1", "--json")

    told = json.loads(printed)
    assert (status, told["decision"], told["method"]) == (0, "allow", "GET")


def test_one_that_is_refused_exits_with_1_and_says_what_would_help(url: str) -> None:
    status, printed = run("--path", "/api/v1/courses", "--token-stdin", given="not a token\n")

    assert status == 1
    assert "token_unknown" in printed
    assert "truncated" in printed


def test_the_token_from_a_pipe_is_never_printed(url: str) -> None:
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
def test_what_cannot_be_asked(url: str, arguments: tuple[str, ...], status: int) -> None:
    assert run(*arguments)[0] == status
