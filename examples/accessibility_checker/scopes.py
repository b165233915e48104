"""Which scopes the checker needs, what for, and which of them a refusal names."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One endpoint that the checker calls; `purpose` is for the administrator who is asked to grant it."""

    verb: str
    path: str
    purpose: str

    @property
    def text(self) -> str:
        """As keys hold it and as it is asked for."""
        return f"url:{self.verb}|{self.path}"

    @property
    def probe(self) -> str:
        """The path of a call about nothing: scopes are judged before the thing is looked for."""
        return re.sub(r":\w+", "0", self.path)


SCOPES = (
    Scope(verb="GET", path="/api/v1/courses", purpose="find the courses to check"),
    Scope(verb="GET", path="/api/v1/courses/:course_id/pages", purpose="list the pages of a course"),
    Scope(verb="GET", path="/api/v1/courses/:course_id/pages/:url_or_id", purpose="read a page"),
    Scope(verb="GET", path="/api/v1/courses/:course_id/files", purpose="count the files of a course"),
)


def named_in(description: str) -> tuple[Scope, ...]:
    """The scopes that the description of an `invalid_scope` names; all of them when it names none."""
    words = {word.strip(".,;") for word in description.split()}
    named = tuple(scope for scope in SCOPES if scope.text in words)
    return named or SCOPES
