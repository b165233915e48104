"""Documents are parsed within limits, and aliases cannot make a small one large."""

import pytest

from keystead.actions.documents import MOST_OCTETS, Unreadable, parsed

pytestmark = pytest.mark.pure


def nested(first: str, again: str) -> str:
    """Return a document whose parts each repeat the one before nine times."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{n}: &a{n} {again.format(', '.join([f'*a{n - 1}'] * 9))}" for n in range(1, 10)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("document", "holds"),
    [
        ('{"a": [1, null]}', {"a": [1, None]}),
        ("a: [1, ~]", {"a": [1, None]}),
        ("a: &one {b: 1}\nc: *one\nd: {<<: *one}", {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1}}),
    ],
)
def test_json_and_yaml_are_read(document: str, holds: object) -> None:
    assert parsed(document.encode()) == holds


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (nested("[x, x, x, x, x, x, x, x, x]", "[{}]"), "more than 1000000 values"),
        (nested("{x: 1}", "{{<<: [{}]}}"), "more than 1000000 values"),
        ("a: &a [*a]", "repeats what it stands in"),
        ("[" * 5000, "nested more than 100 deep"),
        ("- " * 5000 + "a", "nested more than 100 deep"),
        ("a: [", "neither JSON nor YAML"),
        ("a: !!python/object/apply:os.getcwd []", "neither JSON nor YAML"),
        ("? [a]\n: b", "neither JSON nor YAML"),
        ("a: 2024-99-99", "neither JSON nor YAML"),
        (" " * (MOST_OCTETS + 1), "larger than"),
    ],
    ids=range(10),
)  # fmt: skip
def test_what_is_too_much_or_no_document_is_refused(document: str, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        parsed(document.encode())
