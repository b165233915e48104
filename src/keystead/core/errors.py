"""In which ways can a request be refused by the rules of the world (as opposed to the judgement of a call)?

::

    Refused
    ├── NotFound                what the actor may not know of, or what is not there
    ├── Unauthenticated         nobody is acting
    ├── Forbidden               the person acting lacks the right
    ├── Malformed               the request cannot be read, or lacks a parameter
    └── Invalid                 it can be read, and a value breaks a rule (attribute -> messages)

Each surface turns these into its own words in one table; ``code`` never changes.
"""

from collections.abc import Mapping, Sequence


class Refused(Exception):  # noqa: N818  (a refusal is an answer, not a fault)
    """The request is refused; ``public`` may be shown to whoever asked."""

    code = "refused"
    default = "The request was refused."

    def __init__(self, public: str | None = None) -> None:
        self.public = public or self.default
        super().__init__(self.public)


class NotFound(Refused):
    """There is no such thing, or none that the actor may know of."""

    code = "not_found"
    default = "The specified resource does not exist."


class Unauthenticated(Refused):
    """Nobody is signed in and no token was presented."""

    code = "unauthenticated"
    default = "user authorization required"


class Forbidden(Refused):
    """The person acting lacks the right. ``plain`` asks for the body without a status member."""

    code = "unauthorized"
    default = "user not authorized to perform that action"


class Malformed(Refused):
    """The request cannot be read or lacks a parameter; the message says which."""

    code = "malformed"
    default = "The request could not be read."


class Invalid(Refused):
    """Values break rules: attribute names with their messages, in order."""

    code = "invalid"

    def __init__(self, problems: Mapping[str, Sequence[str]]) -> None:
        self.problems = {name: tuple(messages) for name, messages in problems.items()}
        super().__init__("; ".join(f"{name} {message}" for name, texts in self.problems.items() for message in texts))


def missing(parameter: str) -> Malformed:
    """Return the refusal for a parameter that must be given."""
    return Malformed(f"{parameter} is missing")
