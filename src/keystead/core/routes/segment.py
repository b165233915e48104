"""What may stand between two slashes of a template? Text, one parameter, both mixed, or a glob over many segments."""

from dataclasses import dataclass
from enum import IntEnum


class Kind(IntEnum):
    """The kinds of segment, the most specific first."""

    LITERAL = 0
    MIXED = 1
    PARAMETER = 2
    GLOB = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One segment of a template.

    ``texts`` is what stands before, between and after the parameters ``names``: ``v:major.:minor`` has the texts
    ``v``, ``.`` and nothing. A literal has one text and no name.
    """

    kind: Kind
    texts: tuple[str, ...]
    names: tuple[str, ...] = ()

    @property
    def literal(self) -> str:
        """The text of a literal segment."""
        return self.texts[0]

    def covers(self, text: str) -> bool:
        """Say whether the segment matches this text without ``/``. Each parameter takes at least one character."""
        match self.kind:
            case Kind.LITERAL:
                return text == self.texts[0]
            case Kind.MIXED:
                return self.values(text) is not None
            case Kind.PARAMETER | Kind.GLOB:
                return text != ""

    def covers_ending(self, text: str) -> bool:
        """Like ``covers``, with one format suffix allowed: a dot and at least one character behind it."""
        if self.covers(text):
            return True
        match self.kind:
            case Kind.LITERAL:
                start = self.texts[0] + "."
                return text.startswith(start) and len(text) > len(start)
            case Kind.MIXED:
                return self.with_suffix().covers(text)
            case Kind.PARAMETER | Kind.GLOB:
                return False

    def with_suffix(self) -> "Segment":
        """The same segment with a format suffix that must be there; the suffix is a parameter without a name."""
        return Segment(kind=Kind.MIXED, texts=(*self.texts[:-1], self.texts[-1] + ".", ""), names=(*self.names, ""))

    def values(self, text: str) -> tuple[str, ...] | None:
        """What each parameter stands for, the earlier ones as short as possible; None when the text does not match.

        One search per text, each beginning where the last one ended: linear, and right, because the leftmost place
        leaves the most for what follows.
        """
        first, *between, last = self.texts if len(self.texts) > 1 else (self.texts[0], "")
        end = len(text) - len(last)
        if not text.startswith(first) or not text.endswith(last) or end <= len(first):
            return None
        found: list[str] = []
        position = len(first)
        for piece in between:
            at = text.find(piece, position + 1, end)
            if at < 0:
                return None
            found.append(text[position:at])
            position = at + len(piece)
        if position >= end:
            return None
        return (*found, text[position:end])
