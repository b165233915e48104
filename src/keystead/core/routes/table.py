"""Which of many routes match this call, and which one is meant? One walk over the path answers both."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from keystead.core.routes.automaton import State, TooManyStates, build
from keystead.core.routes.pattern import Pattern, read_template
from keystead.core.scopes import VERBS, RouteScope

MOST_STATES: Final = 50_000
"""How many states the automaton of one verb may have; Canvas's catalogue needs under two thousand in all."""

_MOST_INTERNED: Final = 4_096


class RouteTableError(ValueError):
    """The routes cannot be compiled together; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A verb and a template, as given."""

    verb: str
    template: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteMatch:
    """What matches a call. Bit i of ``mask`` is route i; ``route`` is the most specific one, None when none matches.

    Segment by segment from the left, text beats a parameter and a parameter beats a glob. ``meant`` is the bit of that
    route alone, 0 when none matches, and ``scope`` the scope that names it.
    """

    mask: int
    index: int | None
    route: Route | None
    meant: int = 0
    scope: str | None = None


NO_MATCH: Final = RouteMatch(mask=0, index=None, route=None)


class RouteTable:
    """Routes compiled once; made by ``compile_routes`` alone. Safe to share between threads."""

    __slots__ = ("_interned", "_numbers", "_patterns", "_starts", "routes", "states")

    routes: tuple[Route, ...]
    states: int

    def __init__(
        self,
        routes: tuple[Route, ...],
        patterns: tuple[tuple[Pattern, ...], ...],
        starts: Mapping[str, State[RouteMatch]],
        states: int,
    ) -> None:
        self.routes = routes
        self.states = states
        self._patterns = patterns
        self._starts = dict(starts)
        self._numbers = {str(RouteScope(verb=one.verb, template=one.template)): n for n, one in enumerate(routes)}
        self._interned: dict[int, int] = {}

    def match(self, verb: str, path: str) -> RouteMatch:
        """Find every route that matches. Takes the upper-case verb and the path as text, without its query.

        ``HEAD`` counts as ``GET``. The answers are shared, so asking makes nothing new.
        """
        state = self._starts.get(verb)
        if state is None:
            return NO_MATCH
        segments = path.split("/")
        last = segments.pop()
        for segment in segments:
            onward = state.literals.get(segment, state.default)
            if onward is None:
                if state.mixed is None or segment in state.literals:
                    return NO_MATCH
                onward = state.mixed.step(segment)
                if onward is None:
                    return NO_MATCH
            state = onward
        found = state.endings.get(last)
        if found is not None:
            return found
        odd = state.odd
        if odd is not None and ("." in last or odd.mixed):
            found = odd.find(last)
            if found is not None:
                return found
        return state.ending

    def parameters(self, index: int, path: str) -> dict[str, str]:
        """Name the values that a matching path gives to route ``index``, without the format suffix; not for hot paths.

        Raises ``ValueError`` when the route does not match the path at all.
        """
        parts = path.split("/")
        for pattern in self._patterns[index]:
            texts = pattern.align(parts)
            if texts is not None:
                return pattern.parameters(texts)
        raise ValueError(f"route {self.routes[index].template!r} does not match the path")

    def number_of(self, scope: str) -> int | None:
        """The index of the route that a scope names, compared as text; None when the table does not have it."""
        return self._numbers.get(scope)

    def mask_for(self, scopes: Iterable[str]) -> int:
        """The routes of the table that the scopes name, one object for each distinct set.

        Names are compared as whole strings; what the table does not have is passed over (``compile_scopes`` has it).
        """
        bits = bytearray(len(self.routes) // 8 + 1)
        for scope in scopes:
            number = self._numbers.get(scope)
            if number is not None:
                bits[number >> 3] |= 1 << (number & 7)
        mask = int.from_bytes(bits, "little")
        if len(self._interned) >= _MOST_INTERNED:
            self._interned.clear()
        return self._interned.setdefault(mask, mask)


def compile_routes(routes: Iterable[tuple[str, str]], *, most_states: int = MOST_STATES) -> RouteTable:
    """Compile verbs and templates into a table; the index of a route is its place in the order given.

    Raises ``RouteTemplateError`` for a template that cannot be read, ``RouteTableError`` for a verb that no scope has,
    a route given twice, or templates that overlap in more ways than ``most_states`` can tell apart.
    """
    table = tuple(Route(verb=verb, template=template) for verb, template in routes)
    _refuse_bad_routes(table)
    patterns = tuple(tuple(sorted(read_template(route.template), key=_specificity)) for route in table)
    starts: dict[str, State[RouteMatch]] = {}
    states = 0
    for verb in sorted({route.verb for route in table}):
        numbered = [
            (number, pattern)
            for number, variants in enumerate(patterns)
            if table[number].verb == verb
            for pattern in variants
        ]
        numbered.sort(key=lambda pair: (_specificity(pair[1]), pair[0]))
        try:
            starts[verb], count = build(
                [pattern for _, pattern in numbered],
                nothing=NO_MATCH,
                answer=_answer_from([number for number, _ in numbered], table),
                most_states=most_states,
            )
        except TooManyStates as reason:
            raise RouteTableError(f"the routes of {verb} cannot be compiled: {reason}") from None
        states += count
    if "GET" in starts:
        starts["HEAD"] = starts["GET"]
    return RouteTable(table, patterns, starts, states)


def _refuse_bad_routes(routes: Sequence[Route]) -> None:
    seen: set[Route] = set()
    for route in routes:
        if route.verb not in VERBS:
            raise RouteTableError(f"{route.verb!r} of {route.template!r} is not one of {', '.join(VERBS)}")
        if route in seen:
            raise RouteTableError(f"{route.verb} {route.template!r} is given twice")
        seen.add(route)


def _specificity(pattern: Pattern) -> tuple[tuple[int, ...], int, bool]:
    return pattern.specificity


def _answer_from(numbers: Sequence[int], routes: Sequence[Route]) -> Callable[[frozenset[int]], RouteMatch]:
    """Patterns are ordered by how specific they are, so the lowest that matches is meant."""

    def answer(matched: frozenset[int]) -> RouteMatch:
        mask = 0
        for pattern in matched:
            mask |= 1 << numbers[pattern]
        best = numbers[min(matched)]
        route = routes[best]
        scope = str(RouteScope(verb=route.verb, template=route.template))
        return RouteMatch(mask=mask, index=best, route=route, meant=1 << best, scope=scope)

    return answer
