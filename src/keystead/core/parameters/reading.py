"""Is this parameter of the kind it should be?

Each reader takes the value and its public name, gives None for an absent or null one, and raises `InvalidParameter`.
"""

import re

from keystead.core.parameters.values import InvalidParameter, Tree, Value

_TRUE = frozenset({"true", "1", "on"})
_FALSE = frozenset({"false", "0", "off"})
_INTEGER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_LARGEST = 2**63 - 1


def envelope(tree: Tree, name: str) -> Tree:
    """The object that an action requires around its attributes; an empty one is missing too (docs/canvas-compat.md)."""
    value = tree.get(name)
    if not isinstance(value, dict) or not value:
        raise InvalidParameter(name, "is missing")
    return value


def mapping(value: Value, name: str) -> Tree | None:
    """A group of named values."""
    if value is None or isinstance(value, dict):
        return value
    raise InvalidParameter(name, "must be an object")


def text(value: Value, name: str) -> str | None:
    """A text; numbers and booleans of JSON count as the text a form would have sent."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            raise InvalidParameter(name, "must be a text")


def boolean(value: Value, name: str) -> bool | None:
    """A truth value: JSON booleans, 1, 0 and the words true, false, on, off are equal; a blank one is absent."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str | int):
        word = str(value).casefold()
        if word in _TRUE:
            return True
        if word in _FALSE:
            return False
        if word == "":
            return None
    raise InvalidParameter(name, "must be true or false")


def integer(value: Value, name: str) -> int | None:
    """A whole number that fits a database column, as number or decimal text; a blank one is absent."""
    if value is None or value == "":
        return None
    number: int | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and _INTEGER.fullmatch(value):
        number = int(value)
    if number is None or abs(number) > _LARGEST:
        raise InvalidParameter(name, "must be a whole number")
    return number


def text_list(value: Value, name: str) -> tuple[str, ...] | None:
    """A list of texts. Blank entries are left out, since a form says "the empty list" by `name[]=`."""
    if value is None:
        return None
    if not isinstance(value, list):
        raise InvalidParameter(name, "must be a list")
    texts = (text(entry, name) for entry in value)
    return tuple(entry for entry in texts if entry)
