"""How tall and how far apart are the bars of a chart? Worked out here, drawn by the template as plain SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HEIGHT: Final = 160
_LEAST: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What one bar stands for: its name, and how many calls passed and were refused."""

    label: str
    allowed: int
    refused: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar with two parts, the refused one on top. Across it is measured in per cent of the chart, upwards in pixels.

    A part of nothing has no height; a part of anything can be seen.
    """

    column: Column
    x: float
    width: float
    allowed_y: int
    allowed_height: int
    refused_y: int
    refused_height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BarChart:
    """Bars over time. ``top`` is what a bar of full height would stand for."""

    bars: tuple[Bar, ...]
    top: int
    height: int = HEIGHT

    @property
    def lines(self) -> tuple[tuple[int, int], ...]:
        """The lines across: what each stands for, and where it is."""
        return ((self.top, 0), (self.top // 2, HEIGHT // 2)) if self.top > 1 else ((self.top, 0),)


def bar_chart(columns: Sequence[Column]) -> BarChart:
    """Return the chart of these columns, from left to right."""
    top = _round_up(max((one.allowed + one.refused for one in columns), default=0))
    slot = 100 / max(1, len(columns))
    bars = []
    for number, one in enumerate(columns):
        allowed, refused = _height(one.allowed, top), _height(one.refused, top)
        allowed = min(allowed, HEIGHT - refused)
        bars.append(
            Bar(
                column=one, x=round(number * slot + slot * 0.1, 3), width=round(slot * 0.8, 3),
                allowed_y=HEIGHT - allowed, allowed_height=allowed, refused_y=HEIGHT - allowed - refused,
                refused_height=refused,
            )
        )  # fmt: skip
    return BarChart(bars=tuple(bars), top=top)


def _height(calls: int, top: int) -> int:
    return max(_LEAST, calls * HEIGHT // top) if calls else 0


def _round_up(most: int) -> int:
    """Return a round number that is not smaller: 2, 4, 10, 20, 40, 100 and so on."""
    step = 1
    while True:
        for round_number in (2, 4, 10):
            if most <= round_number * step:
                return round_number * step
        step *= 10
