"""What is counted? Figures for Prometheus; labels are closed lists, never an id, a path or a secret.

Plain numbers, since a decision is cheaper than moving a counter of the library. Each process counts for itself; what a
node shows is the sum over its processes (storage.figures).
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

Figures = Mapping[str, float]

_SECONDS: Final = (
    5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
)  # fmt: skip


class Times:
    """How long something took: a histogram."""

    __slots__ = ("buckets", "total")

    def __init__(self) -> None:
        self.buckets = [0] * (len(_SECONDS) + 1)
        self.total = 0.0

    def note(self, seconds: float, weight: int = 1) -> None:
        """Note one, which stands for ``weight``."""
        self.buckets[bisect_left(_SECONDS, seconds)] += weight
        self.total += seconds * weight


class Counts:
    """What this process has counted since it started."""

    def __init__(self) -> None:
        self.allowed = 0
        self.denied: dict[str, int] = {}
        self.at_once = 0
        self.remembered = 0
        self.looked_up = 0
        self.unjudged = 0
        self.unmapped = 0
        self.overlapping = 0
        self.throttled = 0
        self.upstream_failures = 0
        self.lenient_redirects = 0
        self.exposed_secrets = 0
        self.decision_times = Times()
        self.upstream_times = Times()

    def refused(self, reason: str) -> None:
        """Count one refusal by the code of its reason."""
        self.denied[reason] = self.denied.get(reason, 0) + 1

    def figures(self) -> dict[str, float]:
        """Return all figures by name, those of a list as ``name/item``."""
        found: dict[str, float] = {name: getattr(self, name) for name in _PLAIN}
        found |= {f"denied/{reason}": number for reason, number in self.denied.items()}
        for name in _TIMES:
            times: Times = getattr(self, name)
            found |= {f"{name}/{at}": number for at, number in enumerate(times.buckets)}
            found[f"{name}/total"] = times.total
        return found


_PLAIN: Final[dict[str, tuple[str, str]]] = {
    "allowed": ("", ""),
    "at_once": ("keystead_answered_at_once", "Questions of other proxies that were answered before they were parsed."),
    "remembered": ("keystead_memory_hits", "Decisions about a credential that was remembered."),
    "looked_up": ("keystead_memory_misses", "Decisions about a credential that had to be looked up."),
    "unjudged": ("keystead_unjudged_calls", "Calls refused with 503 because what is true could not be learnt."),
    "unmapped": ("keystead_unmapped_calls", "Allowed calls that no template of the catalogue knows."),
    "overlapping": (
        "keystead_overlapping_calls",
        "Allowed calls whose most specific template was not granted, only one that overlaps.",
    ),
    "throttled": ("keystead_throttled_calls", "Calls refused because their client asked for too much."),
    "upstream_failures": ("keystead_upstream_failures", "Calls that the upstream did not answer."),
    "lenient_redirects": (
        "keystead_lenient_redirects", "Redirect URIs accepted by the legacy subdomain rule only.",
    ),
    "exposed_secrets": ("keystead_exposed_secrets", "Client secrets that were sent in a query string."),
}  # fmt: skip
_TIMES: Final[dict[str, tuple[str, str]]] = {
    "decision_times": (
        "keystead_decision_seconds",
        "How long reading and judging a call took; of those answered at once, one in sixteen is measured.",
    ),
    "upstream_times": ("keystead_upstream_seconds", "How long the upstream took until the head of its answer."),
}

COUNTS = Counts()


def exposition(figures: Iterable[Figures], gauges: Callable[[], Iterable[Metric]]) -> bytes:
    """Return the figures of all processes together, and more of this one, in Prometheus's text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Shown(summed(figures), gauges))
    return generate_latest(registry)


def summed(figures: Iterable[Figures]) -> dict[str, float]:
    """Return the sum of the figures of several processes."""
    total: dict[str, float] = {}
    for one in figures:
        for name, number in one.items():
            total[name] = total.get(name, 0) + number
    return total


class _Shown(Collector):
    def __init__(self, figures: Figures, gauges: Callable[[], Iterable[Metric]]) -> None:
        self._figures = figures
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        figures = self._figures
        decisions = CounterMetricFamily(
            "keystead_decisions", "Judged calls by outcome and reason.", labels=("outcome", "reason")
        )
        decisions.add_metric(("allowed", ""), figures.get("allowed", 0))
        for name, number in sorted(figures.items()):
            if name.startswith("denied/"):
                decisions.add_metric(("denied", name.removeprefix("denied/")), number)
        yield decisions
        for name, (public, words) in _PLAIN.items():
            if public:
                yield CounterMetricFamily(public, words, figures.get(name, 0))
        for name, (public, words) in _TIMES.items():
            yield _histogram(public, words, name, figures)
        yield from self._gauges()


def _histogram(public: str, words: str, name: str, figures: Figures) -> Metric:
    buckets, upto = [], 0.0
    for at, bound in enumerate((*map(str, _SECONDS), "+Inf")):
        upto += figures.get(f"{name}/{at}", 0)
        buckets.append((bound, upto))
    return HistogramMetricFamily(public, words, buckets=buckets, sum_value=figures.get(f"{name}/total", 0.0))
