"""The documents are true where a test can tell: they name files, routes, settings, reasons and sections that exist."""

import json
import re
import runpy
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from keystead.config import LOOPBACK, Settings
from keystead.core.manifests import read_manifest
from keystead.core.paths import TargetReason
from keystead.core.reasons import Reason
from keystead.core.risk import USUAL_TABLE

pytestmark = pytest.mark.pure

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [*DOCS.rglob("*.md"), *(ROOT / "changes").glob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"]
)  # fmt: skip
FRAGMENTS = sorted(page for page in (ROOT / "changes").glob("*.md") if page.name != "README.md")
RECORDS = sorted(DOCS.glob("decisions/[0-9]*.md"))
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_SOURCE_PATH = re.compile(r"`((?:src|docs|tests|scripts|examples|requirements)/[\w./-]+)`")
_CITED_PAGE = re.compile(r"docs/[\w/-]+\.md")
_CITED_SECTION = re.compile(r"docs/canvas-compat\.md`{0,2},\s+(\w[\w ]*\w)")


@cache
def text_of(page: Path) -> str:
    return page.read_text()


@cache
def sources() -> dict[Path, str]:
    """Return the product's, the examples' and the scripts' Python files with their texts, comments joined to a line."""
    files = [path for top in ("src", "examples", "scripts") for path in sorted((ROOT / top).rglob("*.py"))]
    return {path: re.sub(r"\n\s*(?:#\s?)?", " ", path.read_text()) for path in files}


def rows_of(page: str) -> list[list[str]]:
    """Return the cells of a page's tables, without heads and rulers."""
    lines = text_of(DOCS / page).splitlines()
    rows = []
    for above, line in zip(["", *lines], lines, strict=False):
        if line.startswith("| ") and not line.startswith("| ---") and above.startswith("|"):
            rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


def headings_of(page: Path) -> list[str]:
    return re.findall(r"^#+ (.+)$", _FENCE.sub("", text_of(page)), re.MULTILINE)


def anchor(heading: str) -> str:
    """Return a heading's anchor as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in _LINK.findall(_FENCE.sub("", text_of(page))):
        if target.startswith(("http:", "https:")):
            continue
        file, _, fragment = target.partition("#")
        linked = (page.parent / file).resolve() if file else page
        assert linked.exists(), target
        if fragment:
            assert fragment in map(anchor, headings_of(linked)), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    missing = [path for path in _SOURCE_PATH.findall(text_of(page)) if not (ROOT / path).exists()]

    assert missing == []


def test_the_tour_names_every_folder_of_the_product() -> None:
    folders = {path.parent.name for path in (ROOT / "src/keystead").glob("*/__init__.py")}
    named = set(re.findall(r"^\| `src/keystead/(\w+)/` \|", text_of(DOCS / "tour.md"), re.MULTILINE))

    assert named == folders


def test_every_page_that_the_code_cites_exists() -> None:
    cited = {
        (str(path.relative_to(ROOT)), page) for path, text in sources().items() for page in _CITED_PAGE.findall(text)
    }

    assert cited
    assert sorted((path, page) for path, page in cited if not (ROOT / page).exists()) == []


def test_every_section_that_the_code_cites_exists() -> None:
    sections = set(headings_of(DOCS / "canvas-compat.md"))
    cited = {
        (str(path.relative_to(ROOT)), section)
        for path, text in sources().items()
        for section in _CITED_SECTION.findall(text)
    }

    assert cited
    assert sorted((path, section) for path, section in cited if not _names_one_of(section, sections)) == []


def _names_one_of(cited: str, sections: set[str]) -> bool:
    """Say whether a citation is a section's name, perhaps with the words of its own sentence behind it."""
    return any(cited == section or cited.startswith(f"{section} ") for section in sections)


def test_every_reason_has_a_row_with_its_exact_words() -> None:
    rows = {row[0].strip("`"): row[2].strip("`") for row in rows_of("deny-reasons.md")}

    assert rows == {reason.code: reason.words for reason in Reason}


def test_every_refusal_of_a_path_stands_in_the_page_about_the_gateway() -> None:
    told = {row[0].strip("`") for row in rows_of("gateway.md")}

    assert {reason.words for reason in TargetReason} - told == set()


