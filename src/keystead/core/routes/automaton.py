"""How is a path judged against all templates in one walk? A deterministic automaton over path segments.

Made by subset construction: a state is the set of places in all patterns that the segments so far may have reached.
No state looks back, so a path costs one look-up for each of its segments whatever is in them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from keystead.core.routes.pattern import Pattern
from keystead.core.routes.segment import Kind, Segment

Found = TypeVar("Found")

MOST_MIXED: int = 8
"""How many different segments that mix text and parameters may compete at one place before the last segment."""


class TooManyStates(ValueError):  # noqa: N818  (says what is the case)
    """The templates overlap in so many ways that no bounded automaton judges them all."""


class Place(NamedTuple):
    """A point in a pattern: the number of the pattern, the segment that comes next, and how far its glob has come.

    A glob has taken nothing (0), one empty segment (1: not enough yet) or at least one character (2).
    """

    pattern: int
    segment: int
    glob: int = 0


class State(Generic[Found]):
    """Where a walk may be. Filled by ``build`` alone and never changed afterwards.

    ``literals`` and ``default`` lead on when more segments follow; ``endings`` and ``ending`` answer for the last one.
    ``mixed`` stands for ``default`` where segments mix text and parameters. ``odd`` is asked before ``ending`` where
    such segments or a format suffix may matter.
    """

    __slots__ = ("default", "ending", "endings", "literals", "mixed", "odd")

    def __init__(self, nothing: Found) -> None:
        self.literals: dict[str, State[Found] | None] = {}
        self.default: State[Found] | None = None
        self.mixed: MixedSteps[Found] | None = None
        self.endings: dict[str, Found] = {}
        self.ending: Found = nothing
        self.odd: OddEndings[Found] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedSteps(Generic[Found]):
    """Steps that depend on which of a few segments with mixed text match: bit i of the index is segment i."""

    segments: tuple[Segment, ...]
    targets: tuple[State[Found] | None, ...]

    def step(self, text: str) -> State[Found] | None:
        """Follow a segment that is not empty and none of the state's literals."""
        index = sum(1 << bit for bit, segment in enumerate(self.segments) if segment.covers(text))
        return self.targets[index]


@dataclass(frozen=True, slots=True, kw_only=True)
class OddEndings(Generic[Found]):
    """Answers for a last segment with a format suffix, or among segments with mixed text.

    ``suffixed`` answers for each literal with any suffix behind it; only its first ``most_dots`` + 1 dots need a look,
    which keeps a segment made of dots linear.
    """

    suffixed: dict[str, Found]
    most_dots: int
    mixed: tuple[tuple[Segment, int], ...]
    plain: frozenset[int]
    places: dict[str, frozenset[int]]
    answer: Callable[[frozenset[int]], Found]

    def find(self, text: str) -> Found | None:
        """Answer for a last segment that is not empty and none of the state's literals; None leaves the default."""
        longest: str | None = None
        at = -1
        for _ in range(self.most_dots + 1):
            at = text.find(".", at + 1)
            if at < 0 or at + 1 == len(text):
                break
            if text[:at] in self.suffixed:
                longest = text[:at]
        matched = frozenset(number for segment, number in self.mixed if segment.covers_ending(text))
        if matched:
            return self.answer(matched | (self.plain if longest is None else self.places[longest]))
        return None if longest is None else self.suffixed[longest]


def build(
    patterns: Sequence[Pattern], *, nothing: Found, answer: Callable[[frozenset[int]], Found], most_states: int
) -> tuple[State[Found], int]:
    """Make the automaton of the patterns; gives its start and its number of states.

    ``answer`` turns the numbers of the patterns that match into what a walk gives.
    """
    return _Construction(patterns, nothing, answer, most_states).run()


