"""``keystead policy``: what the API lays down, on the command line."""

import json
from typing import Any

from typer.testing import CliRunner

from cli.test_secret import make_key
from keystead.cli.main import app


def run(*arguments: str, status: int = 0) -> Any:
    done = CliRunner().invoke(app, ["policy", *arguments])
    assert done.exit_code == status, (done.output, done.exception)
    return done.stdout


def told(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def test_parts_are_laid_down_one_by_one_and_taken_away(url: str) -> None:
    key = make_key(url)
    here = ("--key", key, "--account", "site_admin")

    told("set", *here, "--from-address", "203.0.113.0/24", "--from-address", "2001:db8::/32", "--because", "asked")
    told("set", *here, "--hours", "Europe/Berlin mon,fri 22:00-06:00", "--review-on", "2999-01-31")
    told("set", *here, "--expires-at", "2999-02-01T12:00:00Z", "--owner", "asker", "--off-after-days", "30")
    whole = told("show", *here)["policy"]
    printed = run("show", *here)
    less = told("set", *here, "--from-address", "", "--hours", "", "--owner", "", "--expires-at", "")["policy"]
    gone = told("clear", *here)

    assert whole == {
        "account_id": 1, "address_ranges": ["203.0.113.0/24", "2001:db8::/32"],
        "hours": {"zone": "Europe/Berlin", "days": ["mon", "fri"], "from": "22:00", "to": "06:00"},
        "review_on": "2999-01-31", "expires_at": "2999-02-01T12:00:00Z",
        "owner": {"user_id": None, "off_after_days": 30},
    }  # fmt: skip
    assert "Site Admin, about this key:" in printed
    assert "mon, fri 22:00-06:00 Europe/Berlin" in printed
    assert less == {
        "account_id": 1, "address_ranges": [], "hours": None, "review_on": "2999-01-31", "expires_at": None,
        "owner": None,
    }  # fmt: skip
    assert gone["in_force"] == []
    assert "nothing is laid down" in run("show", *here)


def test_all_keys_of_an_account_have_one_and_a_dry_run_changes_nothing(url: str) -> None:
    here = ("--account", "site_admin")

    tried = told("set", *here, "--from-address", "203.0.113.0/24", "--dry-run")
    words = run("set", *here, "--from-address", "203.0.113.0/24", "--dry-run")

    assert tried["tried"]["calls"] == 0
    assert "0 of 0 calls in 30 days would have been refused" in words
    assert told("show", *here)["in_force"] == []


def test_what_cannot_be_read_is_refused(url: str) -> None:
    for wrong in (("--hours", "always"), ("--from-address", "office"), ("--off-after-days", "3"), ("--key", "999")):
        run("set", "--account", "site_admin", *wrong, status=1)
