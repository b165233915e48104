"""What time is it? The clock of everything that is not given another one."""

import time

from keystead.core.instants import Instant


def system_clock() -> Instant:
    """Return the moment it is."""
    return Instant(time.time_ns() // 1000)
