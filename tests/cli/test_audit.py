"""``keystead audit``: what it lists, and that it finds what was falsified."""

import json

from sqlalchemy import create_engine, update
from typer.testing import CliRunner

from keystead.cli.main import app
from keystead.storage.schema import audit


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["audit", *arguments])
    return done.exit_code, done.output


def test_changes_are_listed_and_given_out_as_files(url: str) -> None:
    CliRunner().invoke(app, ["throttle", "set", "--key", "1", "--refuses-at", "50", "--because", "too many"])

    listed = run("list", "--action", "key.updated")[1]
    lines = run("list", "--action", "key.updated", "--json")[1]
    table = run("list", "--action", "key.updated", "--csv")[1]

    assert "key.updated  key 1" in listed
    assert "through cli  too many" in listed
    assert [json.loads(line)["because"] for line in lines.splitlines()] == ["too many"]
    assert table.splitlines()[0].startswith("id,at,action")
    assert "too many" in table.splitlines()[1]
    assert run("list", "--action", "key.deleted")[1] == ""
    assert run("list", "--action", "key.updated", "--surface", "api")[1] == ""
    assert "key.updated" in run("list", "--search", "TOO MANY", "--surface", "cli", "--user", "site")[1]


def test_all_of_it_is_written_as_a_file(url: str) -> None:
    CliRunner().invoke(app, ["throttle", "set", "--key", "1", "--refuses-at", "50", "--because", "=too many"])

    lines = run("export", "--action", "key.updated")[1]
    table = run("export", "--action", "key.updated", "--format", "csv")[1]

    assert [json.loads(line)["because"] for line in lines.splitlines()] == ["=too many"]
    assert "'=too many" in table.splitlines()[1]
    assert run("export", "--format", "xml")[0] == 2


def test_a_falsified_entry_is_found_and_named(url: str) -> None:
    CliRunner().invoke(app, ["throttle", "set", "--key", "1", "--refuses-at", "50", "--because", "too many"])
    whole = run("verify")
    with create_engine(url).begin() as connection:
        connection.execute(update(audit).where(audit.c.because == "too many").values(because="nothing"))
    broken = run("verify", "--json")

    assert whole[0] == 0
    assert "are as they were written" in whole[1]
    assert broken[0] == 1
    assert [finding["what"] for finding in json.loads(broken[1])["findings"]] == ["changed"]
