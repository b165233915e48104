"""The house rules that a test can check."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.pure

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ROOT / "src" / "keystead"
LONGEST_FILE = 400
EMPTY_NAMES = frozenset({"utils", "helpers", "common", "misc", "manager", "service", "base", "handler", "data", "info"})
_SENTENCE = re.compile(r"test(?:_[a-z0-9]+){3,}")

Named = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@cache
def trees(top: Path) -> dict[str, ast.Module]:
    """Return the Python files below a folder, read."""
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in sorted(top.rglob("*.py"))}


def public_names(tree: ast.Module) -> Iterator[tuple[str, Named]]:
    """Return the public functions, classes and methods of a module, with where they stand."""
    for node in tree.body:
        if not isinstance(node, Named) or node.name.startswith("_"):
            continue
        yield node.name, node
        if isinstance(node, ast.ClassDef):
            yield from (
                (f"{node.name}.{inner.name}", inner)
                for inner in node.body
                if isinstance(inner, Named) and not inner.name.startswith("_")
            )


def test_no_file_of_the_product_is_longer_than_400_lines() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in PRODUCT.rglob("*.py")}

    assert {path: length for path, length in lengths.items() if length > LONGEST_FILE} == {}


def test_every_test_has_a_sentence_for_a_name() -> None:
    names = [
        f"{path}: {node.name}"
        for path, tree in trees(ROOT / "tests").items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")
    ]

    assert [name for name in names if not _SENTENCE.fullmatch(name.partition(": ")[2])] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = [path for path in [*PRODUCT.rglob("*.py"), *PRODUCT.rglob("*/")] if path.stem in EMPTY_NAMES]

    assert named == []


def promised_elsewhere(top: Path) -> frozenset[str]:
    """Return the methods of the product's protocols: whoever implements one need not say its promise again."""
    return frozenset(
        inner.name
        for tree in trees(top).values()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and any(ast.unparse(parent) == "Protocol" for parent in node.bases)
        for inner in node.body
        if isinstance(inner, Named)
    )


def test_every_public_thing_of_the_product_makes_a_promise() -> None:
    known = promised_elsewhere(PRODUCT)
    silent = [
        f"{path}: {name}"
        for path, tree in trees(PRODUCT).items()
        if "/migrations/" not in path
        for name, node in public_names(tree)
        if ast.get_docstring(node) is None and not ("." in name and node.name in known)
    ]

    assert silent == []


def test_every_module_of_the_product_says_which_question_it_answers() -> None:
    silent = [path for path, tree in trees(PRODUCT).items() if tree.body and ast.get_docstring(tree) is None]

    assert silent == []


def test_only_the_command_line_prints() -> None:
    printing = [
        f"{path}:{node.lineno}"
        for path, tree in trees(PRODUCT).items()
        if not path.startswith("src/keystead/cli/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]

    assert printing == []


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda lock: lock.name)
def test_a_lock_file_names_no_address(lock: Path) -> None:
    text = lock.read_text()

    assert re.findall(r"https?://\S+", text) == []
    assert not re.search(r"^\s*--(index-url|extra-index-url|find-links|trusted-host)", text, re.MULTILINE)
