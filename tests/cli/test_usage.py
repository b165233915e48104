"""``keystead usage``, ``impact`` and ``least-privilege``: what they print, and what they refuse."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from keystead.cli.main import app
from keystead.config import Settings, usage_url
from keystead.storage.clock import system_clock
from keystead.storage.counts import WrittenCounts
from keystead.storage.transaction import engine_for
from keystead.storage.upgrades import make_usage_tables
from usage_builders import SCOPES, Door, asked_again


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.output


@pytest.fixture
def used(url: str) -> str:
    """Count five calls of key 1 on this day, on an installation that commands find."""
    engine = engine_for(usage_url(Settings(_env_file=None)))  # type: ignore[call-arg]  # pydantic's own parameter
    make_usage_tables(engine)
    door = Door()
    door.count(*asked_again(5, at=system_clock()))
    WrittenCounts(engine, door.calls, system_clock, days=120, months=24).flush()
    engine.dispose()
    return url


def printed(*arguments: str) -> Any:
    status, output = run(*arguments, "--json")
    assert status == 0, output
    return json.loads(output)


def test_usage_is_printed_as_a_table_and_for_programs(used: str) -> None:
    by_scope = printed("usage", "1", "--account", "site_admin", "--group-by", "scope")

    assert (by_scope["calls"], by_scope["people"]) == (5, 1)
    assert [row["scope"] for row in by_scope["rows"]] == [SCOPES[0]]
    assert "5 calls" in run("usage", "1", "--account", "site_admin")[1]
    course = ("usage", "1", "--account", "site_admin", "--group-by", "course", "--format")
    assert run(*course, "csv")[1].splitlines() == ["course,calls,allowed,refused", "7,5,5,0"]
    assert json.loads(run(*course, "jsonl")[1])["course"] == "7"


def test_the_impact_of_a_change_is_told_and_nothing_changes(used: str) -> None:
    told = printed("impact", "1", "--account", "site_admin", "--state", "off")

    assert (told["calls"], told["callers"], told["courses"]["count"]) == (5, 1, 1)
    assert "5 calls of 1 people" in run("impact", "1", "--account", "site_admin", "--state", "off")[1]
    kept = ("impact", "1", "--account", "site_admin", "--scope", str(SCOPES[0]), "--require-scopes")
    assert printed(*kept)["calls"] == 0


def test_the_narrowest_list_is_told(used: str) -> None:
    assert printed("least-privilege", "1", "--account", "site_admin")["narrowed"] == [SCOPES[0]]
    assert str(SCOPES[0]) in run("least-privilege", "1", "--account", "site_admin")[1].replace("\n", "")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("usage", "1", "--account", "999"), 1),
        (("usage", "999", "--account", "site_admin"), 1),
        (("usage", "1", "--account", "site_admin", "--group-by", "moon"), 1),
        (("usage", "1", "--account", "site_admin", "--format", "xml"), 2),
        (("impact", "1", "--account", "site_admin"), 1),
        (("impact", "1", "--account", "site_admin", "--state", "on"), 1),
    ],
)
def test_what_cannot_be_asked(url: str, arguments: tuple[str, ...], status: int) -> None:
    assert run(*arguments)[0] == status
