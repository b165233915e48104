"""What the tests of the examples share."""

import pytest

from sandbox_lms_bench import Sandbox


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()
