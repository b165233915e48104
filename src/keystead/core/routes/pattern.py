"""What does one template match? Its optional parts written out, each a plain row of segments.

Templates match text, not resolved routes (``docs/canvas-compat.md``): a literal matches itself, ``:name`` one or more
characters without ``/``, ``*name`` one or more of any character, ``( … )`` may be absent, and one format suffix may
follow the end. Nothing is decoded and case counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from keystead.core.routes.segment import Kind, Segment

MOST_VARIANTS: Final = 64
"""How many rows of segments the optional parts of one template may unfold to."""

_DOWNLOAD: Final = "/download"
_PREVIEW: Final = "/preview"


class RouteTemplateError(ValueError):
    """The template cannot be read; the message says which one and why."""

    def __init__(self, template: str, why: str) -> None:
        super().__init__(f"route template {template!r}: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One way to write a template: no optional parts, at most one glob, which is a segment of its own.

    ``stands_in`` marks the ``/preview`` form of a template that ends in ``/download``.
    """

    segments: tuple[Segment, ...]
    stands_in: bool = False

    @property
    def specificity(self) -> tuple[tuple[Kind, ...], int, bool]:
        """Sorts the more specific first: segment by segment from the left, then more text, then the real one."""
        text = sum(len(piece) for segment in self.segments for piece in segment.texts)
        return tuple(segment.kind for segment in self.segments), -text, self.stands_in

    def align(self, parts: Sequence[str]) -> list[str] | None:
        """What each segment stands for, the parts of a glob joined again; None when the path does not match.

        Takes the path split at every ``/``. Linear, since a single glob takes whatever number of parts is left over.
        """
        texts = list(parts)
        globs = [place for place, segment in enumerate(self.segments) if segment.kind is Kind.GLOB]
        if globs:
            at, taken = globs[0], len(parts) - len(self.segments) + 1
            if taken < 1:
                return None
            texts[at : at + taken] = ["/".join(parts[at : at + taken])]
        if len(texts) != len(self.segments):
            return None
        *before, last = zip(self.segments, texts, strict=True)
        if not all(segment.covers(text) for segment, text in before) or not last[0].covers_ending(last[1]):
            return None
        return texts

    def parameters(self, texts: Sequence[str]) -> dict[str, str]:
        """Name the values of an aligned path, without the format suffix at its end."""
        *before, (last, ending) = zip(self.segments, texts, strict=True)
        found = {
            name: value
            for segment, text in before
            for name, value in zip(segment.names, segment.values(text) or (), strict=False)
        }
        return found | _ending_parameters(last, ending)


def _ending_parameters(last: Segment, text: str) -> dict[str, str]:
    """Take the suffix off by the rules of Canvas's routes: ids and globs lose only ``.json``, since they may have dots.

    Other parameters have no dots, so whatever follows one is the format.
    """
    if not last.names:
        return {}
    values = last.values(text) or last.with_suffix().values(text) or ()
    named = dict(zip(last.names, values, strict=False))
    if last.texts[-1] == "":
        name = last.names[-1]
        named[name] = _without_suffix(named[name], only_json=last.kind is Kind.GLOB or _may_have_dots(name))
    return named


def _may_have_dots(name: str) -> bool:
    return name in ("id", "address") or name.endswith("_id")


def _without_suffix(value: str, *, only_json: bool) -> str:
    if only_json:
        return value.removesuffix(".json") or value
    return value.partition(".")[0] or value


def read_template(template: str) -> tuple[Pattern, ...]:
    """Write a template out into patterns; raises ``RouteTemplateError`` for one that no route could have.

    A template that ends in ``/download`` also gets the same pattern ending in ``/preview``.
    """
    if not template.startswith("/"):
        raise RouteTemplateError(template, "must start with '/'")
    patterns: list[Pattern] = []
    for variant in _variants(template):
        patterns.append(_pattern(template, variant))
        if template.endswith(_DOWNLOAD):
            preview = _pattern(template, variant.removesuffix(_DOWNLOAD) + _PREVIEW)
            patterns.append(Pattern(segments=preview.segments, stands_in=True))
    return tuple(dict.fromkeys(patterns))


def _variants(template: str) -> tuple[str, ...]:
    """Every text that the template stands for once each optional part is either written or left out."""
    texts, outside = [""], list[list[str]]()
    for piece in _pieces(template):
        if piece == "(":
            outside.append(texts)
            texts = [""]
        elif piece == ")":
            if not outside:
                raise RouteTemplateError(template, "closes an optional part that was not opened")
            texts = list(dict.fromkeys(start + end for start in outside.pop() for end in ("", *texts)))
        else:
            texts = [text + piece for text in texts]
        if len(texts) > MOST_VARIANTS:
            raise RouteTemplateError(template, f"has more than {MOST_VARIANTS} variants")
    if outside:
        raise RouteTemplateError(template, "opens an optional part without closing it")
    return tuple(texts)


def _pieces(template: str) -> Iterator[str]:
    text = ""
    for character in template:
        if character in "()":
            if text:
                yield text
            text = ""
            yield character
        else:
            text += character
    if text:
        yield text


def _pattern(template: str, variant: str) -> Pattern:
    segments = tuple(_segment(template, text) for text in variant.split("/"))
    if sum(segment.kind is Kind.GLOB for segment in segments) > 1:
        raise RouteTemplateError(template, "has more than one glob")
    return Pattern(segments=segments)


def _segment(template: str, text: str) -> Segment:
    texts, names, signs = [""], list[str](), ""
    position = 0
    while position < len(text):
        end = _end_of_name(text, position)
        if end > position:
            signs += text[position]
            names.append(text[position + 1 : end])
            texts.append("")
            position = end
        else:
            texts[-1] += text[position]
            position += 1
    if "*" in signs:
        if signs != "*" or texts != ["", ""]:
            raise RouteTemplateError(template, "a glob must be a segment of its own")
        return Segment(kind=Kind.GLOB, texts=("", ""), names=tuple(names))
    if not names:
        return Segment(kind=Kind.LITERAL, texts=(text,))
    kind = Kind.PARAMETER if texts == ["", ""] else Kind.MIXED
    return Segment(kind=kind, texts=tuple(texts), names=tuple(names))


def _end_of_name(text: str, start: int) -> int:
    """Where the parameter or glob that starts here ends; ``start`` itself when none does."""
    if text[start] not in ":*" or not text[start + 1 : start + 2].isidentifier():
        return start
    end = start + 2
    while end < len(text) and (text[end] == "_" or text[end].isalnum()):
        end += 1
    return end