def test_every_setting_has_a_row_with_its_default() -> None:
    rows = {row[0].strip("`"): row[1].strip("`") for row in rows_of("settings.md")}

    assert rows == {
        f"KEYSTEAD_{name.upper()}": _default(field.default) for name, field in Settings.model_fields.items()
    }  # fmt: skip


def _default(value: Any) -> str:
    """Return a default as the page shows it."""
    if hasattr(value, "get_secret_value"):
        return str(value.get_secret_value())
    if value is LOOPBACK:
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return "none" if value is None or value == () or value == frozenset() else str(value)


def test_the_example_that_verifies_an_identity_works() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", text_of(DOCS / "gateway.md"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)
    key = ECKey.generate_key("P-256", parameters={"kid": "one", "use": "sig", "alg": "ES256"})
    jwks = {"keys": [key.as_dict(private=False)]}
    claims = {
        "iss": "https://keys.example.edu",
        "aud": "https://lms.example.edu",
        "sub": "7",
        "exp": int(time.time()) + 60,
    }

    def shown(**changed: object) -> dict[str, Any]:
        identity = jwt.encode({"alg": "ES256", "kid": "one"}, claims | changed, key, algorithms=["ES256"])
        return dict(names["person_behind"](identity, jwks, issuer=claims["iss"], audience=claims["aud"]))

    assert shown() == claims
    for wrong in ({"iss": "https://evil.example.org"}, {"aud": "https://other.example.edu"}, {"exp": 1}):
        with pytest.raises(JoseError):
            shown(**wrong)


def test_the_manifest_of_the_page_about_vetting_is_one() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", text_of(DOCS / "vetting.md"), re.DOTALL)

    assert read_manifest(json.loads(example)).name == "Seminar Planner"


def test_the_usual_risks_stand_in_the_page_about_vetting() -> None:
    rows = {row[0].strip("`"): row[1] for row in rows_of("vetting.md")}

    assert rows == {str(trait): str(level) for trait, level in USUAL_TABLE.items()}


def test_the_first_screen_shows_what_make_serve_prints(capsys: pytest.CaptureFixture[str]) -> None:
    shown = re.findall(r"```text\n(.*?)```", text_of(ROOT / "README.md"), re.DOTALL)[0]
    announce = runpy.run_path(str(ROOT / "scripts" / "serve.py"))["announce"]

    announce("http://127.0.0.1:8090", {"KEYSTEAD_UPSTREAM_URL": "http://127.0.0.1:1"})

    printed = capsys.readouterr().out.strip().partition("\n\nStop with")[0]
    assert re.fullmatch(".*".join(map(re.escape, shown.strip().split("…"))), printed)


def test_every_command_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"(?:^\$ |`)make ([a-z]+)", text_of(ROOT / "README.md"), re.MULTILINE)) <= targets


@pytest.mark.parametrize("page", [*DOCS.glob("*.md"), DOCS / "decisions/README.md"], ids=lambda page: page.name)
def test_every_page_begins_with_why(page: Path) -> None:
    title, _, first, *_ = text_of(page).splitlines()

    assert title.startswith("# ")
    assert first.startswith("Why: ")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_line_of_a_page_holds_one_sentence(page: Path) -> None:
    prose = re.sub(r"`[^`]*`", "code", _FENCE.sub("", text_of(page)))
    several = [
        line
        for line in prose.splitlines()
        if not line.startswith(("|", "#", ">")) and re.search(r"[a-z)][.?!] +[A-Z]", re.sub(r"\d+\. ", "", line))
    ]

    assert several == []


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_every_record_has_context_decision_consequences_and_alternatives(record: Path) -> None:
    assert text_of(record).startswith(f"# {record.name[:4]} ")
    assert headings_of(record)[1:] == ["Context", "Decision", "Consequences", "Alternatives"]
    assert len(re.findall(r"^> ", text_of(record), re.MULTILINE)) == 1


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda fragment: fragment.name)
def test_every_change_is_told_in_one_sentence(fragment: Path) -> None:
    assert re.fullmatch(r"[A-Z][^\n]*[\w)]\.\n", text_of(fragment))
    assert ". " not in text_of(fragment)