class _Construction(Generic[Found]):
    def __init__(
        self,
        patterns: Sequence[Pattern],
        nothing: Found,
        answer: Callable[[frozenset[int]], Found],
        most_states: int,
    ) -> None:
        self._rows = [pattern.segments for pattern in patterns]
        self._nothing = nothing
        self._answer = answer
        self._most_states = most_states
        self._states: dict[frozenset[Place], State[Found]] = {}
        self._waiting: list[tuple[frozenset[Place], State[Found]]] = []
        self._answers: dict[frozenset[int], Found] = {frozenset(): nothing}

    def run(self) -> tuple[State[Found], int]:
        start = State(self._nothing)
        self._waiting.append((frozenset(Place(number, 0) for number in range(len(self._rows))), start))
        while self._waiting:
            places, state = self._waiting.pop()
            self._lead_on(places, state)
            self._end(places, state)
        return start, len(self._states) + 1

    def _state(self, places: frozenset[Place]) -> State[Found] | None:
        if not places:
            return None
        state = self._states.get(places)
        if state is None:
            if len(self._states) >= self._most_states:
                raise TooManyStates(f"the templates need more than {self._most_states} states")
            state = self._states[places] = State(self._nothing)
            self._waiting.append((places, state))
        return state

    def _lead_on(self, places: frozenset[Place], state: State[Found]) -> None:
        groups = _Groups(self._rows, places, last=False)
        for text in ("", *groups.literals):
            after = {*groups.literals.get(text, ()), *groups.open_to(text)}
            after.update(place for segment, place in groups.mixed if segment.covers(text))
            state.literals[text] = self._state(self._after(after, text))
        shapes = tuple(dict.fromkeys(segment for segment, _ in groups.mixed))
        if len(shapes) > MOST_MIXED:
            raise TooManyStates(f"more than {MOST_MIXED} segments mix text and parameters at one place")
        targets: list[State[Found] | None] = []
        for index in range(1 << len(shapes)):
            matched = {shape for bit, shape in enumerate(shapes) if index >> bit & 1}
            after = {*groups.open_to("any"), *(place for segment, place in groups.mixed if segment in matched)}
            targets.append(self._state(self._after(after, "any")))
        if shapes:
            state.mixed = MixedSteps(segments=shapes, targets=tuple(targets))
        else:
            state.default = targets[0]

    def _after(self, places: Iterable[Place], text: str) -> frozenset[Place]:
        """Where the places stand once this segment is taken and more follow."""
        after: set[Place] = set()
        for place in places:
            row = self._rows[place.pattern]
            if row[place.segment].kind is Kind.GLOB:
                glob = 2 if text or place.glob else 1
                after.add(place._replace(glob=glob))
                if glob == 1:
                    continue
            if place.segment + 1 < len(row):
                after.add(Place(place.pattern, place.segment + 1))
        return frozenset(after)

    def _end(self, places: frozenset[Place], state: State[Found]) -> None:
        groups = _Groups(self._rows, places, last=True)
        plain = _numbers(groups.open_to("any"))
        for text in ("", *groups.literals):
            matched = set(_numbers(groups.open_to(text)))
            matched.update(place.pattern for segment, place in groups.mixed if segment.covers_ending(text))
            matched |= groups.literal_endings(text)
            state.endings[text] = self._found(frozenset(matched))
        state.ending = self._found(plain)
        if groups.literals or groups.mixed:
            suffixed = {text: plain | groups.literal_endings(text + "./") for text in groups.literals}
            state.odd = OddEndings(
                suffixed={text: self._found(matched) for text, matched in suffixed.items()},
                most_dots=max((text.count(".") for text in groups.literals), default=-1),
                mixed=tuple((segment, place.pattern) for segment, place in groups.mixed),
                plain=plain,
                places=suffixed,
                answer=self._answer,
            )

    def _found(self, matched: frozenset[int]) -> Found:
        if matched not in self._answers:
            self._answers[matched] = self._answer(matched)
        return self._answers[matched]


class _Groups:
    """The places of a state by what their next segment asks for; ``last`` keeps those that may end the path, or not."""

    def __init__(self, rows: Sequence[Sequence[Segment]], places: Iterable[Place], *, last: bool) -> None:
        self.literals: dict[str, list[Place]] = {}
        self.mixed: list[tuple[Segment, Place]] = []
        self._open: list[Place] = []
        self._globs: list[Place] = []
        self._last = last
        for place in places:
            row = rows[place.pattern]
            segment = row[place.segment]
            if segment.kind is Kind.GLOB:
                if not last or place.segment + 1 == len(row):
                    self._globs.append(place)
            elif (place.segment + 1 == len(row)) is not last:
                continue
            elif segment.kind is Kind.LITERAL:
                self.literals.setdefault(segment.literal, []).append(place)
            elif segment.kind is Kind.MIXED:
                self.mixed.append((segment, place))
            else:
                self._open.append(place)

    def open_to(self, text: str) -> list[Place]:
        """Places that take this segment whatever it is; an empty one ends only a glob that has taken something."""
        if text:
            return [*self._open, *self._globs]
        return [place for place in self._globs if place.glob or not self._last]

    def literal_endings(self, text: str) -> frozenset[int]:
        """Numbers of the patterns that end here in this literal, or in one that becomes it by a format suffix."""
        return frozenset(
            place.pattern
            for literal, places in self.literals.items()
            if text == literal or (text.startswith(literal + ".") and len(text) > len(literal) + 1)
            for place in places
        )


def _numbers(places: Iterable[Place]) -> frozenset[int]:
    return frozenset(place.pattern for place in places)
