"""``keystead vetting`` and ``keystead risk``: what the pages show, on the command line."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from cli.test_secret import make_key
from keystead.cli.main import app


def run(*arguments: str, status: int = 0) -> Any:
    done = CliRunner().invoke(app, [*arguments])
    assert done.exit_code == status, (done.output, done.exception)
    return done.stdout


def told(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def test_a_record_is_set_shown_and_listed(url: str, tmp_path: Path) -> None:
    key, file = make_key(url), tmp_path / "contract.pdf"
    file.write_bytes(b"signed")

    before = told("vetting", "show", key)
    told("vetting", "set", key, "contract", "--state", "in_place", "--until", "2999-01-01", "--file", str(file))
    told("vetting", "set", key, "coppa", "--state", "not_needed", "--note", "adults only", "--because", "asked")
    after = told("vetting", "show", key)
    listed = told("vetting", "list", "--show", "lacking", "--risk", "critical")

    assert [one["standing"] for one in before["items"]] == ["missing"] * 9
    items = {one["item"]: one for one in after["items"]}
    assert items["contract"]["digest"] == sha256(b"signed").hexdigest()
    assert (items["contract"]["valid_until"], items["coppa"]["standing"]) == ("2999-01-01", "complete")
    assert [one["key_id"] for one in listed] == [after["key_id"]]
    assert told("vetting", "list", "--show", "complete") == []
    assert "contract         complete  needed  until 2999-01-01" in run("vetting", "show", key)
    assert "missing: ferpa" in run("vetting", "list")
    run("vetting", "set", key, "luck", "--state", "in_place", status=1)


def test_risk_is_printed_with_its_reasons(url: str) -> None:
    key = make_key(url)

    assert run("risk", key) == "critical\n  critical  unscoped\n"
    assert told("risk", key)["level"] == "critical"
    run("risk", "999", status=1)


def test_rules_are_printed_changed_from_a_file_and_excepted_from(url: str, tmp_path: Path) -> None:
    key, file = make_key(url), tmp_path / "rules.json"
    file.write_text(json.dumps({"blocks": ["critical"], "risk": {"unscoped": "high"}}))

    before = json.loads(run("vetting", "rules"))
    after = json.loads(run("vetting", "rules", str(file), "--because", "policy"))
    made = told("vetting", "except", key, "--days", "3", "--because", "pilot")

    assert (before["blocks"], after["blocks"]) == ([], ["critical"])
    assert told("risk", key)["level"] == "high"
    assert made["is_live"]
    file.write_text("[]")
    run("vetting", "rules", str(file), status=1)
