"""``keystead requests``: asked by a file, narrowed, agreed to, refused."""

import json
from pathlib import Path

from cli.test_vetting import run, told

MANIFEST = {
    "manifest_version": 1,
    "name": "Timetables",
    "redirect_uris": ["https://larch.test/cb"],
    "scopes": [
        {"scope": "url:GET|/api/v1/courses", "reason": "to list them"},
        {"scope": "url:PUT|/api/v1/courses/:id", "reason": "to rename them"},
    ],
}


def test_a_request_is_asked_narrowed_and_approved(url: str, tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(MANIFEST))

    asked = told("requests", "ask", str(file), "--because", "a course")
    name = str(asked["id"])
    told("requests", "comment", name, "Why?")
    told("requests", "narrow", name, "url:GET|/api/v1/courses", "--because", "reads are enough")
    done = told("requests", "approve", name, "--because", "fine")
    refused = told("requests", "ask", str(file))
    told("requests", "refuse", str(refused["id"]), "--because", "twice")

    assert (asked["state"], done["state"]) == ("open", "approved")
    assert done["taken_out"] == ["url:PUT|/api/v1/courses/:id"]
    assert told("requests", "list", "--state", "refused")[0]["steps"][-1]["words"] == "twice"
    assert "approved  Timetables  new" in run("requests", "list")
    assert "- url:PUT|/api/v1/courses/:id  to rename them" in run("requests", "show", name)
    run("requests", "approve", name, status=1)
    run("requests", "list", "--state", "nonsense", status=1)


def test_a_manifest_that_cannot_be_read_is_refused(url: str, tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    file.write_text("{}")

    run("requests", "ask", str(file), status=1)
    run("requests", "ask", "https://127.0.0.1/manifest.json", status=1)
    run("requests", "ask", str(tmp_path / "nothing.json"), status=1)
