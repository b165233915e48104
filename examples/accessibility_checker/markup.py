"""Is the HTML of a page accessible? Images, headings and links; what needs a person's judgement is left out."""

from dataclasses import dataclass
from html.parser import HTMLParser

MOST_CHARACTERS = 500_000
VAGUE = frozenset({"click here", "click", "here", "link", "this link", "more", "read more", "learn more", "this page"})
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_SILENT = frozenset({"script", "style", "template"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to mend: what is wrong, and where."""

    problem: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How many images, headings and links there are, and which are not in order."""

    items: int
    findings: tuple[Finding, ...]


def check(html: str) -> Checked:
    """Looks at the body of a page, whose title stands above it as the heading of level 1."""
    reader = _Reader()
    reader.feed(html[:MOST_CHARACTERS])
    reader.close()
    reader.finish()
    return Checked(items=reader.items, findings=tuple(reader.findings))


@dataclass(slots=True)
class _Open:
    """A heading or a link whose text is still being read."""

    tag: str
    label: str
    text: str = ""

    @property
    def words(self) -> str:
        return " ".join((self.label or self.text).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.items = 0
        self.findings: list[Finding] = []
        self._level = 1
        self._heading: _Open | None = None
        self._link: _Open | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        label = given.get("aria-label", "").strip()
        if tag in _SILENT:
            self._silent += 1
        elif tag == "img":
            self._image(given, label)
        elif tag in _HEADINGS:
            self._end_heading()
            self._heading = _Open(tag, label)
        elif tag == "a" and "href" in given:
            self._end_link()
            self._link = _Open(tag, label or given.get("title", "").strip())

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _HEADINGS:
            self._end_heading()
        elif tag == "a":
            self._end_link()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._read(data)

    def finish(self) -> None:
        self._end_link()
        self._end_heading()

    def _read(self, text: str) -> None:
        for open_ in (self._heading, self._link):
            if open_ is not None:
                open_.text += text

    def _image(self, given: dict[str, str], label: str) -> None:
        self.items += 1
        self._read(given.get("alt", ""))
        is_decoration = given.get("role") in ("presentation", "none") or given.get("aria-hidden") == "true"
        if "alt" not in given and not label and not is_decoration:
            source = given.get("src", "").partition("?")[0]
            self._find("Image without alternative text", source or "an image without an address")

    def _end_heading(self) -> None:
        if self._heading is None:
            return
        self.items += 1
        level, words = _HEADINGS[self._heading.tag], self._heading.words
        if level > self._level + 1:
            self._find(f"Heading jumps from level {self._level} to {level}", words or "an empty heading")
        elif not words:
            self._find("Empty heading", f"a heading of level {level}")
        self._level, self._heading = level, None

    def _end_link(self) -> None:
        if self._link is None:
            return
        self.items += 1
        words = self._link.words
        if not words:
            self._find("Link without text", "a link that shows nothing")
        elif words.casefold().strip(" .!>»…") in VAGUE:
            self._find("Link text does not say where it leads", words)
        self._link = None

    def _find(self, problem: str, where: str) -> None:
        self.findings.append(Finding(problem=problem, where=where[:120]))
