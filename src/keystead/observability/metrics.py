"""What is counted? Prometheus figures; labels are closed lists, never an id, a path or a secret."""

from collections.abc import Iterator

from prometheus_client import REGISTRY, Counter
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class Decisions(Collector):
    """What the judge decided. Plain numbers, since a decision is cheaper than moving a counter of the library."""

    def __init__(self) -> None:
        self.allowed = 0
        self.denied: dict[str, int] = {}
        self.unmapped = 0
        self.overlapping = 0
        self.throttled = 0

    def refused(self, reason: str) -> None:
        """Count one refusal by the code of its reason."""
        self.denied[reason] = self.denied.get(reason, 0) + 1

    def collect(self) -> Iterator[Metric]:
        """Give the figures to whoever scrapes them."""
        decisions = CounterMetricFamily(
            "keystead_decisions", "Judged calls by outcome and reason.", labels=("outcome", "reason")
        )
        decisions.add_metric(("allowed", ""), self.allowed)
        for reason, number in self.denied.items():
            decisions.add_metric(("denied", reason), number)
        yield decisions
        yield CounterMetricFamily(
            "keystead_unmapped_calls", "Allowed calls that no template of the catalogue knows.", self.unmapped
        )
        yield CounterMetricFamily(
            "keystead_overlapping_calls",
            "Allowed calls whose most specific template was not granted, only one that overlaps.",
            self.overlapping,
        )
        yield CounterMetricFamily(
            "keystead_throttled_calls", "Calls refused because their client asked for too much.", self.throttled
        )


DECISIONS = Decisions()
REGISTRY.register(DECISIONS)
LENIENT_REDIRECTS = Counter("keystead_lenient_redirects", "Redirect URIs accepted by the legacy subdomain rule only.")
EXPOSED_SECRETS = Counter("keystead_exposed_secrets", "Client secrets that were sent in a query string.")
