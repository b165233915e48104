from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway_bench import GatewayBench, gateways


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GatewayBench]:
    """A fresh installation whose gateway has an upstream that writes everything down."""
    yield from gateways(tmp_path)
