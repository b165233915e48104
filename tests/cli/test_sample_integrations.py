"""The sample institution with its integrations: what every command has to show of it, on a first start."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from databases import MASTER
from keystead.cli.main import app
from keystead.core.instants import parse_iso


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments))
    return done.exit_code, done.output


def printed(*arguments: str) -> Any:
    status, output = run(*arguments, "--json")
    assert status == 0, output
    return json.loads(output)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Start once on an empty database."""
    home = tmp_path_factory.mktemp("lived")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setenv("KEYSTEAD_DATABASE_URL", f"sqlite:///{home}/keystead.db")
        patch.setenv("KEYSTEAD_SECRET_KEY", MASTER)
        patch.setenv("KEYSTEAD_SAMPLE_DATA", "1")
        patch.setenv("KEYSTEAD_SAMPLE_INTEGRATIONS", "1")
        printed("key", "list")
    return home


@pytest.fixture(autouse=True)
def settings(lived: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(lived)
    monkeypatch.setenv("KEYSTEAD_DATABASE_URL", f"sqlite:///{lived}/keystead.db")
    monkeypatch.setenv("KEYSTEAD_SECRET_KEY", MASTER)


def named(name: str) -> str:
    rows = printed("key", "list") + printed("key", "list", "--inherited")
    return next(str(row["id"]) for row in rows if row["name"] == name)


def test_own_and_inherited_keys_stand_in_their_states() -> None:
    own = {row["name"]: row["workflow_state"] for row in printed("key", "list")}
    inherited = {row["name"]: row["workflow_state"] for row in printed("key", "list", "--inherited")}

    assert own == {
        "Accessibility Checker": "on", "Timetable Sync": "on", "Attendance Tracker": "on", "Gradebook Export": "off"
    }  # fmt: skip
    assert inherited == {
        "Lecture Capture Cloud": "on", "Originality Check": "on", "Quick Polls": "on", "Citation Helper": "on"
    }  # fmt: skip


def test_some_are_used_and_some_never_were() -> None:
    checker = printed("usage", named("Accessibility Checker"), "--group-by", "scope")
    polls = printed("usage", named("Quick Polls"))
    refused = printed("usage", named("Attendance Tracker"), "--group-by", "outcome")

    assert checker["calls"] == sum(row["calls"] for row in checker["rows"]) > 1000
    assert checker["people"] == 31
    assert polls["calls"] == 0
    assert refused["calls"] - refused["allowed"] == sum(
        row["calls"] for row in refused["rows"] if row["outcome"] == "scope_missing"
    )
    assert refused["calls"] > refused["allowed"]


def test_a_watched_key_has_findings_with_examples() -> None:
    report = printed("watch", "show", named("Timetable Sync"), "--account", "2")

    found = {row["scope"]: row for row in report["findings"]}
    assert set(found) == {"url:GET|/api/v1/courses/:course_id/users", "url:GET|/api/v1/users/:user_id/enrollments"}
    assert all(row["calls"] > 0 and row["example"].startswith("/api/v1/") for row in found.values())


def test_some_vetting_is_complete_some_overdue_and_a_request_waits() -> None:
    complete = {row["key_name"] for row in printed("vetting", "list", "--show", "complete")}
    overdue = {row["key_name"] for row in printed("vetting", "list", "--show", "overdue")}
    (request,) = printed("requests", "list", "--state", "open")

    assert complete == {"Accessibility Checker", "Lecture Capture Cloud", "Originality Check"}
    assert {"Attendance Tracker", "Timetable Sync"} <= overdue
    assert request["manifest"]["name"] == "Seminar Planner"


def test_the_history_is_in_order_and_its_chain_holds() -> None:
    status, _ = run("audit", "verify")
    entries = [json.loads(line) for line in run("audit", "list", "--json", "--surface", "sample")[1].splitlines()]
    moments = [parse_iso(entry["at"]) or 0 for entry in entries]

    assert status == 0
    assert moments == sorted(moments, reverse=True)
    assert {"key.watch_started", "request.asked", "vetting.exception_made"} <= {entry["action"] for entry in entries}


def test_a_second_start_adds_nothing() -> None:
    before = printed("usage", named("Originality Check"))

    run("key", "list")

    assert printed("usage", named("Originality Check")) == before
    assert len(printed("key", "list")) == 4
