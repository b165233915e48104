"""Which tree do bracketed form parameters make? (`a[b][]=c`, as Rack groups them)"""

import re
from binascii import a2b_qp
from collections.abc import Iterable

from keystead.core.parameters.values import LIMITS, Limits, MalformedParameters, Tree, Value

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")


def parse_form(raw: bytes, limits: Limits = LIMITS) -> Tree:
    """The tree of a query string or form body; the last plain value of a name wins."""
    return tree_of(_split(raw, limits), limits)


def pairs(raw: bytes, limits: Limits = LIMITS) -> list[tuple[str, str]]:
    """Every pair, decoded, in order, repetitions included; a name without `=` has an empty value."""
    return [(name, value or "") for name, value in _split(raw, limits)]


def tree_of(flat: Iterable[tuple[str, str | None]], limits: Limits = LIMITS) -> Tree:
    """The tree of pairs that are decoded already."""
    tree: Tree = {}
    steps_of: dict[str, tuple[str, ...]] = {}
    for name, value in flat:
        if not name:
            continue
        steps = steps_of.get(name)
        if steps is None:
            steps = steps_of[name] = _steps(name, limits)
        _plant(tree, steps, value)
    return tree


def decoded(part: bytes) -> str:
    """One name or value, decoded once; anything a database or a reader could stumble over is refused."""
    if b"+" in part:
        part = part.replace(b"+", b" ")
    if b"%" in part:
        if _BROKEN_ESCAPE.search(part):
            raise MalformedParameters("A parameter has an invalid percent-encoding")
        # Quoted-printable is the same code with another mark; with every escape known to be whole, this is exact
        # and several times faster than `unquote_to_bytes`.
        part = a2b_qp(part.replace(b"=", b"=3D").replace(b"%", b"="))
    return plain_text(part)


def plain_text(part: bytes) -> str:
    """UTF-8 text without NUL."""
    try:
        text = part.decode()
    except UnicodeDecodeError:
        raise MalformedParameters("A parameter is not valid UTF-8") from None
    if "\0" in text:
        raise MalformedParameters("A parameter contains a NUL character")
    return text


def pieces(raw: bytes, limits: Limits = LIMITS) -> list[bytes]:
    """The undecoded pairs. Only `&` separates (WHATWG URL, 5.1); `;` is data."""
    if raw.count(b"&") >= limits.parameters:
        raise MalformedParameters(f"More than {limits.parameters} parameters")
    return raw.split(b"&")


def _split(raw: bytes, limits: Limits) -> Iterable[tuple[str, str | None]]:
    names: dict[bytes, str] = {}
    for piece in pieces(raw, limits):
        if not piece:
            continue
        raw_name, has_value, raw_value = piece.partition(b"=")
        name = names.get(raw_name)
        if name is None:
            name = names[raw_name] = decoded(raw_name)
        yield name, decoded(raw_value) if has_value else None


def _steps(name: str, limits: Limits) -> tuple[str, ...]:
    """`a[b][]` as `("a", "b", "")`."""
    start = name.find("[", 1)
    if start < 0:
        if "[" in name or "]" in name:
            raise MalformedParameters("A parameter name has unbalanced brackets")
        return (name,)
    base = name[:start]
    # Counted before anything is taken apart, so that a name of brackets alone costs one pass.
    if name.count("[", start) > limits.form_depth:
        raise MalformedParameters(f"Parameters nest deeper than {limits.form_depth}")
    steps = _BRACKETS.findall(name, start)
    length = len(base) + sum(len(step) + 2 for step in steps)
    if length != len(name) or "[" in base or "]" in base:
        raise MalformedParameters("A parameter name has unbalanced brackets")
    return (base, *steps)


def _plant(tree: Tree, steps: tuple[str, ...], value: str | None) -> None:
    here: Tree = tree
    last = len(steps) - 1
    at = 0
    while at < last:
        key = steps[at]
        if steps[at + 1] != "":
            here = _mapping_at(here, key)
            at += 1
            continue
        items = _list_at(here, key)
        at += 1
        while at < last and steps[at + 1] == "":
            inner: list[Value] = []
            items.append(inner)
            items = inner
            at += 1
        if at == last:
            items.append(value)
            return
        at += 1
        here = _element(items, steps[at:])
    if isinstance(here.get(steps[last]), dict | list):
        raise _conflict(steps[last])
    here[steps[last]] = value


def _mapping_at(here: Tree, key: str) -> Tree:
    child = here.setdefault(key, {})
    if not isinstance(child, dict):
        raise _conflict(key)
    return child


def _list_at(here: Tree, key: str) -> list[Value]:
    child = here.setdefault(key, [])
    if not isinstance(child, list):
        raise _conflict(key)
    return child


def _element(items: list[Value], rest: tuple[str, ...]) -> Tree:
    """The mapping a pair of `a[][x]` belongs to: the last one, unless it has that member already."""
    last = items[-1] if items else None
    if isinstance(last, dict) and not _has(last, rest):
        return last
    fresh: Tree = {}
    items.append(fresh)
    return fresh


def _has(tree: Tree, steps: tuple[str, ...]) -> bool:
    if "" in steps:
        return False
    here: Value = tree
    for step in steps:
        if not isinstance(here, dict) or step not in here:
            return False
        here = here[step]
    return True


def _conflict(key: str) -> MalformedParameters:
    return MalformedParameters(f"The parameter {key[:64]!r} is given in conflicting shapes")
