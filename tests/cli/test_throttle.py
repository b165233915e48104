"""``keystead throttle``: what it shows, and that what it sets is kept and written down."""

import json
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from typer.testing import CliRunner

from keystead.cli.main import app
from keystead.storage.schema import audit


def run(*arguments: str) -> tuple[int, Any]:
    done = CliRunner().invoke(app, ["throttle", *arguments, "--json"])
    return done.exit_code, json.loads(done.stdout) if done.exit_code == 0 else done.exception


@pytest.mark.parametrize("whose", [("--key", "1"), ("--account", "1")])
def test_limits_are_set_shown_written_down_and_taken_away(url: str, whose: tuple[str, str]) -> None:
    assert run("show", *whose)[1]["throttle"] is None

    run("set", *whose, "--refuses-at", "50", "--cap", "60", "--because", "it asks too often")

    shown = {"refuses_at": 50.0, "cap": 60.0, "drains_per_second": 10.0, "upfront": 50.0}
    assert run("show", *whose) == (0, {"throttle": shown, "usual": run("show")[1]["usual"]})
    with create_engine(url).connect() as connection:
        entry = connection.execute(select(audit).order_by(audit.c.id.desc()).limit(1)).one()
    assert (entry.because, entry.after["throttle"]) == ("it asks too often", shown)
    assert run("set", *whose, "--usual")[0] == 0
    assert run("show", *whose)[1]["throttle"] is None


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("set", "--key", "1"), 2),
        (("set", "--refuses-at", "5"), 2),
        (("set", "--key", "1", "--account", "2", "--usual"), 2),
        (("set", "--key", "1", "--usual", "--cap", "900"), 2),
        (("set", "--key", "1", "--refuses-at", "900"), 1),
        (("set", "--key", "999", "--usual"), 1),
        (("show", "--key", "1", "--account", "2"), 2),
    ],
)
def test_what_cannot_be_asked(url: str, arguments: tuple[str, ...], status: int) -> None:
    assert run(*arguments)[0] == status
