"""What is counted? Prometheus figures; labels are closed lists, never an id, a path or a secret."""

from prometheus_client import Counter

DECISIONS = Counter("keystead_decisions", "Judged calls by outcome and reason.", ("outcome", "reason"))
UNMAPPED_CALLS = Counter("keystead_unmapped_calls", "Allowed calls that no template of the catalogue knows.")
OVERLAPPING_CALLS = Counter(
    "keystead_overlapping_calls", "Allowed calls whose most specific template was not granted, only one that overlaps."
)
LENIENT_REDIRECTS = Counter("keystead_lenient_redirects", "Redirect URIs accepted by the legacy subdomain rule only.")
EXPOSED_SECRETS = Counter("keystead_exposed_secrets", "Client secrets that were sent in a query string.")
