"""What is a parameter once it has been read, and how much of it is taken."""

from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = str | bool | int | float | list["Value"] | dict[str, "Value"] | None
Tree: TypeAlias = dict[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on shape; the bound on size is the caller's."""

    parameters: int = 16_384
    form_depth: int = 32
    json_depth: int = 100


LIMITS = Limits()


class MalformedParameters(ValueError):  # noqa: N818 - named for what is the case
    """The parameters cannot be read in exactly one way; the text is fit for the caller to see."""


class InvalidParameter(ValueError):  # noqa: N818 - named for what is the case
    """One parameter is missing or not of its kind; `words` is fit for the caller to see (400)."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(f"{name} {words}")
        self.name = name
        self.words = f"{name} {words}"
