"""The pages with shell blocks are true: the blocks run in one shell and print what stands below each of them."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from journeys.conftest import ROOT, Installation

PAGES = ("README.md", "docs/walk-through-ally.md")
SCOPES = Path(__file__).parent / "ally_scopes.txt"
_FENCED = re.compile(r"^```(sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BETWEEN = "=== what the next block prints ==="
_SECRETS = ("ADMIN_TOKEN", "CLIENT_SECRET", "CODE", "TOKEN")


def read_blocks(page: str) -> list[tuple[str, str]]:
    """Return each shell block with what it shall print; nothing is told of a block without a text block below it."""
    blocks: list[tuple[str, str]] = []
    for kind, text in _FENCED.findall(page):
        if kind == "sh":
            blocks.append((text, ""))
        elif blocks:
            blocks[-1] = (blocks[-1][0], text)
    return blocks


def as_pattern(expected: str) -> re.Pattern[str]:
    """Return the pattern of an expected output, in which ``…`` stands for anything within a line."""
    return re.compile(".*".join(re.escape(part) for part in expected.strip().split("…")))


def printed_by(blocks: list[tuple[str, str]], installation: Installation, home: Path) -> list[str]:
    """Run the blocks in one shell, in an empty folder, and return what each of them printed."""
    script = f"\necho '{_BETWEEN}'\n".join(text for text, _ in blocks)
    kept = "\n".join(f'echo "${name}" >> secrets' for name in _SECRETS)
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", f"{script}\n{kept}\n"],
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "NO_PROXY": "127.0.0.1",
            "KEYSTEAD": installation.url,
            "KEYSTEAD_BOOTSTRAP_TOKEN": installation.bootstrap_token,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"the blocks stopped with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    installation.secrets |= set((home / "secrets").read_text().split())
    return done.stdout.split(f"{_BETWEEN}\n")


@pytest.mark.parametrize("page", PAGES)
def test_every_block_of_a_page_prints_what_the_page_says(installation: Installation, tmp_path: Path, page: str) -> None:
    blocks = read_blocks((ROOT / page).read_text())

    printed = printed_by(blocks, installation, tmp_path)

    wrong = [
        f"{text}printed {output!r}, not {expected!r}"
        for (text, expected), output in zip(blocks, printed, strict=True)
        if not as_pattern(expected).fullmatch(output.strip())
    ]
    assert not wrong, "\n".join(wrong)


def test_the_walk_through_enables_the_scopes_that_the_vendor_lists() -> None:
    listed = re.findall(r"^url:\S+$", (ROOT / "docs/walk-through-ally.md").read_text(), re.MULTILINE)

    assert listed == SCOPES.read_text().split()
